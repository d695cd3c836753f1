//! A topic that comes back to the broker that sent it.

use super::bridge;
use super::bridges;
use super::place;
use crate::bridge::Topic as BridgeTopic;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::reading::Bridge;
use crate::conf::reading::Value;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "bridge-loop",
    topic: Topic::Bridges,
    severity: Severity::Warning,
    title: "messages that cross a bridge come back",
    why: "Two bridges to the same broker, one with a topic `out` and the other with the same topic `in`, send one message round \
          and round without end: 40,000 times in three seconds. Within one bridge `try_private true`, the default, keeps \
          messages from coming back; with `try_private false` whatever crosses in both directions arrives twice here.",
    fix: "Put all topics to one broker into one bridge, remove `try_private false`, or give each direction topics of its own: \
          `topic a/# out 1`, `topic b/# in 1`, or prefixes. Between two brokers one of them alone has the bridge.",
    source: "Measured with 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[
        Example {
            name: "both ways",
            changes: &[Change::Append(layout::CONF, bridge!("try_private false\ntopic cmd/# both 1\n"))],
        },
        Example {
            name: "two bridges to one broker",
            changes: &[Change::Append(
                layout::CONF,
                bridge!(
                    "connection back\naddress broker.example:8883\nremote_clientid bridge-site-2\n",
                    "bridge_cafile certs/ca.crt\ntopic out/# in 1\n"
                ),
            )],
        },
        Example {
            name: "out and in",
            changes: &[Change::Append(layout::CONF, bridge!("try_private false\ntopic out/# in 1\n"))],
        },
    ],
    quiet: &[
        Example { name: "the default", changes: &[Change::Append(layout::CONF, bridge!("topic cmd/# both 1\n"))] },
        Example {
            name: "bridges to two brokers",
            changes: &[Change::Append(
                layout::CONF,
                bridge!(
                    "connection back\naddress other.example:8883\nremote_clientid bridge-site-2\n",
                    "bridge_cafile certs/ca.crt\ntopic out/# in 1\n"
                ),
            )],
        },
        Example {
            name: "another name over there",
            changes: &[Change::Append(layout::CONF, bridge!("try_private false\ntopic cmd/# in 1 \"\" far/\n"))],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let bridges = bridges(subject);
    for (at, bridge) in bridges.iter().enumerate() {
        twice(bridge, found);
        for other in &bridges[..at] {
            endless(bridge, other, found);
        }
    }
}

fn topics(bridge: &Bridge) -> Vec<(&Value, BridgeTopic)> {
    bridge.options.all("topic").filter_map(|value| Some((value, value.text.parse::<BridgeTopic>().ok()?))).collect()
}

/// A topic of the second that brings back what a topic of the first sends.
fn comes_back<'a>(out: &[(&Value, BridgeTopic)], back: &[(&'a Value, BridgeTopic)]) -> Option<(&'a Value, String)> {
    let returns = |out: &BridgeTopic, back: &BridgeTopic| {
        out.goes_out() && back.comes_in() && back.local() == out.local() && back.remote() == out.remote()
    };
    let found = back.iter().find(|(_, back)| out.iter().any(|(_, out)| returns(out, back)));
    found.map(|(value, topic)| (*value, topic.local()))
}

fn twice(bridge: &Bridge, found: &mut Found<'_>) {
    let Some(private) = bridge.options.last("try_private") else { return };
    // MQTT 5 has a subscription option of its own for it
    let is_5 = bridge.options.last("bridge_protocol_version").is_some_and(|value| value.text == "mqttv50");
    if !matches!(private.text.as_str(), "false" | "0") || is_5 {
        return;
    }
    let topics = topics(bridge);
    if let Some((value, topic)) = comes_back(&topics, &topics) {
        let (path, line, column) = place(bridge, Some(value));
        let name = crate::error::printable(&bridge.name);
        let text = format!(
            "`{topic}` crosses the bridge `{name}` in both directions, with try_private false: it arrives twice"
        );
        found.at(path, line, column, text).hint("remove the line `try_private false`");
    }
}

fn endless(bridge: &Bridge, other: &Bridge, found: &mut Found<'_>) {
    if !bridge.addresses().iter().any(|remote| other.addresses().contains(remote)) {
        return;
    }
    let (ours, theirs) = (topics(bridge), topics(other));
    let back = comes_back(&theirs, &ours).or_else(|| comes_back(&ours, &theirs));
    if let Some((value, topic)) = back {
        let (path, line, column) = place(bridge, Some(value));
        let names = [&bridge.name, &other.name].map(|name| crate::error::printable(name));
        let text = format!(
            "`{topic}` leaves by one of the bridges `{}` and `{}` and comes back by the other, without end",
            names[1], names[0]
        );
        found.at(path, line, column, text).weighs(Severity::Error).hint("put all topics into one bridge");
    }
}
