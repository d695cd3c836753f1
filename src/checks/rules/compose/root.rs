//! The container runs as root.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-runs-as-root",
    topic: Topic::Compose,
    severity: Severity::Warning,
    title: "the container is told to start as root",
    why: "The entrypoint then runs as root, with every mounted folder, and 2.0's gives all of them to 1883; the broker \
          itself gives root up only where nothing (`user root`, PUID=0) keeps it. It is the usual \"fix\" for files that \
          cannot be read.",
    fix: "`user: \"UID:GID\"` of whom the folders belong to; `mqsec up` writes it",
    source: "eclipse-mosquitto/mosquitto#2161; measured on 2.1.2: PUID=0 and `user root` keep root",
    check,
    mend: None,
    fires: &[
        Example { name: "user: root", changes: &[C::With(|subject| super::user(subject, "root"))] },
        Example { name: "0:0", changes: &[C::With(|subject| super::user(subject, "0:0"))] },
        Example {
            name: "PUID=0",
            changes: &[C::With(super::no_user), C::Replace("docker-compose.yml", "TZ=${TZ:-UTC}", "PUID=0")],
        },
    ],
    quiet: &[
        Example { name: "no user: the broker drops root itself", changes: &[C::With(super::no_user)] },
        Example { name: "the image's user", changes: &[C::With(|subject| super::user(subject, "1883:1883"))] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(service) = subject.service() else { return };
    let root = service.ids().is_some_and(|(uid, _)| uid == 0);
    let puid = service.variable("PUID").filter(|text| text.value == "0");
    match (&service.user, puid) {
        (Some(user), _) if root => {
            let message = format!("`user: {}` starts everything in the container as root", user.value);
            found.at(layout::COMPOSE, user.line, user.column, message).hint("user: \"1883:1883\"");
        }
        (None, Some(puid)) => {
            let told = found.at(layout::COMPOSE, puid.line, puid.column, "`PUID=0` keeps the broker root");
            told.weighs(Severity::Error).hint("PUID=1883");
        }
        _ => {}
    }
}
