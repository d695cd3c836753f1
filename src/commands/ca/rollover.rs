//! `mqsec ca rollover`: one authority takes another's place, and nobody is cut off.

mod status;

use serde_json::Value;
use serde_json::json;

use crate::broker;
use crate::commands::files;
use crate::commands::files_json;
use crate::commands::taking_over;
use crate::commands::taking_over::Restart;
use crate::commands::taking_over::Taken;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::keys::KeyType;
use crate::pki::names::CommonName;
use crate::pki::short_date;
use crate::provision::authority;
use crate::provision::rollover;
use crate::provision::rollover::InForce;
use crate::provision::rollover::Phase;
use crate::provision::rollover::Reissue;
use crate::provision::rollover::State;
use crate::ui::Report;
use crate::workspace::Change;
use crate::workspace::Transaction;
use crate::workspace::fs;
use crate::workspace::layout;
use crate::workspace::layout::Generation;

/// Replace the authority step by step, so that no client is cut off: prepare, reissue, drop
///
/// Each step may be weeks after the last. In between, clients that trust the old authority, both, or the new one connect,
/// with certificates of either.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(clap::Subcommand)]
enum Step {
    Prepare(PrepareArgs),
    Reissue(ReissueArgs),
    /// Trust the old authority no longer, and keep it in certs/backup/
    Drop {
        /// Although clients have nothing but a certificate of the old authority
        #[arg(long)]
        force: bool,
    },
    /// Take `prepare` back
    Cancel,
    /// Tell where the rollover stands, who still has an old certificate, and what comes next
    Status,
}

/// Make the next authority, and let broker and clients trust both
#[derive(clap::Args)]
struct PrepareArgs {
    /// The next authority's common name [default: the current one's with a number: `mqsec CA G2`]
    #[arg(long, value_name = "NAME")]
    cn: Option<CommonName>,
    /// How long it lasts
    #[arg(long, default_value_t = authority::DEFAULT_DAYS, value_parser = crate::commands::days, allow_negative_numbers = true)]
    days: u32,
    /// [default: the current one's]
    #[arg(long, value_name = "TYPE")]
    key_type: Option<KeyType>,
    /// Keep the root, and replace the signing authority below it
    #[arg(long)]
    signing_only: bool,
    /// Make no cross certificates: for a root whose key is lost; every client then needs the new ca.crt before `reissue`
    #[arg(long, conflicts_with = "signing_only")]
    no_cross: bool,
}

/// Let the next authority issue, and issue the broker's and every client's certificate anew
#[derive(clap::Args)]
struct ReissueArgs {
    /// How long the certificates last [default: as long as those that they replace]
    #[arg(long, value_parser = crate::commands::days, allow_negative_numbers = true)]
    days: Option<u32>,
    /// Keep the keys
    #[arg(long)]
    keep_key: bool,
    /// Although clients that trust the old authority alone cannot follow
    #[arg(long)]
    force: bool,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    // a folder without an authority is left without mqsec's own files too
    if !context.workspace.has(layout::CA_CERT) {
        let path = context.workspace.show(layout::CA_CERT);
        return Err(Plain::new("ca-missing", format!("there is no authority: no `{path}`"))
            .hint("make one: mqsec ca init")
            .into());
    }
    match &args.step {
        Step::Prepare(args) => prepare(context, args),
        Step::Reissue(args) => reissue(context, args),
        Step::Drop { force } => discard(context, *force),
        Step::Cancel => cancel(context),
        Step::Status => status::run(context),
    }
}

fn prepare(context: &Context<'_>, args: &PrepareArgs) -> Result<u8, Failure> {
    let wish = rollover::Prepare {
        common_name: args.cn.clone(),
        days: args.days,
        key_type: args.key_type,
        signing_only: args.signing_only,
        without_cross: args.no_cross,
    };
    keys_together(context)?;
    let fresh = matches!(State::load(&Transaction::begin(&context.workspace)?)?.phase, Phase::None);
    let restart = if fresh { agree(context, "prepare")? } else { Restart::Ask };
    let mut change = Transaction::begin(&context.workspace)?;
    let warnings = rollover::prepare(&mut change, &wish, context.now)?;
    let state = State::load(&change)?;
    let changes = change.commit()?;
    let mut done = Done::new(context, "prepare", changes, warnings);
    if let Some((old, new)) = state.both() {
        let (title, end) = (new.issuer().title(), short_date(new.end()));
        let did = if fresh { "made" } else { "was there" };
        done.say(format!("the next authority `{title}` {did}, {}, valid until {end}", new.issuer().key));
        done.say(format!("`{}` still issues; the broker accepts clients of both", old.issuer().title()));
        if !state.signing_only() {
            done.say(format!(
                "{} has both: hand it out to the clients when it suits you",
                show(context, layout::CA_CERT)
            ));
        }
    }
    done.taken = Some(taking_over::after_a_change(context, restart)?);
    done.next = Some("ca rollover reissue");
    Ok(done.report())
}

