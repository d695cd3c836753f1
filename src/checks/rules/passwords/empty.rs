//! A password file without users.

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
    id: "passwd-empty",
    topic: Topic::Passwords,
    severity: Severity::Warning,
    title: "the password file has no user",
    why: "The broker starts and refuses every name; without `allow_anonymous true` nobody can use it. An empty file is what a \
          mosquitto_passwd that failed leaves behind.",
    fix: "Add a user, `mqsec passwd add NAME`, or write those of .env: `mqsec passwd`.",
    source: "Measured with 2.0.11, 2.0.21 and 2.1.2; `mosquitto_passwd -H argon2id` empties the file (mosquitto#3719)",
    check,
    mend: None,
    fires: &[
        Example { name: "nothing in it", changes: &[Change::Remove(layout::ENV), Change::Write(layout::PASSWD, "")] },
        Example {
            name: "a comment alone",
            changes: &[Change::Remove(layout::ENV), Change::Write(layout::PASSWD, "# nobody yet\n")],
        },
    ],
    quiet: &[Example {
        name: "one user",
        changes: &[Change::Remove(layout::ENV), Change::Write(layout::PASSWD, concat!("sensor:", hash!(), "\n"))],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for file in files(subject) {
        // users whose lines cannot be read are told one by one
        let nobody = |line: &[u8]| line.starts_with(b"#") || line.trim_ascii().is_empty();
        // with users in .env it is they who are missing
        let awaited = file.path == layout::PASSWD
            && subject.env().is_some_and(|env| env.as_ref().is_ok_and(|env| !env.users.is_empty()));
        if !awaited && file.lines().all(|(_, line)| nobody(line)) {
            found.file(&file.path, "no user stands in it: every name is refused").hint("mqsec passwd add NAME");
        }
    }
}
