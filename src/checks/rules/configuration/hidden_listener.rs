//! Options above the first listener, which open another one.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::reading::What;

pub(super) const RULE: Rule = Rule {
    id: "conf-hidden-listener",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "options above the first `listener` open another one on port 1883",
    why: "Every option of a listener that stands above the first `listener` line makes a default listener on port \
          1883 of all addresses, which is opened in addition. The listener below goes without the options: TLS that \
          was meant for 8883 ends up on 1883, and 8883 is plain.",
    fix: "move the lines below the `listener` that they are for",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#2285",
    check,
    mend: None,
    fires: &[
        Example {
            name: "a limit above the listener",
            changes: &[C::Replace(
                "config/mosquitto.conf",
                "allow_anonymous false",
                "max_connections 100\nallow_anonymous false",
            )],
        },
        Example {
            name: "the certificate above it",
            changes: &[C::Write(
                "config/mosquitto.conf",
                "allow_anonymous false\npassword_file config/mosquitto.passwd\nmax_packet_size 1000000\ncertfile certs/broker/broker.crt\nkeyfile certs/broker/broker.key\nlistener 8883\n",
            )],
        },
    ],
    quiet: &[
        Example { name: "the limit below it", changes: &[C::Append("config/mosquitto.conf", "max_topic_alias 10\n")] },
        Example {
            name: "a value that changes nothing, for 2.0",
            changes: &[
                C::With(|s| s.targets = vec![crate::series::Series::V20]),
                C::Replace(
                    "config/mosquitto.conf",
                    "allow_anonymous false",
                    "max_connections -1\nallow_anonymous false",
                ),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (_, problem) in super::problems(subject) {
        if matches!(problem.what, What::HiddenListener { .. }) {
            let hint = "move the line below the `listener` that it is for";
            super::at(subject, found, &problem.place, problem.what.to_string()).hint(hint);
        }
    }
}