fn reissue(context: &Context<'_>, args: &ReissueArgs) -> Result<u8, Failure> {
    let how = Reissue { days: args.days, keep_key: args.keep_key, force: args.force };
    let prepared = matches!(State::load(&Transaction::begin(&context.workspace)?)?.phase, Phase::Prepared { .. });
    // a broker that does not trust the next authority yet would refuse its clients
    if prepared && !taking_over::after_a_change(context, Restart::Ask)?.holds() {
        return Err(Plain::no("rollover-not-loaded", "the broker does not trust the next authority yet")
            .detail("what it issues now would be refused")
            .hint("let the broker take it over: mqsec restart")
            .into());
    }
    let mut change = Transaction::begin(&context.workspace)?;
    let warnings = rollover::switch(&mut change, how, context.now)?;
    let changes = change.commit()?;
    let mut done = Done::new(context, "reissue", changes, warnings);
    let mut change = Transaction::begin(&context.workspace)?;
    let state = State::load(&change)?;
    let Some((old, new)) = state.both() else { return Ok(done.report()) };
    let left = rollover::left(&change, old, new)?;
    let (pending, mut seen, mut issued) = (left.pending, 0, 0);
    while seen < pending.len() {
        let (more, count) = rollover::reissue_clients(&mut change, &pending[seen..], how, context.now)?;
        change.commit()?;
        (seen, issued) = (seen + more, issued + count);
        if seen < pending.len() {
            context.ui.say(format!("{seen} of {} clients", pending.len()));
            // long enough for another command that waits for the folder
            std::thread::sleep(std::time::Duration::from_millis(40));
        }
        change = Transaction::begin(&context.workspace)?;
    }
    drop(change);
    done.say(format!("`{}` issues now; `{}` is trusted still", new.issuer().title(), old.issuer().title()));
    done.say(format!("issued anew: {issued} of {} client certificates", issued + left.done + left.passed.len()));
    for (name, why) in &left.passed {
        done.say(format!("  left alone: {name}: {why}"));
    }
    if issued > 0 {
        let dir = show(context, layout::CLIENT_DIR);
        done.say(format!(
            "hand the new files in {dir} out to the clients; the old certificates are accepted until `drop`"
        ));
        done.say(format!("the old ones are kept in {}", show(context, layout::BACKUP)));
    }
    done.more =
        json!({ "clients_issued": issued, "clients_done_before": left.done, "clients_left_alone": left.passed });
    done.taken = Some(taking_over::after_a_change(context, Restart::Ask)?);
    done.next = Some("ca rollover drop (when every client has its new certificate)");
    Ok(done.report())
}

fn discard(context: &Context<'_>, force: bool) -> Result<u8, Failure> {
    let change = Transaction::begin(&context.workspace)?;
    let state = State::load(&change)?;
    let under_way = !matches!(state.phase, Phase::None);
    let mut refused = InForce::default();
    if let Phase::Reissued { old } = &state.phase {
        refused = rollover::in_force(&change, old, context.now)?;
        let holders = &refused.holders;
        let cut_off = holders.len();
        if !holders.is_empty() && !force {
            let mut error = Plain::no(
                "rollover-clients-left",
                format!("{cut_off} certificates of `{}` are in force and have no successor", old.issuer().title()),
            );
            for one in holders.iter().take(10) {
                let who = if one.is_broker { "the broker" } else { one.name.as_str() };
                error = error.detail(format!("{who}: until {}", short_date(one.not_after)));
            }
            if cut_off > 10 {
                error = error.detail(format!("and {} more: mqsec ca rollover status --json", cut_off - 10));
            }
            return Err(error
                .hint("issue them anew: mqsec ca rollover reissue")
                .hint("or cut them off: mqsec ca rollover drop --force")
                .into());
        }
    }
    drop(change);
    let restart = if under_way { agree(context, "drop")? } else { Restart::Ask };
    let mut change = Transaction::begin(&context.workspace)?;
    let dropped = rollover::discard(&mut change, context.now)?;
    let changes = change.commit()?;
    let Some((backup, warnings)) = dropped else {
        let mut done = Done::new(context, "drop", changes, Vec::new());
        done.say("no rollover is under way: there is no old authority".to_owned());
        return Ok(done.report());
    };
    let mut done = Done::new(context, "drop", changes, warnings);
    let title = state.both().map(|(old, _)| old.issuer().title().to_owned()).unwrap_or_default();
    done.say(format!("`{title}` is trusted no longer; it is kept in {}", show(context, &backup)));
    let (replaced, cut_off) = (refused.replaced, refused.holders.len());
    done.say(format!(
        "refused from now on: {replaced} client certificates that were replaced, {cut_off} that have no successor; \
         sessions that are open stay open until they end"
    ));
    done.more = json!({ "replaced": replaced, "cut_off": cut_off, "backup": show(context, backup) });
    done.taken = Some(taking_over::after_a_change(context, restart)?);
    done.next = Some("verify");
    Ok(done.report())
}

