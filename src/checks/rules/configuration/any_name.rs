//! A certificate, and any user name with it.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-any-name",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "whoever holds a client certificate may claim any user name",
    why: "`require_certificate true` with `allow_anonymous true` and without passwords lets in every holder of a \
          certificate under any user name, and the ACL believes the name: a light bulb can write as the \
          administrator.",
    fix: "let the name come from the certificate: `use_identity_as_username true`; or ask for passwords",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#1839",
    check,
    mend: None,
    fires: &[Example {
        name: "anonymous with certificates",
        changes: &[
            C::Replace("config/mosquitto.conf", "allow_anonymous false", "allow_anonymous true"),
            C::Replace("config/mosquitto.conf", "password_file", "#password_file"),
        ],
    }],
    quiet: &[Example {
        name: "the name comes from the certificate",
        changes: &[
            C::Replace("config/mosquitto.conf", "allow_anonymous false", "allow_anonymous true"),
            C::Replace("config/mosquitto.conf", "password_file", "#password_file"),
            C::Append("config/mosquitto.conf", "use_identity_as_username true\nuse_username_as_clientid true\n"),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    super::listeners(subject, |reading, listener| {
        let options = &listener.options;
        let identity = options.is_true("use_identity_as_username") || options.is_true("use_subject_as_username");
        let guarded = listener.is_tls() && options.is_true("require_certificate");
        let any = guarded && !identity && reading.allows_anonymous(listener);
        let names = if reading.authenticates(listener) { "come in without a name" } else { "claim any user name" };
        any.then(|| format!("who holds a certificate may {names} on port {}", listener.port))
    })
    .into_iter()
    .for_each(|(place, message)| {
        super::at(subject, found, &place, message).hint("add below the listener: use_identity_as_username true");
    });
}
