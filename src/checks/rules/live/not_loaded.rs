//! Files changed since the broker read them.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::observation::Observation;

pub(super) const RULE: Rule = Rule {
    id: "live-not-loaded",
    topic: Topic::Live,
    severity: Severity::Warning,
    title: "files have changed since the running broker read them",
    why: "New users are refused, removed ones still get in, a new certificate is not shown, until somebody tells the broker.",
    fix: "`mqsec up` lets the broker read what a reload takes over, and restarts it where only that helps",
    source: "measured on 2.0.21 and 2.1.2: what SIGHUP takes over, version by version; eclipse-mosquitto/mosquitto#1877; iegomez/mosquitto-go-auth#23",
    check,
    mend: None,
    fires: &[Example {
        name: "the password file was written since",
        changes: &[C::With(|subject| {
            let not_loaded = vec!["passwords, certificates or the revocation list".to_owned()];
            subject.observed = Some(Observation { not_loaded, ..Observation::default() });
        })],
    }],
    quiet: &[Example {
        name: "nothing changed",
        changes: &[C::With(|subject| subject.observed = Some(Observation::default()))],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for what in subject.observed.iter().flat_map(|observed| &observed.not_loaded) {
        found.general(format!("the running broker has not read it yet: {what} changed")).hint("mqsec up");
    }
}
