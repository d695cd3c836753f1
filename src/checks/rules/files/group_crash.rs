//! 2.1 ends with a segmentation fault where its group has no name.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::access;
use crate::series::Series;

pub(super) const RULE: Rule = Rule {
    id: "file-group-crashes-broker",
    topic: Topic::Files,
    severity: Severity::Error,
    title: "a file's group makes Mosquitto 2.1 crash, because the broker's own group has no name",
    why: "2.1.0 to 2.1.2 look up the name of the broker's group when a file has another one, and read through a null \
          pointer where there is none (`user: \"1000:1000\"` in the image): exit status 139, and no line in the log.",
    fix: "`chgrp` the file to the broker's group; or run the container as `1883:1883`, which the image has a name for",
    source: "measured on 2.1.2; eclipse-mosquitto/mosquitto#3498, #3457, fixed after 2.1.2",
    check,
    mend: None,
    fires: &[Example {
        name: "the container runs as 1000:1000, and the password file has the group 1883",
        changes: &[C::With(|subject| {
            (subject.runtime.uid, subject.runtime.gid) = (1000, 1000);
            (subject.runtime.container, subject.group_named) = (true, Some(false));
            if let Some(file) = subject.folder.file_mut("config/mosquitto.passwd") {
                (file.uid, file.gid, file.mode) = (1000, 1883, 0o600);
            }
        })],
    }],
    quiet: &[Example {
        name: "the group has no name, and the files have it",
        changes: &[C::With(|subject| subject.group_named = Some(false))],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    if subject.group_named != Some(false) || !subject.targets(Series::V21) {
        return;
    }
    let gid = subject.runtime.gid;
    for path in access::restricted(subject) {
        if let Some(file) = subject.folder.file(&path).filter(|file| file.gid != gid) {
            let group = file.gid;
            let message =
                format!("`{path}` has the group {group}; the broker's group {gid} has no name, and 2.1 crashes");
            found.file(path.as_str(), message).hint(format!("sudo chgrp {gid} {path}"));
        }
    }
}
