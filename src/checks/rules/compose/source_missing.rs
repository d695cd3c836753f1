//! A folder that is mounted and not there.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::compose::MountKind;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-mount-source-missing",
    topic: Topic::Compose,
    severity: Severity::Warning,
    title: "a folder that is mounted is not there",
    why: "Docker makes it, as root's, and the broker cannot write there; for a file it makes a folder of \
          that name (`mosquitto.conf is a directory`).",
    fix: "make the folder first, as the user who runs the broker; `mqsec up` makes its own",
    source: "eclipse-mosquitto/mosquitto#457; docs.docker.com, bind mounts: create_host_path",
    check,
    mend: None,
    fires: &[Example {
        name: "a typing error",
        changes: &[C::Replace("docker-compose.yml", "./data:/mosquitto/data", "./dta:/mosquitto/data")],
    }],
    quiet: &[
        Example {
            name: "a volume of Docker's",
            changes: &[C::Replace("docker-compose.yml", "./data:/mosquitto/data", "data:/mosquitto/data")],
        },
        Example {
            name: "outside of the workspace, where nobody looked",
            changes: &[C::Replace("docker-compose.yml", "./data:/mosquitto/data", "/srv/data:/mosquitto/data")],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for mount in subject.service().into_iter().flat_map(|service| &service.mounts) {
        let Some(source) = mount.source.as_deref().filter(|_| mount.kind == MountKind::Bind) else { continue };
        let path = subject.in_folder(source);
        let outside = path.starts_with(['/', '~']) || path.starts_with("..") || source.contains('$');
        if !outside && subject.folder.file(&path).is_none() && subject.folder.under(&path).next().is_none() {
            let message = format!("`{source}` is not there: Docker will make it, as root's");
            found.at(layout::COMPOSE, mount.line, mount.column, message).hint(format!("mkdir {path}"));
        }
    }
}
