//! An old version of TLS, or none.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-tls-version",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "`tls_version` names a version that is broken, or none at all",
    why: "It is the oldest version that is spoken. TLS 1.1 has been withdrawn (RFC 8996). Any other word than \
          tlsv1.3, tlsv1.2 and tlsv1.1 ends the broker's start with status 1.",
    fix: "write `tls_version tlsv1.2`, or take the line out: that is the default",
    source: "measured on 2.0.21 and 2.1.2; RFC 8996",
    check,
    mend: None,
    fires: &[
        Example {
            name: "TLS 1.1",
            changes: &[C::Replace("config/mosquitto.conf", "tls_version tlsv1.2", "tls_version tlsv1.1")],
        },
        Example {
            name: "a word too many",
            changes: &[C::Replace("config/mosquitto.conf", "tls_version tlsv1.2", "tls_version tlsv1.2 true")],
        },
    ],
    quiet: &[Example {
        name: "TLS 1.3 alone",
        changes: &[C::Replace("config/mosquitto.conf", "tls_version tlsv1.2", "tls_version tlsv1.3")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    super::listeners(subject, |_, listener| {
        let version = listener.options.text("tls_version").filter(|_| listener.is_tls() || listener.is_psk())?;
        match version {
            "tlsv1.2" | "tlsv1.3" => None,
            "tlsv1.1" => Some("TLS 1.1 is spoken, which is withdrawn".to_owned()),
            other => Some(format!("there is no `tls_version {other}`: the broker does not start")),
        }
    })
    .into_iter()
    .for_each(|(place, message)| {
        super::at(subject, found, &place, message).hint("write: tls_version tlsv1.2");
    });
}
