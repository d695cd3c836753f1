//! `mqsec revoke`: a certificate is no longer good, the broker knows, and that is proven.

mod kick;
mod report;

use std::path::Path;
use std::path::PathBuf;

use time::OffsetDateTime;

use self::report::Revocation;
use self::report::Row;
use super::refused;
use super::taking_over;
use super::taking_over::Restart;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::error::shell_word;
use crate::pki::crl::Entry;
use crate::pki::inventory;
use crate::pki::inventory::Inventory;
use crate::pki::inventory::Reason;
use crate::pki::inventory::Revoked;
use crate::pki::inventory::Role;
use crate::pki::parsed::Certificate;
use crate::provision::authority::Hierarchy;
use crate::provision::credentials;
use crate::provision::inventory as register;
use crate::provision::revocation;
use crate::provision::revocation::Found;
use crate::provision::revocation::Lists;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// Revoke a certificate, and prove that the broker refuses it
///
/// All certificates of a client that have not ended are revoked, those that were renewed in the meantime too. The list is
/// signed anew, the broker takes it over, and a new connection with the certificate is seen to be refused.
#[derive(clap::Args)]
pub struct Args {
    /// The client
    #[arg(required_unless_present_any = ["serial", "cert"], conflicts_with_all = ["serial", "cert"])]
    name: Option<String>,
    /// This certificate alone, by its serial number
    #[arg(long, value_name = "HEX", conflicts_with = "cert", value_parser = serial)]
    serial: Option<String>,
    /// This certificate alone, by its file
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// Why
    #[arg(long, value_name = "REASON", default_value = "unspecified", hide_possible_values = false)]
    reason: Reason,
    /// The date of the revocation, such as 2026-11-21 or 2026-11-21T10:00:00Z [default: now]
    #[arg(long, value_name = "DATE", value_parser = moment)]
    at: Option<OffsetDateTime>,
    /// Since when the key may have been in other hands
    #[arg(long, value_name = "DATE", value_parser = moment)]
    invalid_since: Option<OffsetDateTime>,
    /// End the open sessions too
    #[arg(long)]
    kick: bool,
    /// Whose sessions end [default: those of the user with the certificate's name]
    #[arg(long, value_name = "USER", requires = "kick")]
    user: Option<String>,
}

fn serial(text: &str) -> Result<String, &'static str> {
    let bare = text.trim_start_matches("0x").replace(':', "").to_ascii_uppercase();
    match bare.trim_start_matches('0') {
        "" => Err("not a serial number"),
        digits if digits.len() > 40 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Err("not a serial number in hexadecimal")
        }
        digits if digits.len() % 2 == 1 => Ok(format!("0{digits}")),
        digits => Ok(digits.to_owned()),
    }
}

fn moment(text: &str) -> Result<OffsetDateTime, &'static str> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    match inventory::time_of(&whole) {
        Some(time) if time.year() >= 1970 => Ok(time),
        _ => Err("a date, such as 2026-11-21 or 2026-11-21T10:00:00Z"),
    }
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let date = date(context, args)?;
    // read before the folder is locked: it may be anywhere
    let file = args.cert.as_deref().map(from_file).transpose()?;
    let mut change = Transaction::begin(&context.workspace)?;
    let bytes = change.read(layout::INVENTORY)?.unwrap_or_default();
    let inventory = Inventory::parse(&bytes);
    let live = revocation::live(&change, context.now)?;
    let mut lists = Lists::read(&change)?;
    let found = find(context, args, &change, &inventory, &live, file)?;
    refuse_those_in_use(&change, args, &found, &live)?;
    let mut rows = Vec::new();
    let mut more: Vec<Vec<(String, Entry)>> = live.iter().map(|_| Vec::new()).collect();
    for one in found {
        let issuer = issuer_of(&one, &live);
        let noted = inventory.revocation(&one.serial);
        let listed = issuer.and_then(|at| lists.of(live[at].issuer()).find_map(|crl| crl.entry(&one.serial)).copied());
        let before = listed.map(|entry| (entry.date, entry.reason_name())).or_else(|| {
            noted.map(|noted| (inventory::time_of(&noted.date).unwrap_or(context.now), noted.reason.name()))
        });
        if noted.is_none() {
            let reason = listed.and_then(|entry| Reason::from_name(entry.reason_name())).unwrap_or(args.reason);
            let entry = Revoked {
                serial: one.serial.clone().into(),
                issuer: issuer.map_or_else(|| one.issuer.clone(), |at| revocation::key_id(&live[at])).into(),
                date: inventory::date(listed.map_or(date, |entry| entry.date)).into(),
                reason: if listed.is_some() { reason } else { args.reason },
            };
            register::revoked(&mut change, &entry);
        }
        if let (Some(at), None) = (issuer, listed) {
            let (date, reason) = match noted {
                Some(noted) => (inventory::time_of(&noted.date).unwrap_or(date), noted.reason),
                None => (date, args.reason),
            };
            let entry = Entry { date, reason: revocation::code(reason), invalid_since: args.invalid_since };
            more[at].push((one.serial.clone(), entry));
        }
        rows.push(Row { before, date, reason: args.reason.name(), is_trusted: issuer.is_some(), found: one });
    }
    let mut made = Vec::new();
    for (hierarchy, more) in live.iter().zip(&more).filter(|(_, more)| !more.is_empty()) {
        made.push(revocation::make(&change, &mut lists, hierarchy, &inventory, more, None, context.now)?);
    }
    if !made.is_empty() {
        lists.put(&mut change);
    }
    change.commit()?;
    finish(context, args, Revocation::new(context, rows, made))
}

