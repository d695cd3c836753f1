//! An option that stands twice where 2.0 wants it once.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::reading::What;

pub(super) const RULE: Rule = Rule {
    id: "conf-duplicate-option",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "an option stands twice where it may stand once",
    why: "2.0 does not start because of a second path or text; 2.1 takes the last one for listeners, passwords and \
          ACL, and refuses the others. Which of the two was meant is nowhere to be seen.",
    fix: "leave the line that is meant, and take the other out",
    source: "`conf__parse_string`, measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[
        Example {
            name: "two password files",
            changes: &[C::Append("config/mosquitto.conf", "password_file config/other\n")],
        },
        Example {
            name: "two certificates",
            changes: &[C::Append("config/mosquitto.conf", "certfile certs/other.crt\n")],
        },
    ],
    quiet: &[Example {
        name: "log_type may stand several times",
        changes: &[C::Append("config/mosquitto.conf", "log_type debug\n")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (series, problem) in super::problems(subject) {
        if matches!(problem.what, What::Duplicate { .. } | What::PluginTwice { .. }) {
            let message = format!("{}: Mosquitto {series} does not start", problem.what);
            super::at(subject, found, &problem.place, message).hint("leave one of the two lines");
        }
    }
}
