//! `mqsec renew`: what is near its end is issued anew, and the broker serves it.

mod report;
mod timer;

use self::report::Failed;
use self::report::Left;
use self::report::Renewal;
use super::taking_over;
use super::taking_over::Restart;
use super::taking_over::Taken;
use crate::acme;
use crate::context::Context;
use crate::error::Failure;
use crate::pki::in_words;
use crate::pki::names::ClientName;
use crate::pki::parsed::Certificate;
use crate::pki::short_date;
use crate::provision::renewal;
use crate::provision::renewal::Due;
use crate::provision::renewal::Limit;
use crate::provision::renewal::Office;
use crate::provision::renewal::Renewed;
use crate::provision::renewal::Target;
use crate::provision::renewal::Verdict;
use crate::provision::renewal::Wish;
use crate::workspace::Transaction;
use crate::workspace::fs;
use crate::workspace::layout;

/// Issue anew what is near its end, and have it served
///
/// Name, role and key stay. The old certificate is kept in certs/backup/, and comes back if the broker does not serve
/// the new one.
#[derive(clap::Args)]
pub struct Args {
    /// `broker`, or clients: renewed whenever they end [default: all of which less than a third of their life is left]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Those that end within so many days
    #[arg(long, value_name = "DAYS", value_parser = super::days, conflicts_with = "at_percent")]
    within: Option<u32>,
    /// Those of whose life so many hundredths are over
    #[arg(long, value_name = "P", value_parser = clap::value_parser!(u32).range(1..=100))]
    at_percent: Option<u32>,
    /// Make a new key, of the same kind
    #[arg(long)]
    rekey: bool,
    /// How long the new ones last [default: as long as the old ones]
    #[arg(long, value_parser = super::days, allow_negative_numbers = true)]
    days: Option<u32>,
    /// Tell what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    timer: timer::Timer,
}

/// As many as are changed at once.
const CHUNK: usize = 200;

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    if args.timer.is_asked() {
        return timer::run(context, &args.timer);
    }
    let targets = targets(context, args)?;
    let wish = wish(args);
    let mut renewal = Renewal::new(context, args.dry_run);
    let change = Transaction::begin(&context.workspace)?;
    let office = Office::open(&change, context.now)?;
    let mut dues = Vec::new();
    for target in targets {
        match renewal::judge(&change, &office, &target, &wish, context.now) {
            Verdict::Due(due) => dues.push(due),
            Verdict::Fresh(end) => renewal.fresh(&target, end),
            Verdict::Left(why) => renewal.left.push(Left { name: target.to_string(), why }),
            Verdict::Failed(failure) => renewal.failed.push(Failed { name: target.to_string(), failure }),
        }
    }
    drop(change);
    if args.names.is_empty() {
        renewal.left.extend(bridges(context, wish.limit)?);
    }
    renewal.authority = Some((office.hierarchy.issuer().title().to_owned(), office.hierarchy.end()));
    let mut office = Some(office);
    if args.dry_run {
        renewal.due = dues.iter().map(|due| (due.target.to_string(), due.not_after)).collect();
        return Ok(context.ui.report(&renewal));
    }
    // a signing authority whose key is not at hand stops all of them alike
    for chunk in dues.chunks(CHUNK) {
        issue(context, chunk, &wish, &mut office, &mut renewal)?;
    }
    if let Some(at) = renewal.renewed.iter().position(|one| one.target == Target::Broker) {
        serve(context, at, &mut renewal)?;
    }
    by_acme(context, args, &mut renewal)?;
    Ok(context.ui.report(&renewal))
}

/// The broker's certificate where an ACME authority issued it: as `mqsec acme renew` does it.
fn by_acme(context: &Context<'_>, args: &Args, renewal: &mut Renewal<'_>) -> Result<(), Failure> {
    let Some(at) = renewal.left.iter().position(|one| one.name == Target::Broker.to_string()) else { return Ok(()) };
    let within = args.within.filter(|_| args.names.is_empty());
    let asked = acme::Renew { within, force: !args.names.is_empty(), dry_run: false };
    let done = match acme::renew(&context.workspace, asked, context.now) {
        Ok(Some(done)) => done,
        Ok(None) => return Ok(()),
        Err(failure) => {
            let name = renewal.left.remove(at).name;
            renewal.failed.push(Failed { name, failure });
            return Ok(());
        }
    };
    match (&done.installed, done.due) {
        (Some(_), _) => {
            renewal.left.remove(at);
            renewal.by_acme = Some(done.certificate.not_after);
            context.workspace.give_to_broker()?;
            renewal.taken = Some(taking_over::after_a_change(&context.later(), Restart::Ask)?);
        }
        (None, acme::Due::Later(from, why)) => {
            renewal.left[at].why = format!("due from {} on, {why}", short_date(from));
        }
        (None, acme::Due::Now(_)) => {}
    }
    Ok(())
}

fn wish(args: &Args) -> Wish {
    let limit = match (args.within, args.at_percent, args.names.is_empty()) {
        (Some(days), ..) => Limit::Within(days),
        (_, Some(part), _) => Limit::Percent(part),
        (None, None, true) => Limit::Third,
        (None, None, false) => Limit::Always,
    };
    Wish { limit, rekey: args.rekey, days: args.days }
}

