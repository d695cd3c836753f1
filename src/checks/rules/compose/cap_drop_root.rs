//! All capabilities are dropped from a container that starts as root.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-cap-drop-needs-user",
    topic: Topic::Compose,
    severity: Severity::Error,
    title: "the container starts as root without the capabilities to stop being root",
    why: "`Error setting groups whilst dropping privileges: Operation not permitted`, exit status 1 (2.0) or \
          14 (2.1): the broker cannot become its own user.",
    fix: "`user: \"1883:1883\"` (or the folder's owner) beside `cap_drop: [ALL]`; or add SETUID and SETGID \
          back",
    source: "measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[Example { name: "no user", changes: &[C::With(super::no_user)] }],
    quiet: &[Example {
        name: "SETUID and SETGID are back",
        changes: &[
            C::With(super::no_user),
            C::Replace("docker-compose.yml", "cap_drop:", "cap_add: [SETUID, SETGID, CHOWN]\n    cap_drop:"),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(service) = subject.service().filter(|service| service.user.is_none()) else { return };
    let Some(all) = service.cap_drop.iter().find(|text| text.value.eq_ignore_ascii_case("all")) else { return };
    let back = |name: &str| {
        service.cap_add.iter().any(|text| text.value.trim_start_matches("CAP_").eq_ignore_ascii_case(name))
    };
    let stays = subject
        .any_reading()
        .is_some_and(|reading| reading.global.last("user").is_some_and(|user| user.text == "root"));
    let can_change = back("SETUID") && back("SETGID");
    if !stays && !can_change {
        let message = "without SETUID and SETGID the broker, which starts as root here, cannot become its own user";
        found.at(layout::COMPOSE, all.line, all.column, message).hint("user: \"1883:1883\"");
    }
}
