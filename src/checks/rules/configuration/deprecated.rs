//! What goes away in 3.0.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::reading::What;
use crate::series::Series;

pub(super) const RULE: Rule = Rule {
    id: "conf-deprecated",
    topic: Topic::Configuration,
    severity: Severity::Note,
    title: "an option goes away in Mosquitto 3.0",
    why: "2.1 takes it and says in its log that 3.0 will not. A broker that is brought to 3.0 with it does not start \
          any more. (`acl_file` and `password_file` go, too, but 2.0 has nothing else: they are told only where 3.0 \
          is meant.)",
    fix: "write what 2.1 has for it, once no 2.0 broker reads the file any more: `mqsec conf migrate --to 2.1`",
    source: "measured on 2.0.21 and 2.1.2; ChangeLog of 2.1; notices of 2.1.2; eclipse-mosquitto/mosquitto#3531",
    check,
    mend: None,
    fires: &[
        Example {
            name: "per_listener_settings",
            changes: &[C::Replace(
                "config/mosquitto.conf",
                "allow_anonymous false",
                "per_listener_settings false\nallow_anonymous false",
            )],
        },
        Example {
            name: "the password file, for 3.0",
            changes: &[C::With(|s| s.targets = vec![Series::V21, Series::V30])],
        },
    ],
    quiet: &[Example {
        name: "the password file, for 2.0 and 2.1",
        changes: &[C::Append("config/mosquitto.conf", "# nothing\n")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let third = subject.targets(Series::V30);
    for (_, problem) in super::problems(subject) {
        let What::Deprecated { key, .. } = problem.what else { continue };
        if third || !matches!(key, "acl_file" | "password_file") {
            let finding = super::at(subject, found, &problem.place, problem.what.to_string());
            finding.hint("see what takes its place: mqsec conf migrate --to 2.1 --print");
            if third {
                finding.weighs(Severity::Warning);
            }
        }
    }
}
