//! A pattern that names nobody.

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
    id: "acl-pattern-for-all",
    topic: Topic::Acl,
    severity: Severity::Warning,
    title: "a pattern without %u and %c is a grant to every client",
    why: "Patterns belong to no section: this one holds for all users and for clients without a name, wherever it stands. The \
          broker warns of it at each start.",
    fix: "move it below a user as `topic`, or accept it with a comment: `# mqsec: accept acl-pattern-for-all REASON`",
    source: "measured on 2.0.21 and 2.1.2: `Warning: ACL pattern 'x/#' does not contain '%c' or '%u'`",
    check,
    mend: None,
    fires: &[Example { name: "a subtree", changes: &[C::Append(layout::ACL, "pattern read public/#\n")] }],
    quiet: &[
        Example { name: "with a name", changes: &[C::Append(layout::ACL, "pattern read public/%u/#\n")] },
        Example { name: "a denial", changes: &[C::Append(layout::ACL, "pattern deny forbidden/#\n")] },
        Example {
            name: "everything has a rule of its own",
            changes: &[C::Append(layout::ACL, "pattern readwrite #\n")],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| (*what == What::PatternForAll).then(String::new));
}
