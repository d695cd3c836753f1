//! The broker's user cannot read a file that the configuration names.

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
use crate::checks::access::Want;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "file-unreadable-by-broker",
    topic: Topic::Files,
    severity: Severity::Error,
    title: "the broker's user cannot read a file that it needs",
    why: "Mosquitto drops its privileges before it opens keys, certificates, passwords and ACL: the broker does not \
          start, or ends at the next reload, and says no more than `Unable to load server key file` or `Unable to open \
          pwfile`. In a container it starts again and again.",
    fix: "give the file to the user as whom the broker runs, and let that user enter the folders above it; `mqsec up` \
          as root does both for its own files. Do not use `chmod 777` or `user: root`.",
    source: "measured on 2.0.11, 2.0.21, 2.1.2; eclipse-mosquitto/mosquitto#3263, #3544, #2161",
    check,
    mend: Some(mend),
    fires: &[
        Example { name: "the key belongs to root", changes: &[C::Owner("certs/broker/broker.key", 0, 0)] },
        Example { name: "a folder on the way is closed", changes: &[C::Owner("certs/broker", 0, 0)] },
        Example {
            name: "the container runs as another user",
            changes: &[C::With(|subject| {
                subject.runtime.container = true;
                (subject.runtime.uid, subject.runtime.gid) = (4711, 4711);
            })],
        },
    ],
    quiet: &[
        Example {
            name: "the group may read it",
            changes: &[C::With(|subject| {
                let gid = subject.runtime.gid;
                if let Some(key) = subject.folder.file_mut("certs/broker/broker.key") {
                    (key.uid, key.gid, key.mode) = (0, gid, 0o640);
                }
            })],
        },
        Example {
            name: "a folder above the mount is closed, which the container never sees",
            changes: &[C::Owner("certs", 0, 0), C::With(|subject| subject.runtime.container = true)],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let (uid, gid) = (subject.runtime.uid, subject.runtime.gid);
    let mut told: Vec<String> = Vec::new();
    let conf = (subject.conf_path().to_owned(), "the configuration".to_owned());
    let named = subject.named().into_iter().filter(|named| named.key != "persistence_location");
    for (path, what) in std::iter::once(conf).chain(named.map(|named| (named.path, format!("`{}`", named.key)))) {
        let Some(obstacle) = access::obstacle(subject, &path, Want::Read) else { continue };
        if told.contains(&obstacle.path) || access::is_given_away_at_start(subject, &path) {
            continue;
        }
        let File { uid: owner, gid: group, mode, .. } = obstacle.file;
        let mode = access::shown(*mode);
        let place = access::named(&obstacle.path);
        let message = if obstacle.on_the_way {
            format!(
                "the broker (uid {uid}, gid {gid}) cannot enter `{place}` ({owner}:{group}, mode {mode}), and {what} lies below it: `{path}`"
            )
        } else {
            format!("the broker (uid {uid}, gid {gid}) cannot read {what}, `{path}` ({owner}:{group}, mode {mode})")
        };
        let word = crate::error::shell_word(&obstacle.path);
        let hint = if path.contains("/letsencrypt/") {
            // certbot makes its folders and keys root's alone again at each renewal (mosquitto#2161, certbot#7412)
            format!("copy it, for user {uid}, by a script in /etc/letsencrypt/renewal-hooks/deploy, and name the copy")
        } else if obstacle.on_the_way && *owner != uid {
            format!("let it enter: sudo chmod o+x {word}")
        } else if *owner == uid {
            format!("mqsec doctor --fix; or: chmod u+r {word}")
        } else {
            format!("sudo chown {uid}:{gid} {word}")
        };
        found.file(obstacle.path.as_str(), message).hint(hint);
        told.push(obstacle.path);
    }
}

/// The owner's own bits, where the broker is the owner.
fn mend(subject: &Subject) -> Vec<Mend> {
    let paths = subject.named().into_iter().map(|named| named.path).chain([layout::CONF.to_owned()]);
    let blocked = paths.filter_map(|path| access::obstacle(subject, &path, Want::Read));
    let own = blocked.filter(|blocked| blocked.file.uid == subject.runtime.uid);
    own.map(|blocked| {
        let more = if blocked.file.kind == Kind::Folder { 0o500 } else { 0o400 };
        Mend::Mode { mode: blocked.file.mode | more, path: blocked.path }
    })
    .collect()
}
