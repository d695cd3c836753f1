//! A password that was written into the file instead of its hash.

use super::files;
use super::has_own_rule;
use super::hash;
use super::set_anew;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::passwd::Fault;
use crate::passwd::Form;
use crate::passwd::What;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "passwd-plain-text",
    topic: Topic::Passwords,
    severity: Severity::Error,
    title: "a password stands in clear in the password file",
    why: "The broker wants hashes there: 2.0 drops the user, 2.1 does not start. And the password is now readable for \
          whoever reads the file, its backups, or a commit with it.",
    fix: "Set a new password: `mqsec passwd set USER`. A file of `user:password` lines becomes one of hashes with \
          `mqsec passwd import FILE`.",
    source: "Measured with 2.0.11, 2.0.21 (`Invalid password hash type`) and 2.1.2 (exit status 3)",
    check,
    mend: None,
    fires: &[Example {
        name: "a user and a password",
        changes: &[Change::Append(layout::PASSWD, "sensor:Kitchen-2024\n")],
    }],
    quiet: &[Example {
        name: "a user and a hash",
        changes: &[Change::Append(layout::PASSWD, concat!("sensor:", hash!(), "\n"))],
    }],
};

fn wanted(what: &What) -> bool {
    has_own_rule(what) && matches!(what, What::Undecodable { fault: Fault::Kind(Form::Plain), .. })
}

fn check(subject: &Subject, found: &mut Found<'_>) {
    for file in files(subject) {
        file.tell(found, &file.problems(wanted), set_anew);
    }
}
