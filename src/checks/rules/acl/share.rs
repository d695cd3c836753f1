//! A line for `$share`.

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
    id: "acl-share",
    topic: Topic::Acl,
    severity: Severity::Warning,
    title: "a line of the ACL file begins with $share, and never decides",
    why: "A shared subscription is asked about with the topics of its messages: $share/GROUP/ is not part of any of them.",
    fix: "grant the topic itself: `topic read a/b` serves `$share/group/a/b` too",
    source: "measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[Example {
        name: "a shared subscription",
        changes: &[C::Append(layout::ACL, "topic read $share/workers/jobs/#\n")],
    }],
    quiet: &[Example { name: "its topics", changes: &[C::Append(layout::ACL, "topic read jobs/#\n")] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| (*what == What::Share).then(String::new));
}
