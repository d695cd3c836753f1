//! A tag that does not exist.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-tag-unknown",
    topic: Topic::Compose,
    severity: Severity::Error,
    title: "the image has a tag that does not exist",
    why: "`manifest unknown` or `not found`: nothing starts. Since 2.1 the stock image has `2.1.2-alpine`, \
          and no `2.1.2`, `2.1` or `2-alpine`.",
    fix: "`eclipse-mosquitto:2.1.2-alpine`, or `eclipse-mosquitto:2.0.22`",
    source: "docker-library/official-images, eclipse-mosquitto; eclipse-mosquitto/mosquitto#3486",
    check,
    mend: None,
    fires: &[
        Example {
            name: "2.1.2 without its system",
            changes: &[C::With(|subject| super::image(subject, "eclipse-mosquitto:2.1.2"))],
        },
        Example { name: "a v", changes: &[C::With(|subject| super::image(subject, "eclipse-mosquitto:v2.0.20"))] },
    ],
    quiet: &[
        Example {
            name: "a later version, which nobody here knows yet",
            changes: &[C::With(|subject| super::image(subject, "eclipse-mosquitto:2.1.9-alpine"))],
        },
        Example {
            name: "an older one",
            changes: &[C::With(|subject| super::image(subject, "eclipse-mosquitto:2.0.18-openssl"))],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(image) = subject.service().and_then(|service| service.image.as_ref()) else { return };
    let Some(tag) = super::stock_tag(&image.value) else { return };
    let no_system = tag.starts_with("2.1") && !tag.contains('-');
    if no_system || tag == "2-alpine" || tag.starts_with('v') || tag.starts_with("2.0") && tag.ends_with("-alpine") {
        let message = format!("there is no `{}`", image.value);
        let hint = if tag.trim_start_matches('v').starts_with("2.0") { "2.0.22" } else { "2.1.2-alpine" };
        found.at(layout::COMPOSE, image.line, image.column, message).hint(format!("image: eclipse-mosquitto:{hint}"));
    }
}
