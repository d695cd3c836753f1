//! Comments and blank lines, which the broker skips and Mosquitto's own tool does not survive.

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
    id: "passwd-comment",
    topic: Topic::Passwords,
    severity: Severity::Warning,
    title: "the password file has a comment or a blank line",
    why: "The broker skips it. But `mosquitto_passwd -b FILE USER PASSWORD` says `Corrupt password file at line N`, ends with \
          status 0, and has deleted that line and all users after it. `mqsec passwd` keeps them.",
    fix: "Remove the line, or never use mosquitto_passwd on this file.",
    source: "Measured with mosquitto_passwd of 2.0.11, 2.0.21 and 2.1.2; 21:apps/mosquitto_passwd/mosquitto_passwd.c:207",
    check,
    mend: None,
    fires: &[
        Example { name: "a comment", changes: &[Change::Append(layout::PASSWD, "# the kitchen\n")] },
        Example {
            name: "a blank line between users",
            changes: &[Change::Append(layout::PASSWD, concat!("\r\nsensor:", hash!(), "\n"))],
        },
    ],
    quiet: &[Example {
        name: "a `#` in a name",
        changes: &[Change::Append(layout::PASSWD, concat!("sensor#1:", hash!(), "\n"))],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for file in files(subject) {
        let mut lines = file.lines().filter(|(_, line)| line.starts_with(b"#") || line.trim_ascii().is_empty());
        let Some((number, line)) = lines.next() else { continue };
        let what = if line.starts_with(b"#") { "a comment" } else { "a blank line" };
        let more = match lines.count() {
            0 => String::new(),
            more => format!(" (and {more} more such lines)"),
        };
        let text = format!("{what}{more}: `mosquitto_passwd -b` would delete it with every user after it");
        found.at(&file.path, number, 1, text);
    }
}
