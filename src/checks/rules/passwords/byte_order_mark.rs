//! The mark that Windows' editors put before a text.

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
    id: "passwd-byte-order-mark",
    topic: Topic::Passwords,
    severity: Severity::Error,
    title: "the password file begins with a byte order mark",
    why: "The broker takes the mark for a part of the first user's name, so that this user is refused as for a wrong password \
          and no log tells why. Notepad and PowerShell's `Out-File` write it; the latter's UTF-16 hides every user.",
    fix: "Save the file as UTF-8 without mark, or have it done: `mqsec doctor --fix`.",
    source: "Measured with 2.0.11, 2.0.21 and 2.1.2",
    check,
    mend: Some(mend),
    fires: &[
        Example {
            name: "a mark before the first user",
            changes: &[Change::Write(layout::PASSWD, concat!("\u{feff}admin:", hash!(), "\n"))],
        },
        Example { name: "UTF-16", changes: &[Change::Bytes(layout::PASSWD, b"\xff\xfea\0:\0b\0\n\0")] },
    ],
    quiet: &[Example {
        name: "a mark in a later name",
        changes: &[Change::Append(layout::PASSWD, concat!("\u{feff}sensor:", hash!(), "\n"))],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for file in files(subject) {
        let problems = file.problems(|what| matches!(what, What::ByteOrderMark | What::Utf16));
        file.tell(found, &problems, |_| None);
    }
}

fn mend(subject: &Subject) -> Vec<Mend> {
    let marked = files(subject).filter(|file| file.bytes.starts_with("\u{feff}".as_bytes()));
    marked.filter_map(PasswordFile::mended).collect()
}
