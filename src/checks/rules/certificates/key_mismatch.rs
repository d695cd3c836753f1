//! A key that belongs to another certificate.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;
use crate::checks::judged;

pub(super) const RULE: Rule = Rule {
    id: "certificate-key-mismatch",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "a private key does not belong to its certificate",
    why: "The broker does not start, or after a reload refuses every new connection (`key values mismatch`, \
          clients see handshake_failure); 2.1 with a revocation list ends. Files of two runs were mixed.",
    fix: "put the key back that was made with the certificate (`certs/backup/`), or issue the pair anew",
    source: "measured on 2.0.21 and 2.1.2: cert replaced, key not; eclipse-mosquitto/mosquitto#1972",
    check: |subject, found| judged::tell(subject, found, &["key-mismatch"]),
    mend: None,
    fires: &[
        Example {
            name: "another key in the broker's place",
            changes: &[C::Copy("certs/client/admin/admin.key", "certs/broker/broker.key")],
        },
        Example { name: "a client's", changes: &[C::Copy("certs/ca.key", "certs/client/admin/admin.key")] },
    ],
    quiet: &[Example {
        name: "a key with Windows line ends",
        changes: &[C::With(|subject| {
            if let Some(file) = subject.folder.file_mut("certs/broker/broker.key")
                && let Some(text) = file.bytes.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok())
            {
                file.bytes = Some(text.replace('\n', "\r\n").into_bytes());
            }
        })],
    }],
};
