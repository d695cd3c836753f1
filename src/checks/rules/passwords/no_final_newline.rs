//! A last line without its end.

use super::PasswordFile;
use super::files;
use super::hash;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Mend;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::passwd::What;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "passwd-no-final-newline",
    topic: Topic::Passwords,
    severity: Severity::Warning,
    title: "the password file does not end with a newline",
    why: "The broker reads the last user all the same. But mosquitto_passwd, or `echo … >>`, puts the next user on the same \
          line, and then neither of the two can log in, and 2.1 may not start.",
    fix: "Have it mended: `mqsec doctor --fix`.",
    source: "Measured with mosquitto_passwd of 2.0.11, 2.0.21 and 2.1.2",
    check,
    mend: Some(mend),
    fires: &[Example {
        name: "the last line has no end",
        changes: &[Change::Append(layout::PASSWD, concat!("sensor:", hash!()))],
    }],
    quiet: &[Example { name: "an empty file", changes: &[Change::Write(layout::PASSWD, "")] }],
};

/// A last line that is hidden by it has a rule of its own.
fn ends_open(file: &PasswordFile<'_>) -> bool {
    !file.bytes.is_empty()
        && !file.bytes.ends_with(b"\n")
        && file.problems(|what| matches!(what, What::LastLineLost | What::Utf16)).is_empty()
}

fn check(subject: &Subject, found: &mut Found<'_>) {
    for file in files(subject).filter(ends_open) {
        let last = file.lines().last().map_or(1, |(number, _)| number);
        found.at(&file.path, last, 1, "the last line has no newline: a user that is appended would join it");
    }
}

fn mend(subject: &Subject) -> Vec<Mend> {
    files(subject).filter(ends_open).filter_map(PasswordFile::mended).collect()
}