/// What is done once it stands in the files.
fn finish(context: &Context<'_>, args: &Args, mut report: Revocation<'_>) -> Result<u8, Failure> {
    let taken = taking_over::after_a_change(context, Restart::Ask).map_err(|mut failure| {
        failure.details.push("the revocation is written; the broker was not seen to take it over".to_owned());
        failure
    })?;
    if taken.outcome.is_some() || taken.restart_declined.is_some() {
        let found: Vec<&Found> = report.rows.iter().map(|row| &row.found).collect();
        report.proofs = refused::all(context, &found)?;
        if args.kick {
            let user = args.user.clone().or_else(|| report.rows.first().map(|row| row.found.name.clone()));
            let serials: Vec<&str> = report.rows.iter().map(|row| row.found.serial.as_str()).collect();
            report.kicked = Some(kick::run(context, &user.unwrap_or_default(), &serials)?);
        }
    }
    report.taken = Some(taken);
    Ok(context.ui.report(&report))
}

/// The date that the list tells. Brokers do not look at it: what is listed is refused at once.
fn date(context: &Context<'_>, args: &Args) -> Result<OffsetDateTime, Failure> {
    let date = args.at.unwrap_or(context.now);
    let latest = [Some(date), args.invalid_since].into_iter().flatten().max().unwrap_or(date);
    if latest > context.now + time::Duration::minutes(5) {
        return Err(Plain::new("date-in-future", format!("{} is later than now", inventory::date(latest)))
            .detail("a certificate that is on the list is refused at once, whatever date stands there")
            .hint("leave --at out, or run this when the time has come")
            .into());
    }
    Ok(date.replace_nanosecond(0).unwrap_or(date))
}

fn from_file(path: &Path) -> Result<Certificate, Failure> {
    Ok(credentials::certificates(path)?.swap_remove(0))
}

