//! `mqsec passwd bench`: what a login costs a broker on this machine.

use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::context::Context;
use crate::error::Failure;
use crate::passwd::DEFAULT_ITERATIONS;
use crate::passwd::Hash;
use crate::secret::Secret;
use crate::ui::Report;

/// Measure what one login costs on this machine, by the number of iterations
///
/// A broker hashes in its only thread, and again for every client that is connected when it is told to reload.
#[derive(clap::Args)]
pub(super) struct Args {
    /// This number alone
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    iterations: Option<u32>,
}

/// mosquitto_passwd's of 2.0 and of 2.1 (which is mqsec's), and those that guides for web sites ask for.
const TABLE: [u32; 5] = [101, DEFAULT_ITERATIONS, 10_000, 100_000, 210_000];

/// Clients that a reload asks again.
const CLIENTS: u32 = 100;

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let numbers = args.iterations.map_or(TABLE.to_vec(), |number| vec![number]);
    let rows = numbers.into_iter().map(|iterations| (iterations, median(iterations))).collect();
    Ok(context.ui.report(&Bench { rows }))
}

/// The median of some logins; of many, where one is quick.
fn median(iterations: u32) -> Duration {
    let count = (2_000 / iterations.max(1)).clamp(5, 21);
    let password = Secret::new("a password of usual length");
    let hash = Hash::new(&password, iterations);
    let once = |_| {
        let start = Instant::now();
        std::hint::black_box(hash.verify(&password));
        start.elapsed()
    };
    let mut times: Vec<Duration> = (0..count).map(once).collect();
    times.sort();
    times[times.len() / 2]
}

struct Bench {
    rows: Vec<(u32, Duration)>,
}

fn shown(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 0.001 => format!("{:.0} us", seconds * 1e6),
        seconds if seconds < 0.1 => format!("{:.1} ms", seconds * 1e3),
        seconds if seconds < 1.0 => format!("{:.0} ms", seconds * 1e3),
        seconds => format!("{seconds:.1} s"),
    }
}

impl Report for Bench {
    fn text(&self, _fancy: bool) -> String {
        let mut rows = vec![vec![
            "iterations".to_owned(),
            "one login".to_owned(),
            format!("a reload with {CLIENTS} clients stops the broker for"),
        ]];
        for (iterations, time) in &self.rows {
            rows.push(vec![iterations.to_string(), shown(*time), shown(*time * CLIENTS)]);
        }
        let mut text = crate::ui::columns(&rows);
        text.push_str(&format!(
            "a generated password (128 bits) needs no more than {DEFAULT_ITERATIONS}; a small board takes several times as long\n"
        ));
        text
    }

    fn json(&self) -> Value {
        let row = |(iterations, time): &(u32, Duration)| {
            json!({
                "iterations": iterations,
                "login_seconds": time.as_secs_f64(),
                "reload_of_100_clients_seconds": (*time * CLIENTS).as_secs_f64(),
            })
        };
        json!({ "schema": "mqsec/passwd-bench/1", "rows": self.rows.iter().map(row).collect::<Vec<_>>() })
    }
}
