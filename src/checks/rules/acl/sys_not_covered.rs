//! `#` without `$SYS/#`.

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
    id: "acl-sys-not-covered",
    topic: Topic::Acl,
    severity: Severity::Note,
    title: "somebody may read #, which does not cover $SYS",
    why: "Topics that begin with $ are covered only by lines that begin with $. The statistics below $SYS, and a health check that \
          asks for them, stay out of reach.",
    fix: "add a line: `topic read $SYS/#`",
    source: "measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[Example {
        name: "an administrator without it",
        changes: &[C::Replace(layout::ACL, "topic read $SYS/#\n", "")],
    }],
    quiet: &[Example {
        name: "with a denial of it",
        changes: &[C::Replace(layout::ACL, "topic read $SYS/#", "topic deny $SYS/#")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    report(subject, found, &|what| (*what == What::SysNotCovered).then(String::new));
}
