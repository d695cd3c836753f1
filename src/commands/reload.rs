//! `mqsec reload`: everything is validated, the broker is told, and what it serves is proven.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::taking_over;
use super::taking_over::Restart;
use super::taking_over::Taken;
use crate::broker;
use crate::broker::Engine;
use crate::broker::other::Other;
use crate::broker::other::Target;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::takeover;
use crate::takeover::Action;
use crate::takeover::Plan;
use crate::ui::Report;

/// Let the running broker take over changed files, without an outage and with proof
///
/// Everything that the broker would read is validated first: a file that would stop a 2.1 broker, or open a 2.0 one, never
/// reaches it. Then it is told (SIGHUP), every TLS listener is asked by a handshake whether it shows the certificate that
/// is on the disk, and a session that was open before must be open still. What a reload cannot take over is told, and
/// leads to a restart if you want one.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Named,
    /// What to do about a change that a reload does not take over
    #[arg(long, value_name = "WHEN", default_value = "ask")]
    restart: Restart,
    /// Validate, and tell what would be done
    #[arg(long)]
    dry_run: bool,
    /// Tell the broker even if nothing changed, and let it take over what it would serve nobody with
    #[arg(long)]
    force: bool,
}

/// A broker that mqsec did not start. It must run with this folder's files.
#[derive(clap::Args)]
#[group(multiple = false)]
struct Named {
    /// The container's name [default: the broker that mqsec started]
    #[arg(long, value_name = "NAME")]
    container: Option<String>,
    /// The unit of systemd
    #[arg(long, value_name = "NAME")]
    unit: Option<String>,
    /// The file in which the broker wrote its process number
    #[arg(long, value_name = "FILE")]
    pid_file: Option<PathBuf>,
    /// The process's number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,
    /// The service of Windows; it is restarted, because Windows has no signals
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let engine = engine(context, args)?;
    let mut plan = takeover::plan_for(&context.workspace, engine, context.now, args.force)?;
    if args.force {
        plan = plan.in_any_case();
    }
    if args.dry_run {
        return Ok(context.ui.report(&Planned { plan }));
    }
    let taken = taking_over::carry_out(context, plan, args.restart)?;
    Ok(context.ui.report(&Reloaded { taken }))
}

/// The broker that is meant.
fn engine(context: &Context<'_>, args: &Args) -> Result<Engine, Failure> {
    let Named { container, unit, pid_file, pid, service } = &args.target;
    let target = match (container, unit, pid_file, pid, service) {
        (Some(name), ..) => Some(Target::Container(name.clone())),
        (_, Some(name), ..) => Some(Target::Unit(name.clone())),
        (_, _, Some(path), ..) => Some(Target::of_pid_file(path)?),
        (_, _, _, Some(pid), _) => Some(Target::Process(*pid)),
        (.., Some(name)) => Some(Target::Service(name.clone())),
        _ => None,
    };
    let workspace = &context.workspace;
    if let Some(target) = target {
        let other = Other::find(target)?;
        if let Some(path) = other.other_configuration(workspace).filter(|_| !args.force) {
            return Err(Plain::no(
                "broker-other-configuration",
                format!("that broker runs with `{path}`, and not with the configuration of this folder"),
            )
            .detail("its own files cannot be validated from here, so it was not told")
            .hint("work in the folder that has its config/mosquitto.conf: mqsec reload --dir DIR")
            .into());
        }
        return Ok(Engine::Other(other));
    }
    if let Some(engine) = broker::running(workspace) {
        return Ok(engine);
    }
    Other::of_workspace(workspace).map(Engine::Other).ok_or_else(|| {
        Plain::new("broker-not-running", "no broker of this folder is running")
            .hint("start it: mqsec up")
            .hint("one that mqsec did not start is named: mqsec reload --unit mosquitto, --container NAME or --pid N")
            .into()
    })
}

struct Planned<'w> {
    plan: Plan<'w>,
}

impl Report for Planned<'_> {
    fn text(&self, _fancy: bool) -> String {
        let Plan { engine, action, changed, notes, .. } = &self.plan;
        let mut text = match action {
            Action::Nothing => format!("nothing to do: the broker has read all of it ({})\n", engine.describe()),
            Action::Reload => format!("all files are good; the broker would be reloaded ({})\n", engine.describe()),
            Action::Restart { why } => {
                let why: String = why.iter().map(|why| format!("  {why}\n")).collect();
                format!("all files are good; the broker would need a restart ({})\n{why}", engine.describe())
            }
        };
        if !changed.is_empty() {
            text.push_str(&format!("  changed: {}\n", changed.join(", ")));
        }
        notes.iter().for_each(|note| text.push_str(&format!("  note: {note}\n")));
        text
    }

    fn json(&self) -> Value {
        let why = match &self.plan.action {
            Action::Restart { why } => Some(why),
            _ => None,
        };
        json!({
            "schema": "mqsec/reload/1",
            "dry_run": true,
            "engine": self.plan.engine.describe(),
            "action": taking_over::word(&self.plan.action),
            "changed": self.plan.changed,
            "notes": self.plan.notes,
            "needs_restart": why,
        })
    }
}

struct Reloaded {
    taken: Taken,
}

impl Report for Reloaded {
    fn text(&self, _fancy: bool) -> String {
        self.taken.text()
    }

    fn json(&self) -> Value {
        let mut json = self.taken.json();
        json["schema"] = "mqsec/reload/1".into();
        json["dry_run"] = false.into();
        json
    }

    fn status(&self) -> u8 {
        u8::from(!self.taken.holds())
    }
}
