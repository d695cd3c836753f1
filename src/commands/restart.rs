//! `mqsec restart`: stop the broker and start it anew.

use serde_json::Value;
use serde_json::json;

use crate::broker;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::provision::permissions;
use crate::takeover;
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
    let plan = takeover::plan_for(workspace, engine, context.now, true)?.with_restart();
    plan.notes.iter().for_each(|note| context.ui.warn(note));
    let outcome = plan.carry_out()?;
    for listener in outcome.listeners.iter().filter(|listener| !listener.fits) {
        context.ui.warn(format!("port {}: {}", listener.listener, listener.note.as_deref().unwrap_or_default()));
    }
    Ok(context.ui.report(&Restarted { engine: outcome.engine }))
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
