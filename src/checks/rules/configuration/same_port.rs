//! Two listeners on one port.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::reading::Listener;

pub(super) const RULE: Rule = Rule {
    id: "conf-same-port",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "two listeners want the same port",
    why: "The second one fails with `Address already in use`, and the broker ends with status 1.",
    fix: "give one of them another port, or take it out",
    source: "measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[
        Example {
            name: "the same port again",
            changes: &[C::Append(
                "config/mosquitto.conf",
                "listener 8883\ncertfile certs/broker/broker.crt\nkeyfile certs/broker/broker.key\n",
            )],
        },
        Example {
            name: "on every address and on one",
            changes: &[C::Append("config/mosquitto.conf", "listener 8883 127.0.0.1\n")],
        },
    ],
    quiet: &[Example {
        name: "two addresses",
        changes: &[C::Write(
            "config/mosquitto.conf",
            "allow_anonymous false\npassword_file config/mosquitto.passwd\nmax_packet_size 1000000\nlistener 1883 127.0.0.1\nlistener 1883 ::1\n",
        )],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(reading) = subject.any_reading() else { return };
    for (at, listener) in reading.listeners.iter().enumerate().filter(|(_, listener)| listener.port != 0) {
        let domain = listener.options.text("socket_domain");
        let same = |other: &&Listener| {
            other.port == listener.port
                && (other.address.is_none() || listener.address.is_none() || other.address == listener.address)
                && (domain.is_none() || other.options.text("socket_domain") == domain)
        };
        if let Some(first) = reading.listeners[..at].iter().find(same) {
            let message = format!("port {} is opened by line {} already", listener.port, first.place.line);
            super::at(subject, found, &listener.place, message).hint("give one of them another port");
        }
    }
}
