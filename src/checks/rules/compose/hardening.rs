//! What limits a container, and is not there.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-not-hardened",
    topic: Topic::Compose,
    severity: Severity::Note,
    title: "the container is less locked up than a broker allows",
    why: "With `read_only`, `cap_drop: [ALL]` and `no-new-privileges`, who breaks into the broker cannot \
          write beside data and log, nor become root. The broker needs none of it.",
    fix: "add `read_only: true`, `tmpfs: [/tmp]`, `cap_drop: [ALL]`, `security_opt: \
          [no-new-privileges:true]`, and a `user:`",
    source: "docs.docker.com, compose file; both series of the stock image were run with all three",
    check,
    mend: None,
    fires: &[
        Example { name: "nothing of it", changes: &[C::Replace("docker-compose.yml", "    read_only: true\n", "")] },
        Example {
            name: "capabilities are kept",
            changes: &[C::Replace("docker-compose.yml", "    cap_drop:\n      - ALL\n", "")],
        },
    ],
    quiet: &[Example { name: "all three", changes: &[] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(service) = subject.service().filter(|service| service.image.is_some()) else { return };
    let all = service.cap_drop.iter().any(|text| text.value.eq_ignore_ascii_case("all"));
    let bound = service
        .security_opt
        .iter()
        .any(|text| text.value.starts_with("no-new-privileges") && !text.value.ends_with("false"));
    let lacking: Vec<&str> = [
        (service.read_only != Some(true)).then_some("`read_only: true`"),
        // a broker that starts as root needs some of them, which another rule tells
        (!all && service.user.is_some()).then_some("`cap_drop: [ALL]`"),
        (!bound).then_some("`no-new-privileges`"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !lacking.is_empty() {
        let message = format!("the service `{}` has no {}", service.name.value, lacking.join(", no "));
        found
            .at(layout::COMPOSE, service.name.line, service.name.column, message)
            .hint("read_only: true, cap_drop: [ALL], security_opt: [no-new-privileges:true]");
    }
}
