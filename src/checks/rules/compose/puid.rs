//! PUID where nobody reads it.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-puid-ignored",
    topic: Topic::Compose,
    severity: Severity::Warning,
    title: "PUID and PGID have no effect here",
    why: "The 2.0 image does not know them, and with `user:` the entrypoint of 2.1 cannot change anything: \
          the broker runs as another user than the file says.",
    fix: "`user: \"UID:GID\"`, which every image obeys",
    source: "variables that 2.1 reads, 2.0 reads none (measured)",
    check,
    mend: None,
    fires: &[
        Example {
            name: "a 2.0 image",
            changes: &[
                C::With(super::no_user),
                C::With(|subject| super::image(subject, "eclipse-mosquitto:2.0.22")),
                C::Replace("docker-compose.yml", "TZ=${TZ:-UTC}", "PUID=1000"),
            ],
        },
        Example { name: "with user:", changes: &[C::Replace("docker-compose.yml", "TZ=${TZ:-UTC}", "PUID=1000")] },
    ],
    quiet: &[Example {
        name: "a 2.1 image without user:",
        changes: &[C::With(super::no_user), C::Replace("docker-compose.yml", "TZ=${TZ:-UTC}", "PUID=1000")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(service) = subject.service() else { return };
    let Some(puid) = service.variable("PUID").filter(|text| text.value != "0").or_else(|| service.variable("PGID"))
    else {
        return;
    };
    let tag = service.image.as_ref().and_then(|image| super::stock_tag(&image.value)).unwrap_or_default();
    let old = tag.starts_with("2.0") || tag.ends_with("openssl") || tag.starts_with("1.");
    let why = match &service.user {
        Some(user) => format!("`user: {}` decides, and PUID changes nothing", user.value),
        None if old => format!("the image {tag} does not read PUID"),
        None => return,
    };
    found.at(layout::COMPOSE, puid.line, puid.column, why).hint(format!("user: \"{0}:{0}\"", puid.value));
}
