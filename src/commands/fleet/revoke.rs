//! `mqsec fleet revoke`: many devices are no longer good, the broker knows, and that is proven.

mod report;

use std::collections::HashSet;
use std::path::PathBuf;

use self::report::Revocation;
use super::picks;
use super::picks::Pick;
use crate::commands::refused;
use crate::commands::taking_over;
use crate::commands::taking_over::Restart;
use crate::context::Context;
use crate::error::Failure;
use crate::pki::inventory::Reason;
use crate::provision::dynsec;
use crate::provision::fleet::devices;
use crate::provision::fleet::devices::Devices;
use crate::provision::fleet::revoke;
use crate::provision::fleet::revoke::Fate;
use crate::provision::fleet::revoke::Wish;
use crate::provision::fleet::state::State;
use crate::provision::revocation::Found;
use crate::workspace::Transaction;

/// Revoke every device of a list
///
/// All are revoked in one change: one revocation list is signed, the broker takes it over, and new connections with some of the
/// certificates are seen to be refused. A device's login goes too, so that its password opens nothing either.
#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("which").required(true).multiple(true).args(["from", "group"])))]
pub(super) struct Args {
    /// The devices: a name or a serial number a line, or the list that they were issued from; - is standard input
    #[arg(long, value_name = "LIST")]
    from: Option<PathBuf>,
    /// All devices of this group
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Why
    #[arg(long, value_name = "REASON", default_value = "unspecified", hide_possible_values = false)]
    reason: Reason,
    /// Their users stay in the password file and the ACL
    #[arg(long)]
    keep_logins: bool,
    /// Tell what would be done
    #[arg(long)]
    dry_run: bool,
}

/// As many certificates are looked at for one whose key is in the folder, so that it can be tried.
const SAMPLE: usize = 200;

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    // read before the folder is locked: it may be anywhere
    let mut picks = args.from.as_deref().map(picks::read).transpose()?.unwrap_or_default();
    let mut change = Transaction::begin(&context.workspace)?;
    let text = devices::text(&context.workspace)?;
    let roster = Devices::of(&text);
    if let Some(group) = &args.group {
        let of_group = roster.all().iter().filter(|device| devices::is_in(device, group));
        picks.extend(of_group.map(|device| Pick { line: 0, word: device.name.to_owned() }));
    }
    let mut seen = HashSet::new();
    picks.retain(|pick| seen.insert(pick.word.clone()));
    let (lines, words): (Vec<usize>, Vec<String>) = picks.into_iter().map(|pick| (pick.line, pick.word)).unzip();
    let wish = Wish { reason: args.reason, keep_logins: args.keep_logins, dry_run: args.dry_run };
    let outcome = revoke::revoke(&mut change, &words, &roster, &wish, context.now)?;
    let mut report = Revocation::new(context, args, lines, words, outcome);
    if args.dry_run {
        return Ok(context.ui.report(&report));
    }
    change.commit()?;
    if matches!(dynsec::active(&context.workspace), Ok(Some(_))) && !args.keep_logins {
        context.ui.warn(format!(
            "the dynamic security plugin has users of its own; take those of the devices out there: {} dynsec del client",
            context.workspace.command()
        ));
    }
    if State::load(&context.workspace)?.is_some() && !args.keep_logins {
        let command = context.workspace.command();
        context.ui.warn(format!(
            "a run of fleet issue is unfinished, and brings the logins that it made with its end: go on with it, or {command} fleet issue --finish; then run this again"
        ));
    }
    let taken = taking_over::after_a_change(context, Restart::Ask).map_err(|mut failure| {
        failure.details.push("the revocations are written; the broker was not seen to take them over".to_owned());
        failure
    })?;
    if (taken.outcome.is_some() || taken.restart_declined.is_some()) && !report.outcome.revoked.is_empty() {
        report.proofs = refused::all(context, &sample(&report.outcome.revoked))?;
    }
    report.taken = Some(taken);
    Ok(context.ui.report(&report))
}

/// Some of those that were revoked, from all of the list.
fn sample(revoked: &[Found]) -> Vec<&Found> {
    revoked.iter().step_by(revoked.len().div_ceil(SAMPLE).max(1)).collect()
}

/// Whether nothing was asked for that could not be done.
fn is_done(fate: &Fate) -> bool {
    matches!(fate, Fate::Revoked(_) | Fate::Already | Fate::Ended)
}
