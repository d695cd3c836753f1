//! The port answers, but not with what was asked for: what does speak there?

use std::time::Duration;

use super::Case;
use super::Diagnosis;
use crate::conf::Listener;
use crate::mqtt;
use crate::mqtt::Peek;
use crate::mqtt::Spoken;
use crate::mqtt::Stage;
use crate::mqtt::Tls;
use crate::mqtt::Trouble;

/// For one question; a port that answers does so at once, and two are asked.
fn patience(case: &Case<'_>) -> Duration {
    (case.left() / 2).min(Duration::from_secs(2))
}

/// Nothing listens on this machine's port: the wrong one, or the folder's broker does not run.
pub(super) fn refused(case: &Case<'_>, trouble: &Trouble) -> Option<Diagnosis> {
    let local = case.seen.in_vain.iter().all(|(address, _)| address.ip().is_loopback());
    if !local || case.listeners.is_empty() {
        return None;
    }
    let found = Diagnosis { hints: Vec::new(), ..Diagnosis::of(trouble) };
    if case.listeners.iter().any(|listener| listener.port == case.attempt.port) {
        return Some(
            found
                .evidence("the configuration has a listener on that port, so the broker does not run")
                .hint("start it: mqsec up; why it ended: mqsec logs --explain"),
        );
    }
    Some(case.listeners.iter().fold(found, |found, Listener { port, tls, websockets, .. }| {
        let (how, option) = match (tls, websockets) {
            (true, false) => ("MQTT over TLS", ""),
            (false, false) => ("MQTT without TLS", "--plain "),
            (true, true) => ("secure websockets", "--wss "),
            (false, true) => ("websockets", "--ws "),
        };
        found
            .evidence(format!("the configuration has a listener for {how} on port {port}"))
            .hint(format!("mqsec test-connect {option}--port {port}"))
    }))
}

pub(super) fn no_tls(case: &Case<'_>, trouble: &Trouble) -> Option<Diagnosis> {
    let port = case.attempt.port;
    if matches!(trouble, Trouble::TlsVersion) {
        return None;
    }
    let found = match ask(case, None)? {
        Spoken::Mqtt(_) => {
            Diagnosis::unanswered(Stage::Tls, "tls-to-plain-port", format!("port {port} speaks MQTT without TLS")).hint(
                format!(
                    "dial the TLS listener's port (8883), or speak plainly: mqsec test-connect --plain --port {port}"
                ),
            )
        }
        Spoken::Websockets(_) => websockets(case, false),
        Spoken::Http(_) => http(case, false),
        Spoken::Closed => return closed(case),
        // it said something to the TLS hello that is no TLS
        Spoken::Silent | Spoken::Guarded | Spoken::Other(_) => return None,
    };
    Some(found)
}

pub(super) fn no_websockets(case: &Case<'_>) -> Option<Diagnosis> {
    if case.attempt.tls.is_none() && speaks_tls(case) {
        return Some(plain_to_tls(case));
    }
    match ask(case, look(case))? {
        Spoken::Mqtt(_) => Some(
            Diagnosis::unanswered(
                Stage::Websockets,
                "websockets-to-mqtt-port",
                format!("port {} speaks MQTT itself, without websockets", case.attempt.port),
            )
            .hint("leave --ws and --wss out, or dial the port of the listener that has `protocol websockets`"),
        ),
        Spoken::Http(_) => Some(http(case, case.attempt.tls.is_some())),
        Spoken::Closed => closed(case),
        _ => None,
    }
}

pub(super) fn no_mqtt(case: &Case<'_>, trouble: &Trouble) -> Option<Diagnosis> {
    if case.attempt.tls.is_none() && speaks_tls(case) {
        return Some(plain_to_tls(case));
    }
    if case.attempt.websocket.is_some() {
        return None;
    }
    // who says nothing to MQTT was asked already
    let spoken = match trouble {
        Trouble::Timeout(_) => {
            let (host, port, path) = (case.attempt.host, case.attempt.port, "/mqtt");
            mqtt::speaks_websockets(host, port, look(case), path, patience(case) * 2, Spoken::Silent)
        }
        _ => ask(case, look(case))?,
    };
    match spoken {
        Spoken::Websockets(_) => Some(websockets(case, case.attempt.tls.is_some())),
        Spoken::Http(_) => Some(http(case, case.attempt.tls.is_some())),
        Spoken::Closed => closed(case),
        _ => None,
    }
}

fn ask(case: &Case<'_>, tls: Option<Tls<'_>>) -> Option<Spoken> {
    let attempt = case.attempt;
    mqtt::speaks(attempt.host, attempt.port, tls, attempt.websocket.unwrap_or("/mqtt"), patience(case)).ok()
}

/// TLS as it was tried, but taking any certificate: nothing secret is sent.
fn look<'a>(case: &Case<'a>) -> Option<Tls<'a>> {
    case.attempt.tls.map(|tls| Tls { trust: None, ..tls })
}

fn speaks_tls(case: &Case<'_>) -> bool {
    let attempt = case.attempt;
    let timeout = patience(case);
    mqtt::peek(&Peek { host: attempt.host, port: attempt.port, name: None, version: None, timeout }).is_ok()
}

fn plain_to_tls(case: &Case<'_>) -> Diagnosis {
    let port = case.attempt.port;
    let option = if case.attempt.websocket.is_some() { "with --wss in place of --ws" } else { "without --plain" };
    Diagnosis::unanswered(
        Stage::Mqtt,
        "plain-to-tls-port",
        format!("port {port} speaks TLS, and was spoken to without"),
    )
    .hint(format!("try it {option}: mqsec test-connect --port {port}"))
}

fn websockets(case: &Case<'_>, tls: bool) -> Diagnosis {
    let port = case.attempt.port;
    let (with, option) = if tls { ("with TLS", "--wss") } else { ("without TLS", "--ws") };
    Diagnosis::unanswered(
        if tls { Stage::Mqtt } else { Stage::Tls },
        "mqtt-to-websockets-port",
        format!("port {port} speaks websockets {with}, and was spoken to with MQTT itself"),
    )
    .hint(format!("mqsec test-connect {option} --port {port}"))
}

fn http(case: &Case<'_>, tls: bool) -> Diagnosis {
    let what = if tls { "an HTTPS server" } else { "an HTTP server" };
    Diagnosis::unanswered(
        if tls { Stage::Mqtt } else { Stage::Tls },
        "http-server-there",
        format!("{what} listens on port {}, and no broker", case.attempt.port),
    )
    .hint("dial the broker's port: 8883 for MQTT over TLS; see what speaks where: mqsec probe HOST")
}

/// Whoever connects is thrown out at once.
fn closed(case: &Case<'_>) -> Option<Diagnosis> {
    let folder = case.folder?;
    let most = folder.settings.get("max_connections").filter(|most| most.parse::<i64>().is_ok_and(|most| most >= 0))?;
    Some(
        Diagnosis::no(
            Stage::Connect,
            "max-connections",
            format!("the broker's limit of connections on this port ({most}) is reached"),
        )
        .evidence(format!("the listener has `max_connections {most}`, and new connections are closed at once"))
        .hint("raise max_connections in config/mosquitto.conf, or end clients; then: mqsec restart"),
    )
}
