//! A name that the broker does not know.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::keyword;
use crate::conf::reading::What;
use crate::error::printable;

pub(super) const RULE: Rule = Rule {
    id: "conf-unknown-option",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "the configuration has an option that Mosquitto does not know",
    why: "The broker does not start (exit status 3), and at a reload keeps its old settings while the files that \
          they name are read again. Only spaces separate; a tab, an `=`, a byte order mark or a comment that does \
          not begin in the first column become part of a name.",
    fix: "mend the name, or take the line out; `mqsec explain OPTION` tells what an option does",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#439",
    check,
    mend: None,
    fires: &[
        Example { name: "a slip of the pen", changes: &[C::Append("config/mosquitto.conf", "max_conections 5\n")] },
        Example { name: "a tab", changes: &[C::Append("config/mosquitto.conf", "max_qos\t1\n")] },
        Example {
            name: "a comment that is indented",
            changes: &[C::Append("config/mosquitto.conf", "  # a comment\n")],
        },
        Example {
            name: "an option of 2.1 for a 2.0 broker",
            changes: &[C::Append("config/mosquitto.conf", "max_topic_alias_broker 5\n")],
        },
    ],
    quiet: &[Example {
        name: "comments in the first column",
        changes: &[C::Append("config/mosquitto.conf", "# max_conections 5\n")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (series, problem) in super::problems(subject) {
        let What::Unknown { key } = &problem.what else { continue };
        let newer = keyword::keyword(key).is_some_and(|known| !known.known_to(series));
        let near = keyword::nearest(key);
        let (message, hint) = match key.as_str() {
            _ if newer => {
                (format!("`{key}` is known to 2.1 only, and {series} is meant, too"), "take the line out".to_owned())
            }
            key if key.contains('\t') => (
                format!("`{}` holds a tab; only spaces separate", printable(key)),
                "put a space in its place".to_owned(),
            ),
            key if key.starts_with('\u{feff}') => (
                "the file begins with a byte order mark, which becomes part of the first name".to_owned(),
                "save it as UTF-8 without one".to_owned(),
            ),
            key if key.starts_with('#') => (
                "the comment does not begin in the first column, and is taken for an option".to_owned(),
                "put the `#` into the first column".to_owned(),
            ),
            key => (
                format!("Mosquitto has no option `{}`", printable(key)),
                near.map_or_else(
                    || "take the line out".to_owned(),
                    |near| format!("perhaps it is `{near}`: mqsec explain {near}"),
                ),
            ),
        };
        super::at(subject, found, &problem.place, message).hint(hint);
    }
}
