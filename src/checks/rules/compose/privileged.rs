//! A privileged container.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-privileged",
    topic: Topic::Compose,
    severity: Severity::Error,
    title: "the container is privileged, or gets capabilities back that a broker never needs",
    why: "A privileged container is root on the host in all but name. A broker needs no capability at all, \
          and for ports below 1024 NET_BIND_SERVICE alone.",
    fix: "remove `privileged: true` and the capabilities",
    source: "docs.docker.com, runtime privilege and Linux capabilities",
    check,
    mend: None,
    fires: &[
        Example {
            name: "privileged",
            changes: &[C::Replace("docker-compose.yml", "read_only: true", "privileged: true")],
        },
        Example {
            name: "an administrator's rights",
            changes: &[C::Replace("docker-compose.yml", "cap_drop:", "cap_add: [SYS_ADMIN]\n    cap_drop:")],
        },
    ],
    quiet: &[Example {
        name: "a low port",
        changes: &[C::Replace("docker-compose.yml", "cap_drop:", "cap_add: [NET_BIND_SERVICE]\n    cap_drop:")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    const HARMLESS: &[&str] = &["NET_BIND_SERVICE", "CHOWN", "SETUID", "SETGID", "DAC_OVERRIDE"];
    let Some(service) = subject.service() else { return };
    if let Some(text) = &service.privileged {
        found
            .at(layout::COMPOSE, text.line, text.column, "`privileged: true` gives the container the host")
            .hint("remove the line");
    }
    for text in &service.cap_add {
        let name = text.value.trim_start_matches("CAP_").to_ascii_uppercase();
        if !HARMLESS.contains(&name.as_str()) {
            let message = format!("the capability {name} is nothing that a broker needs");
            found.at(layout::COMPOSE, text.line, text.column, message).hint("remove it");
        }
    }
}
