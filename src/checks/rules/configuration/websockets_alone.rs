//! Debian's 2.0 does not start with websockets alone.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::series::Series;

pub(super) const RULE: Rule = Rule {
    id: "conf-websockets-alone",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "a configuration with websockets listeners alone does not start on Debian's Mosquitto 2.0",
    why: "2.0 counts its own sockets only. Debian's libwebsockets opens them by itself, so that none is counted: \
          `Unable to start any listening sockets, exiting.`",
    fix: "add a listener for this machine: `listener 1883 127.0.0.1`",
    source: "measured on 2.0.11 and 2.0.21 of Debian",
    check,
    mend: None,
    fires: &[Example {
        name: "websockets alone",
        changes: &[
            C::Append("config/mosquitto.conf", "protocol websockets\n"),
            C::Replace("config/mosquitto.conf", "crlfile", "#crlfile"),
        ],
    }],
    quiet: &[Example {
        name: "beside another listener",
        changes: &[C::Append("config/mosquitto.conf", "listener 1883 127.0.0.1\n")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(reading) = subject.reading(Series::V20).filter(|_| subject.targets(Series::V20)) else { return };
    let Some(first) = reading.listeners.first() else { return };
    if reading.listeners.iter().all(|listener| listener.is_websockets()) {
        let message = "every listener speaks websockets, and Debian's 2.0 does not start so";
        super::at(subject, found, &first.place, message.to_owned()).hint("add: listener 1883 127.0.0.1");
    }
}
