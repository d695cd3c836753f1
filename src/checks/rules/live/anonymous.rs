//! A client without a name gets in, though the configuration says no.

use super::one;
use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::observation::Seen;

pub(super) const RULE: Rule = Rule {
    id: "live-anonymous-gets-in",
    topic: Topic::Live,
    severity: Severity::Error,
    title: "a client without user and password gets in",
    why: "The configuration does not mean it: the broker runs with another one (the image's own lets everybody in), or an \
          option stands where it does not hold for this listener.",
    fix: "look which configuration the broker has read: `mqsec logs`; then `mqsec restart`",
    source: "the default configuration of the 2.1 image is an open broker",
    check,
    mend: None,
    fires: &[Example {
        name: "it got in",
        changes: &[C::With(|subject| {
            let anonymous = Some(true);
            subject.observed = one(Seen { port: 8883, host: "localhost".to_owned(), anonymous, ..Seen::default() });
        })],
    }],
    quiet: &[
        Example {
            name: "it was refused",
            changes: &[C::With(|subject| {
                let anonymous = Some(false);
                subject.observed = one(Seen { port: 8883, host: "localhost".to_owned(), anonymous, ..Seen::default() });
            })],
        },
        Example {
            name: "the configuration lets everybody in, which its own rules tell",
            changes: &[
                C::Replace("config/mosquitto.conf", "allow_anonymous false", "allow_anonymous true"),
                C::With(|subject| {
                    let anonymous = Some(true);
                    subject.observed =
                        one(Seen { port: 8883, host: "localhost".to_owned(), anonymous, ..Seen::default() });
                }),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let (Some(observed), Some(reading)) = (&subject.observed, subject.any_reading()) else { return };
    for listener in &reading.listeners {
        let Some(seen) = observed.at(listener.port) else { continue };
        let is_true =
            |key: &str| reading.option(listener, key).is_some_and(|value| matches!(value.text.as_str(), "true" | "1"));
        // identity by certificate makes a name of its own; none was shown here
        let meant = is_true("allow_anonymous") || is_true("listener_allow_anonymous");
        if seen.anonymous == Some(true) && !meant {
            let message = format!("a client without a name gets in on port {}, against the configuration", seen.port);
            let place = &listener.place;
            found
                .at(place.path.as_str(), place.line, place.column, message)
                .hint("mqsec restart; then: mqsec doctor --live");
        }
    }
}
