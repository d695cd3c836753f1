//! Lines that the broker does not read, and says nothing.

use super::report;
use crate::acl::What;
use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "acl-unread",
    topic: Topic::Acl,
    severity: Severity::Error,
    title: "the broker silently leaves out a part of the ACL file",
    why: "A NUL ends the reading of a file in both series, and a last line without its end is lost when it fills the read buffer \
          (255 bytes, or 1000 more). The lines behind are not there for the broker: rights are missing, and so are denials.",
    fix: "take out the NUL, or end the last line",
    source: "measured on 2.0.21 and 2.1.2; 20:lib/misc_mosq.c `fgets_extending`, 21:libcommon/file_common.c `mosquitto_fgets`",
    check,
    mend: None,
    fires: &[
        Example { name: "a NUL", changes: &[C::Append(layout::ACL, "topic read a\0b\ntopic deny c\n")] },
        Example { name: "a last line of 255 bytes", changes: &[C::With(long_last_line)] },
    ],
    quiet: &[Example { name: "a last line without its end", changes: &[C::Append(layout::ACL, "topic read last")] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| match what {
        What::Nul { .. } | What::LastLineLost => Some(String::new()),
        _ => None,
    });
}

/// 255 bytes: what the broker's buffer takes at once.
fn long_last_line(subject: &mut Subject) {
    let Some(file) = subject.folder.file_mut(layout::ACL) else { return };
    let line = format!("topic read {}", "x".repeat(244));
    if let Some(bytes) = &mut file.bytes {
        bytes.extend_from_slice(line.as_bytes());
    }
}
