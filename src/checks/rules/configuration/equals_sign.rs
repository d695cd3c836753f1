//! `listener = 1883`, which is a socket for 2.0.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::document::Document;

pub(super) const RULE: Rule = Rule {
    id: "conf-equals-sign",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "an equals sign stands between an option and its value",
    why: "A space separates, nothing else. `listener = 1883` makes 2.0 open a Unix socket with the name `1883` and \
          no port at all; 2.1 does not start. With other options the sign becomes part of the value.",
    fix: "put a single space between the option and its value",
    source: "atoi of `=` is 0, measured on 2.0.21; 2.1.2 refuses it",
    check,
    mend: None,
    fires: &[
        Example {
            name: "a listener",
            changes: &[C::Replace("config/mosquitto.conf", "listener 8883", "listener = 8883")],
        },
        Example {
            name: "a password file",
            changes: &[C::Replace("config/mosquitto.conf", "password_file config", "password_file = config")],
        },
    ],
    quiet: &[Example {
        name: "an equals sign inside of a value",
        changes: &[C::Replace("config/mosquitto.conf", "%Y-%m", "year=%Y-%m")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(bytes) = subject.folder.bytes(subject.conf_path()) else { return };
    let document = Document::parse(bytes);
    for line in document.directives().filter(|line| line.value.starts_with('=')) {
        let column = line.column + line.key.chars().count() + 1;
        let message = format!("`{} {}`: the equals sign is taken for the value, or a part of it", line.key, line.value);
        found.at(subject.conf_path(), line.line, column, message).hint("put a single space in its place");
    }
}
