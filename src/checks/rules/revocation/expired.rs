//! A revocation list past its end.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "crl-expired",
    topic: Topic::Revocation,
    severity: Severity::Error,
    title: "a revocation list has ended: the broker refuses every client of that authority",
    why: "OpenSSL takes a list past its nextUpdate for no answer: all clients are refused with alert 45, \
          certificate expired, though their certificates are fine, and the log says no more than \
          `certificate verify failed`.",
    fix: "put the current list of the tool that revokes there and let the broker read it; mqsec's own list \
          lasts as long as its authority",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#1826",
    check: |subject, found| super::tell(subject, found, &["crl-expired"]),
    mend: None,
    fires: &[Example { name: "past the authority's end", changes: &[C::Days(4000)] }],
    quiet: &[Example { name: "a year before it", changes: &[C::Days(300)] }],
};
