//! A comment behind a path, which becomes part of it.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::reading::Place;

pub(super) const RULE: Rule = Rule {
    id: "conf-comment-in-value",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "a comment behind a path or a text becomes part of it",
    why: "`#` begins a comment in the first column alone. Behind a path it is part of the path, and the broker looks \
          for a file of that name; behind true, false or a number it is not read.",
    fix: "put the comment on a line of its own",
    source: "`Unable to open pwfile \"/p # x\"`, measured on both series; eclipse-mosquitto/mosquitto#439",
    check,
    mend: None,
    fires: &[Example {
        name: "behind the password file",
        changes: &[C::Replace("config/mosquitto.conf", "config/mosquitto.passwd", "config/mosquitto.passwd # users")],
    }],
    quiet: &[
        Example {
            name: "behind a number",
            changes: &[C::Replace(
                "config/mosquitto.conf",
                "autosave_interval 300",
                "autosave_interval 300 # five minutes",
            )],
        },
        Example { name: "a `#` inside of a name", changes: &[C::Append("config/mosquitto.conf", "ciphers HIGH\n")] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    super::texts(subject, |value, secret| {
        let (text, comment) = value.text.split_once(" #")?;
        let column = value.place.column + text.chars().count() + 1;
        let place = Place { column, ..value.place.clone() };
        let message = match secret {
            true => "what follows ` #` is no comment here: it is part of the secret value".to_owned(),
            false => format!("`#{comment}` is no comment here: the value is `{}`", value.text),
        };
        Some((place, message))
    })
    .into_iter()
    .for_each(|(place, message)| {
        super::at(subject, found, &place, message).hint("put the comment on a line of its own");
    });
}
