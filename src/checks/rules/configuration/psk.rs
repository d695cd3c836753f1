//! Shared keys turn TLS 1.3 off.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-psk-turns-off-tls13",
    topic: Topic::Configuration,
    severity: Severity::Note,
    title: "a file of shared keys turns TLS 1.3 off on every listener",
    why: "As soon as there is a `psk_file`, the broker speaks TLS 1.2 at most, on the listeners with certificates, \
          too.",
    fix: "keep shared keys to a broker of their own, or put `per_listener_settings` to use",
    source: "measured on 2.0.21 and 2.1.2; net__tls_server_ctx of both series",
    check,
    mend: None,
    fires: &[Example {
        name: "certificates and shared keys",
        changes: &[C::Replace(
            "config/mosquitto.conf",
            "allow_anonymous false",
            "psk_file config/psk\nallow_anonymous false",
        )],
    }],
    quiet: &[Example {
        name: "no shared keys",
        changes: &[C::Append("config/mosquitto.conf", "max_topic_alias 10\n")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    super::listeners(subject, |reading, listener| {
        let off = listener.is_tls() && reading.option(listener, "psk_file").is_some();
        off.then(|| format!("port {} does not speak TLS 1.3 because of the `psk_file`", listener.port))
    })
    .into_iter()
    .for_each(|(place, message)| {
        super::at(subject, found, &place, message);
    });
}
