//! No listener: this machine alone.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-local-only",
    topic: Topic::Configuration,
    severity: Severity::Warning,
    title: "there is no `listener`, so only this machine can connect",
    why: "Since 2.0 a broker without a `listener` opens 127.0.0.1 and ::1 on port 1883 and lets in anybody there; \
          options of listeners have no effect. In a container nobody reaches it.",
    fix: "add a listener: `listener 8883` with `certfile` and `keyfile` below it",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#2970, #2040",
    check,
    mend: None,
    fires: &[Example {
        name: "no listener",
        changes: &[C::Write(
            "config/mosquitto.conf",
            "persistence true\npersistence_location data\nmax_packet_size 1000000\n",
        )],
    }],
    quiet: &[Example { name: "a listener", changes: &[C::Append("config/mosquitto.conf", "max_topic_alias 10\n")] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(reading) = subject.any_reading().filter(|reading| reading.local_only && reading.bridges.is_empty()) else {
        return;
    };
    // a line that was meant for one is told by the rule of its mistake
    if reading.stop.is_none() {
        let message = "no `listener`: the broker serves 127.0.0.1 and ::1 alone, and anybody there";
        found.file(subject.conf_path(), message).hint("add: listener 8883, with `certfile` and `keyfile` below it");
    }
}
