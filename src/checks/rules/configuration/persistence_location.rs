//! The database lies wherever the broker was started.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-persistence-location",
    topic: Topic::Configuration,
    severity: Severity::Note,
    title: "the database lies in whatever folder the broker is started in",
    why: "Without `persistence_location` sessions and retained messages are saved in the folder in which the broker \
          happens to be started. In a container that is lost with it.",
    fix: "write `persistence_location data`",
    source: "mosquitto.conf(5); measured on 2.0.21 and 2.1.2: relative to the folder in which the broker starts",
    check,
    mend: None,
    fires: &[Example {
        name: "no folder",
        changes: &[C::Replace("config/mosquitto.conf", "persistence_location", "#persistence_location")],
    }],
    quiet: &[Example {
        name: "nothing is saved",
        changes: &[
            C::Replace("config/mosquitto.conf", "persistence true", "persistence false"),
            C::Replace("config/mosquitto.conf", "persistence_location", "#persistence_location"),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(reading) = subject.any_reading() else { return };
    let Some(on) = reading.global.last("persistence").filter(|_| reading.global.is_true("persistence")) else { return };
    if !reading.global.has("persistence_location") {
        let message =
            "no `persistence_location`: the database goes to the folder in which the broker is started".to_owned();
        super::at(subject, found, &on.place, message).hint("mqsec conf set persistence_location data");
    }
}
