//! The port without TLS is published.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::compose::Port;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-plain-port-published",
    topic: Topic::Compose,
    severity: Severity::Error,
    title: "a port without TLS is published to every network of the machine",
    why: "Passwords and messages go over the network in clear. A firewall on the host does not help: \
          Docker's rules come before those of ufw.",
    fix: "publish the TLS port alone; or bind the plain one to this machine: `127.0.0.1:1883:1883`",
    source: "docs.docker.com, packet filtering and firewalls; eclipse-mosquitto/mosquitto#2970, #2285",
    check,
    mend: None,
    fires: &[Example {
        name: "1883, and a listener for it",
        changes: &[
            C::With(|subject| subject.runtime.container = true),
            C::Replace("docker-compose.yml", "ports:", "ports:\n      - 1883:1883"),
            C::Append("config/mosquitto.conf", "listener 1883\n"),
        ],
    }],
    quiet: &[
        Example {
            name: "bound to this machine",
            changes: &[
                C::With(|subject| subject.runtime.container = true),
                C::Replace("docker-compose.yml", "ports:", "ports:\n      - 127.0.0.1:1883:1883"),
                C::Append("config/mosquitto.conf", "listener 1883\n"),
            ],
        },
        Example {
            name: "published to nobody: no listener, another rule",
            changes: &[
                C::With(|subject| subject.runtime.container = true),
                C::Replace("docker-compose.yml", "ports:", "ports:\n      - 1884:1884"),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    // a broker outside of a container is told by its listener
    if !subject.runtime.container {
        return;
    }
    let (Some(service), Some(reading)) = (subject.service(), subject.any_reading()) else { return };
    for listener in reading.listeners.iter().filter(|listener| !listener.is_tls() && listener.unix_path.is_none()) {
        let port = listener.port;
        let publishes = |one: &&Port| one.container.0 <= port && port <= one.container.1;
        for published in service.ports.iter().filter(publishes) {
            let local = published.address.as_deref().is_some_and(|ip| ip.starts_with("127.") || ip == "::1");
            if !local {
                let message = format!("port {port}, a listener without TLS, is published to every network");
                found
                    .at(layout::COMPOSE, published.line, published.column, message)
                    .hint(format!("- \"127.0.0.1:{port}:{port}\""));
            }
        }
    }
}
