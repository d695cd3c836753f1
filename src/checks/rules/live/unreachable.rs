//! A listener of the configuration that does not answer.

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
    id: "live-listener-unreachable",
    topic: Topic::Live,
    severity: Severity::Error,
    title: "a listener of the configuration does not answer",
    why: "The broker does not run, was started with another configuration, or could not open that port. A container also \
          has to publish it.",
    fix: "`mqsec status`, then `mqsec logs`; a listener that was added needs a restart, a reload does not open it",
    source: "measured on 2.0.21 and 2.1.2: `It is not currently possible to add/remove listeners when reloading`",
    check,
    mend: None,
    fires: &[Example {
        name: "the connection is refused",
        changes: &[C::With(|subject| {
            let unreachable = Some("connection refused".to_owned());
            subject.observed = one(Seen { port: 8883, host: "localhost".to_owned(), unreachable, ..Seen::default() });
        })],
    }],
    quiet: &[
        Example { name: "nobody looked", changes: &[] },
        Example {
            name: "it answers",
            changes: &[C::With(|subject| {
                subject.observed = one(Seen { port: 8883, host: "localhost".to_owned(), ..Seen::default() });
            })],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let (Some(observed), Some(reading)) = (&subject.observed, subject.any_reading()) else { return };
    for listener in &reading.listeners {
        let Some(seen) = observed.at(listener.port) else { continue };
        if let Some(why) = &seen.unreachable {
            let message = format!("listener {} does not answer at `{}`: {why}", listener.port, seen.host);
            let place = &listener.place;
            found.at(place.path.as_str(), place.line, place.column, message).hint("mqsec status; then: mqsec logs");
        }
    }
}
