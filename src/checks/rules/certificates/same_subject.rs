//! A certificate with the name of its authority.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;
use crate::checks::judged;

pub(super) const RULE: Rule = Rule {
    id: "certificate-same-subject",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "a certificate has the same name as its authority",
    why: "OpenSSL takes it for self-signed, unless key identifiers say otherwise: `self signed certificate`, \
          error 18 or 20, at every client.",
    fix: "give the authority and the certificates different names, and issue the certificate anew",
    source: "mosquitto-tls(7); measured: harmless with key identifiers, fatal without",
    check: |subject, found| judged::tell(subject, found, &["certificate-same-subject-as-issuer"]),
    mend: None,
    fires: &[Example {
        name: "the same name, without key identifiers",
        changes: &[
            C::Write("certs/ca.crt", include_str!("../../samples/other-ca.crt")),
            C::Write("certs/broker/broker.crt", include_str!("../../samples/same-subject.crt")),
        ],
    }],
    quiet: &[Example {
        name: "another name of the same authority",
        changes: &[
            C::Write("certs/ca.crt", include_str!("../../samples/other-ca.crt")),
            C::Write("certs/broker/broker.crt", include_str!("../../samples/long.crt")),
        ],
    }],
};
