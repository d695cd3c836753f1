//! `mqsec down`: stop the broker.

use serde_json::Value;
use serde_json::json;

use crate::broker;
use crate::context::Context;
use crate::error::Failure;
use crate::ui::Report;

pub fn run(context: &Context<'_>) -> Result<u8, Failure> {
    let stopped = match broker::running(&context.workspace) {
        Some(engine) => {
            engine.stop(&context.workspace)?;
            Some(engine.describe())
        }
        None => {
            // a container that was stopped by hand, or keeps dying, is removed too
            if let Ok(docker) = broker::docker::Docker::find(&context.workspace)
                && docker.exists(&context.workspace)
            {
                docker.stop(&context.workspace)?;
            }
            None
        }
    };
    Ok(context.ui.report(&Stopped { stopped }))
}

struct Stopped {
    stopped: Option<String>,
}

impl Report for Stopped {
    fn text(&self, _fancy: bool) -> String {
        match &self.stopped {
            Some(engine) => format!("stopped: {engine}\n"),
            None => "no broker of this folder is running\n".to_owned(),
        }
    }

    fn json(&self) -> Value {
        json!({ "schema": "mqsec/down/1", "stopped": self.stopped })
    }
}
