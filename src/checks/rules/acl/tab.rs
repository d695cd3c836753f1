//! A tab where the broker wants a space.

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
    id: "acl-tab",
    topic: Topic::Acl,
    severity: Severity::Error,
    title: "a tab parts the words of a line of the ACL file",
    why: "Only a space does: the broker does not start, or takes `topic read<tab>a` for a topic of that name. \
          At a reload 2.0 goes on without any ACL, open to everyone, and 2.1 ends.",
    fix: "put spaces in place of the tabs",
    source: "measured on 2.0.21 and 2.1.2: `Invalid line in acl_file`",
    check,
    mend: None,
    fires: &[
        Example { name: "behind the first word", changes: &[C::Append(layout::ACL, "user\tbob\n")] },
        Example { name: "behind the access", changes: &[C::Append(layout::ACL, "topic read\ta\n")] },
    ],
    quiet: &[
        Example { name: "a tab that the broker trims", changes: &[C::Append(layout::ACL, "topic read a\t\n")] },
        Example { name: "a tab before a name", changes: &[C::Append(layout::ACL, "user \tclient\ntopic read b\n")] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| match what {
        What::Stop(stop, Slip::Tab) => Some(stop.words(layout::ACL)),
        What::TabInTopic => Some(String::new()),
        _ => None,
    });
}
