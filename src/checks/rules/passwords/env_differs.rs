//! Users of `.env` whom the broker does not know, or knows under another password.

use super::MOST;
use super::files;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::passwd::PasswdFile;
use crate::workspace::layout;

/// So many rounds of PBKDF2 take a quarter of a second.
const BUDGET: u64 = 300_000;

pub(super) const RULE: Rule = Rule {
    id: "passwd-env-differs",
    topic: Topic::Passwords,
    severity: Severity::Warning,
    title: "a user of .env is not in the password file, or has another password there",
    why: "Whoever takes the password from .env is refused with `not authorised`, and every tool of mqsec with them. It happens \
          when .env was edited and `mqsec passwd` was forgotten, or the file was changed with mosquitto_passwd.",
    fix: "Bring the file in line with .env: `mqsec passwd`, then `mqsec up`. Which users differ: `mqsec passwd test`.",
    source: "The most frequent cause of CONNACK 5 with a right user name; measured with 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[
        Example {
            name: "a new user in .env",
            changes: &[Change::Append(layout::ENV, "USER_77=sensor\nPASS_77=Rdm3yR6kQv0cWd1xZt9pLa\n")],
        },
        Example { name: "another password in .env", changes: &[Change::With(another_password)] },
    ],
    quiet: &[
        Example {
            name: "a user in the file alone",
            changes: &[Change::Append(
                layout::PASSWD,
                "sensor:$7$1000$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n",
            )],
        },
        Example { name: "no .env", changes: &[Change::Remove(layout::ENV)] },
    ],
};

fn another_password(subject: &mut Subject) {
    let Some(bytes) = subject.folder.file_mut(layout::ENV).and_then(|file| file.bytes.as_mut()) else { return };
    if let Some(at) = bytes.windows(7).position(|bytes| bytes.starts_with(b"PASS_")) {
        bytes.splice(at + 7..at + 7, *b"other");
    }
}

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(Ok(env)) = subject.env() else { return };
    let Some(file) = files(subject).find(|file| file.path == layout::PASSWD) else { return };
    let (Some(reading), Ok(text)) = (file.readings.last(), std::str::from_utf8(file.bytes)) else { return };
    // a line that no broker reads is told by its own rule
    let listed = PasswdFile::parse(text);
    let logins: std::collections::HashMap<_, _> = reading.users.iter().map(|login| (&*login.name, login)).collect();
    let (mut spent, mut compared, mut differ) = (0u64, 0usize, Vec::new());
    for user in &env.users {
        let (name, line) = match logins.get(user.name.as_str()) {
            None if listed.has(&user.name) => continue,
            None => (&user.name, None),
            Some(login) => {
                spent += u64::from(login.hash.iterations().unwrap_or(1));
                if spent > BUDGET && compared > 0 {
                    continue;
                }
                compared += 1;
                if login.hash.verify(&user.password) {
                    continue;
                }
                (&user.name, Some(login))
            }
        };
        differ.push((name, line));
    }
    for (name, login) in differ.iter().take(MOST) {
        match login {
            Some(login) => {
                let text = format!("the password of `{name}` is not the one that stands in `{}`", layout::ENV);
                found.at(&file.path, login.line, login.column, text).hint("mqsec passwd");
            }
            None => {
                let text = format!("the user `{name}` of `{}` is not in the password file", layout::ENV);
                found.file(&file.path, text).hint("mqsec passwd");
            }
        }
    }
    if differ.len() > MOST {
        found.file(&file.path, format!("{} further users differ", differ.len() - MOST)).hint("mqsec passwd test");
    }
    if spent > BUDGET {
        let text = format!(
            "the passwords of {compared} users were compared with `{}`, those of the others would take too long here",
            layout::ENV
        );
        found.file(&file.path, text).weighs(Severity::Note).hint("mqsec passwd test");
    }
}
