//! `.env` cannot be read, or can be read in two ways.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "env-unreadable",
    topic: Topic::Environment,
    severity: Severity::Error,
    title: ".env has a line that cannot be read, or a user without a password",
    why: "Readers of such files disagree: `PASS_1=pa$$word` is `pa` for one and `pa$$word` for the next, and the user \
          cannot log in with the password that stands there. mqsec takes no such file at all.",
    fix: "write the value in single quotes, give each USER_n a PASS_n, and name nobody twice",
    source: "measured with dotenvy 0.15.7 and Docker Compose v2",
    check,
    mend: None,
    fires: &[
        Example {
            name: "a dollar sign outside of quotes",
            changes: &[C::Append(".env", "USER_9=x\nPASS_9=pa$$word\n")],
        },
        Example { name: "a user without a password", changes: &[C::Append(".env", "USER_9=x\n")] },
        Example { name: "bytes that are no text", changes: &[C::Bytes(".env", b"USER_1=\xff\n")] },
    ],
    quiet: &[
        Example {
            name: "a dollar sign in single quotes",
            changes: &[C::Append(".env", "USER_9=x\nPASS_9='pa$$word-4711'\n")],
        },
        Example { name: "lines that are not ours", changes: &[C::Append(".env", "OTHER=$x\n")] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    if let Some(bytes) = subject.folder.bytes(layout::ENV)
        && let Err(error) = std::str::from_utf8(bytes)
    {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        found
            .at(layout::ENV, line, 1, "this line is not UTF-8 text")
            .hint("save the file as UTF-8, without a signature");
    }
    if let Some(Err(error)) = subject.env() {
        for (line, what, remedy) in error.places() {
            found.at(layout::ENV, line, 1, what).hint(remedy);
        }
    }
}
