//! A private key where none belongs: a backup by an editor, a copy in the configuration's folder.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Kind;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::access;
use crate::export::Target;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "file-stray-key",
    topic: Topic::Files,
    severity: Severity::Warning,
    title: "a private key lies where none belongs",
    why: "Copies such as `ca.key.bak` are forgotten when a key is replaced, get into archives and images, and are as \
          good as the key. What lies in `config/` or `certs/broker/` the container sees too.",
    fix: "remove the copy, or move it to where only its owner looks: `certs/backup/` is mqsec's own place for old pairs",
    source: "systems that mqsec replaces kept backups of keys beside the keys",
    check,
    mend: None,
    fires: &[
        Example { name: "an editor's backup", changes: &[C::Copy("certs/ca.key", "certs/ca.key.bak")] },
        Example {
            name: "the authority's key in the broker's folder",
            changes: &[C::Copy("certs/ca.key", "certs/broker/old.pem")],
        },
    ],
    quiet: &[
        Example { name: "mqsec's own backup", changes: &[C::Copy("certs/ca.key", "certs/backup/2026/ca.key")] },
        Example {
            name: "what a device takes: beside its certificate, and as an export",
            changes: &[
                C::Copy("certs/ca.key", "certs/client/a/paho-python/a.key"),
                C::Copy("certs/ca.key", "exports/a-pem/a.key"),
            ],
        },
        Example {
            name: "the signing authority's key, and the next one's",
            changes: &[
                C::Copy("certs/ca.key", "certs/signing/ca.key"),
                C::Copy("certs/ca.key", "certs/next/signing/ca.key"),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let named: Vec<String> = subject.named().into_iter().map(|named| named.path).collect();
    for (path, file) in subject.folder.iter() {
        let own_place = path.starts_with('/')
            || is_authoritys(path)
            || path == layout::broker::KEY
            || path.starts_with(layout::BACKUP)
            || path.starts_with(layout::STATE)
            || is_clients(path)
            || is_bundles(path);
        let looks = !own_place && matches!(file.kind, Kind::File) && access::is_private_key(path, file);
        if looks && !named.iter().any(|other| other == path || path.strip_suffix(".txt") == Some(other)) {
            let message = format!("`{path}` holds a private key that nothing here uses");
            found.file(path, message).hint(format!("if it is a copy: shred -u {path}"));
        }
    }
}

/// The key of a root or of a signing authority, in each place that a rollover gives it.
fn is_authoritys(path: &str) -> bool {
    let inner = path.strip_prefix("certs/").unwrap_or_default();
    let inner = inner.strip_prefix("next/").or_else(|| inner.strip_prefix("old/")).unwrap_or(inner);
    matches!(inner, "ca.key" | "signing/ca.key")
}

/// `certs/client/NAME/NAME.key`.
fn is_clients(path: &str) -> bool {
    let inner = path.strip_prefix(layout::CLIENT_DIR).and_then(|rest| rest.strip_prefix('/'));
    inner.and_then(|inner| inner.split_once('/')).is_some_and(|(name, file)| file.strip_suffix(".key") == Some(name))
}

/// A client's files in the form of a target: `certs/client/NAME/TARGET/`, or below `exports/`.
fn is_bundles(path: &str) -> bool {
    let below = |folder: &str| path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    let target =
        below(layout::CLIENT_DIR).and_then(|inner| inner.split('/').nth(1).filter(|_| inner.matches('/').count() > 1));
    below(layout::EXPORTS).is_some() || target.is_some_and(|target| Target::from_name(target).is_some())
}
