//! A line without a colon.

use super::files;
use super::hash;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::passwd::What;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "passwd-line-ignored",
    topic: Topic::Passwords,
    severity: Severity::Warning,
    title: "a line of the password file is neither a user nor a comment",
    why: "The broker skips a line without a colon and says nothing. If it was meant as a user, that user is refused; and \
          `mosquitto_passwd -b` deletes it with everything after it.",
    fix: "Remove the line, or set the user's password: `mqsec passwd set USER`.",
    source: "Measured with 2.0.11, 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[Example { name: "a name alone", changes: &[Change::Append(layout::PASSWD, "sensor\n")] }],
    quiet: &[
        Example { name: "a blank line", changes: &[Change::Append(layout::PASSWD, " \r\n")] },
        Example { name: "a user", changes: &[Change::Append(layout::PASSWD, concat!("sensor:", hash!(), "\n"))] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for file in files(subject) {
        file.tell(found, &file.problems(|what| matches!(what, What::NoColon)), |_| None);
    }
}
