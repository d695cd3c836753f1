//! %u or %c that is not a whole level.

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
    id: "acl-variable-inside-level",
    topic: Topic::Acl,
    severity: Severity::Error,
    title: "a pattern has %u or %c inside a level, which 2.1 does not replace",
    why: "2.0 replaces %u and %c wherever they stand, 2.1 only where they are a whole level of the topic. After an upgrade a grant \
          matches nothing, and a `pattern deny` denies nothing.",
    fix: "make the variable a level of its own (`devices/%u/#`), and let the clients use that topic",
    source: "measured: `pre-%c/#` matches on 2.0.21 and not on 2.1.2; 21:libcommon/topic_common.c",
    check,
    mend: None,
    fires: &[
        Example {
            name: "behind other letters",
            changes: &[C::Append(layout::ACL, "pattern readwrite devices/dev-%c/#\n")],
        },
        Example { name: "a denial", changes: &[C::Append(layout::ACL, "pattern deny secret-%u\n")] },
    ],
    quiet: &[
        Example { name: "a whole level", changes: &[C::Append(layout::ACL, "pattern readwrite devices/%c/#\n")] },
        Example {
            name: "for 2.0 alone",
            changes: &[
                C::With(|subject| subject.targets = vec![crate::series::Series::V20]),
                C::Append(layout::ACL, "pattern readwrite devices/dev-%c/#\n"),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| (*what == What::VariableInsideLevel).then(String::new));
}
