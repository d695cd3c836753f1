//! `topic read`, and no topic.

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
    id: "acl-word-as-topic",
    topic: Topic::Acl,
    severity: Severity::Warning,
    title: "a line of the ACL file has an access and no topic",
    why: "`topic read` is a grant to read and write the topic that is called read: the access is optional, the topic is not.",
    fix: "write the topic behind the access: `topic read a/b`",
    source: "measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[Example { name: "an access alone", changes: &[C::Append(layout::ACL, "topic readwrite\n")] }],
    quiet: &[Example { name: "a topic of that name", changes: &[C::Append(layout::ACL, "topic read read\n")] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| (*what == What::WordAsTopic).then(String::new));
}
