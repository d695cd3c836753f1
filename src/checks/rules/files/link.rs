//! A password file or ACL that is a symbolic link.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Kind;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::access;
use crate::series::Series;

pub(super) const RULE: Rule = Rule {
    id: "file-is-link",
    topic: Topic::Files,
    severity: Severity::Error,
    title: "the password file or the ACL is a symbolic link, which Mosquitto 2.1 refuses",
    why: "2.1 opens these files with O_NOFOLLOW: the broker ends with status 13 and `Unable to open pwfile`, though the \
          file can be read. Kubernetes mounts every secret as such a link.",
    fix: "put the file itself there; a link further up, as a folder, is taken. 2.1.1 and newer also look at the \
          variable MOSQUITTO_UNSAFE_ALLOW_SYMLINKS=1.",
    source: "measured on 2.1.2; eclipse-mosquitto/mosquitto#3461",
    check,
    mend: None,
    fires: &[Example {
        name: "the password file is a link",
        changes: &[C::Link("config/mosquitto.passwd", "../secrets/passwd")],
    }],
    quiet: &[Example {
        name: "a key that is a link, which every version takes",
        changes: &[C::Link("certs/broker/broker.key", "../../keys/broker.key")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let allowed = subject.service().and_then(|service| service.variable("MOSQUITTO_UNSAFE_ALLOW_SYMLINKS"));
    if !subject.targets(Series::V21) || allowed.is_some_and(|text| text.value == "1") {
        return;
    }
    for path in access::restricted(subject) {
        if let Some(Kind::Link(target)) = subject.folder.file(&path).map(|file| &file.kind) {
            let message = format!("`{path}` is a symbolic link to `{target}`: 2.1 does not open it");
            found
                .file(path.as_str(), message)
                .hint(format!("cp --remove-destination \"$(readlink -f {path})\" {path}"));
        }
    }
}
