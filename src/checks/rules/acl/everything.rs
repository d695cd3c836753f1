//! Everything for somebody who does not administer.

use super::admits_anonymous;
use super::files;
use crate::acl::Grant;
use crate::acl::Scope;
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
    id: "acl-everything",
    topic: Topic::Acl,
    severity: Severity::Warning,
    title: "the ACL file lets more than its first user read and write everything",
    why: "Whoever takes over one such client commands all the others. In mqsec's file the first section administers; `#` in \
          another one, in a pattern, or for clients without a name is more than a device needs.",
    fix: "give each user its own subtree: `mqsec acl add USER readwrite users/USER/#`, and `mqsec acl del USER readwrite '#'`",
    source: "OWASP IoT Top 10 (insecure ecosystem interfaces); seed guide S3, least privilege",
    check,
    mend: None,
    fires: &[
        Example { name: "a second user", changes: &[C::Append(layout::ACL, "topic readwrite #\n")] },
        Example { name: "everyone by a pattern", changes: &[C::Append(layout::ACL, "pattern readwrite #\n")] },
        Example {
            name: "clients without a name",
            changes: &[C::Write(layout::ACL, "topic readwrite #\nuser admin\ntopic read #\ntopic read $SYS/#\n")],
        },
    ],
    quiet: &[
        Example { name: "reading alone", changes: &[C::Append(layout::ACL, "topic read #\ntopic read $SYS/#\n")] },
        Example {
            name: "with an exception",
            changes: &[C::Append(layout::ACL, "topic readwrite #\ntopic deny admin/#\n")],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (path, file) in files(subject) {
        for entry in &file.reading.entries {
            if entry.scope == Scope::Pattern && entry.filter == b"#" && entry.grant == Grant::ReadWrite {
                let message = "every client may read and write everything: a pattern belongs to no section";
                found.at(path.as_str(), entry.line, entry.column, message).weighs(Severity::Error);
            }
        }
        for problem in &file.problems {
            if let What::Everything { user } = &problem.what {
                let finding = found.at(path.as_str(), problem.line, problem.column, problem.what.message());
                if user.is_none() && admits_anonymous(subject) {
                    finding.weighs(Severity::Error);
                }
            }
        }
    }
}
