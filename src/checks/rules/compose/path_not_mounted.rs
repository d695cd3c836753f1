//! The configuration names what the container does not see.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "compose-path-not-mounted",
    topic: Topic::Compose,
    severity: Severity::Error,
    title: "the configuration names a file that the container does not see",
    why: "The broker does not start: `Unable to open pwfile`, `Unable to load CA certificates`, though the \
          file is there on the host.",
    fix: "mount its folder, or name it as the container sees it: `/mosquitto/config/…`; a relative path \
          begins in `working_dir`, which is `/` unless it is given",
    source: "docs.docker.com, compose file, volumes; measured: a missing file ends the start",
    check,
    mend: None,
    fires: &[
        Example {
            name: "certs is not mounted",
            changes: &[
                C::Replace("docker-compose.yml", "      - ./certs/broker:/mosquitto/certs/broker:ro\n", ""),
                C::With(|subject| subject.runtime.container = true),
            ],
        },
        Example {
            name: "no working_dir",
            changes: &[
                C::Replace("docker-compose.yml", "    working_dir: /mosquitto\n", ""),
                C::With(|subject| subject.runtime.container = true),
            ],
        },
    ],
    quiet: &[
        Example {
            name: "a file of the image",
            changes: &[
                C::Append("config/mosquitto.conf", "plugin /usr/lib/mosquitto_dynamic_security.so\n"),
                C::With(|subject| subject.runtime.container = true),
            ],
        },
        Example {
            name: "a volume of Docker's",
            changes: &[
                C::Replace("docker-compose.yml", "./data:/mosquitto/data", "data:/mosquitto/data"),
                C::With(|subject| subject.runtime.container = true),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(service) = subject.service().filter(|_| subject.runtime.container) else { return };
    // a container that does not see the configuration does not read it either
    if service.command.is_none() && service.mount_of("/mosquitto/config/mosquitto.conf").is_none() {
        return;
    }
    for named in subject.named() {
        let working = service.working_dir.as_ref().map_or("/", |text| text.value.as_str());
        let inner = if named.text.starts_with('/') {
            named.text.clone()
        } else {
            format!("{}/{}", working.trim_end_matches('/'), named.text.trim_start_matches("./"))
        };
        // what the image brings along, and what the broker makes itself
        let of_image = ["/usr/", "/etc/ssl/", "/etc/mosquitto/"].iter().any(|start| inner.starts_with(start));
        if of_image || named.key == "persistence_location" || service.mount_of(&inner).is_some() {
            continue;
        }
        let (path, line, column) = named.at;
        let named_as = if named.text == inner { String::new() } else { format!(" is `{inner}` there, and it") };
        let message =
            format!("{} `{}`{named_as} lies where nothing is mounted in the container", named.key, named.text);
        found
            .at(path, line, column, message)
            .hint("mount its folder in docker-compose.yml, or name it as the container sees it");
    }
}
