//! A key or signature that is too weak.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;
use crate::checks::judged;

pub(super) const RULE: Rule = Rule {
    id: "certificate-weak",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "a key is too short, or a signature or version too old",
    why: "OpenSSL's security level 2, which Debian and the images have, refuses RSA below 2048 bits and \
          SHA-1 (`ee key too small`, `ca md too weak`), and rustls all of X.509 before version 3.",
    fix: "issue it anew; mqsec makes ECDSA P-256 with SHA-256",
    source: "eclipse-mosquitto/mosquitto#2135; measured with OpenSSL, Python, Node and rustls",
    check: |subject, found| {
        judged::tell(subject, found, &["certificate-weak-key", "certificate-weak-signature", "certificate-version"])
    },
    mend: None,
    fires: &[Example {
        name: "RSA of 1024 bits",
        changes: &[C::Write("certs/broker/broker.crt", include_str!("../../samples/weak.crt"))],
    }],
    quiet: &[Example {
        name: "a P-256 key of another authority",
        changes: &[C::Write("certs/broker/broker.crt", include_str!("../../samples/long.crt"))],
    }],
};
