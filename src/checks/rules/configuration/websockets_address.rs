//! Websockets of 2.0 listen on every address.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::series::Series;

pub(super) const RULE: Rule = Rule {
    id: "conf-websockets-address",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "Mosquitto 2.0 opens websockets on every address, whatever the listener says",
    why: "The libwebsockets of 2.0 takes no address where IPv6 is there: `listener 9001 127.0.0.1` is reached from \
          everywhere.",
    fix: "use 2.1, or close the port with a firewall",
    source: "measured on 2.0.21 with ss; 2.1.2 binds as told",
    check,
    mend: None,
    fires: &[Example {
        name: "websockets for this machine",
        changes: &[C::Append("config/mosquitto.conf", "listener 9001 127.0.0.1\nprotocol websockets\n")],
    }],
    quiet: &[Example {
        name: "for 2.1 alone",
        changes: &[
            C::With(|s| s.targets = vec![Series::V21]),
            C::Append("config/mosquitto.conf", "listener 9001 127.0.0.1\nprotocol websockets\n"),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    super::listeners(subject, |reading, listener| {
        let address =
            listener.address.as_deref().filter(|_| reading.series == Series::V20 && listener.is_websockets())?;
        let every = matches!(address, "0.0.0.0" | "::");
        (!every).then(|| {
            format!("Mosquitto 2.0 listens on every address with port {}, not on {address} alone", listener.port)
        })
    })
    .into_iter()
    .for_each(|(place, message)| {
        super::at(subject, found, &place, message).hint("close the port with a firewall, or use 2.1");
    });
}
