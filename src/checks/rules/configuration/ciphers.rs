//! Cipher suites that go with another key.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::start::Suits;
use crate::conf::start::suits;

pub(super) const RULE: Rule = Rule {
    id: "conf-ciphers",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "`ciphers` leaves no suite for the broker's key",
    why: "A suite with ECDSA wants a key on an elliptic curve, one with RSA an RSA key. If none is left, TLS 1.2 \
          clients fail with `no shared cipher`. Suites of TLS 1.3 belong into `ciphers_tls1.3`: in `ciphers` they \
          are not known, and the broker does not start.",
    fix: "take the line out: OpenSSL's own choice is good, and follows the key",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#2046, #1476",
    check,
    mend: None,
    fires: &[
        Example {
            name: "RSA suites with a key on a curve",
            changes: &[C::Append("config/mosquitto.conf", "ciphers ECDHE-RSA-AES128-GCM-SHA256\n")],
        },
        Example {
            name: "suites of TLS 1.3",
            changes: &[C::Append("config/mosquitto.conf", "ciphers TLS_AES_128_GCM_SHA256\n")],
        },
    ],
    quiet: &[
        Example {
            name: "suites for the key",
            changes: &[C::Append("config/mosquitto.conf", "ciphers ECDHE-ECDSA-AES128-GCM-SHA256\n")],
        },
        Example { name: "a group", changes: &[C::Append("config/mosquitto.conf", "ciphers HIGH:!aNULL\n")] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let mut seen = std::collections::BTreeSet::new();
    for listener in super::every_listener(subject) {
        let options = &listener.1.options;
        let (Some(list), Some(certificate)) = (options.last("ciphers"), options.text("certfile")) else { continue };
        let Some(read) = subject.certificates(&subject.resolve(certificate)) else { continue };
        let Some(leaf) = read.as_ref().as_ref().ok().and_then(|read| read.list.first()) else { continue };
        let message = match suits(&list.text, leaf.key_kind) {
            Suits::OtherKey => format!("none of these suites goes with the broker's key ({})", leaf.key),
            Suits::Only13 => "these are suites of TLS 1.3: the broker does not start".to_owned(),
            Suits::Yes | Suits::Unknown => continue,
        };
        if seen.insert(list.place.clone()) {
            super::at(subject, found, &list.place, message).hint("take the line out");
        }
    }
}
