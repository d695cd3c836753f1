//! TLS options that do not go together.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::reading::What;

pub(super) const RULE: Rule = Rule {
    id: "conf-half-tls",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "a listener has some of the options of TLS, but not those that go with them",
    why: "TLS needs `certfile` and `keyfile`; `cafile` and `capath` are for client certificates and need both. \
          Shared keys and the PROXY protocol 2 cannot go with certificates. The broker does not start.",
    fix: "add the option that is missing, or take the others out",
    source: "measured on 2.0.21 and 2.1.2; config__check of both series",
    check,
    mend: None,
    fires: &[
        Example { name: "no key", changes: &[C::Replace("config/mosquitto.conf", "keyfile certs", "#keyfile certs")] },
        Example {
            name: "no certificate",
            changes: &[C::Replace("config/mosquitto.conf", "certfile certs", "#certfile certs")],
        },
    ],
    quiet: &[Example {
        name: "no client certificates",
        changes: &[C::Replace("config/mosquitto.conf", "require_certificate true", "require_certificate false")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (_, problem) in super::problems(subject) {
        let hint = match &problem.what {
            What::HalfTls { lacks, .. } => format!("add the `{lacks}`"),
            What::TrustWithoutTls { .. } => "add `certfile` and `keyfile`".to_owned(),
            What::PskAndCertificate { .. } | What::ProxyProtocol { .. } => "take one of the two out".to_owned(),
            _ => continue,
        };
        super::at(subject, found, &problem.place, problem.what.to_string()).hint(hint);
    }
}
