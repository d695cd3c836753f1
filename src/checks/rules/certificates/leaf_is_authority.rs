//! An authority used as a leaf.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;
use crate::checks::judged;

pub(super) const RULE: Rule = Rule {
    id: "certificate-leaf-is-authority",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "an authority's certificate is used as the broker's or a client's own",
    why: "rustls (CaUsedAsEndEntity) and Node refuse it, and the authority's key lies in the hands of the \
          broker: who breaks into that can issue certificates.",
    fix: "issue a leaf with it: `mqsec broker-cert NAME`, and take the authority's key away from the broker",
    source: "measured with OpenSSL, Python, Node and rustls",
    check: |subject, found| judged::tell(subject, found, &["certificate-is-authority"]),
    mend: None,
    fires: &[Example {
        name: "the broker shows its authority's",
        changes: &[
            C::Copy("certs/ca.crt", "certs/broker/broker.crt"),
            C::Copy("certs/ca.key", "certs/broker/broker.key"),
        ],
    }],
    quiet: &[Example {
        name: "the authority after the leaf",
        changes: &[C::Copy("certs/client/admin/admin.chain.crt", "certs/client/admin/admin.crt")],
    }],
};
