//! The broker keeps the rights of root.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-user-root",
    topic: Topic::Configuration,
    severity: Severity::Warning,
    title: "the broker keeps the rights of root",
    why: "`user root` leaves out the step to an ordinary user: whoever finds a hole in the broker has the machine. \
          It is written because of files that the broker may not read, and that is mended better at the files.",
    fix: "take the line out, and give the files to the broker's user: `mqsec doctor` says which",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#2161",
    check,
    mend: None,
    fires: &[Example {
        name: "user root",
        changes: &[C::Replace("config/mosquitto.conf", "allow_anonymous false", "user root\nallow_anonymous false")],
    }],
    quiet: &[Example {
        name: "a user of its own",
        changes: &[C::Replace(
            "config/mosquitto.conf",
            "allow_anonymous false",
            "user mosquitto\nallow_anonymous false",
        )],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(reading) = subject.any_reading() else { return };
    if let Some(user) = reading.global.last("user").filter(|user| user.text == "root") {
        let message = "`user root`: the broker runs with all rights".to_owned();
        super::at(subject, found, &user.place, message).hint("take the line out: mqsec conf set user --unset");
    }
}
