//! The password is the user's name.

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
    id: "env-password-is-user",
    topic: Topic::Environment,
    severity: Severity::Error,
    title: "a user's password is the user's own name",
    why: "It is the first guess of anyone who knows a name, and names stand in topics, certificates and logs.",
    fix: "`mqsec passwd set USER --generate`",
    source: "NIST SP 800-63B, 3.1.1.2: context-specific words, such as the user name, are to be refused",
    check,
    mend: None,
    fires: &[
        Example {
            name: "the same word",
            changes: &[C::Append(".env", "USER_9=sensor-kitchen\nPASS_9=Sensor-Kitchen\n")],
        },
        Example {
            name: "with a number",
            changes: &[C::Append(".env", "USER_9=kitchensensor\nPASS_9=kitchensensor2025!\n")],
        },
    ],
    quiet: &[Example {
        name: "the name is a part of something long",
        changes: &[C::Append(".env", "USER_9=sensor\nPASS_9=sensor-bright-velvet-otter\n")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (line, user) in users(subject) {
        if is_name(user.name.as_str(), user.password.expose()) {
            let message = format!("the password of `{}` is that name", user.name);
            found.at(layout::ENV, line, 1, message).hint(format!("mqsec passwd set {} --generate", user.name));
        }
    }
}

/// The name itself, with numbers and signs behind it, or backwards.
pub(super) fn is_name(name: &str, password: &str) -> bool {
    let (name, password) = (name.to_lowercase(), password.to_lowercase());
    let backwards: String = name.chars().rev().collect();
    let rest = password.strip_prefix(name.as_str());
    password == backwards || rest.is_some_and(|rest| rest.chars().all(|letter| !letter.is_alphabetic()))
}
