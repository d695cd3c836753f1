//! Quotation marks, which are taken as they are.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-quoted-value",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "a value stands in quotation marks, which become part of it",
    why: "The broker takes quotation marks as letters of the value: it looks for a file whose name begins with one. \
          Blanks inside of a path need no marks.",
    fix: "take the quotation marks away",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#439",
    check,
    mend: None,
    fires: &[Example {
        name: "a password file",
        changes: &[C::Replace("config/mosquitto.conf", "config/mosquitto.passwd", "\"config/mosquitto.passwd\"")],
    }],
    quiet: &[Example {
        name: "a format of the time may hold one",
        changes: &[C::Replace("config/mosquitto.conf", "%Y-%m-%dT%H:%M:%S", "%H\"%M")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    super::texts(subject, |value, secret| {
        let quoted = |mark: char| value.text.len() > 1 && value.text.starts_with(mark) && value.text.ends_with(mark);
        let shown = if secret { "[redacted]" } else { &value.text };
        (quoted('"') || quoted('\''))
            .then(|| (value.place.clone(), format!("the quotation marks are part of the value: {shown}")))
    })
    .into_iter()
    .for_each(|(place, message)| {
        super::at(subject, found, &place, message).hint("take the quotation marks away");
    });
}