/// The certificates that are meant.
fn find(
    context: &Context<'_>,
    args: &Args,
    change: &Transaction<'_>,
    inventory: &Inventory<'_>,
    live: &[Hierarchy],
    file: Option<Certificate>,
) -> Result<Vec<Found>, Failure> {
    if let Some(certificate) = file {
        let issuer = live.iter().find(|one| certificate.signed_by(one.issuer()) || certificate.signed_by(&one.root));
        if issuer.is_none() {
            return Err(Plain::no(
                "certificate-foreign",
                format!("`{}` is not of this folder's authority", certificate.title()),
            )
            .detail(format!("`{}` issued it, and that authority alone can revoke it", certificate.issuer))
            .hint("the authorities of this folder: mqsec ca show")
            .into());
        }
        let role = match () {
            () if certificate.is_ca => Role::Authority,
            () if certificate.client_auth || !certificate.server_auth => Role::Client,
            () => Role::Broker,
        };
        return Ok(vec![Found::of(&certificate, role, None, live)]);
    }
    if let Some(serial) = &args.serial {
        if let Some(found) = revocation::of_serial(inventory, serial) {
            return Ok(vec![found]);
        }
        context.ui.warn(format!("no certificate with the serial number {serial} is known here; it is put on the list"));
        return Ok(vec![Found {
            serial: serial.clone(),
            name: "unknown".to_owned(),
            role: Role::Client,
            issuer: live.first().map(revocation::key_id).unwrap_or_default(),
            not_after: None,
            file: None,
        }]);
    }
    let name = args.name.as_deref().unwrap_or_default();
    let mut found = revocation::of_name(change, inventory, name, live, context.now)?;
    if found.iter().any(|one| one.role == Role::Client) {
        found.retain(|one| one.role == Role::Client);
    }
    if found.is_empty() && name == "broker" {
        let pem = change.read(layout::broker::CERT)?.unwrap_or_default();
        let certificate = Certificate::from_pem(&pem, &context.workspace.show(layout::broker::CERT))?;
        return Ok(vec![Found::of(&certificate, Role::Broker, None, live)]);
    }
    if found.is_empty() {
        return Err(Plain::new(
            "certificate-unknown",
            format!("no certificate of `{name}` that has not ended is known"),
        )
        .hint("see what was issued: mqsec list")
        .hint("a certificate that is known elsewhere: mqsec revoke --cert FILE, or --serial HEX")
        .into());
    }
    Ok(found)
}

/// Which of the live authorities issued it, and so lists it; an authority without a key identifier is found by that. Of a
/// certificate that is no longer here, and named no key, the current one is taken: one line too many harms nobody.
fn issuer_of(found: &Found, live: &[Hierarchy]) -> Option<usize> {
    let at = |id: &str| live.iter().position(|one| revocation::key_id(one) == id);
    at(&found.issuer).or_else(|| at("")).or_else(|| (found.issuer.is_empty() && !live.is_empty()).then_some(0))
}

/// What revoking would not help, or would break.
fn refuse_those_in_use(
    change: &Transaction<'_>,
    args: &Args,
    found: &[Found],
    live: &[Hierarchy],
) -> Result<(), Failure> {
    let is_authority = |one: &&Found| {
        let authorities = live.iter().flat_map(|hierarchy| std::iter::once(&hierarchy.root).chain(&hierarchy.signing));
        one.role == Role::Authority || authorities.map(|one| &one.serial).any(|serial| *serial == one.serial)
    };
    if let Some(one) = found.iter().find(is_authority) {
        return Err(Plain::no(
            "revoke-authority",
            format!("`{}` is an authority, and revoking it would help nobody", one.name),
        )
        .detail("Mosquitto asks the list of the authority that issued a client's certificate, and none above it")
        .detail("clients ask no list at all: who trusts the authority goes on to trust it")
        .hint("replace it, without cutting anybody off: mqsec ca rollover prepare")
        .into());
    }
    let broker = change.read(layout::broker::CERT)?.and_then(|pem| Certificate::from_pem(&pem, "").ok());
    let in_use = |one: &Found| broker.as_ref().is_some_and(|broker| broker.serial == one.serial);
    if found.iter().any(|one| in_use(one) || one.role == Role::Broker && args.name.is_some()) {
        return Err(Plain::no("revoke-broker", "this is the broker's certificate, and it is in use")
            .detail("clients of MQTT ask no revocation list: what helps is that the old key ends with its certificate")
            .hint("give the broker a new key: mqsec renew broker --rekey")
            .hint("then put the old one on the list, for clients that ask it: mqsec revoke --serial HEX")
            .into());
    }
    if let Some(one) = found.iter().find(|one| issuer_of(one, live).is_none() && is_of_a_root(one, live)) {
        return Err(Plain::new(
            "revoke-root-issued",
            format!("the root itself issued `{}`, and it keeps no list", one.name),
        )
        .detail("since the signing authority was made, only certificates that it issued get in")
        .hint(format!("issue it anew: mqsec client-cert {}", shell_word(&one.name)))
        .into());
    }
    Ok(())
}

fn is_of_a_root(found: &Found, live: &[Hierarchy]) -> bool {
    live.iter().any(|one| one.root.subject_key_id.as_deref().map(inventory::hex).as_ref() == Some(&found.issuer))
}
