//! A grant to write to `$SYS`.

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
    id: "acl-sys-write",
    topic: Topic::Acl,
    severity: Severity::Warning,
    title: "the ACL file grants writing to $SYS, which never works",
    why: "The broker refuses every message to $SYS before it asks the file, but for a bridge\'s $SYS/broker/connection/NAME/state.",
    fix: "write `topic read` in place of `topic readwrite`",
    source: "measured on 2.0.21 and 2.1.2; 20:security.c, 21:plugin_acl_check.c `acl__check_dollar`",
    check,
    mend: None,
    fires: &[
        Example {
            name: "readwrite",
            changes: &[C::Replace(layout::ACL, "topic read $SYS/#", "topic readwrite $SYS/#")],
        },
        Example {
            name: "no access is readwrite",
            changes: &[C::Replace(layout::ACL, "topic read $SYS/#", "topic $SYS/#")],
        },
    ],
    quiet: &[Example {
        name: "a bridge",
        changes: &[C::Append(layout::ACL, "pattern write $SYS/broker/connection/%c/state\n")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| (*what == What::SysWrite).then(String::new));
}
