//! What other users can change: the workspace, its folders, the configuration.

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
    id: "file-writable-by-others",
    topic: Topic::Files,
    severity: Severity::Error,
    title: "other users can change the broker's files, or replace them",
    why: "Who may write into a folder may put another file in place of each that is in it, whatever that file's own mode: \
          a configuration that lets everybody in, or an authority of his own.",
    fix: "take the right away: `chmod go-w`; `chmod 777` is never the answer to a broker that cannot read its files",
    source: "path_resolution(7); eclipse-mosquitto/mosquitto#2320 (`chmod 777` as advice)",
    check,
    mend: Some(mend),
    fires: &[
        Example { name: "chmod 777 config", changes: &[C::Mode("config", 0o777)] },
        Example { name: "a configuration that everybody writes", changes: &[C::Mode("config/mosquitto.conf", 0o666)] },
    ],
    quiet: &[Example {
        name: "a sticky folder above the workspace, such as /tmp",
        changes: &[C::With(|subject| {
            if let Some(file) = subject.folder.file_mut("/") {
                file.mode = 0o1777;
            }
        })],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (path, file) in open_ones(subject) {
        let what = if file.kind == Kind::Folder { "replace every file in" } else { "change" };
        let message = format!("every user can {what} `{}` (mode {})", access::named(path), access::shown(file.mode));
        let hint = if path.starts_with('/') {
            format!("sudo chmod o-w {path}; or move the workspace elsewhere")
        } else {
            format!("mqsec doctor --fix; or: chmod o-w {path}")
        };
        found.file(path, message).hint(hint);
    }
}

/// Folders and files that decide who gets in. A broker's own data and log are not among them.
fn open_ones(subject: &Subject) -> impl Iterator<Item = (&str, &File)> {
    let named: Vec<String> = subject.named().into_iter().map(|named| named.path).collect();
    let counts = move |path: &str| {
        const OURS: &[&str] =
            &[".", "config", "certs", layout::broker::DIR, layout::CONF, layout::COMPOSE, layout::ENV];
        OURS.contains(&path)
            || path.starts_with("certs/") && !path.starts_with("certs/client/")
            || path.starts_with("config/")
            || named.iter().any(|other| other == path) && !path.starts_with(layout::DATA_DIR)
            || subject.root.starts_with(path) && path.starts_with('/')
    };
    subject.folder.iter().filter(move |(path, file)| {
        let sticky = file.kind == Kind::Folder && file.mode & 0o1000 != 0;
        // a link that points to nothing has its own mode, which gives nobody a right
        let dangling = matches!(file.kind, Kind::Link(_)) && file.unread.is_some() && file.mode == 0o777;
        file.mode & 0o002 != 0 && !sticky && !dangling && counts(path)
    })
}

fn mend(subject: &Subject) -> Vec<Mend> {
    let inside = open_ones(subject).filter(|(path, _)| !path.starts_with('/'));
    inside.map(|(path, file)| Mend::Mode { path: path.to_owned(), mode: file.mode & !0o022 }).collect()
}
