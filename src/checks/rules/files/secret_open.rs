//! Passwords, or who may do what, that others can read.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::File;
use crate::checks::Found;
use crate::checks::Kind;
use crate::checks::Mend;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::access;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "file-secret-readable-by-others",
    topic: Topic::Files,
    severity: Severity::Warning,
    title: "passwords, an ACL or .env can be read by other users",
    why: "`.env` has passwords in clear, and hashes of 1000 iterations are guessed by the million. 2.0.21 and 2.1 warn \
          (`world readable permissions. Future versions will refuse to load this file`) and advise `chmod 0700`, which \
          is no help where the owner is another.",
    fix: "`chmod 600` the file; its owner has to be the user as whom the broker runs (`.env`: you)",
    source: "measured on 2.0.21 and 2.1.2: any bit for others triggers the warning; eclipse-mosquitto/mosquitto#2890, #3380",
    check,
    mend: Some(mend),
    fires: &[
        Example { name: "a world-readable .env", changes: &[C::Mode(".env", 0o644)] },
        Example { name: "a world-readable password file", changes: &[C::Mode("config/mosquitto.passwd", 0o644)] },
    ],
    quiet: &[Example {
        name: "a world-readable configuration, which has no secret",
        changes: &[C::Mode("config/mosquitto.conf", 0o644)],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (path, file) in open_ones(subject) {
        let message = format!("`{path}` can be read by every user (mode {})", access::shown(file.mode));
        let told = found.file(path.as_str(), message);
        told.hint(format!("mqsec doctor --fix; or: chmod 600 {path}"));
        if path == layout::ENV {
            // passwords in clear
            told.weighs(Severity::Error);
        }
    }
}

fn open_ones(subject: &Subject) -> Vec<(String, &File)> {
    let mut paths = access::restricted(subject);
    paths.extend([layout::ENV.to_owned(), layout::PASSWD.to_owned()]);
    paths.sort();
    paths.dedup();
    let open = |path: String| {
        let file = subject.folder.file(&path).filter(|file| file.mode & 0o007 != 0 && file.kind != Kind::Folder)?;
        Some((path, file))
    };
    paths.into_iter().filter_map(open).collect()
}

fn mend(subject: &Subject) -> Vec<Mend> {
    // where the broker reads it as one of the others, the mode alone would lock it out
    let safe = |file: &File| file.uid == subject.runtime.uid || file.gid == subject.runtime.gid;
    let open = open_ones(subject).into_iter().filter(|(path, file)| path == layout::ENV || safe(file));
    open.map(|(path, file)| {
        let own = path == layout::ENV || file.uid == subject.runtime.uid;
        Mend::Mode { path, mode: file.mode & if own { 0o600 } else { 0o660 } }
    })
    .collect()
}
