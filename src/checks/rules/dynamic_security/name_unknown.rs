//! A role, a client or a group that is named and is not there, or is there twice.

use super::FILE;
use super::GOOD_FILE;
use super::LOAD;
use super::at;
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
    id: "dynsec-name-unknown",
    topic: Topic::DynamicSecurity,
    severity: Severity::Warning,
    title: "the dynamic security plugin's file names what is not there, or the same twice",
    why: "The broker drops such a name without a word when it loads the file, and at the next change it is gone from the \
          file: who should have the role has no right, and nobody learns why. Of two with one name it takes the first.",
    fix: "Mend the name with the broker stopped, or add what is missing: `mqsec dynsec add role NAME`.",
    source: "measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[
        Example {
            name: "a client's role",
            changes: &[
                LOAD,
                GOOD_FILE,
                Change::Replace(FILE, "[{\"rolename\": \"read\"}]}\n  ]", "[{\"rolename\": \"raed\"}]}\n  ]"),
            ],
        },
        Example {
            name: "a group's client",
            changes: &[
                LOAD,
                GOOD_FILE,
                Change::Replace(
                    FILE,
                    "\"clients\": [{\"username\": \"bob\"}]",
                    "\"clients\": [{\"username\": \"rob\"}]",
                ),
            ],
        },
        Example {
            name: "the anonymous group",
            changes: &[
                LOAD,
                GOOD_FILE,
                Change::Replace(FILE, "\"groups\": [", "\"anonymousGroup\": \"ghosts\", \"groups\": ["),
            ],
        },
        Example {
            name: "a role twice",
            changes: &[
                LOAD,
                GOOD_FILE,
                Change::Replace(FILE, "\"roles\": [\n", "\"roles\": [{\"rolename\": \"read\"},\n"),
            ],
        },
    ],
    quiet: &[Example { name: "all names are there", changes: &[LOAD, GOOD_FILE] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (path, places, problem) in problems(subject) {
        match problem {
            Problem::NoSuchRole { holder, role } => {
                let message = format!("{} has the role `{role}`, which is not there", holder.shown());
                let hint = format!("mqsec dynsec add role {}", crate::error::single_quoted(&role));
                at(found, &path, &places, ("rolename", &role), message).hint(hint);
            }
            Problem::NoSuchClient { group, client } => {
                let message = format!("the group `{group}` has the client `{client}`, which is not there");
                let hint = format!(
                    "mqsec dynsec add client {} --group {}",
                    crate::error::single_quoted(&client),
                    crate::error::single_quoted(&group)
                );
                at(found, &path, &places, ("username", &client), message).hint(hint);
            }
            Problem::NoSuchGroup { group } => {
                let message = format!("`anonymousGroup` names `{group}`, which is not there");
                at(found, &path, &places, ("anonymousGroup", &group), message);
            }
            Problem::Twice { holder } => {
                let message = format!("{} is there twice, and the broker takes the first", holder.shown());
                at(found, &path, &places, holder.place(), message);
            }
            _ => {}
        }
    }
}
