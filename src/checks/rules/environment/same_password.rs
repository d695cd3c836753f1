//! Users who share a password.

use std::collections::HashMap;

use super::users;
use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "env-same-password",
    topic: Topic::Environment,
    severity: Severity::Warning,
    title: "two users have the same password",
    why: "One device that is opened gives the other user away too, with all that the ACL grants to it.",
    fix: "`mqsec passwd set USER --generate` for one of the two",
    source: "an ACL separates users only as far as their passwords do",
    check,
    mend: None,
    fires: &[Example {
        name: "two sensors with one password",
        changes: &[C::Append(".env", "USER_8=a\nPASS_8=vexB4qHsu2Lk\nUSER_9=b\nPASS_9=vexB4qHsu2Lk\n")],
    }],
    quiet: &[Example {
        name: "two with their own",
        changes: &[C::Append(".env", "USER_8=a\nPASS_8=vexB4qHsu2Lk\nUSER_9=b\nPASS_9=vexB4qHsu2Ll\n")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let mut first: HashMap<&str, &str> = HashMap::new();
    for (line, user) in users(subject) {
        match first.get(user.password.expose()) {
            Some(other) => {
                let message = format!("`{}` has the same password as `{other}`", user.name);
                found.at(layout::ENV, line, 1, message).hint(format!("mqsec passwd set {} --generate", user.name));
            }
            None => drop(first.insert(user.password.expose(), user.name.as_str())),
        }
    }
}
