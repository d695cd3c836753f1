//! No log at all.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-log-none",
    topic: Topic::Configuration,
    severity: Severity::Warning,
    title: "the broker writes no log",
    why: "`log_dest none` and `log_type none` take back what stands above them. When a client is refused or a file \
          cannot be read, nothing tells why.",
    fix: "write `log_dest stdout` and the kinds `error`, `warning`, `notice`",
    source: "conf.c of 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[Example {
        name: "log_dest none",
        changes: &[C::Replace("config/mosquitto.conf", "log_timestamp true", "log_dest none\nlog_timestamp true")],
    }],
    quiet: &[Example {
        name: "none, then another",
        changes: &[C::Replace(
            "config/mosquitto.conf",
            "log_timestamp true",
            "log_dest none\nlog_dest stderr\nlog_timestamp true",
        )],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(reading) = subject.any_reading() else { return };
    for key in ["log_dest", "log_type"] {
        if let Some(last) = reading.global.last(key).filter(|last| last.text == "none") {
            let message = format!("`{key} none` takes back what stands above it: there is no log");
            super::at(subject, found, &last.place, message).hint("take the line out");
        }
    }
}