fn cancel(context: &Context<'_>) -> Result<u8, Failure> {
    let prepared = matches!(State::load(&Transaction::begin(&context.workspace)?)?.phase, Phase::Prepared { .. });
    let restart = if prepared { agree(context, "cancel")? } else { Restart::Ask };
    let mut change = Transaction::begin(&context.workspace)?;
    let backup = rollover::cancel(&mut change, context.now)?;
    let changes = change.commit()?;
    let mut done = Done::new(context, "cancel", changes, Vec::new());
    match backup {
        Some(backup) => {
            done.say(format!("the next authority is gone; it is kept in {}", show(context, backup)));
            done.taken = Some(taking_over::after_a_change(context, restart)?);
        }
        None => done.say("no rollover is under way: there is nothing to take back".to_owned()),
    }
    Ok(done.report())
}

fn show(context: &Context<'_>, path: impl AsRef<std::path::Path>) -> String {
    context.workspace.show(path)
}

/// The keys lie in one folder. With `--ca-dir` naming where the root's was put away, the signing authority's would not be
/// found there: the new ones would be written beside it, and the old one stay behind.
fn keys_together(context: &Context<'_>) -> Result<(), Failure> {
    let workspace = &context.workspace;
    let Some(dir) = workspace.ca_dir() else { return Ok(()) };
    let files = layout::authority(Generation::Current);
    for path in [&files.signing_key, &files.key] {
        let here = workspace.root().join(path);
        if fs::exists(&here) && !workspace.has(path) {
            let (away, root) = (dir.join("ca.key"), workspace.root().join(&files.key));
            let message = format!("--ca-dir is for all keys of the authority, and `{}` is not in it", here.display());
            return Err(Plain::new("ca-root-offline", message)
                .hint(format!(
                    "leave --ca-dir out, and bring the root's key back for the moment: cp {} {}",
                    away.display(),
                    root.display()
                ))
                .into());
        }
    }
    Ok(())
}

/// Asks before a change that a running broker takes over by a restart alone.
fn agree(context: &Context<'_>, step: &str) -> Result<Restart, Failure> {
    let ports = rollover::deaf_ports(&context.workspace)?;
    if ports.is_empty() || broker::running(&context.workspace).is_none() {
        return Ok(Restart::Ask);
    }
    let ports = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    context.ui.say(format!(
        "the listener on port {ports} has no crlfile: Mosquitto takes over other authorities there by a restart alone, \
         which ends every connection for a moment"
    ));
    if context.yes || context.ui.confirm("Go on, and restart the broker?") {
        return Ok(Restart::Agreed);
    }
    Err(Plain::no("rollover-needs-restart", "the broker must be restarted for this; nothing was changed")
        .detail(format!("port {ports} demands client certificates and has no crlfile"))
        .hint(format!("agree to the restart: mqsec ca rollover {step} --yes"))
        .into())
}

/// What a step did.
struct Done<'a> {
    context: &'a Context<'a>,
    step: &'static str,
    lines: Vec<String>,
    changes: Vec<Change>,
    warnings: Vec<String>,
    taken: Option<Taken>,
    more: Value,
    next: Option<&'static str>,
}

impl<'a> Done<'a> {
    fn new(context: &'a Context<'a>, step: &'static str, changes: Vec<Change>, warnings: Vec<String>) -> Self {
        Self { context, step, lines: Vec::new(), changes, warnings, taken: None, more: json!({}), next: None }
    }

    fn say(&mut self, line: String) {
        self.lines.push(line);
    }

    fn report(self) -> u8 {
        for warning in &self.warnings {
            self.context.ui.warn(warning);
        }
        self.context.ui.report(&self)
    }
}

impl Report for Done<'_> {
    fn text(&self, _fancy: bool) -> String {
        let mut text: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        text.push_str(&files(self.context, &self.changes));
        if let Some(taken) = &self.taken {
            text.push_str(&taken.text());
        }
        if let Some(next) = self.next {
            text.push_str(&format!("next: {} {next}\n", self.context.workspace.command()));
        }
        text
    }

    fn json(&self) -> Value {
        let mut value = json!({
            "schema": "mqsec/ca-rollover/1",
            "step": self.step,
            "changed": !self.changes.is_empty(),
            "files": files_json(self.context, &self.changes),
            "warnings": self.warnings,
            "broker": self.taken.as_ref().map(Taken::json),
        });
        if let (Value::Object(value), Value::Object(more)) = (&mut value, &self.more) {
            value.extend(more.clone());
        }
        value
    }

    fn status(&self) -> u8 {
        u8::from(self.taken.as_ref().is_some_and(|taken| !taken.holds()))
    }
}
