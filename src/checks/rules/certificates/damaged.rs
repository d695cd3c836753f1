//! A certificate file that cannot be read.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;
use crate::checks::judged;

pub(super) const RULE: Rule = Rule {
    id: "certificate-unreadable",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "a certificate file cannot be read: damaged, empty, or of another kind",
    why: "The broker does not start: `Unable to load server certificate`, `Unable to load CA certificates`. \
          A key, a request, a .p12 or DER file stands where PEM certificates belong.",
    fix: "put a good copy there (`certs/backup/`), or convert it: `openssl x509 -inform DER -in FILE -out \
          FILE.pem`",
    source: "measured on 2.0.21 and 2.1.2: the broker does not start; eclipse-mosquitto/mosquitto#1438",
    check: |subject, found| {
        judged::tell(
            subject,
            found,
            &[
                "certificate-damaged",
                "certificate-too-large",
                "file-empty",
                "file-is-crl",
                "file-is-der",
                "file-is-key",
                "file-is-pkcs12",
                "file-is-pkcs7",
                "file-is-public-key",
                "file-is-request",
                "file-not-pem",
                "file-too-large",
                "file-truncated",
            ],
        )
    },
    mend: None,
    fires: &[
        Example { name: "an empty file", changes: &[C::Write("certs/broker/broker.crt", "")] },
        Example {
            name: "the key in the certificate's place",
            changes: &[C::Copy("certs/broker/broker.key", "certs/broker/broker.crt")],
        },
        Example { name: "half a file", changes: &[C::Write("certs/ca.crt", "-----BEGIN CERTIFICATE-----\nMIIB\n")] },
    ],
    quiet: &[Example {
        name: "text before the certificate",
        changes: &[C::With(|subject| {
            let text = [b"Subject: somebody\n", subject.folder.bytes("certs/ca.crt").unwrap_or_default()].concat();
            if let Some(file) = subject.folder.file_mut("certs/ca.crt") {
                file.bytes = Some(text);
            }
        })],
    }],
};
