//! What every command does that changed files which a running broker has read.

use clap::ValueEnum;
use serde_json::Value;
use serde_json::json;

use crate::context::Context;
use crate::error::Failure;
use crate::takeover;
use crate::takeover::Action;
use crate::takeover::Outcome;
use crate::takeover::Plan;
use crate::takeover::Served;
use crate::ui::Tone;
use crate::ui::paint;

/// Whether a broker that cannot take over the change by a reload may be restarted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Restart {
    /// The reader is asked; `--yes` agrees, and without a terminal it is no
    #[default]
    Ask,
    /// A restart that is needed is told, and not made
    Never,
}

/// What became of the running broker, for the report of the command that changed the files.
pub(super) struct Taken {
    /// None when no broker of this folder runs, or nothing could be done without a restart.
    pub(super) outcome: Option<Outcome>,
    /// Why a restart that is needed was not made.
    pub(super) restart_declined: Option<Vec<String>>,
    /// `mqsec`, with the folder where that is needed.
    command: String,
}

impl Taken {
    pub(super) fn new(context: &Context<'_>, outcome: Option<Outcome>) -> Self {
        Self { outcome, restart_declined: None, command: context.workspace.command() }
    }

    /// Whether the change is in use, or there is nobody to use it.
    pub(super) fn holds(&self) -> bool {
        self.restart_declined.is_none() && self.outcome.as_ref().is_none_or(Outcome::holds)
    }

    pub(super) fn text(&self) -> String {
        let mut text = match (&self.outcome, &self.restart_declined) {
            (Some(outcome), _) => told(outcome),
            (None, Some(_)) => String::new(),
            (None, None) => "no broker of this folder runs\n".to_owned(),
        };
        if let Some(why) = &self.restart_declined {
            text.push_str(&format!(
                "{}: the broker needs a restart for the rest\n",
                paint(Tone::Warn, "not in use yet")
            ));
            why.iter().for_each(|why| text.push_str(&format!("  {why}\n")));
            text.push_str(&format!("next: {} restart (it ends every connection for a moment)\n", self.command));
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        let outcome = self.outcome.as_ref();
        let listeners: Vec<Value> = outcome
            .iter()
            .flat_map(|outcome| &outcome.listeners)
            .map(|one| {
                json!({
                    "listener": one.listener,
                    "expected_serial": one.expected_serial,
                    "served_serial": one.served_serial,
                    "fits": one.fits,
                    "note": one.note,
                })
            })
            .collect();
        json!({
            "running": outcome.is_some() || self.restart_declined.is_some(),
            "holds": self.holds(),
            "code": self.code(),
            "engine": outcome.map(|outcome| &outcome.engine),
            "action": outcome.map(|outcome| word(&outcome.action)),
            "changed": outcome.map(|outcome| &outcome.changed),
            "listeners": listeners,
            "session_survived": outcome.and_then(|outcome| outcome.session_survived),
            "notes": outcome.map(|outcome| &outcome.notes),
            "needs_restart": self.restart_declined,
        })
    }

    /// What did not come out as it should.
    pub(super) fn code(&self) -> Option<&'static str> {
        let failed = self.outcome.as_ref().and_then(Outcome::code);
        failed.or(self.restart_declined.is_some().then_some("reload-needs-restart"))
    }
}

pub(super) fn word(action: &Action) -> &'static str {
    match action {
        Action::Nothing => "nothing",
        Action::Reload => "reload",
        Action::Restart { .. } => "restart",
    }
}

fn told(outcome: &Outcome) -> String {
    let did = match outcome.action {
        Action::Nothing => "has read all of it already",
        Action::Reload => "was reloaded",
        Action::Restart { .. } => "was restarted",
    };
    let mut text = format!("the broker {did} ({})\n", outcome.engine);
    if !outcome.changed.is_empty() {
        text.push_str(&format!("  took over: {}\n", outcome.changed.join(", ")));
    }
    let mark = |good: bool| if good { paint(Tone::Good, "ok") } else { paint(Tone::Bad, "NO") };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for Served { listener, served_serial, fits, note, .. } in &outcome.listeners {
        let words = match (fits, served_serial, note) {
            (true, Some(serial), _) => format!("shows the certificate that is on the disk (serial {serial})"),
            (true, None, note) => note.clone().unwrap_or_default(),
            (false, _, note) => format!("reload-not-served: {}", note.clone().unwrap_or_default()),
        };
        rows.push(vec![mark(*fits), format!("port {listener}"), words]);
    }
    match outcome.session_survived {
        Some(true) => {
            rows.push(vec![mark(true), "a session".to_owned(), "that was open before is open still".to_owned()])
        }
        Some(false) => rows.push(vec![mark(false), "a session".to_owned(), "reload-session-lost: it ended".to_owned()]),
        None => {}
    }
    text.push_str(&crate::ui::columns(&rows));
    outcome.notes.iter().for_each(|note| text.push_str(&format!("  note: {note}\n")));
    text
}

/// Lets the broker take over what changed, and proves it.
pub(super) fn after_a_change(context: &Context<'_>, restart: Restart) -> Result<Taken, Failure> {
    match takeover::plan(&context.workspace, context.time())? {
        Some(plan) => carry_out(context, plan, restart),
        None => Ok(Taken::new(context, None)),
    }
}

/// The same with a plan that was made. Where a restart is needed and not wanted, what a reload can do is done.
pub(super) fn carry_out(context: &Context<'_>, plan: Plan<'_>, restart: Restart) -> Result<Taken, Failure> {
    if let Action::Restart { why } = &plan.action {
        why.iter().for_each(|why| context.ui.say(format!("a reload is not enough: {why}")));
        let question = "The broker must be restarted, which ends every connection for a moment. Restart it?";
        if restart == Restart::Never || !(context.yes || context.ui.confirm(question)) {
            let restart_declined = Some(why.clone());
            let outcome = match plan.reload_helps() {
                true => Some(plan.without_restart().carry_out()?),
                false => None,
            };
            return Ok(Taken { restart_declined, ..Taken::new(context, outcome) });
        }
    }
    Ok(Taken::new(context, Some(plan.carry_out()?)))
}
