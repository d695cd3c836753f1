//! A bridge that the broker does not take.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::reading::What;

pub(super) const RULE: Rule = Rule {
    id: "conf-bridge-refused",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "a bridge has options out of place, wrong, or too few, so that the broker does not start",
    why: "A bridge begins with `connection NAME`; what stands above that line belongs to no bridge. It needs an \
          `address` and a `topic`. The broker ends with `Invalid bridge configuration` (2.0) or with the name of the \
          option (2.1).",
    fix: "begin with `connection NAME`, then `address` and `topic`; `mqsec bridge add` writes such a part",
    source: "measured on 2.0.21 and 2.1.2; the REQUIRE macros of 2.1's conf.c",
    check,
    mend: None,
    fires: &[
        Example {
            name: "the address above the connection",
            changes: &[C::Append(
                "config/mosquitto.conf",
                "address cloud.example:8883\nconnection up\ntopic a/# out\n",
            )],
        },
        Example {
            name: "a bridge without an address",
            changes: &[C::Append("config/mosquitto.conf", "connection up\ntopic a/# out\n")],
        },
    ],
    quiet: &[Example {
        name: "a bridge in its order",
        changes: &[C::Append("config/mosquitto.conf", "connection up\naddress cloud.example:8883\ntopic a/# out\n")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (series, problem) in super::problems(subject) {
        let hint = match &problem.what {
            What::NeedsBridge { .. } => "begin the bridge with `connection NAME`, and move this line below it",
            What::BridgeWithout { .. } => "add the line below its `connection`",
            What::BridgeTwice { .. } | What::BridgeSameId { .. } => "give one of them another name",
            What::BridgePort { .. } | What::BridgeTopic { .. } | What::BridgeTimes { .. } => "mend the value",
            _ => continue,
        };
        if problem.fatal {
            let message = format!("{}: Mosquitto {series} does not start", problem.what);
            super::at(subject, found, &problem.place, message).hint(hint);
        }
    }
}
