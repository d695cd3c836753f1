//! Lines that the broker never sees.

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
    id: "passwd-bytes-lost",
    topic: Topic::Passwords,
    severity: Severity::Error,
    title: "a part of the password file is hidden from the broker",
    why: "A NUL byte ends what 2.0 reads of the whole file, and what 2.1 reads of the line; a last line without newline that \
          is as long as the broker's buffer (255, 1255, … bytes) is not read at all. The users there are refused, and no log \
          says a word.",
    fix: "Remove the bytes, and end the last line with a newline; then set the passwords of those lines anew: \
          `mqsec passwd set USER`.",
    source: "Measured with 2.0.11, 2.0.21 and 2.1.2; fgets_extending of 20:lib/misc_mosq.c, mosquitto_fgets of \
             21:libcommon/file_common.c",
    check,
    mend: None,
    fires: &[Example {
        name: "a NUL in a name",
        changes: &[Change::Append(layout::PASSWD, concat!("sen\0sor:", hash!(), "\nother:", hash!(), "\n"))],
    }],
    quiet: &[Example {
        name: "a long line with its newline",
        changes: &[Change::Append(
            layout::PASSWD,
            concat!(
                "a-sensor-with-a-name-that-is-long-enough-to-fill-the-buffer-of-two-hundred-and-fifty-six-bytes-in-the-broker-xxxxxxxxxxxxxxxxxxxx:",
                hash!(),
                "\n"
            ),
        )],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for file in files(subject).filter(|file| !is_utf16(file.bytes)) {
        let problems = file.problems(|what| matches!(what, What::Nul { .. } | What::LastLineLost));
        file.tell(found, &problems, |_| None);
    }
}

/// Every second byte is a NUL there; `passwd-byte-order-mark` tells why.
fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
}
