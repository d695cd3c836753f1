//! The configuration is not where the image looks.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-configuration-not-mounted",
    topic: Topic::Compose,
    severity: Severity::Error,
    title: "the configuration is not mounted where the image looks for it",
    why: "The image reads /mosquitto/config/mosquitto.conf. Mounted elsewhere (`/mosquitto/conf`, \
          `/etc/mosquitto`), it is not read: 2.0 is then in local only mode, and 2.1 lets everybody in \
          without a password.",
    fix: "`- ./config:/mosquitto/config:ro`, or name the file in `command: mosquitto -c PATH`",
    source: "the default configurations in the images of 2.0 and 2.1; eclipse-mosquitto/mosquitto#2970",
    check,
    mend: None,
    fires: &[
        Example {
            name: "/mosquitto/conf",
            changes: &[C::Replace(
                "docker-compose.yml",
                "./config:/mosquitto/config:ro",
                "./config:/mosquitto/conf:ro",
            )],
        },
        Example {
            name: "not at all",
            changes: &[C::Replace("docker-compose.yml", "      - ./config:/mosquitto/config:ro\n", "")],
        },
        Example {
            name: "the file has another name",
            changes: &[C::Copy("config/mosquitto.conf", "config/my.conf"), C::Remove("config/mosquitto.conf")],
        },
    ],
    quiet: &[
        Example {
            name: "a command that names it",
            changes: &[
                C::Replace("docker-compose.yml", "./config:/mosquitto/config:ro", "./config:/etc/mosquitto:ro"),
                C::Replace(
                    "docker-compose.yml",
                    "    restart:",
                    "    command: mosquitto -c /etc/mosquitto/mosquitto.conf\n    restart:",
                ),
            ],
        },
        Example {
            name: "an image of one's own",
            changes: &[
                C::Replace("docker-compose.yml", "./config:/mosquitto/config:ro", "./config:/mosquitto/conf:ro"),
                C::With(|subject| super::image(subject, "registry.lan/broker")),
            ],
        },
    ],
};

const CONF: &str = "/mosquitto/config/mosquitto.conf";

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(service) = subject.service() else { return };
    let stock = service.image.as_ref().is_some_and(|image| super::stock_tag(&image.value).is_some());
    if !stock || service.command.is_some() {
        return;
    }
    let (line, column) = (service.name.line, service.name.column);
    let Some(mount) = service.mount_of(CONF) else {
        let wrong = service
            .mounts
            .iter()
            .find(|mount| mount.target.contains("conf") || mount.target.starts_with("/etc/mosquitto"));
        let (line, column) = wrong.map_or((line, column), |mount| (mount.line, mount.column));
        let message = match wrong {
            Some(mount) => {
                format!("the image does not look in `{}` for its configuration, but in /mosquitto/config", mount.target)
            }
            None => "nothing is mounted on /mosquitto/config: the image's own configuration is in force".to_owned(),
        };
        found.at(layout::COMPOSE, line, column, message).hint("- ./config:/mosquitto/config:ro");
        return;
    };
    let path = subject.resolve_in_container(CONF).filter(|path| {
        let above = path.rsplit_once('/').and_then(|(above, _)| subject.folder.file(above));
        // a folder that may not be looked into, and one with an extension too many, have rules of their own
        above.is_none_or(|above| above.unread.is_none())
            && subject.folder.file(path).is_none()
            && subject.folder.file(&format!("{path}.txt")).is_none()
    });
    if let Some(path) = path {
        let message = format!("the container looks for its configuration in `{path}`, which is not there");
        found
            .at(layout::COMPOSE, mount.line, mount.column, message)
            .hint(format!("put it there, or let mqsec write one: mqsec up ({path})"));
    }
}
