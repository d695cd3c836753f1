//! An image whose tag moves.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-tag-floats",
    topic: Topic::Compose,
    severity: Severity::Warning,
    title: "the image's tag is a moving one",
    why: "The next `docker compose pull` brings another series without a word: `latest` and `2` went from \
          2.0 to 2.1 in 2026, which reads ACLs, password hashes and file owners in another way and no longer \
          gives the configuration to the broker.",
    fix: "name the version: `eclipse-mosquitto:2.1.2-alpine` or `eclipse-mosquitto:2.0.22`",
    source: "docker-library/official-images, eclipse-mosquitto; eclipse-mosquitto/mosquitto#3690, #3544",
    check,
    mend: None,
    fires: &[
        Example { name: "latest", changes: &[C::With(|subject| super::image(subject, "eclipse-mosquitto:latest"))] },
        Example { name: "no tag", changes: &[C::With(|subject| super::image(subject, "eclipse-mosquitto"))] },
        Example {
            name: "the series alone",
            changes: &[C::With(|subject| super::image(subject, "eclipse-mosquitto:2"))],
        },
    ],
    quiet: &[
        Example { name: "a version", changes: &[C::With(|subject| super::image(subject, "eclipse-mosquitto:2.0.22"))] },
        Example {
            name: "a digest",
            changes: &[C::With(|subject| super::image(subject, "eclipse-mosquitto@sha256:0011223344556677"))],
        },
        Example {
            name: "an image of one's own",
            changes: &[C::With(|subject| super::image(subject, "registry.lan:5000/mosquitto"))],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(image) = subject.service().and_then(|service| service.image.as_ref()) else { return };
    let Some(tag) = super::stock_tag(&image.value) else { return };
    let moving =
        ["latest", "2", "alpine", "openssl", "2-openssl", "2.0", "2.0-openssl", "2.1-alpine", "1.6", "1.6-openssl"];
    if moving.contains(&tag) {
        let named = if image.value.contains(':') {
            format!("the tag `{tag}`")
        } else {
            "an image without a tag (`latest`)".to_owned()
        };
        let message = format!("{named} moves from version to version");
        found.at(layout::COMPOSE, image.line, image.column, message).hint("image: eclipse-mosquitto:2.1.2-alpine");
    }
}
