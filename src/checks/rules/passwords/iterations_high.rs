//! Hashes that cost the broker more than it has.

use super::files;
use super::hash;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::passwd::Hash;
use crate::workspace::layout;

/// About 10 ms of a login on a PC of today, and several times as much on a small board.
const MUCH: u32 = 20_000;

pub(super) const RULE: Rule = Rule {
    id: "passwd-iterations-high",
    topic: Topic::Passwords,
    severity: Severity::Warning,
    title: "a login stops the whole broker for long: too many iterations",
    why: "Mosquitto hashes in its only thread: at 100,000 iterations a login takes 40 to 57 ms in which no message moves, and \
          each client that is connected pays again at every reload; 10 clients at 210,000 stopped a broker for 860 ms. Who \
          sends wrong passwords for such a user stops it for everybody.",
    fix: "A password of 128 bits needs no more than 1000: `mqsec passwd set USER --generate`. What a number costs here: \
          `mqsec passwd bench`.",
    source: "Measured with 2.0.21 and 2.1.2; eclipse-mosquitto's CMakeLists.txt has argon2 off for the same reason",
    check,
    mend: None,
    fires: &[Example {
        name: "210,000 iterations",
        changes: &[Change::Append(
            layout::PASSWD,
            "sensor:$7$210000$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n",
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
        let rounds = |hash: &Hash| hash.iterations().unwrap_or(0);
        let high = || reading.users.iter().filter(|login| rounds(&login.hash) > MUCH);
        let Some(most) = high().max_by_key(|login| rounds(&login.hash)) else { continue };
        let others = match high().count() - 1 {
            0 => String::new(),
            others => format!(" (and {others} further users have more than {MUCH})"),
        };
        let name = crate::error::printable(&most.name);
        let text = format!(
            "a login of `{name}` costs {} iterations{others}, in which the broker does nothing else",
            rounds(&most.hash)
        );
        found.at(&file.path, most.line, most.column, text).hint("mqsec passwd bench");
    }
}
