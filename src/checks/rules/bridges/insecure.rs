//! A bridge that does not ask who answers.

use super::bridge;
use super::bridges;
use super::place;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "bridge-insecure",
    topic: Topic::Bridges,
    severity: Severity::Error,
    title: "a bridge does not compare the other broker's name with its certificate",
    why: "With `bridge_insecure true` every certificate of the trusted authorities will do, that of any device among them: who \
          has one and is on the way gets the bridge's password and its messages. A wrong authority is refused all the same, so \
          that it does not even help where the CA is the trouble.",
    fix: "Take the line out, and dial a name that stands in the other broker's certificate; over there \
          `mqsec broker-cert NAME` puts one into it.",
    source: "Measured with 2.0.21 and 2.1.2; mosquitto#2781, mosquitto#3449",
    check,
    mend: None,
    fires: &[Example {
        name: "bridge_insecure true",
        changes: &[Change::Append(layout::CONF, bridge!("bridge_insecure true\n"))],
    }],
    quiet: &[Example {
        name: "bridge_insecure false",
        changes: &[Change::Append(layout::CONF, bridge!("bridge_insecure false\n"))],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    // without TLS there is nothing to compare, and another rule says so
    for bridge in bridges(subject).iter().filter(|bridge| bridge.is_tls() && bridge.options.is_true("bridge_insecure"))
    {
        let (path, line, column) = place(bridge, bridge.options.last("bridge_insecure"));
        let text =
            format!("the bridge `{}` takes any certificate of its authorities", crate::error::printable(&bridge.name));
        found.at(path, line, column, text).hint("remove this line");
    }
}
