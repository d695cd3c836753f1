//! An option that is not read.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::reading::What;

pub(super) const RULE: Rule = Rule {
    id: "conf-ignored-option",
    topic: Topic::Configuration,
    severity: Severity::Note,
    title: "an option is there that the broker reads over",
    why: "The line does nothing, and a reader of the file thinks that it does.",
    fix: "take the line out",
    source: "measured on 2.0.21 and 2.1.2: retry_interval since 1.5; dhparamfile and websockets_log_level in 2.1",
    check,
    mend: None,
    fires: &[
        Example {
            name: "retry_interval",
            changes: &[C::Replace(
                "config/mosquitto.conf",
                "allow_anonymous false",
                "retry_interval 20\nallow_anonymous false",
            )],
        },
        Example {
            name: "Diffie-Hellman parameters in 2.1",
            changes: &[C::Append("config/mosquitto.conf", "dhparamfile config/dh.pem\n")],
        },
    ],
    quiet: &[Example {
        name: "an option that is read",
        changes: &[C::Replace(
            "config/mosquitto.conf",
            "allow_anonymous false",
            "sys_interval 20\nallow_anonymous false",
        )],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (series, problem) in super::problems(subject) {
        let nested = problem.what == What::IncludeNested && !problem.fatal;
        if nested || matches!(problem.what, What::Ignored { .. }) {
            let message = format!("{} (Mosquitto {series})", problem.what);
            super::at(subject, found, &problem.place, message).hint("take the line out");
        }
    }
}
