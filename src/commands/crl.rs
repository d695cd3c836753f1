//! `mqsec crl`: the revocation lists, looked at, made anew, or taken from where the authority's key is.

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::rfc3339;
use super::taking_over;
use super::taking_over::Restart;
use super::taking_over::Taken;
use crate::context::Context;
use crate::error::Failure;
use crate::error::printable;
use crate::pki::crl::Crl;
use crate::pki::in_words;
use crate::pki::inventory::Inventory;
use crate::pki::short_date;
use crate::provision::authority::Hierarchy;
use crate::provision::credentials;
use crate::provision::revocation;
use crate::provision::revocation::Lists;
use crate::provision::revocation::Made;
use crate::ui::Report;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// Renew and show the revocation list
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print what the lists say: the folder's, or those of any file
    Show {
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Sign the lists of this folder's authorities anew, from the inventory and the lists in place
    Renew {
        /// How long they are good [default: as long as the authority]
        #[arg(long, value_parser = super::days, allow_negative_numbers = true)]
        days: Option<u32>,
    },
    /// Take a list that was signed elsewhere, where the authority's key is
    Install {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    match &args.command {
        Command::Show { file } => show(context, file.as_ref()),
        Command::Renew { days } => renew(context, *days),
        Command::Install { file } => install(context, file),
    }
}

fn show(context: &Context<'_>, file: Option<&PathBuf>) -> Result<u8, Failure> {
    let path = file.cloned().unwrap_or_else(|| context.workspace.path(layout::CA_CRL));
    let shown = file.map_or_else(|| context.workspace.show(layout::CA_CRL), |path| path.display().to_string());
    let bytes = credentials::must_read(&path)?;
    let lists = match Crl::from_der(&bytes) {
        Some(crl) => vec![crl],
        None => Crl::all_from_pem(&bytes, &shown)?,
    };
    let bytes = context.workspace.read(layout::INVENTORY)?.unwrap_or_default();
    let inventory = Inventory::parse(&bytes);
    let names = inventory.issued.iter().map(|one| (one.serial.to_string(), one.name.to_string())).collect();
    // who signed it is told where the folder has an authority
    let change =
        if context.workspace.has(layout::CA_CERT) { Some(Transaction::begin(&context.workspace)?) } else { None };
    let live = change.as_ref().and_then(|change| revocation::live(change, context.now).ok()).unwrap_or_default();
    let signed = lists.iter().map(|crl| live.iter().any(|one: &Hierarchy| crl.signed_by(one.issuer()))).collect();
    Ok(context.ui.report(&Shown { context, shown, lists, signed, names }))
}

fn renew(context: &Context<'_>, days: Option<u32>) -> Result<u8, Failure> {
    let mut change = Transaction::begin(&context.workspace)?;
    let bytes = change.read(layout::INVENTORY)?.unwrap_or_default();
    let inventory = Inventory::parse(&bytes);
    let live = revocation::live(&change, context.now)?;
    let mut lists = Lists::read(&change)?;
    let (mut made, mut failed) = (Vec::new(), Vec::new());
    for hierarchy in &live {
        match revocation::make(&change, &mut lists, hierarchy, &inventory, &[], days, context.now) {
            Ok(one) => made.push(one),
            Err(failure) => failed.push((hierarchy.issuer().title().to_owned(), failure)),
        }
    }
    if made.is_empty()
        && let Some((_, failure)) = failed.pop()
    {
        return Err(failure);
    }
    lists.put(&mut change);
    change.commit()?;
    let taken = taking_over::after_a_change(context, Restart::Ask)?;
    Ok(context.ui.report(&Renewed { context, made, failed, taken }))
}

fn install(context: &Context<'_>, file: &Path) -> Result<u8, Failure> {
    let bytes = credentials::must_read(file)?;
    let shown = file.display().to_string();
    let mut change = Transaction::begin(&context.workspace)?;
    let live = revocation::live(&change, context.now)?;
    let mut lists = Lists::read(&change)?;
    // that of the authority that signed it; the current one tells what is wrong with it
    let given = Crl::all_from_pem(&bytes, &shown)?;
    let at = live.iter().position(|one| given.iter().any(|crl| crl.signed_by(one.issuer()))).unwrap_or(0);
    let crl = lists.install(&live[at], &bytes, &shown)?;
    lists.put(&mut change);
    change.commit()?;
    let made = Made {
        issuer: live[at].issuer().title().to_owned(),
        number: crl.number.unwrap_or(0),
        next_update: crl.next_update.unwrap_or(live[at].issuer().not_after),
        entries: crl.len(),
    };
    let taken = taking_over::after_a_change(context, Restart::Ask)?;
    Ok(context.ui.report(&Renewed { context, made: vec![made], failed: Vec::new(), taken }))
}

struct Renewed<'a> {
    context: &'a Context<'a>,
    made: Vec<Made>,
    failed: Vec<(String, Failure)>,
    taken: Taken,
}

