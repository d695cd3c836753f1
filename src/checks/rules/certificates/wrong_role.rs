//! A certificate in a role that it may not have.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;
use crate::checks::judged;

pub(super) const RULE: Rule = Rule {
    id: "certificate-wrong-role",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "a certificate may not be used in its role",
    why: "A broker with a client's certificate, or a client with a broker's, is refused: `unsupported \
          certificate purpose`, alert 43. Let's Encrypt's certificates are for servers alone since 2026.",
    fix: "issue one for the role: `mqsec broker-cert NAME`, `mqsec client-cert NAME`",
    source: "measured: TLS alert 43; letsencrypt.org, 2025-05-14, ending TLS client authentication",
    check: |subject, found| judged::tell(subject, found, &["certificate-wrong-role"]),
    mend: None,
    fires: &[
        Example {
            name: "the broker shows a client's certificate",
            changes: &[
                C::Copy("certs/client/admin/admin.crt", "certs/broker/broker.crt"),
                C::Copy("certs/client/admin/admin.key", "certs/broker/broker.key"),
            ],
        },
        Example {
            name: "a client has the broker's",
            changes: &[
                C::Copy("certs/broker/broker.crt", "certs/client/admin/admin.crt"),
                C::Copy("certs/broker/broker.key", "certs/client/admin/admin.key"),
            ],
        },
    ],
    quiet: &[Example { name: "each its own", changes: &[] }],
};
