//! A user whose name no client can bring.

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
    id: "passwd-name-unusable",
    topic: Topic::Passwords,
    severity: Severity::Error,
    title: "nobody can log in under a name of the password file",
    why: "MQTT carries names in UTF-8 without control characters; the broker ends a connection that brings another one. \
          mosquitto_passwd takes such names without a word, mostly from a file in another encoding or with a tab.",
    fix: "Add the user under another name: `mqsec passwd add NAME`, and remove the line.",
    source: "MQTT 5.0, section 1.5.4; measured with 2.0.21 and 2.1.2 (`protocol error`)",
    check,
    mend: None,
    fires: &[
        Example {
            name: "a control character",
            changes: &[Change::Append(layout::PASSWD, concat!("sen\x01sor:", hash!(), "\n"))],
        },
        Example { name: "Latin-1", changes: &[Change::With(latin_1)] },
    ],
    quiet: &[Example {
        name: "a name with blanks, signs and letters of every kind",
        changes: &[Change::Append(layout::PASSWD, concat!("küche / sensor #1 +:", hash!(), "\n"))],
    }],
};

fn latin_1(subject: &mut Subject) {
    if let Some(bytes) = subject.folder.file_mut(layout::PASSWD).and_then(|file| file.bytes.as_mut()) {
        bytes.extend_from_slice(b"k\xfcche:");
        bytes.extend_from_slice(concat!(hash!(), "\n").as_bytes());
    }
}

fn check(subject: &Subject, found: &mut Found<'_>) {
    for file in files(subject) {
        let problems = file.problems(|what| matches!(what, What::NameNotInMqtt { .. }));
        file.tell(found, &problems, |_| None);
    }
}
