//! A single file is mounted.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Kind;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::compose::MountKind;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-single-file-mount",
    topic: Topic::Compose,
    severity: Severity::Warning,
    title: "a single file is mounted instead of its folder",
    why: "The mount holds the file's inode: a password file or certificate that is replaced by rename, as \
          mqsec and editors do, never reaches the container, and a reload reads the old one. Where the file \
          is missing, Docker makes a folder of its name.",
    fix: "mount the folder: `./config:/mosquitto/config:ro`",
    source: "eclipse-mosquitto/mosquitto#457; measured: a bind mount keeps the inode of the file that was replaced",
    check,
    mend: None,
    fires: &[Example {
        name: "the configuration alone",
        changes: &[C::Replace(
            "docker-compose.yml",
            "./config:/mosquitto/config:ro",
            "./config/mosquitto.conf:/mosquitto/config/mosquitto.conf:ro",
        )],
    }],
    quiet: &[Example {
        name: "a socket of the system",
        changes: &[C::Replace(
            "docker-compose.yml",
            "- ./data:/mosquitto/data",
            "- /etc/localtime:/etc/localtime:ro\n      - ./data:/mosquitto/data",
        )],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for mount in subject.service().into_iter().flat_map(|service| &service.mounts) {
        let Some(source) = mount.source.as_deref().filter(|_| mount.kind == MountKind::Bind) else { continue };
        let is_file = subject.folder.file(&subject.in_folder(source)).is_some_and(|file| file.kind == Kind::File);
        let by_name = mount.target.rsplit('/').next().is_some_and(|name| name.contains('.') && !name.starts_with('.'));
        // the system's own files are replaced by nobody here
        let outside = source.starts_with("/etc/");
        if !outside && (is_file || by_name && mount.target.starts_with("/mosquitto/")) {
            let message =
                format!("`{source}` is mounted as a single file: what replaces it does not reach the container");
            let folder = source.rsplit_once('/').map_or(".", |(folder, _)| folder);
            let target = mount.target.rsplit_once('/').map_or("/", |(folder, _)| folder);
            found.at(layout::COMPOSE, mount.line, mount.column, message).hint(format!("- {folder}:{target}:ro"));
        }
    }
}
