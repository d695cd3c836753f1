//! A `pattern deny` that comes too late.

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
    id: "acl-deny-overridden",
    topic: Topic::Acl,
    severity: Severity::Warning,
    title: "a pattern denies what a topic line has allowed before",
    why: "The broker asks the topic lines of a user first, and patterns only where none of them decides. A denial for all must stand \
          as `topic deny` in each section.",
    fix: "write `topic deny` into the section of the user",
    source: "measured on 2.0.21 and 2.1.2: topic read t/ab/# and pattern deny t/%u/no allows",
    check,
    mend: None,
    fires: &[
        Example {
            name: "a denial for all, and an administrator",
            changes: &[C::Append(layout::ACL, "pattern deny secret/#\n")],
        },
        Example {
            name: "a part of the own subtree",
            changes: &[
                C::Replace(layout::ACL, "user admin\ntopic readwrite #\n", "user admin\ntopic readwrite admin/#\n"),
                C::Append(layout::ACL, "pattern deny users/%u/no\n"),
            ],
        },
    ],
    quiet: &[
        Example {
            name: "nobody is allowed it",
            changes: &[
                C::Replace(layout::ACL, "user admin\ntopic readwrite #\n", "user admin\ntopic readwrite admin/#\n"),
                C::Append(layout::ACL, "pattern deny secret/#\n"),
            ],
        },
        Example { name: "in the section", changes: &[C::Append(layout::ACL, "topic deny users/client/no\n")] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| matches!(what, What::DenyOverridden { .. }).then(String::new));
}
