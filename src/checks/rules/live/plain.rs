//! Port 1883 answers without TLS, though the configuration has no such listener.

use super::one;
use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::observation::Seen;

/// Where brokers listen without TLS.
pub(super) const PLAIN: u16 = 1883;

pub(super) const RULE: Rule = Rule {
    id: "live-plain-port-open",
    topic: Topic::Live,
    severity: Severity::Warning,
    title: "port 1883 of this machine speaks MQTT without TLS, and this configuration has no listener there",
    why: "Another broker runs beside this one (the system's own service, a second container), or this one was started \
          with another configuration. Clients that use it send their passwords in clear.",
    fix: "see whose it is: `ss -ltnp sport = :1883`; a Debian package starts its own: `systemctl disable --now mosquitto`",
    source: "eclipse-mosquitto/mosquitto#2970, #2285; Debian's package starts mosquitto.service",
    check,
    mend: None,
    fires: &[Example {
        name: "something answers",
        changes: &[C::With(|subject| {
            let anonymous = Some(false);
            subject.observed = one(Seen { port: PLAIN, host: "localhost".to_owned(), anonymous, ..Seen::default() });
        })],
    }],
    quiet: &[Example {
        name: "the configuration has that listener",
        changes: &[
            C::Append("config/mosquitto.conf", "listener 1883 127.0.0.1\n"),
            C::With(|subject| {
                let anonymous = Some(false);
                subject.observed =
                    one(Seen { port: PLAIN, host: "localhost".to_owned(), anonymous, ..Seen::default() });
            }),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let (Some(observed), Some(reading)) = (&subject.observed, subject.any_reading()) else { return };
    let meant = reading.listeners.iter().any(|listener| listener.port == PLAIN);
    let Some(seen) = observed.at(PLAIN).filter(|_| !meant) else { return };
    let who = match seen.anonymous {
        Some(true) => ", and lets in clients without a name",
        _ => "",
    };
    let told = found.general(format!("port {PLAIN} of this machine speaks MQTT without TLS{who}"));
    told.hint(format!("see whose it is: ss -ltnp sport = :{PLAIN}"));
    if seen.anonymous == Some(true) {
        told.weighs(Severity::Error);
    }
}
