//! A line that changes no decision.

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
    id: "acl-line-without-effect",
    topic: Topic::Acl,
    severity: Severity::Note,
    title: "a line of the ACL file changes nothing",
    why: "Another line of the same section has decided before, for all of its topics: the same line twice, one inside a wider one, \
          or a grant that a denial covers (denials come first, wherever they stand).",
    fix: "take the line out: `mqsec acl del USER ACCESS TOPIC`; or make the other one narrower",
    source: "measured on 2.0.21 and 2.1.2: deny first, then the order of the file",
    check,
    mend: None,
    fires: &[
        Example { name: "twice", changes: &[C::Append(layout::ACL, "topic readwrite test/connection\n")] },
        Example { name: "inside another", changes: &[C::Append(layout::ACL, "topic read users/client/a\n")] },
        Example { name: "denied", changes: &[C::Append(layout::ACL, "topic deny b/#\ntopic read b/c\n")] },
    ],
    quiet: &[
        Example { name: "an exception", changes: &[C::Append(layout::ACL, "topic deny users/client/secret/#\n")] },
        Example { name: "two parts of one grant", changes: &[C::Append(layout::ACL, "topic read b\ntopic write b\n")] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| match what {
        What::Duplicate { .. } | What::Unreachable { .. } => Some(String::new()),
        _ => None,
    });
}
