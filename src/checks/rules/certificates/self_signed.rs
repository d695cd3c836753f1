//! A broker's certificate that signed itself.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;
use crate::checks::judged;

pub(super) const RULE: Rule = Rule {
    id: "certificate-self-signed",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "the broker's certificate is self-signed: nobody stands behind it",
    why: "Each client has to trust this one certificate, none can be replaced without touching all of them, \
          and most people then switch verification off. Home Assistant and Node say \
          DEPTH_ZERO_SELF_SIGNED_CERT.",
    fix: "make an authority and a certificate below it: `mqsec ca init`, `mqsec broker-cert NAME`",
    source: "home-assistant/addons#4168",
    check: |subject, found| judged::tell(subject, found, &["certificate-self-signed"]),
    mend: None,
    fires: &[Example {
        name: "one line of openssl",
        changes: &[C::Write("certs/broker/broker.crt", include_str!("../../samples/self-signed.crt"))],
    }],
    quiet: &[Example {
        name: "an authority is self-signed by nature",
        changes: &[C::Write("certs/ca.crt", include_str!("../../samples/other-ca.crt"))],
    }],
};
