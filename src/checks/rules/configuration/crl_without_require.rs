//! A revocation list that is not looked at.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-crl-without-require",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "a revocation list is named, but no client certificates are demanded",
    why: "`crlfile` has an effect only with `require_certificate true`. Revoked clients are not kept out.",
    fix: "add `require_certificate true`, or take `crlfile` out",
    source: "measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[Example {
        name: "not demanded",
        changes: &[C::Replace("config/mosquitto.conf", "require_certificate true", "require_certificate false")],
    }],
    quiet: &[Example { name: "demanded", changes: &[C::Append("config/mosquitto.conf", "max_topic_alias 10\n")] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    super::listeners(subject, |_, listener| {
        let options = &listener.options;
        let idle = options.has("crlfile") && !options.is_true("require_certificate");
        idle.then(|| {
            format!("the revocation list of port {} is never asked: no certificate is demanded", listener.port)
        })
    })
    .into_iter()
    .for_each(|(place, message)| {
        super::at(subject, found, &place, message).hint("add below the listener: require_certificate true");
    });
}
