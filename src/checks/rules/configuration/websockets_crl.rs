//! Revoked clients come in by websockets.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::series::Series;

pub(super) const RULE: Rule = Rule {
    id: "conf-websockets-crl",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "revoked clients come in by websockets on Mosquitto 2.0",
    why: "The websockets of 2.0 never load the revocation list: a revoked certificate gets in there, while the MQTT \
          listener refuses it. And the first SIGHUP after a connection there ends the broker, at the next one.",
    fix: "use 2.1; with 2.0 take crlfile out of that listener and revoke by password and ACL",
    source: "measured on 2.0.11, 2.0.21 (accept) and 2.1.2 (refuses); eclipse-mosquitto/mosquitto#3042",
    check,
    mend: None,
    fires: &[Example {
        name: "websockets with a list",
        changes: &[C::Append(
            "config/mosquitto.conf",
            "listener 8884\nprotocol websockets\ncertfile certs/broker/broker.crt\nkeyfile certs/broker/broker.key\ncafile certs/broker/ca.crt\ncrlfile certs/broker/ca.crl\nrequire_certificate true\n",
        )],
    }],
    quiet: &[Example {
        name: "for 2.1 alone",
        changes: &[
            C::With(|s| s.targets = vec![Series::V21]),
            C::Append("config/mosquitto.conf", "protocol websockets\n"),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    super::listeners(subject, |reading, listener| {
        let ignored = reading.series == Series::V20 && listener.is_websockets() && listener.options.has("crlfile");
        ignored.then(|| {
            format!("Mosquitto 2.0 does not load the revocation list of port {}: revoked clients get in", listener.port)
        })
    })
    .into_iter()
    .for_each(|(place, message)| {
        super::at(subject, found, &place, message)
            .hint("use 2.1 for websockets with client certificates, or take the list out of the listener");
    });
}
