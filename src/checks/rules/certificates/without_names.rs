//! A broker's certificate without a subject alternative name.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;
use crate::checks::judged;

pub(super) const RULE: Rule = Rule {
    id: "certificate-without-names",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "the broker's certificate has its name in the common name alone, or none",
    why: "OpenSSL's clients still take a common name; Go, rustls, Node with an address, and every browser \
          refuse it, so it works at the maker's desk and nowhere else.",
    fix: "issue it anew with its names: `mqsec broker-cert NAME`",
    source: "measured with 8 clients; RFC 9525 §1.4; espressif/esp-mqtt#84",
    check: |subject, found| {
        judged::tell(subject, found, &["certificate-common-name-only", "certificate-without-names"])
    },
    mend: None,
    fires: &[Example {
        name: "a common name alone",
        changes: &[C::Write("certs/broker/broker.crt", include_str!("../../samples/cn-only.crt"))],
    }],
    quiet: &[Example {
        name: "a certificate with names",
        changes: &[C::Write("certs/broker/broker.crt", include_str!("../../samples/long.crt"))],
    }],
};
