//! `mqsec acme renew`.

use super::Done;
use super::State;
use crate::acme;
use crate::acme::Due;
use crate::acme::Renew;
use crate::commands::days;
use crate::commands::taking_over;
use crate::commands::taking_over::Restart;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki;
use crate::provision::external;

/// Renew the certificate with the settings of the last time, if it is due
///
/// It is due when the authority says so (renewal information), and without that in the last third of its life.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Due so many days before the end, in place of what the authority says
    #[arg(long, value_name = "DAYS", value_parser = days)]
    within: Option<u32>,
    /// Renew it, due or not
    #[arg(long, conflicts_with = "within")]
    force: bool,
    /// Try it, with the authority for trials where there is one, and install nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let asked = Renew { within: args.within, force: args.force, dry_run: args.dry_run };
    let Some(renewal) = acme::renew(workspace, asked, context.now)? else {
        return Err(nothing(context)?.into());
    };
    let mut notes: Vec<String> = renewal.notes.clone();
    let (state, taken) = match &renewal.installed {
        Some(installed) => {
            workspace.give_to_broker()?;
            (State::Installed(installed), Some(taking_over::after_a_change(&context.later(), Restart::Ask)?))
        }
        None if renewal.rehearsed => (State::Rehearsed, None),
        // the last run may have died before the broker took it over
        None => (State::Kept, Some(taking_over::after_a_change(context, Restart::Ask)?)),
    };
    match &renewal.due {
        Due::Now(why) if renewal.installed.is_some() => notes.push(format!("why now: {why}")),
        Due::Later(from, why) => notes.push(format!("due from {} on, {why}", pki::short_date(*from))),
        Due::Now(_) => {}
    }
    Ok(context.ui.report(&Done {
        context,
        schema: "mqsec/acme-renew/1",
        settings: &renewal.settings,
        certificate: &renewal.certificate,
        state,
        taken: taken.as_ref(),
        notes,
    }))
}

fn nothing(context: &Context<'_>) -> Result<Plain, Failure> {
    let words = match external::origin(&context.workspace)? {
        None => "the broker's certificate is its own authority's".to_owned(),
        Some(origin) => format!("the broker's certificate came by {}", origin.by),
    };
    Ok(Plain::new("acme-nothing-to-renew", format!("there is nothing of an ACME authority here: {words}"))
        .hint("mqsec acme issue --domain NAME --email E-MAIL")
        .hint("certificates of the own authority: mqsec renew"))
}