impl Report for Renewed<'_> {
    fn text(&self, _fancy: bool) -> String {
        let mut text = String::new();
        for made in &self.made {
            let end = format!("{} ({})", short_date(made.next_update), in_words(made.next_update, self.context.now));
            text.push_str(&format!(
                "revocation list {} of `{}`: {} revoked, good until {end}\n",
                made.number, made.issuer, made.entries
            ));
        }
        for (name, failure) in &self.failed {
            let hint = failure.hints.first().map(|hint| format!(" ({hint})")).unwrap_or_default();
            text.push_str(&format!("NOT made, that of `{name}` [{}]: {}{hint}\n", failure.code, failure.message()));
        }
        text.push_str(&self.taken.text());
        text
    }

    fn json(&self) -> Value {
        let list = |made: &Made| json!({ "issuer": made.issuer, "number": made.number, "next_update": rfc3339(made.next_update), "entries": made.entries });
        let failed = |(name, failure): &(String, Failure)| json!({ "issuer": name, "code": failure.code, "message": failure.message() });
        json!({
            "schema": "mqsec/crl-renew/1",
            "lists": self.made.iter().map(list).collect::<Vec<_>>(),
            "failed": self.failed.iter().map(failed).collect::<Vec<_>>(),
            "broker": self.taken.json(),
        })
    }

    fn status(&self) -> u8 {
        u8::from(!self.failed.is_empty() || !self.taken.holds())
    }
}

struct Shown<'a> {
    context: &'a Context<'a>,
    shown: String,
    lists: Vec<Crl>,
    /// Whether one of this folder's authorities signed it.
    signed: Vec<bool>,
    /// Who a serial number is, by the inventory.
    names: HashMap<String, String>,
}

impl Shown<'_> {
    /// Newest first.
    fn entries(crl: &Crl) -> Vec<(&str, &crate::pki::crl::Entry)> {
        let mut entries: Vec<_> = crl.entries().collect();
        entries.sort_by(|a, b| (b.1.date, a.0).cmp(&(a.1.date, b.0)));
        entries
    }
}

impl Report for Shown<'_> {
    fn text(&self, _fancy: bool) -> String {
        let mut text = String::new();
        for (crl, signed) in self.lists.iter().zip(&self.signed) {
            let end = match crl.next_update {
                Some(end) if end <= self.context.now => {
                    format!("ENDED on {}: a broker refuses everybody with it", short_date(end))
                }
                Some(end) => format!("good until {} ({})", short_date(end), in_words(end, self.context.now)),
                None => "it tells no end".to_owned(),
            };
            let number = crl.number.map_or("none".to_owned(), |number| number.to_string());
            let whose = if *signed { "this folder's authority" } else { "an authority that is not this folder's" };
            text.push_str(&format!(
                "revocation list of `{}` in {}\n  signed by  {whose}\n  number     {number}\n  made       {}\n  {end}\n",
                crl.issuer,
                self.shown,
                short_date(crl.this_update),
            ));
            let rows: Vec<Vec<String>> = Self::entries(crl)
                .into_iter()
                .map(|(serial, entry)| {
                    let name = self.names.get(serial).map_or_else(String::new, |name| printable(name));
                    vec![serial.to_owned(), short_date(entry.date), entry.reason_name().to_owned(), name]
                })
                .collect();
            text.push_str(&if rows.is_empty() {
                "  nothing is revoked\n".to_owned()
            } else {
                crate::ui::columns(&rows)
            });
        }
        text
    }

    fn json(&self) -> Value {
        let entry = |(serial, entry): (&str, &crate::pki::crl::Entry)| {
            json!({
                "serial": serial,
                "date": rfc3339(entry.date),
                "reason": entry.reason_name(),
                "invalid_since": entry.invalid_since.map(rfc3339),
                "name": self.names.get(serial),
            })
        };
        let list = |(crl, signed): (&Crl, &bool)| {
            json!({
                "issuer": crl.issuer,
                "own": signed,
                "number": crl.number,
                "this_update": rfc3339(crl.this_update),
                "next_update": crl.next_update.map(rfc3339),
                "revoked": Self::entries(crl).into_iter().map(entry).collect::<Vec<_>>(),
            })
        };
        json!({
            "schema": "mqsec/crl-show/1",
            "file": self.shown,
            "lists": self.lists.iter().zip(&self.signed).map(list).collect::<Vec<_>>(),
        })
    }
}
