//! The bridge's password in a file that everybody may read.

use super::bridge;
use super::bridges;
use super::place;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Mend;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "bridge-password-open",
    topic: Topic::Bridges,
    severity: Severity::Error,
    title: "a bridge's password stands in a configuration that other users may read",
    why: "`remote_password` stands there in clear. Whoever reads the file, as every user of the machine may with mode 0644, can \
          log in to the other broker as this one.",
    fix: "Have the mode set: `mqsec doctor --fix`. Better, the bridge gets a file of its own, which `mqsec bridge add` makes \
          with mode 0600 in config/bridges/.",
    source: "Measured: 2.0.11, 2.0.21 and 2.1.2 read files of include_dir with mode 0600 that belong to their user",
    check,
    mend: Some(mend),
    fires: &[Example {
        name: "a password in mosquitto.conf",
        changes: &[Change::Append(layout::CONF, bridge!()), Change::Mode(layout::CONF, 0o644)],
    }],
    quiet: &[
        Example {
            name: "mosquitto.conf for its owner alone",
            changes: &[Change::Append(layout::CONF, bridge!()), Change::Mode(layout::CONF, 0o600)],
        },
        Example {
            name: "a file of its own",
            changes: &[
                Change::Append(layout::CONF, "\ninclude_dir config/bridges\n"),
                Change::Write("config/bridges/site.conf", bridge!()),
            ],
        },
    ],
};

/// Files with a password that others may read; each once, with the first of its bridges.
fn open(subject: &Subject) -> Vec<(String, usize, usize, String, u32)> {
    let mut found: Vec<(String, usize, usize, String, u32)> = Vec::new();
    for bridge in bridges(subject) {
        let Some(value) = bridge.options.last("remote_password") else { continue };
        let (named, line, column) = place(bridge, Some(value));
        let path = if subject.folder.file(&named).is_some() { named } else { subject.resolve(&named) };
        let Some(file) = subject.folder.file(&path).filter(|file| file.mode & 0o044 != 0) else { continue };
        if !found.iter().any(|(known, ..)| *known == path) {
            found.push((path, line, column, bridge.name.clone(), file.mode));
        }
    }
    found
}

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (path, line, column, name, mode) in open(subject) {
        let name = crate::error::printable(&name);
        let text = format!("the password of the bridge `{name}` can be read by others (mode {mode:04o})");
        found.at(&path, line, column, text).hint(format!("chmod 600 {path}"));
    }
}

fn mend(subject: &Subject) -> Vec<Mend> {
    let inside = open(subject).into_iter().filter(|(path, ..)| !path.starts_with('/'));
    inside.map(|(path, _, _, _, mode)| Mend::Mode { path, mode: mode & 0o700 }).collect()
}
