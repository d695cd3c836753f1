//! Nothing is mounted where the broker keeps its state.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-data-not-mounted",
    topic: Topic::Compose,
    severity: Severity::Warning,
    title: "nothing is mounted where the broker keeps sessions and retained messages",
    why: "The image has an anonymous volume there: the next `docker compose down -v`, or a new container by \
          another project name, begins empty.",
    fix: "`- ./data:/mosquitto/data`",
    source: "the Dockerfile of the image: VOLUME /mosquitto/data /mosquitto/log",
    check,
    mend: None,
    fires: &[Example {
        name: "no volume",
        changes: &[C::Replace("docker-compose.yml", "      - ./data:/mosquitto/data\n", "")],
    }],
    quiet: &[
        Example {
            name: "a named volume",
            changes: &[C::Replace("docker-compose.yml", "./data:/mosquitto/data", "data:/mosquitto/data")],
        },
        Example {
            name: "nothing is kept",
            changes: &[
                C::Replace("docker-compose.yml", "      - ./data:/mosquitto/data\n", ""),
                C::Replace("config/mosquitto.conf", "persistence true", "persistence false"),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let (Some(service), Some(reading)) = (subject.service(), subject.any_reading()) else { return };
    let Some(place) = reading.global.last("persistence_location").filter(|_| reading.global.is_true("persistence"))
    else {
        return;
    };
    let working = service.working_dir.as_ref().map_or("/", |text| text.value.as_str());
    if !place.text.starts_with('/') && service.working_dir.is_none() {
        // then no path of the configuration fits, which another rule tells
        return;
    }
    let inner = if place.text.starts_with('/') {
        place.text.clone()
    } else {
        format!("{}/{}", working.trim_end_matches('/'), place.text)
    };
    let kept = service.mount_of(inner.trim_end_matches('/')).is_some_and(|mount| mount.source.is_some());
    if !kept {
        let message = format!("nothing is mounted on `{inner}`, where the broker keeps its state");
        found
            .at(layout::COMPOSE, service.name.line, service.name.column, message)
            .hint(format!("- ./data:{}", inner.trim_end_matches('/')));
    }
}
