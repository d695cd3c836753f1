//! Ports that are published and not listened on, and the other way round.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-port-mismatch",
    topic: Topic::Compose,
    severity: Severity::Error,
    title: "published ports and listeners do not fit each other",
    why: "A client gets `connection refused` or `connection reset` though the broker runs: Docker accepts \
          the connection for a port on which nobody listens, or a listener stays inside the container.",
    fix: "publish the port of each listener: `- \"8883:8883\"`; the second number is the listener's",
    source: "eclipse-mosquitto/mosquitto#2970; docs.docker.com, compose file, ports",
    check,
    mend: None,
    fires: &[
        Example {
            name: "a port without a listener",
            changes: &[
                C::With(|subject| subject.runtime.container = true),
                C::Replace("docker-compose.yml", "ports:", "ports:\n      - 9001:9001"),
            ],
        },
        Example {
            name: "a listener that is not published",
            changes: &[
                C::With(|subject| subject.runtime.container = true),
                C::Append(
                    "config/mosquitto.conf",
                    "listener 8884\ncertfile certs/broker/broker.crt\nkeyfile certs/broker/broker.key\n",
                ),
            ],
        },
    ],
    quiet: &[
        Example {
            name: "another port outside",
            changes: &[
                C::With(|subject| subject.runtime.container = true),
                C::With(|subject| super::outer_port(subject, 443)),
            ],
        },
        Example {
            name: "a listener for the container itself",
            changes: &[
                C::With(|subject| subject.runtime.container = true),
                C::Append("config/mosquitto.conf", "listener 1880 127.0.0.1\n"),
            ],
        },
        Example {
            name: "the host's network",
            changes: &[
                C::With(|subject| subject.runtime.container = true),
                C::Replace("docker-compose.yml", "    networks:\n      - mqtt_network", "    network_mode: host"),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let (Some(service), Some(reading)) = (subject.service(), subject.any_reading()) else { return };
    // bridges and other containers of the network need no published port; a service without any is meant so
    if !subject.runtime.container
        || service.ports.is_empty()
        || service.network_mode.is_some()
        || reading.listeners.is_empty()
    {
        return;
    }
    for port in &service.ports {
        let (first, last) = port.container;
        if !reading.listeners.iter().any(|listener| first <= listener.port && listener.port <= last) {
            let message =
                format!("port {first} of the container is published, and no listener of the configuration has it");
            let listeners: Vec<String> = reading.listeners.iter().map(|listener| listener.port.to_string()).collect();
            found
                .at(layout::COMPOSE, port.line, port.column, message)
                .hint(format!("the listeners: {}", listeners.join(", ")));
        }
    }
    for listener in reading.listeners.iter().filter(|listener| listener.port > 0 && listener.unix_path.is_none()) {
        let local =
            listener.address.as_deref().is_some_and(|ip| ip.starts_with("127.") || ip == "::1" || ip == "localhost");
        let number = listener.port;
        if !local
            && listener.is_tls()
            && !service.ports.iter().any(|port| port.container.0 <= number && number <= port.container.1)
        {
            let message = format!("listener {number} is not published by the container: nobody outside can reach it");
            let place = &listener.place;
            let told = found.at(place.path.as_str(), place.line, place.column, message);
            told.weighs(Severity::Warning).hint(format!("in docker-compose.yml: - \"{number}:{number}\""));
        }
    }
}
