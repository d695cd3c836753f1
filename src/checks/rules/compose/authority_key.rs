//! The container sees the authority's key.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-authority-key-mounted",
    topic: Topic::Compose,
    severity: Severity::Error,
    title: "the authority's private key is inside the container",
    why: "Who breaks into the broker can issue certificates for any name, until every client has a new \
          authority. The broker needs no key but its own.",
    fix: "mount the broker's folder alone: `./certs/broker:/mosquitto/certs/broker:ro`",
    source: "the compose files of systems that mqsec replaces mount all of certs/",
    check,
    mend: None,
    fires: &[
        Example {
            name: "all of certs/",
            changes: &[C::Replace(
                "docker-compose.yml",
                "./certs/broker:/mosquitto/certs/broker:ro",
                "./certs:/mosquitto/certs:ro",
            )],
        },
        Example {
            name: "the whole workspace",
            changes: &[C::Replace(
                "docker-compose.yml",
                "./certs/broker:/mosquitto/certs/broker:ro",
                ".:/mosquitto:ro",
            )],
        },
    ],
    quiet: &[Example {
        name: "all of certs/, and the key is elsewhere",
        changes: &[
            C::Replace(
                "docker-compose.yml",
                "./certs/broker:/mosquitto/certs/broker:ro",
                "./certs:/mosquitto/certs:ro",
            ),
            C::Remove("certs/ca.key"),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for mount in subject.service().into_iter().flat_map(|service| &service.mounts) {
        let Some(source) = mount.source.as_deref() else { continue };
        let source = subject.in_folder(source);
        let inside = |path: &str| {
            source == "."
                || path == source
                || path.strip_prefix(source.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        let seen = [layout::CA_KEY, "certs/signing/ca.key"];
        if let Some(key) = seen.into_iter().find(|key| inside(key) && subject.folder.file(key).is_some()) {
            let message = format!("the container sees `{key}` under `{}`", mount.target);
            found
                .at(layout::COMPOSE, mount.line, mount.column, message)
                .hint("- ./certs/broker:/mosquitto/certs/broker:ro");
        }
    }
}
