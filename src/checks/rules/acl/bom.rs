//! A byte order mark before the first line.

use super::report;
use crate::acl::Slip;
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
    id: "acl-bom",
    topic: Topic::Acl,
    severity: Severity::Error,
    title: "the ACL file begins with a byte order mark",
    why: "The broker takes it for a part of the first word and does not start, even where the first line is a comment.",
    fix: "save the file as UTF-8 without a byte order mark (Notepad: encoding UTF-8)",
    source: "measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[Example {
        name: "before a comment",
        changes: &[C::Write(layout::ACL, "\u{feff}# rules\nuser admin\ntopic readwrite #\n")],
    }],
    quiet: &[Example { name: "inside a comment", changes: &[C::Append(layout::ACL, "# \u{feff}x\n")] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| match what {
        What::Stop(stop, Slip::Bom) => Some(stop.words(layout::ACL)),
        _ => None,
    });
}
