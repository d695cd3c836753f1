//! %u in a `topic` line.

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
    id: "acl-variable-outside-pattern",
    topic: Topic::Acl,
    severity: Severity::Warning,
    title: "%u or %c stands in a topic line, where nothing replaces it",
    why: "The broker replaces %u and %c in `pattern` lines alone. In a `topic` line they are two letters, and the line matches \
          nothing that somebody sends.",
    fix: "write `pattern` in place of `topic`; a pattern applies to every client, wherever it stands",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#1906, #209",
    check,
    mend: None,
    fires: &[Example { name: "below a user", changes: &[C::Append(layout::ACL, "topic readwrite devices/%u/#\n")] }],
    quiet: &[Example { name: "in a pattern", changes: &[C::Append(layout::ACL, "pattern readwrite devices/%u/#\n")] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| (*what == What::VariableInTopic).then(String::new));
}
