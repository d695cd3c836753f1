//! A bridge that leads to its own broker.

use super::bridge;
use super::bridges;
use super::place;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "bridge-to-itself",
    topic: Topic::Bridges,
    severity: Severity::Error,
    title: "a bridge dials its own broker",
    why: "`localhost` is the machine of the broker, and in a container the container itself, where no other broker is. The \
          bridge reaches the broker that it belongs to, or nobody, and its messages go nowhere or in circles.",
    fix: "Write the other broker's name: `address HOST:8883`; from a container, the service's name of the other container or a \
          name of the host.",
    source: "network_namespaces(7): a container has a loopback interface of its own",
    check,
    mend: None,
    fires: &[
        Example {
            name: "a port of its own",
            changes: &[Change::Append(
                layout::CONF,
                "\nconnection site\naddress localhost:8883\nremote_clientid a\nbridge_cafile certs/ca.crt\ntopic # out\n",
            )],
        },
        Example {
            name: "localhost in a container",
            changes: &[
                Change::Append(
                    layout::CONF,
                    "\nconnection site\naddress 127.0.0.1:18884\nremote_clientid a\nbridge_cafile certs/ca.crt\ntopic # out\n",
                ),
                Change::With(|subject| subject.runtime.container = true),
            ],
        },
    ],
    quiet: &[
        Example { name: "another machine", changes: &[Change::Append(layout::CONF, bridge!())] },
        Example {
            name: "another broker on this machine",
            changes: &[Change::Append(
                layout::CONF,
                "\nconnection site\naddress 127.0.0.1:18884\nremote_clientid a\nbridge_cafile certs/ca.crt\ntopic # out\n",
            )],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(reading) = subject.targets.iter().rev().find_map(|series| subject.reading(*series)) else { return };
    // with the host's network, its loopback is the container's
    let alone = subject.runtime.container
        && subject
            .service()
            .is_none_or(|service| service.network_mode.as_ref().is_none_or(|mode| mode.value != "host"));
    for bridge in bridges(subject) {
        for (host, port) in bridge.addresses() {
            let ip = host.parse::<std::net::IpAddr>();
            let local = host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback());
            let own = reading.listeners.iter().any(|listener| listener.port == port && listener.unix_path.is_none());
            if !local || !(own || alone) {
                continue;
            }
            let (path, line, column) = place(bridge, bridge.options.last("address"));
            let why = if own { "a port of this broker" } else { "the container that the broker runs in" };
            let name = crate::error::printable(&bridge.name);
            let host = crate::error::printable(&host);
            found.at(path, line, column, format!("the bridge `{name}` dials `{host}:{port}`, which is {why}"));
        }
    }
}
