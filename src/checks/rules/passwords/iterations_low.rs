//! Hashes that resist little, where a password may be one that somebody made up.

use super::files;
use super::hash;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::passwd::DEFAULT_ITERATIONS;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "passwd-iterations-low",
    topic: Topic::Passwords,
    severity: Severity::Note,
    title: "a hash has few iterations, as mosquitto_passwd of 2.0 makes them",
    why: "101 rounds slow down somebody who has a copy of the file by next to nothing. A generated password of 128 bits stands \
          that; one that a person made up is found.",
    fix: "Set the password anew, better a generated one: `mqsec passwd set USER --generate`.",
    source: "Measured: mosquitto_passwd of 2.0.11 and 2.0.21 writes `$7$101$`, that of 2.1.2 `$7$1000$`",
    check,
    mend: None,
    fires: &[Example {
        name: "a line of mosquitto_passwd 2.0.21",
        changes: &[Change::Append(
            layout::PASSWD,
            "sensor:$7$101$uqlEjUl/QvvS6PRi$mE1WdCbrVlhO7xxEE8N2hdawlP20N+z3E6LTSD5vhGvFXTaUJPtlZgd3km/ByXe0l6Bkk4z0RNAFh5g3imDPwg==\n",
        )],
    }],
    quiet: &[Example {
        name: "1000 iterations",
        changes: &[Change::Append(layout::PASSWD, concat!("sensor:", hash!(), "\n"))],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for file in files(subject) {
        let Some(reading) = file.readings.last() else { continue };
        let mut low = reading
            .users
            .iter()
            .filter_map(|login| Some((login, login.hash.iterations()?)))
            .filter(|(_, rounds)| *rounds < DEFAULT_ITERATIONS);
        let Some((first, rounds)) = low.next() else { continue };
        let more = match low.count() {
            0 => String::new(),
            more => format!(" (and {more} further users have as few)"),
        };
        let name = crate::error::printable(&first.name);
        let text = format!("the hash of `{name}` has {rounds} iterations{more}: enough for a generated password alone");
        found
            .at(&file.path, first.line, first.column, text)
            .hint(format!("mqsec passwd set {} --generate", crate::error::single_quoted(&name)));
    }
}
