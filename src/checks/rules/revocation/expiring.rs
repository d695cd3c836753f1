//! A revocation list that ends soon.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "crl-expiring",
    topic: Topic::Revocation,
    severity: Severity::Warning,
    title: "a revocation list ends within 30 days",
    why: "On that day the broker refuses every client, revoked or not, and warns of nothing before.",
    fix: "make a new list with a later end, and let the broker read it (a reload suffices)",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#1826",
    check: |subject, found| super::tell(subject, found, &["crl-expiring"]),
    mend: None,
    fires: &[Example { name: "three weeks before its end", changes: &[C::Days(3625)] }],
    quiet: &[Example { name: "a year before it", changes: &[C::Days(3200)] }],
};
