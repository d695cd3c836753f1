//! Certificates are demanded, and no authority is trusted.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-require-without-cafile",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "client certificates are demanded, but no authority is named that may have issued them",
    why: "Without `cafile` or `capath` no client certificate can be verified. The broker starts, and refuses every \
          client with `unknown ca`.",
    fix: "name the authority of the clients: `cafile certs/broker/ca.crt`",
    source: "measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[Example {
        name: "no cafile",
        changes: &[C::Replace("config/mosquitto.conf", "cafile certs", "#cafile certs")],
    }],
    quiet: &[Example { name: "a cafile", changes: &[C::Append("config/mosquitto.conf", "max_topic_alias 10\n")] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    super::listeners(subject, |_, listener| {
        let options = &listener.options;
        let trusts = options.has("cafile") || options.has("capath");
        let alone = listener.is_tls() && options.is_true("require_certificate") && !trusts;
        alone.then(|| {
            format!("port {} refuses every client: no `cafile` says who may have issued its certificate", listener.port)
        })
    })
    .into_iter()
    .for_each(|(place, message)| {
        super::at(subject, found, &place, message).hint("add below the listener: cafile certs/broker/ca.crt");
    });
}
