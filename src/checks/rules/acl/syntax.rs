//! A line that no broker takes.

use super::report;
use crate::acl::Slip;
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
    id: "acl-syntax",
    topic: Topic::Acl,
    severity: Severity::Error,
    title: "the ACL file has a line that stops the broker",
    why: "The broker does not start, and names the line without its number. \
          At a reload 2.0 goes on without any ACL, open to everyone, and 2.1 ends.",
    fix: "mend the line; `mqsec acl lint` tells what each may be",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#3350",
    check,
    mend: None,
    fires: &[
        Example { name: "an access that there is not", changes: &[C::Append(layout::ACL, "topic subscribe a/#\n")] },
        Example { name: "a wildcard inside a level", changes: &[C::Append(layout::ACL, "topic read a/b#\n")] },
        Example { name: "a word", changes: &[C::Append(layout::ACL, "allow bob a/b\n")] },
        Example { name: "a user without a name", changes: &[C::Append(layout::ACL, "user\n")] },
    ],
    quiet: &[
        Example { name: "another good line", changes: &[C::Append(layout::ACL, "topic read a/+/b\n")] },
        Example { name: "a tab has a rule of its own", changes: &[C::Append(layout::ACL, "topic\tread a\n")] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| match what {
        What::Stop(stop, Slip::Access | Slip::Other) => Some(stop.words(layout::ACL)),
        _ => None,
    });
}
