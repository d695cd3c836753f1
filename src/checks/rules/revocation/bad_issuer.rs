//! A revocation list that the authority did not sign.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "crl-bad-issuer",
    topic: Topic::Revocation,
    severity: Severity::Error,
    title: "a revocation list is not of the authority, or its signature does not fit",
    why: "All clients of the authority are refused with `unknown ca` (alert 48), for the broker has no list \
          of theirs. After the authority was made anew its old list no longer fits.",
    fix: "let the authority make a new one, with all that was revoked: `mqsec crl renew`",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#2597, #2916",
    check: |subject, found| {
        super::tell(subject, found, &["crl-other-issuer", "crl-bad-signature", "ca-cannot-sign-crl"])
    },
    mend: None,
    fires: &[Example {
        name: "another authority's list",
        changes: &[C::Write("certs/broker/ca.crl", include_str!("../../samples/other.crl"))],
    }],
    quiet: &[Example {
        name: "its own list and that of a second authority",
        changes: &[
            C::Append("certs/broker/ca.crt", include_str!("../../samples/other-ca.crt")),
            C::Append("certs/broker/ca.crl", include_str!("../../samples/other.crl")),
        ],
    }],
};
