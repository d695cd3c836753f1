//! `mqsec fleet renew`: what of the fleet is near its end is issued anew, where its files are.

mod report;

use std::collections::HashSet;
use std::path::PathBuf;

use time::OffsetDateTime;

use self::report::Renewal;
use super::picks;
use crate::context::Context;
use crate::error::Failure;
use crate::fleet::roster::Device;
use crate::pki::inventory::Book;
use crate::pki::inventory::Keep;
use crate::pki::inventory::Row;
use crate::provision::fleet::devices;
use crate::provision::fleet::devices::Devices;
use crate::provision::fleet::renew;
use crate::provision::fleet::renew::Desk;
use crate::provision::fleet::renew::Done;
use crate::provision::fleet::renew::One;
use crate::provision::fleet::renew::Wish;
use crate::provision::inventory;
use crate::provision::renewal::Limit;
use crate::provision::renewal::Target;
use crate::workspace::layout;

/// Issue the fleet's certificates anew that are near their end
///
/// Devices whose files are in certs/client/ keep their keys and get new certificates beside them. The ends are spread, so that
/// not all run out in one night. Killed in the middle, the same command goes on.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Those that end within so many days [default: less than a third of their life is left]
    #[arg(long, value_name = "DAYS", value_parser = crate::commands::days)]
    within: Option<u32>,
    /// Of this group alone
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Of these alone: a name a line, or the list that they were issued from; - is standard input
    #[arg(long, value_name = "LIST")]
    from: Option<PathBuf>,
    /// How long the new ones last [default: as the list had it]
    #[arg(long, value_parser = crate::commands::days, allow_negative_numbers = true)]
    days: Option<u32>,
    /// The ends are moved forward by up to so many hundredths of the life
    #[arg(long, value_name = "P", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=50))]
    jitter: u32,
    /// Make new keys, of the same kind
    #[arg(long)]
    rekey: bool,
    /// Tell what would be done
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let picks = args.from.as_deref().map(picks::read).transpose()?;
    let text = devices::text(&context.workspace)?;
    let roster = Devices::of(&text);
    let mut report = Renewal::new(context, args.dry_run, roster.all().is_empty());
    let picked: Option<HashSet<&str>> =
        picks.as_ref().map(|picks| picks.iter().map(|pick| pick.word.as_str()).collect());
    for pick in picks.iter().flatten().filter(|pick| roster.get(&pick.word).is_none()) {
        report.unknown.push((pick.line, pick.word.clone()));
    }
    let limit = args.within.map_or(Limit::Third, Limit::Within);
    let (book, _) = inventory::read(&context.workspace, Keep::Brief)?;
    let mut due = Vec::new();
    for (device, row) in roster.all().iter().zip(roster.rows(&book)) {
        let is_meant = args.group.as_deref().is_none_or(|group| devices::is_in(device, group))
            && picked.as_ref().is_none_or(|picked| picked.contains(device.name));
        if is_meant && let Some(one) = look(context, device, (&book, row), limit, &mut report) {
            due.push(one);
        }
    }
    drop(book);
    report.due = due.len();
    if args.dry_run || due.is_empty() {
        return Ok(context.ui.report(&report));
    }
    let wish = Wish { limit, rekey: args.rekey, days: args.days, jitter: args.jitter };
    let mut desk = Desk::open(&context.workspace, context.now)?;
    let count = due.len();
    for (number, chunk) in due.chunks(if args.rekey { renew::CHUNK_WITH_KEYS } else { renew::CHUNK }).enumerate() {
        let done;
        // copies of what is replaced lie in a folder of the moment
        (desk, done) = desk.renew(&context.workspace, chunk, &wish, context.time())?;
        for (one, done) in chunk.iter().zip(done) {
            match done {
                Done::Renewed(renewed) => report.renewed(renewed.certificate.not_after, renewed.shortened),
                Done::Left(why) => report.left(one.target.to_string(), why),
                Done::Failed(failure) => report.failed(one.target.to_string(), &failure),
            }
        }
        if number % 10 == 9 {
            context.ui.say(format!("{} of {count} are renewed", report.renewed));
        }
    }
    Ok(context.ui.report(&report))
}

/// Whether a device is due here; what else is with it is counted.
fn look(
    context: &Context<'_>,
    device: &Device<'_>,
    (book, row): (&Book, Option<&Row>),
    limit: Limit,
    report: &mut Renewal<'_>,
) -> Option<One> {
    let time = |seconds: i64| OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(context.now);
    let Some(row) = row else {
        report.missing += 1;
        return None;
    };
    if book.revocation(row).is_some() {
        report.revoked += 1;
        return None;
    }
    if !limit.reached_between(time(row.not_before), time(row.not_after), context.now) {
        report.fresh(row.not_after);
        return None;
    }
    // a name that was issued once is one
    let name = device.name.parse().ok()?;
    if !context.workspace.has(layout::client(&name).cert) {
        report.elsewhere(device.name);
        return None;
    }
    Some(One { target: Target::Client(name), days: device.days })
}
