//! A file that `doctor` itself could not look at.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "file-not-examined",
    topic: Topic::Files,
    severity: Severity::Note,
    title: "a file could not be looked at, so nothing is known of it",
    why: "Rules about its contents stay silent. That is no statement that it is right.",
    fix: "run `mqsec doctor` as a user who may read it (`sudo mqsec doctor`), or make the file smaller",
    source: "mqsec reads files of up to 8 MiB, in config/ of up to 64 MiB",
    check,
    mend: None,
    fires: &[
        Example {
            name: "the password file is another's",
            changes: &[C::With(|subject| unread(subject, "config/mosquitto.passwd"))],
        },
        Example {
            name: "the folder of the configuration may not be listed",
            changes: &[C::With(|subject| unread(subject, "config"))],
        },
        Example {
            name: "the broker's certificate is",
            changes: &[C::With(|subject| unread(subject, "certs/broker/broker.crt"))],
        },
    ],
    quiet: &[Example {
        name: "a client's key, which its owner alone has to read",
        changes: &[C::With(|subject| unread(subject, "certs/client/admin/admin.key"))],
    }],
};

fn unread(subject: &mut Subject, path: &str) {
    if let Some(file) = subject.folder.file_mut(path) {
        (file.bytes, file.unread) = (None, Some("permission denied".to_owned()));
    }
}

fn check(subject: &Subject, found: &mut Found<'_>) {
    let named: Vec<String> = subject.named().into_iter().map(|named| named.path).collect();
    for (path, file) in subject.folder.iter() {
        let Some(reason) = &file.unread else { continue };
        let counts = [subject.conf_path(), layout::ENV, layout::COMPOSE, layout::CA_CERT].contains(&path)
            || path == "config"
            || path.starts_with("config/")
            || path.starts_with(layout::broker::DIR)
            || named.iter().any(|other| other == path);
        if counts {
            let closed = reason.to_lowercase().contains("permission denied");
            let hint = if closed { "sudo mqsec doctor" } else { "put an ordinary file of its kind there" };
            let finding = found.file(path, format!("`{path}` could not be read: {reason}"));
            finding.hint(hint);
            if path == subject.conf_path() {
                // nearly every rule is about what stands in it
                finding.weighs(if closed { Severity::Warning } else { Severity::Error });
            }
        }
    }
}
