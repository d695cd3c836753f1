//! Nobody can change the plugin's file any more.

use super::FILE;
use super::GOOD_FILE;
use super::LOAD;
use super::problems;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::dynsec::lint::Problem;

pub(super) const RULE: Rule = Rule {
    id: "dynsec-no-admin",
    topic: Topic::DynamicSecurity,
    severity: Severity::Warning,
    title: "no client that can log in may change the dynamic security plugin's file",
    why: "While the broker runs, nobody can add a client, revoke one that was lost, or change a password.",
    fix: "Stop the broker with `mqsec down`, then `mqsec dynsec reset-admin`.",
    source: "an admin is who may publish to `$CONTROL/dynamic-security/v1`: \
             https://mosquitto.org/documentation/dynamic-security/",
    check,
    mend: None,
    fires: &[
        Example {
            name: "the role went from the admin",
            changes: &[LOAD, GOOD_FILE, Change::Replace(FILE, "[{\"rolename\": \"admin\"}]", "[]")],
        },
        Example {
            name: "the admin is disabled",
            changes: &[
                LOAD,
                GOOD_FILE,
                Change::Replace(FILE, "\"username\": \"admin\",", "\"username\": \"admin\", \"disabled\": true,"),
            ],
        },
    ],
    quiet: &[Example { name: "an admin is there", changes: &[LOAD, GOOD_FILE] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (path, _, problem) in problems(subject) {
        match problem {
            Problem::NoAdmin => {
                let message = "no client with a password may publish to `$CONTROL/dynamic-security/v1`";
                found.file(path, message).hint("mqsec down; mqsec dynsec reset-admin");
            }
            Problem::AnonymousAdmin { group } => {
                let message = format!("whoever has no user name is an admin, by the group `{group}`");
                found.file(path, message).hint("give the group other roles").weighs(Severity::Error);
            }
            _ => {}
        }
    }
}
