//! A comment that is none for the broker.

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
    id: "acl-comment",
    topic: Topic::Acl,
    severity: Severity::Error,
    title: "a comment in the ACL file does not begin in column 1",
    why: "Only a line that begins with # is a comment. Behind a topic the broker does not start with it; behind a user name it \
          becomes part of the name, and the lines below belong to nobody.",
    fix: "give the comment a line of its own, from column 1",
    source: "measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[
        Example { name: "behind a topic", changes: &[C::Append(layout::ACL, "topic read a # for bob\n")] },
        Example { name: "indented", changes: &[C::Append(layout::ACL, "  # for bob\n")] },
        Example { name: "behind a user", changes: &[C::Append(layout::ACL, "user bob # he\ntopic read a\n")] },
    ],
    quiet: &[
        Example { name: "a line of its own", changes: &[C::Append(layout::ACL, "# for bob\n")] },
        Example { name: "a name with #", changes: &[C::Append(layout::ACL, "topic read a/#\n")] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| match what {
        What::Stop(stop, Slip::Comment) => Some(stop.words(layout::ACL)),
        What::CommentInName => Some(String::new()),
        _ => None,
    });
}
