//! What strict readers of certificates refuse, and nothing else explains.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;
use crate::checks::judged;

pub(super) const RULE: Rule = Rule {
    id: "certificate-refused-by-strict",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "a certificate is refused by strict readers for what it holds",
    why: "OpenSSL, and so Mosquitto, reads many things that rustls, Go and browsers refuse: a critical \
          extension of an unknown kind, names that its authority may not issue for, an odd serial number. \
          Some clients get in and others do not.",
    fix: "issue it anew, or look at the tool that made it: `openssl x509 -in FILE -noout -text`",
    source: "rustls-webpki's Error; RFC 5280 §4.2: a critical extension that is not known must be refused",
    check: |subject, found| judged::tell(subject, found, &["certificate-refused", "name-outside-constraints"]),
    mend: None,
    fires: &[Example {
        name: "a critical extension that nobody knows",
        changes: &[C::Write("certs/broker/broker.crt", include_str!("../../samples/critical.crt"))],
    }],
    quiet: &[Example {
        name: "an ordinary certificate of another authority",
        changes: &[
            C::Write("certs/broker/broker.crt", include_str!("../../samples/long.crt")),
            C::Write("certs/ca.crt", include_str!("../../samples/other-ca.crt")),
        ],
    }],
};
