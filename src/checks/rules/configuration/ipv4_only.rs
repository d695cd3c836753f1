//! `0.0.0.0` is IPv4 alone.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-ipv4-only",
    topic: Topic::Configuration,
    severity: Severity::Note,
    title: "a listener serves IPv4 alone",
    why: "`0.0.0.0` and `socket_domain ipv4` leave IPv6 out. A client that looks up `localhost` or a name with both \
          kinds of addresses may try IPv6 first, and is refused: Node.js does so.",
    fix: "leave the address away: the broker then listens on both",
    source: "eclipse-mosquitto/mosquitto#2460, #2459",
    check,
    mend: None,
    fires: &[Example {
        name: "0.0.0.0",
        changes: &[C::Replace("config/mosquitto.conf", "listener 8883", "listener 8883 0.0.0.0")],
    }],
    quiet: &[
        Example { name: "no address", changes: &[C::Append("config/mosquitto.conf", "max_topic_alias 10\n")] },
        Example {
            name: "this machine alone",
            changes: &[C::Append("config/mosquitto.conf", "listener 1883 127.0.0.1\n")],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    super::listeners(subject, |_, listener| {
        let only = listener.address.as_deref() == Some("0.0.0.0")
            || (listener.address.is_none() && listener.options.text("socket_domain") == Some("ipv4"));
        only.then(|| format!("port {} is not reached over IPv6", listener.port))
    })
    .into_iter()
    .for_each(|(place, message)| {
        super::at(subject, found, &place, message).hint("leave the address away");
    });
}
