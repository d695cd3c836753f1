//! `mqsec bridge list`.

use serde_json::Value;
use serde_json::json;

use super::bridges;
use super::subject;
use crate::conf::reading::Bridge;
use crate::context::Context;
use crate::error::Failure;
use crate::error::printable;
use crate::ui::Report;

/// List the bridges of the configuration
#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) fn run(context: &Context<'_>) -> Result<u8, Failure> {
    let subject = subject(context)?;
    let bridges = bridges(&subject).to_vec();
    Ok(context.ui.report(&List { bridges }))
}

struct List {
    bridges: Vec<Bridge>,
}

fn remotes(bridge: &Bridge) -> Vec<String> {
    let shown = |(host, port): (String, u16)| {
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    };
    bridge.addresses().into_iter().map(shown).collect()
}

fn topics(bridge: &Bridge) -> Vec<String> {
    bridge.options.all("topic").map(|value| printable(&value.text)).collect()
}

impl Report for List {
    fn text(&self, _fancy: bool) -> String {
        if self.bridges.is_empty() {
            return "no bridges; add one: mqsec bridge add NAME --remote HOST --topic 'a/# out 1' --ca FILE\n"
                .to_owned();
        }
        let row = |bridge: &Bridge| {
            vec![
                printable(&bridge.name),
                remotes(bridge).join(" "),
                if bridge.is_tls() { "TLS" } else { "no TLS" }.to_owned(),
                topics(bridge).join("; "),
                format!("{}:{}", bridge.place.path, bridge.place.line),
            ]
        };
        crate::ui::columns(&self.bridges.iter().map(row).collect::<Vec<_>>())
    }

    fn json(&self) -> Value {
        let bridge = |bridge: &Bridge| {
            json!({
                "name": bridge.name,
                "remotes": remotes(bridge),
                "tls": bridge.is_tls(),
                "remote_user": bridge.options.last("remote_username").map(|value| value.text.clone()),
                "remote_client_id": bridge.options.last("remote_clientid").map(|value| value.text.clone()),
                "topics": topics(bridge),
                "path": bridge.place.path,
                "line": bridge.place.line,
            })
        };
        json!({ "schema": "mqsec/bridge-list/1", "bridges": self.bridges.iter().map(bridge).collect::<Vec<_>>() })
    }
}
