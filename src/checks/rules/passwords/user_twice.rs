//! A user name on two lines.

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
    id: "passwd-user-twice",
    topic: Topic::Passwords,
    severity: Severity::Error,
    title: "a user stands twice in the password file",
    why: "2.1 does not start, and ends at a reload. 2.0 says nothing and takes one of the two, in a small file the last that \
          it can decode, in a big one mostly the first: an old password may still be good.",
    fix: "Remove the line that is not meant, or both: `mqsec passwd del USER`, then `mqsec passwd add USER`.",
    source: "Measured with 2.0.21 (3000 names twice: mostly the first counted) and 2.1.2 (exit status 3, `Duplicate user`)",
    check,
    mend: None,
    fires: &[Example {
        name: "the same name again",
        changes: &[Change::Append(layout::PASSWD, concat!("sensor:", hash!(), "\nsensor:", hash!(), "\n"))],
    }],
    quiet: &[Example {
        name: "names that differ in case",
        changes: &[Change::Append(layout::PASSWD, concat!("sensor:", hash!(), "\nSensor:", hash!(), "\n"))],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for file in files(subject) {
        let problems = file.problems(|what| matches!(what, What::Duplicate { .. }));
        file.tell(found, &problems, |problem| match &problem.what {
            What::Duplicate { first, .. } => Some(format!("remove line {first} or line {}", problem.line)),
            _ => None,
        });
    }
}
