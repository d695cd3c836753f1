//! A revocation list that has not begun.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "crl-not-yet-valid",
    topic: Topic::Revocation,
    severity: Severity::Error,
    title: "a revocation list has not begun: the broker refuses every client until then",
    why: "Clients are refused with alert 42, bad certificate. As often, this machine's clock is wrong.",
    fix: "look at the clock: `date`; or make the list anew",
    source: "measured on 2.0.21 and 2.1.2",
    check: |subject, found| super::tell(subject, found, &["crl-not-yet-valid"]),
    mend: None,
    fires: &[Example { name: "the clock went back", changes: &[C::Days(-3)] }],
    quiet: &[Example { name: "the clock is right", changes: &[] }],
};
