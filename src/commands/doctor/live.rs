//! `--live`: the listeners of the configuration are dialled, and what they show is noted. Nothing is judged here.

use std::time::Duration;

use time::OffsetDateTime;

use crate::broker;
use crate::checks::Subject;
use crate::checks::observation::Observation;
use crate::checks::observation::Seen;
use crate::context::Context;
use crate::mqtt;
use crate::mqtt::Attempt;
use crate::mqtt::Peek;
use crate::mqtt::Tls;
use crate::mqtt::Trouble;
use crate::pki::input;
use crate::takeover;
use crate::workspace::fs;

const TIMEOUT: Duration = Duration::from_secs(5);
/// Where brokers usually listen without TLS.
const PLAIN: u16 = 1883;

pub(super) fn observe(context: &Context<'_>, subject: &Subject) -> Observation {
    let mut observation = Observation { not_loaded: not_loaded(context, subject), ..Observation::default() };
    let Some(reading) = subject.any_reading() else { return observation };
    // what a container keeps to itself, or to the containers beside it, nobody outside can ask
    let inside = |address: Option<&str>, local: bool| {
        subject.runtime.container && (local || address == Some(crate::conf::compose::SERVICE))
    };
    let dialled = reading.listeners.iter().filter(|listener| {
        listener.port > 0 && listener.unix_path.is_none() && !inside(listener.address.as_deref(), listener.is_local())
    });
    for listener in dialled {
        let host = mqtt::dial_host(listener.address.as_deref());
        observation.listeners.push(dial(&host, listener.port, listener.is_tls(), listener.is_websockets()));
    }
    if observation.at(PLAIN).is_none() {
        // only what answers is worth a word: nobody asked for that port
        let seen = dial("localhost", PLAIN, false, false);
        observation.listeners.extend(Some(seen).filter(|seen| seen.unreachable.is_none()));
    }
    observation.clock = clock(context, subject);
    observation.version = broker::running(&context.workspace).and_then(|engine| version(&engine.describe()));
    observation
}

fn dial(host: &str, port: u16, tls: bool, websockets: bool) -> Seen {
    let mut seen = Seen { port, host: host.to_owned(), ..Seen::default() };
    if tls {
        let look = Peek { host, port, name: None, version: None, timeout: TIMEOUT };
        match mqtt::peek(&look) {
            Ok(peeked) => seen.chain = input::sent(&peeked.chain, host).unwrap_or_default(),
            Err(trouble) => {
                seen.unreachable = Some(trouble.to_string());
                return seen;
            }
        }
    }
    let anything = Tls { trust: None, identity: None, name: None, version: None };
    let attempt = Attempt {
        tls: tls.then_some(anything),
        websocket: websockets.then_some("/mqtt"),
        timeout: TIMEOUT,
        ..Attempt::new(host, port, broker::proofs::client_id("doctor"))
    };
    match mqtt::attempt(&attempt).result {
        Ok(()) => seen.anonymous = Some(true),
        Err(Trouble::Connack { .. }) => seen.anonymous = Some(false),
        // a listener that wants a certificate, or something that is no broker: nobody got in
        Err(trouble) if tls => drop(trouble),
        Err(trouble) => seen.unreachable = Some(trouble.to_string()),
    }
    seen
}

/// The time of the log's last line, where it is in seconds since 1970: other forms do not tell their time zone.
fn clock(context: &Context<'_>, subject: &Subject) -> Option<OffsetDateTime> {
    let path = subject.resolve(&subject.any_reading()?.global.last("log_file")?.text);
    let (lines, _) = fs::tail(&context.workspace.path(path), 1).ok()?;
    let (stamp, _) = lines.last()?.split_once(": ")?;
    OffsetDateTime::from_unix_timestamp(stamp.parse().ok()?).ok()
}

/// Which of the broker's files changed since it read them.
fn not_loaded(context: &Context<'_>, subject: &Subject) -> Vec<String> {
    match broker::running(&context.workspace) {
        Some(engine) => takeover::not_loaded(&context.workspace, &engine, subject),
        None => Vec::new(),
    }
}

/// The first thing in a text that looks like `2.1.2`.
fn version(text: &str) -> Option<String> {
    let words = text.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    words.map(|word| word.trim_matches('.')).find(|word| word.matches('.').count() == 2).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_an_engine_says_of_itself() {
        assert_eq!(version("Mosquitto 2.0.21 (/usr/sbin/mosquitto)").as_deref(), Some("2.0.21"));
        assert_eq!(version("Docker, eclipse-mosquitto:2.1.2-alpine").as_deref(), Some("2.1.2"));
        assert_eq!(version("eclipse-mosquitto:2"), None);
    }
}
