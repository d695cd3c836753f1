//! The name is to come from a certificate that is not demanded.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-identity-without-certificate",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "user names are to come from certificates that are not demanded",
    why: "`use_identity_as_username` and `use_subject_as_username` need `require_certificate true`: without it the \
          certificate is never asked for, and every login fails with reason code 4. On a listener without TLS the \
          option does nothing.",
    fix: "add `require_certificate true` and `cafile` below the listener",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#1839",
    check,
    mend: None,
    fires: &[Example {
        name: "not demanded",
        changes: &[
            C::Replace("config/mosquitto.conf", "require_certificate true", "require_certificate false"),
            C::Append("config/mosquitto.conf", "use_identity_as_username true\n"),
        ],
    }],
    quiet: &[Example {
        name: "demanded",
        changes: &[C::Append(
            "config/mosquitto.conf",
            "use_identity_as_username true\nuse_username_as_clientid true\n",
        )],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    super::listeners(subject, |_, listener| {
        let options = &listener.options;
        let key =
            ["use_identity_as_username", "use_subject_as_username"].into_iter().find(|key| options.is_true(key))?;
        let demanded = options.is_true("require_certificate") || listener.is_psk();
        (!demanded).then(|| format!("`{key}` on port {} has no certificate to take the name from", listener.port))
    })
    .into_iter()
    .for_each(|(place, message)| {
        super::at(subject, found, &place, message).hint("add below the listener: require_certificate true");
    });
}
