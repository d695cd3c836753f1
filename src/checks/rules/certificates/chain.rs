//! A chain that is incomplete, or in another order.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;
use crate::checks::judged;

pub(super) const RULE: Rule = Rule {
    id: "certificate-chain",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "a chain of certificates is incomplete or in the wrong order",
    why: "The broker sends what certfile holds: without the intermediate, Node, Go, rustls and devices \
          cannot verify it, while mosquitto_pub with a big bundle can. With an authority first, the broker \
          does not start (`key values mismatch`).",
    fix: "certfile: the leaf first, then its issuer, and so on; `fullchain.pem`, not `cert.pem`. cafile: the \
          root too.",
    source: "eclipse-mosquitto/mosquitto#1438; mqttjs/MQTT.js#271; measured with OpenSSL, Python, Node and rustls",
    check: |subject, found| {
        judged::tell(
            subject,
            found,
            &[
                "chain-intermediate-missing",
                "chain-wrong-order",
                "chain-unrelated",
                "chain-too-long",
                "ca-root-missing",
            ],
        )
    },
    mend: None,
    fires: &[
        Example {
            name: "the intermediate was not sent",
            changes: &[
                C::Write("certs/ca.crt", include_str!("../../samples/other-ca.crt")),
                C::Write("certs/intermediate.crt", include_str!("../../samples/intermediate.crt")),
                C::Write("certs/broker/broker.crt", include_str!("../../samples/below.crt")),
            ],
        },
        Example {
            name: "the authority stands first",
            changes: &[C::With(|subject| {
                let both = ["certs/ca.crt", "certs/broker/broker.crt"]
                    .map(|path| subject.folder.bytes(path).unwrap_or_default());
                let both = both.concat();
                if let Some(file) = subject.folder.file_mut("certs/broker/broker.crt") {
                    file.bytes = Some(both);
                }
            })],
        },
    ],
    quiet: &[Example {
        name: "the leaf and its intermediate",
        changes: &[
            C::Write("certs/ca.crt", include_str!("../../samples/other-ca.crt")),
            C::Write(
                "certs/broker/broker.crt",
                concat!(include_str!("../../samples/below.crt"), include_str!("../../samples/intermediate.crt")),
            ),
        ],
    }],
};