/// Those named, or the broker and every client of which there is a certificate.
fn targets(context: &Context<'_>, args: &Args) -> Result<Vec<Target>, Failure> {
    let workspace = &context.workspace;
    let client = |name: &String| -> Result<Target, Failure> { Ok(Target::Client(name.parse::<ClientName>()?)) };
    if !args.names.is_empty() {
        let is_broker = |name: &&String| *name == "broker" && !workspace.has(layout::CLIENT_DIR.to_owned() + "/broker");
        let mut all: Vec<Target> = Vec::new();
        for name in &args.names {
            let target = if is_broker(&name) { Target::Broker } else { client(name)? };
            if !all.contains(&target) {
                all.push(target);
            }
        }
        return Ok(all);
    }
    let mut all = Vec::new();
    if workspace.has(layout::broker::CERT) {
        all.push(Target::Broker);
    }
    for name in workspace.clients()? {
        // a folder of another name is not one that mqsec made
        if let Ok(name) = name.parse::<ClientName>()
            && workspace.has(layout::client(&name).cert)
        {
            all.push(Target::Client(name));
        }
    }
    Ok(all)
}

/// What the bridges show is another broker's authority's, and told when its time has come.
fn bridges(context: &Context<'_>, limit: Limit) -> Result<Vec<Left>, Failure> {
    let workspace = &context.workspace;
    let mut due = Vec::new();
    for name in fs::folders(&workspace.path(layout::BRIDGE_CERTS))? {
        let Some(pem) = workspace.read(layout::bridge(&name).cert)? else { continue };
        let Ok(certificate) = Certificate::from_pem(&pem, "") else { continue };
        if limit.reached(&certificate, context.now) {
            let why = format!(
                "it ends {}; have the other broker's authority issue a new one: mqsec bridge list",
                in_words(certificate.not_after, context.now)
            );
            due.push(Left { name: format!("bridge {name}"), why });
        }
    }
    Ok(due)
}

/// Issues some in one change; one by one where that cannot be written.
fn issue(
    context: &Context<'_>,
    dues: &[Due],
    wish: &Wish,
    office: &mut Option<Office>,
    renewal: &mut Renewal<'_>,
) -> Result<(), Failure> {
    match issue_together(context, dues, wish, office) {
        Ok((renewed, failed)) => {
            renewal.renewed.extend(renewed);
            renewal.failed.extend(failed);
            Ok(())
        }
        Err(failure) if dues.len() == 1 && !concerns_all(&failure) => {
            renewal.failed.push(Failed { name: dues[0].target.to_string(), failure });
            Ok(())
        }
        Err(failure) if concerns_all(&failure) => Err(failure),
        Err(_) => dues.chunks(1).try_for_each(|one| issue(context, one, wish, office, renewal)),
    }
}

/// Whether the authority itself cannot issue, or the folder cannot be changed now.
fn concerns_all(failure: &Failure) -> bool {
    failure.code.starts_with("ca-") || failure.code.starts_with("key-") || failure.code == "workspace-busy"
}

type Issued = (Vec<Renewed>, Vec<Failed>);

fn issue_together(
    context: &Context<'_>,
    dues: &[Due],
    wish: &Wish,
    office: &mut Option<Office>,
) -> Result<Issued, Failure> {
    let keys = dues.iter().map(Due::make_key).collect::<Result<Vec<_>, _>>()?;
    let mut change = Transaction::begin(&context.workspace)?;
    // what is revoked is read once, unless somebody adds to it
    let mut known = match office.take() {
        Some(known) => known.again(&change, context.now)?,
        None => Office::open(&change, context.now)?,
    };
    let issuer = known.hierarchy.unlock(&change, context.now)?;
    let (mut renewed, mut failed) = (Vec::new(), Vec::new());
    for (due, key) in dues.iter().zip(&keys) {
        match renewal::renew(&mut change, (&known, &issuer), due, key.as_ref(), wish, context.now) {
            Ok(one) => renewed.extend(one),
            Err(failure) => failed.push(Failed { name: due.target.to_string(), failure }),
        }
    }
    known.noted(&renewed);
    change.commit()?;
    *office = Some(known);
    Ok((renewed, failed))
}

/// Has the broker serve its new certificate; the old one comes back where it does not.
fn serve(context: &Context<'_>, at: usize, renewal: &mut Renewal<'_>) -> Result<(), Failure> {
    let taken = taking_over::after_a_change(context, Restart::Ask);
    let is_served = match &taken {
        // one that waits for its restart will serve it then
        Ok(Taken { outcome: None, .. }) => true,
        Ok(taken) => taken.holds(),
        Err(_) => false,
    };
    if is_served {
        renewal.taken = taken.ok();
        return Ok(());
    }
    let mut change = Transaction::begin(&context.workspace)?;
    renewal::put_back(&mut change, &renewal.renewed[at].backup)?;
    change.commit()?;
    let again = taking_over::after_a_change(context, Restart::Never);
    match taken {
        Ok(taken) => {
            renewal.renewed.remove(at);
            renewal.put_back = Some(again.is_ok_and(|again| again.holds()));
            renewal.taken = Some(taken);
            Ok(())
        }
        Err(mut failure) => {
            failure.details.push("the broker's certificate of before is back in its place".to_owned());
            Err(failure)
        }
    }
}
