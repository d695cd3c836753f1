//! A bridge whose client id is made of the host's name.

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
    id: "bridge-client-id",
    topic: Topic::Bridges,
    severity: Severity::Warning,
    title: "a bridge has no fixed client id",
    why: "Without `remote_clientid` it is HOSTNAME.NAME, and the host name of a container is new with every container: the \
          session over there is not found again, and what waited in it is lost; the old sessions stay until they expire.",
    fix: "Give it one that no other client has: `remote_clientid bridge-NAME-1`, then `mqsec restart`.",
    source: "mosquitto.conf(5), remote_clientid; the default id was measured with 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[Example {
        name: "no remote_clientid in a container",
        changes: &[
            Change::Append(
                layout::CONF,
                "\nconnection site\naddress broker.example:8883\nbridge_cafile certs/ca.crt\ntopic # out\n",
            ),
            Change::With(|subject| subject.runtime.container = true),
        ],
    }],
    quiet: &[
        Example { name: "remote_clientid", changes: &[Change::Append(layout::CONF, bridge!())] },
        Example {
            name: "a broker outside of a container",
            changes: &[Change::Append(
                layout::CONF,
                "\nconnection site\naddress broker.example:8883\nbridge_cafile certs/ca.crt\ntopic # out\n",
            )],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    // elsewhere a host keeps its name
    if !subject.runtime.container {
        return;
    }
    for bridge in bridges(subject).iter().filter(|bridge| !bridge.options.has("remote_clientid")) {
        let (path, line, column) = place(bridge, None);
        let name = crate::error::printable(&bridge.name);
        let text = format!("the client id of the bridge `{name}` changes with every new container");
        found.at(path, line, column, text).hint(format!("add to it: remote_clientid bridge-{name}-1"));
    }
}
