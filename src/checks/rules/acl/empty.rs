//! A file that grants nothing.

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
    id: "acl-empty",
    topic: Topic::Acl,
    severity: Severity::Warning,
    title: "the ACL file grants nothing: everything is refused to everybody",
    why: "An empty file is not a file that allows all: since 1.5.6 the broker refuses what no line allows. Clients of MQTT 3.1.1 do \
          not see it, their messages vanish.",
    fix: "begin with `mqsec acl add USER readwrite TOPIC`, or take `acl_file` out of the configuration",
    source: "measured on 2.0.21 and 2.1.2; CVE-2018-12550",
    check,
    mend: None,
    fires: &[
        Example { name: "no byte", changes: &[C::Write(layout::ACL, "")] },
        Example { name: "comments", changes: &[C::Write(layout::ACL, "# nothing yet\n")] },
        Example { name: "denials alone", changes: &[C::Write(layout::ACL, "user admin\ntopic deny #\n")] },
    ],
    quiet: &[Example {
        name: "one grant",
        changes: &[C::Write(layout::ACL, "user admin\ntopic read #\ntopic read $SYS/#\n")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| (*what == What::Empty).then(String::new));
}
