//! A NUL, behind which nothing is read.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::reading::What;

pub(super) const RULE: Rule = Rule {
    id: "conf-nul",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "the configuration holds a NUL, and the broker does not read what follows",
    why: "The broker looks for the end of the line as C does and finds the NUL. 2.1 stops reading the file there, \
          2.0 swallows it to its end: limits and listeners that stand below are not there, without a word.",
    fix: "write the file anew without it; a file in UTF-16 has many: save it as UTF-8",
    source: "fgets_extending of 2.0, mosquitto_fgets of 2.1, measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[Example {
        name: "in the middle",
        changes: &[C::Replace("config/mosquitto.conf", "log_timestamp true", "log_timestamp true\0")],
    }],
    quiet: &[Example { name: "none", changes: &[C::Append("config/mosquitto.conf", "# end\n")] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (_, problem) in super::problems(subject) {
        if problem.what == What::Nul {
            super::at(subject, found, &problem.place, problem.what.to_string()).hint("write the line anew");
        }
    }
}
