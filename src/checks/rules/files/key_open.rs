//! A private key that others can read.

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

pub(super) const RULE: Rule = Rule {
    id: "file-key-readable-by-others",
    topic: Topic::Files,
    severity: Severity::Error,
    title: "a private key can be read by other users",
    why: "Whoever has read it once can be the broker, a client, or with the authority's key everybody, until all \
          certificates are made anew. No version of Mosquitto warns of it.",
    fix: "`chmod 600` the key and give it to the user who needs it; if the machine has users whom you do not trust, \
          issue the pair anew: `mqsec broker-cert --force`",
    source: "measured on 2.0.21 and 2.1.2: keyfile is not checked, a world-readable key is accepted silently by every version",
    check,
    mend: Some(mend),
    fires: &[
        Example { name: "the broker's key is world-readable", changes: &[C::Mode("certs/broker/broker.key", 0o644)] },
        Example { name: "the authority's key is readable by a group", changes: &[C::Mode("certs/ca.key", 0o640)] },
    ],
    quiet: &[Example {
        name: "the broker reads its key by the group",
        changes: &[C::With(|subject| {
            let gid = subject.runtime.gid;
            if let Some(key) = subject.folder.file_mut("certs/broker/broker.key") {
                (key.uid, key.gid, key.mode) = (0, gid, 0o640);
            }
        })],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (path, file, mode) in open_keys(subject) {
        let who = if file.mode & 0o007 != 0 { "every user".to_owned() } else { format!("the group {}", file.gid) };
        let message = format!("the private key `{path}` can be read by {who} (mode {})", access::shown(file.mode));
        found.file(path, message).hint(format!("mqsec doctor --fix; or: chmod {mode:o} {path}"));
    }
}

fn open_keys(subject: &Subject) -> impl Iterator<Item = (&str, &File, u32)> {
    subject.folder.iter().filter(|(path, _)| !path.ends_with(".crt")).filter_map(move |(path, file)| {
        let open = file.mode & 0o077;
        // only root may be asked to leave the group that the broker needs
        let by_group =
            file.gid == subject.runtime.gid && file.uid != subject.runtime.uid && path.starts_with("certs/broker/");
        let open = if by_group { open & 0o007 } else { open };
        let is_key = open != 0 && file.kind != Kind::Folder && access::is_private_key(path, file);
        is_key.then_some((path, file, if by_group { 0o640 } else { 0o600 }))
    })
}

fn mend(subject: &Subject) -> Vec<Mend> {
    open_keys(subject).map(|(path, _, mode)| Mend::Mode { path: path.to_owned(), mode }).collect()
}
