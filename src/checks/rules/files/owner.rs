//! Files that the broker opens with care, and that belong to somebody else.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::access;
use crate::workspace::Owner;

pub(super) const RULE: Rule = Rule {
    id: "file-owner-not-broker",
    topic: Topic::Files,
    severity: Severity::Warning,
    title: "the password file or the ACL belongs to another user than the broker's",
    why: "2.0.21 and 2.1 warn at each start and reload that the owner or group is not the broker's and that future \
          versions will refuse to load the file.",
    fix: "`chown` it to the user as whom the broker runs, mode 0600",
    source: "texts and conditions measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#2890",
    check,
    mend: None,
    fires: &[Example {
        name: "root's password file that the group may read",
        changes: &[C::With(|subject| {
            let gid = subject.runtime.gid;
            if let Some(file) = subject.folder.file_mut("config/mosquitto.passwd") {
                (file.uid, file.gid, file.mode) = (0, gid, 0o640);
            }
        })],
    }],
    quiet: &[
        Example {
            name: "the configuration is root's, which is not asked",
            changes: &[C::Owner("config/mosquitto.conf", 0, 0), C::Mode("config/mosquitto.conf", 0o644)],
        },
        Example {
            name: "root's file that the broker cannot read at all: another rule",
            changes: &[C::Owner("config/mosquitto.passwd", 0, 0)],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let (uid, gid) = (subject.runtime.uid, subject.runtime.gid);
    // a user or group without a name is not compared; in the image these are 1883 and the system's own
    let nameless = subject.runtime.container && uid != Owner::MOSQUITTO.uid;
    for path in access::restricted(subject) {
        let Some(file) = subject.folder.file(&path) else { continue };
        let blocked = access::obstacle(subject, &path, access::Want::Read).is_some();
        if blocked || access::is_given_away_at_start(subject, &path) {
            continue;
        }
        let wrong_owner = file.uid != uid && !nameless;
        let wrong_group = file.gid != gid && subject.group_named != Some(false);
        if wrong_owner || wrong_group {
            let what = if wrong_owner { format!("owner is {}", file.uid) } else { format!("group is {}", file.gid) };
            let message = format!("`{path}`: its {what}, and the broker runs as {uid}:{gid}");
            found.file(path.as_str(), message).hint(format!("sudo chown {uid}:{gid} {path}"));
        }
    }
}
