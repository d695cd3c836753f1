//! A user with + or # in a file with patterns.

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
    id: "acl-wild-name",
    topic: Topic::Acl,
    severity: Severity::Warning,
    title: "a user name has a + or #, and the ACL file has patterns",
    why: "Where a file has any pattern, the broker refuses clients with + or # in their name or id whatever their own topic lines do \
          not allow: such a name could stand for others.",
    fix: "rename the user, or replace the patterns by topic lines",
    source: "measured on 2.0.21 and 2.1.2: `ACL denying access to client with dangerous username`",
    check,
    mend: None,
    fires: &[Example {
        name: "a section",
        changes: &[C::Append(layout::ACL, "user a+b\ntopic read c\npattern read d/%u\n")],
    }],
    quiet: &[Example { name: "no pattern", changes: &[C::Append(layout::ACL, "user a+b\ntopic read c\n")] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| matches!(what, What::WildName { .. }).then(String::new));
}
