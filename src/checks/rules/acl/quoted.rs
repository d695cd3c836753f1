//! Quotes, which the broker takes as they are.

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
    id: "acl-quoted",
    topic: Topic::Acl,
    severity: Severity::Warning,
    title: "a topic or a user of the ACL file stands in quotes",
    why: "The broker knows no quotes: they are part of the name, and the line matches nothing that somebody sends.",
    fix: "leave out the quotes; blanks inside a name need none",
    source: "measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[
        Example { name: "a topic", changes: &[C::Append(layout::ACL, "topic read \"a/b\"\n")] },
        Example { name: "a user", changes: &[C::Append(layout::ACL, "user 'client'\ntopic read b\n")] },
    ],
    quiet: &[Example { name: "one quote", changes: &[C::Append(layout::ACL, "topic read o'clock\n")] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| (*what == What::Quoted).then(String::new));
}
