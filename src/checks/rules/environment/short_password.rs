//! A short password.

use super::example_password::is_known;
use super::password_is_user::is_name;
use super::users;
use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

/// A broker's user is a program: it remembers 22 letters as well as eight.
const SHORT: usize = 12;

pub(super) const RULE: Rule = Rule {
    id: "env-short-password",
    topic: Topic::Environment,
    severity: Severity::Warning,
    title: "a password is shorter than twelve characters",
    why: "Mosquitto's hash is cheap on purpose (a login costs the broker its single thread), so a stolen password file \
          gives up eight letters in hours. The broker has no limit on tries either.",
    fix: "`mqsec passwd set USER --generate` makes one of 128 bits",
    source: "NIST SP 800-63B; a file of 101 or 1000 iterations is quickly searched once it is stolen",
    check,
    mend: None,
    fires: &[Example { name: "eight letters", changes: &[C::Append(".env", "USER_9=x\nPASS_9=Tr0ub4d!\n")] }],
    quiet: &[
        Example { name: "twelve", changes: &[C::Append(".env", "USER_9=x\nPASS_9=vexB4qHsu2Lk\n")] },
        Example {
            name: "an example, which has its own rule",
            changes: &[C::Append(".env", "USER_9=x\nPASS_9=StrongPassword!123\n")],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (line, user) in users(subject) {
        let length = user.password.expose().chars().count();
        let told = is_known(user.password.expose()) || is_name(user.name.as_str(), user.password.expose());
        if length < SHORT && !told {
            let message = format!("the password of `{}` has {length} characters", user.name);
            found.at(layout::ENV, line, 1, message).hint(format!("mqsec passwd set {} --generate", user.name));
        }
    }
}
