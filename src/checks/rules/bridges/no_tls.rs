//! A bridge that speaks in clear.

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
    id: "bridge-no-tls",
    topic: Topic::Bridges,
    severity: Severity::Error,
    title: "a bridge sends its password and its messages without TLS",
    why: "Only `bridge_cafile`, `bridge_capath` or, in 2.1, `bridge_tls_use_os_certs true` switch TLS on. Port 8883, a client \
          certificate or `bridge_insecure` do not: the bridge then speaks plain MQTT, and whoever is on the way reads \
          `remote_password` at every connection.",
    fix: "Name the authorities of the other broker: `bridge_cafile FILE`; or make the bridge anew: `mqsec bridge add NAME \
          --remote HOST --topic TOPIC --ca FILE`.",
    source: "Measured with 2.0.21 and 2.1.2: the other side logs `wrong version number`, this one nothing of use",
    check,
    mend: None,
    fires: &[Example {
        name: "port 8883 alone",
        changes: &[Change::Append(
            layout::CONF,
            "\nconnection site\naddress broker.example:8883\nremote_clientid a\nremote_username far\nremote_password x\ntopic # out\n",
        )],
    }],
    quiet: &[
        Example { name: "bridge_cafile", changes: &[Change::Append(layout::CONF, bridge!())] },
        Example {
            name: "a broker on this machine",
            changes: &[Change::Append(
                layout::CONF,
                "\nconnection site\naddress 127.0.0.1:1884\nremote_clientid a\ntopic # out\n",
            )],
        },
    ],
};

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn check(subject: &Subject, found: &mut Found<'_>) {
    for bridge in bridges(subject).iter().filter(|bridge| !bridge.is_tls()) {
        let remotes = bridge.addresses();
        if remotes.iter().all(|(host, _)| is_loopback(host)) {
            continue;
        }
        let (path, line, column) = place(bridge, bridge.options.last("address"));
        let what = if bridge.options.has("remote_password") { "its password and its messages" } else { "its messages" };
        let text = format!("the bridge `{}` sends {what} in clear", crate::error::printable(&bridge.name));
        found.at(path, line, column, text).hint("add to it: bridge_cafile FILE");
    }
}
