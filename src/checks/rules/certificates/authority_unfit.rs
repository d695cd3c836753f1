//! A certificate in the authority's place that is none.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;
use crate::checks::judged;

pub(super) const RULE: Rule = Rule {
    id: "certificate-authority-unfit",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "the authority's file holds no authority",
    why: "A leaf as cafile is refused by all clients (`unable to get local issuer certificate`); an \
          authority without CA:TRUE or keyCertSign cannot stand behind anything.",
    fix: "put the certificate there that signed the others; often it is called ca.crt, rootCA.pem or \
          chain.pem",
    source: "eclipse-mosquitto/mosquitto#1438; measured with OpenSSL, Python, Node and rustls",
    check: |subject, found| judged::tell(subject, found, &["ca-not-an-authority", "ca-file-holds-leaf"]),
    mend: None,
    fires: &[Example {
        name: "the broker's certificate as authority",
        changes: &[C::Copy("certs/broker/broker.crt", "certs/ca.crt")],
    }],
    quiet: &[Example {
        name: "another authority",
        changes: &[C::Write("certs/ca.crt", include_str!("../../samples/other-ca.crt"))],
    }],
};
