//! What is shown while a list is worked on: a bar for people, lines of JSON for programs.

use std::time::Duration;
use std::time::Instant;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;
use serde_json::json;

use crate::context::Context;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::commands::fleet) enum How {
    /// A bar on a terminal, nothing elsewhere
    Auto,
    Bar,
    /// A line of JSON on standard error twice a second
    Json,
    None,
}

pub(in crate::commands::fleet) struct Progress<'a> {
    context: &'a Context<'a>,
    bar: ProgressBar,
    lines: bool,
    total: u64,
    done: u64,
    began: Instant,
    told: Instant,
}

const OFTEN: Duration = Duration::from_millis(500);

impl<'a> Progress<'a> {
    pub(in crate::commands::fleet) fn new(context: &'a Context<'a>, how: How, total: u64) -> Self {
        let bar = match how {
            // draws nothing where standard error is no terminal
            How::Auto if !context.ui.is_silent() => ProgressBar::new(total),
            How::Bar => ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()),
            _ => ProgressBar::hidden(),
        };
        let form = "{bar:40} {human_pos}/{human_len} devices, {per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style);
        }
        let now = Instant::now();
        Self { context, bar, lines: how == How::Json, total, done: 0, began: now, told: now }
    }

    pub(in crate::commands::fleet) fn add(&mut self, count: u64) {
        self.done += count;
        self.bar.inc(count);
        if self.lines && self.told.elapsed() >= OFTEN {
            self.told = Instant::now();
            self.tell();
        }
    }

    /// Gives the seconds that it took.
    pub(in crate::commands::fleet) fn end(self) -> f64 {
        self.bar.finish_and_clear();
        if self.lines {
            self.tell();
        }
        self.began.elapsed().as_secs_f64()
    }

    fn tell(&self) {
        let seconds = self.began.elapsed().as_secs_f64();
        let rate = self.done as f64 / seconds.max(0.001);
        let left = (self.total.saturating_sub(self.done)) as f64 / rate.max(0.001);
        let round = |number: f64| (number * 10.0).round() / 10.0;
        let line = json!({
            "schema": "mqsec/progress/1", "done": self.done, "total": self.total,
            "per_second": round(rate), "seconds_left": round(left),
        });
        self.context.ui.line(&line.to_string());
    }
}
