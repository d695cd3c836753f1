//! An authority whose clients are accepted, and of which there is no revocation list.

use super::lists;
use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "crl-missing-for-authority",
    topic: Topic::Revocation,
    severity: Severity::Error,
    title: "an authority in cafile has no revocation list in crlfile, so all of its clients are refused",
    why: "As soon as there is a crlfile, OpenSSL wants the list of each client's issuer: without it the client is refused \
          with `unknown ca` (alert 48). It strikes when a second authority or an intermediate is added.",
    fix: "append that authority's list to crlfile; PEM lists stand one after the other",
    source: "measured: no CRL for the leaf's issuing CA",
    check,
    mend: None,
    fires: &[Example {
        name: "a second authority was added",
        changes: &[C::Append("certs/broker/ca.crt", include_str!("../../samples/other-ca.crt"))],
    }],
    quiet: &[
        Example {
            name: "with its list",
            changes: &[
                C::Append("certs/broker/ca.crt", include_str!("../../samples/other-ca.crt")),
                C::Append("certs/broker/ca.crl", include_str!("../../samples/other.crl")),
            ],
        },
        Example {
            name: "a root above an intermediate needs none",
            changes: &[
                C::Write(
                    "certs/broker/ca.crt",
                    concat!(include_str!("../../samples/intermediate.crt"), include_str!("../../samples/other-ca.crt")),
                ),
                C::Remove("certs/broker/ca.crl"),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (path, trust) in lists(subject) {
        let Some(read) = subject.revocation_lists(&path) else { continue };
        let Ok(lists) = read.as_ref() else { continue };
        // one whole file of strangers' lists has its own rule
        if !trust.iter().any(|ca| lists.iter().any(|list| list.is_named_by(ca))) {
            continue;
        }
        for ca in trust.iter().filter(|ca| ca.is_ca && ca.may_sign_certificates) {
            let issues_authorities =
                trust.iter().any(|other| other.der != ca.der && other.raw_issuer == ca.raw_subject);
            if !issues_authorities && !lists.iter().any(|list| list.is_named_by(ca)) {
                let message =
                    format!("`{path}` has no list of `{}`, whose clients the broker would accept", ca.title());
                found.file(path.as_str(), message).hint(format!("cat LIST.pem >> {path}"));
            }
        }
    }
}
