//! A certificate that the trusted authority did not issue.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;
use crate::checks::judged;

pub(super) const RULE: Rule = Rule {
    id: "certificate-other-authority",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "a certificate is not signed by the authority that is trusted",
    why: "The other side refuses it with `unknown ca` (alert 48) or `certificate verify failed`: the \
          authority was made anew, or files of two systems were mixed.",
    fix: "issue the certificate anew with the authority of this folder, or put the right authority into \
          cafile",
    source: "measured on 2.0.21 and 2.1.2: TLS alert 48; eclipse-mosquitto/mosquitto#1438, #546",
    check: |subject, found| {
        judged::tell(
            subject,
            found,
            &["certificate-other-authority", "certificate-unknown-issuer", "certificate-bad-signature"],
        )
    },
    mend: None,
    fires: &[
        Example {
            name: "the broker's certificate is a stranger's",
            changes: &[C::Write("certs/broker/broker.crt", include_str!("../../samples/long.crt"))],
        },
        Example {
            name: "the broker trusts another authority than its clients have",
            changes: &[C::Write("certs/broker/ca.crt", include_str!("../../samples/other-ca.crt"))],
        },
    ],
    quiet: &[Example {
        name: "a certificate of a public authority, as Let's Encrypt's",
        changes: &[C::Write("certs/broker/broker.crt", include_str!("../../samples/public-ca.crt"))],
    }],
};
