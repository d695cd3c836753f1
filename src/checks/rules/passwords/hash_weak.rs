//! Mosquitto's old hash: one round.

use super::MOST;
use super::files;
use super::hash;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "passwd-hash-weak",
    topic: Topic::Passwords,
    severity: Severity::Warning,
    title: "a hash is of Mosquitto's old kind, one round of SHA-512",
    why: "Who gets a copy of the file tries passwords against a `$6$` hash as fast as a graphics card counts, thousands of \
          millions a second. Brokers since 2.0 read the better kind, and no tool writes this one unless asked.",
    fix: "Set the password anew: `mqsec passwd set USER`, or all of .env: `mqsec passwd --iterations 1000`.",
    source: "20:src/security_default.c, pw__digest; mosquitto_passwd before 2.0, and `-H sha512`",
    check,
    mend: None,
    fires: &[Example {
        name: "a line of mosquitto_passwd -H sha512",
        changes: &[Change::Append(
            layout::PASSWD,
            "sensor:$6$mZKNW6fGnkAlWp0X$JvGpRuu7fFoFSfQ6p3qZ4R2Pp5NlmUb2YY/qN2tXvKxNF1cLZ11Gq4DBGRbFRcFii2HzzeOk+vbf37rqMZCdLA==\n",
        )],
    }],
    quiet: &[Example { name: "PBKDF2", changes: &[Change::Append(layout::PASSWD, concat!("sensor:", hash!(), "\n"))] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for file in files(subject) {
        let Some(reading) = file.readings.last() else { continue };
        let weak: Vec<_> = reading.users.iter().filter(|login| login.hash.iterations().is_none()).collect();
        for login in weak.iter().take(MOST) {
            let name = crate::error::printable(&login.name);
            let text = format!("the password of `{name}` is hashed with one round of SHA-512");
            found
                .at(&file.path, login.line, login.column, text)
                .hint(format!("mqsec passwd set {}", crate::error::single_quoted(&name)));
        }
        if weak.len() > MOST {
            found.file(&file.path, format!("{} further users have such a hash", weak.len() - MOST));
        }
    }
}
