//! `mqsec restart`: stop the broker and start it anew.

use serde_json::Value;
use serde_json::json;

use crate::broker;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::provision::permissions;
use crate::provision::session;
use crate::ui::Report;

pub fn run(context: &Context<'_>) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let Some(engine) = broker::running(workspace) else {
        return Err(Plain::new("broker-not-running", "no broker of this folder is running")
            .hint("start it: mqsec up")
            .into());
    };
    // a broker that runs is better than one that does not start again
    permissions::check(workspace)?;
    let probe = session::Probe::load(workspace)?;
    engine.stop(workspace)?;
    engine.start(workspace)?;
    engine.wait_until_ready(workspace, &probe.knock())?;
    Ok(context.ui.report(&Restarted { engine: engine.describe() }))
}

struct Restarted {
    engine: String,
}

impl Report for Restarted {
    fn text(&self, _fancy: bool) -> String {
        format!("restarted: {}\n", self.engine)
    }

    fn json(&self) -> Value {
        json!({ "schema": "mqsec/restart/1", "engine": self.engine })
    }
}
