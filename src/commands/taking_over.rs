//! What every command does that changed files which a running broker has read.

use serde_json::Value;
use serde_json::json;

use crate::context::Context;
use crate::error::Failure;
use crate::takeover;
use crate::takeover::Action;
use crate::takeover::Outcome;

/// Whether a broker that cannot take over the change by a reload may be restarted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Restart {
    /// The reader is asked; `--yes` agrees, and without a terminal it is no.
    #[default]
    Ask,
    /// The reader was asked before, and agreed.
    Agreed,
    Never,
}

/// What became of the running broker, for the report of the command that changed the files.
pub(super) struct Taken {
    /// None when no broker of this folder runs.
    pub(super) outcome: Option<Outcome>,
    /// Why a restart that is needed was not made.
    pub(super) restart_declined: Option<Vec<String>>,
}

impl Taken {
    /// Whether the change is in use, or there is nobody to use it.
    pub(super) fn holds(&self) -> bool {
        self.restart_declined.is_none() && self.outcome.as_ref().is_none_or(Outcome::holds)
    }

    pub(super) fn text(&self) -> String {
        let Some(outcome) = &self.outcome else {
            return match &self.restart_declined {
                Some(_) => "the broker must be restarted to take this over: mqsec restart\n".to_owned(),
                None => "no broker of this folder runs\n".to_owned(),
            };
        };
        let did = match outcome.action {
            Action::Nothing => "has read all of it already",
            Action::Reload => "was reloaded",
            Action::Restart { .. } => "was restarted",
        };
        format!("the broker {did} ({})\n", outcome.engine)
    }

    pub(super) fn json(&self) -> Value {
        json!({ "running": self.outcome.is_some() || self.restart_declined.is_some(), "holds": self.holds() })
    }
}

/// Lets the broker take over what changed, and proves it.
pub(super) fn after_a_change(context: &Context<'_>, restart: Restart) -> Result<Taken, Failure> {
    let Some(plan) = takeover::plan(&context.workspace, context.now)? else {
        return Ok(Taken { outcome: None, restart_declined: None });
    };
    if let Action::Restart { why } = &plan.action {
        let question = "The broker must be restarted, which ends every connection for a moment. Restart it?";
        let agreed = restart == Restart::Agreed || context.yes;
        if restart == Restart::Never || !(agreed || context.ui.confirm(question)) {
            return Ok(Taken { outcome: None, restart_declined: Some(why.clone()) });
        }
    }
    Ok(Taken { outcome: Some(plan.carry_out()?), restart_declined: None })
}
