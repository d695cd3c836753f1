//! The host's network.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-host-network",
    topic: Topic::Compose,
    severity: Severity::Warning,
    title: "the container uses the host's network, so every listener is open to it",
    why: "No port is published any more: each listener, also one that was meant for the container alone, is \
          open on every address of the machine.",
    fix: "publish the ports that are needed; or give each listener the address that it is for: `listener \
          8883 192.168.0.10`",
    source: "docs.docker.com, host network driver",
    check,
    mend: None,
    fires: &[Example {
        name: "network_mode: host",
        changes: &[C::Replace("docker-compose.yml", "    networks:\n      - mqtt_network", "    network_mode: host")],
    }],
    quiet: &[Example {
        name: "every listener is bound",
        changes: &[
            C::Replace("docker-compose.yml", "    networks:\n      - mqtt_network", "    network_mode: host"),
            C::Replace("config/mosquitto.conf", "listener 8883", "listener 8883 192.168.0.10"),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(mode) = subject.service().and_then(|service| service.network_mode.as_ref()) else { return };
    let open =
        subject.any_reading().is_none_or(|reading| reading.listeners.iter().any(|listener| listener.address.is_none()));
    if mode.value == "host" && open {
        let message = "with `network_mode: host` the listeners are open on every address of the machine";
        found.at(layout::COMPOSE, mode.line, mode.column, message).hint("remove it, and publish the ports");
    }
}
