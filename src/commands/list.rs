//! `mqsec list`: the certificates that were issued, and what became of them.

mod check;
mod rebuild;
mod table;

use serde_json::json;
use time::Duration;

use crate::context::Context;
use crate::error::Failure;
use crate::pki::inventory::Book;
use crate::pki::inventory::Entry;
use crate::pki::inventory::Keep;
use crate::pki::inventory::Role;
use crate::pki::inventory::Row;
use crate::pki::inventory::State;
use crate::pki::inventory::index_line;
use crate::pki::parsed::Certificate;
use crate::provision::inventory;
use crate::provision::inventory::Source;
use crate::workspace::layout;

/// List the certificates that were issued
///
/// The newest certificate of each name is shown, the one that ends first before the others. --openssl prints index.txt as `openssl
/// ca` reads it; it wants `unique_subject = no` in index.txt.attr, because a renewed certificate has the name of the one before.
#[derive(clap::Args)]
pub struct Args {
    /// Names that contain this, with * for anything; or the beginning of a serial number
    #[arg(value_name = "PATTERN")]
    pattern: Option<String>,
    /// Those that end within so many days, or have ended
    #[arg(long, value_name = "DAYS", value_parser = super::days)]
    expiring: Option<u32>,
    /// Those that were revoked, of every name
    #[arg(long, conflicts_with = "expiring")]
    revoked: bool,
    /// Those that have ended
    #[arg(long, conflicts_with_all = ["expiring", "revoked"])]
    expired: bool,
    /// Those too that a newer one has replaced
    #[arg(long)]
    all: bool,
    /// Those in this role
    #[arg(long, value_name = "ROLE")]
    role: Option<Role>,
    /// Print OpenSSL's index.txt of the authority that issues; with --all, of every authority
    #[arg(long, conflicts_with_all = ["pattern", "expiring", "revoked", "expired", "role", "json"])]
    openssl: bool,
    /// Compare the inventory with the files and the revocation list
    #[arg(long, conflicts_with_all = ["pattern", "expiring", "revoked", "expired", "all", "role", "openssl"])]
    check: bool,
    /// Make the inventory anew from the files, the revocation list, and what of it can be read
    #[arg(long, conflicts_with_all = ["pattern", "expiring", "revoked", "expired", "all", "role", "openssl", "check"])]
    rebuild: bool,
}

/// How many days before its end a certificate is told to be near it.
const SOON: i64 = 30;

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    if args.rebuild {
        return rebuild::run(context);
    }
    if args.check {
        return check::run(context);
    }
    let keep = match context.ui.json {
        _ if args.all || args.revoked || args.openssl => Keep::All,
        true => Keep::Newest,
        false => Keep::Brief,
    };
    let (book, source) = inventory::read(&context.workspace, keep)?;
    tell(context, &book, source);
    if args.openssl {
        return openssl(context, &book, args.all);
    }
    let days = args.expiring.map_or(SOON, i64::from);
    let (now, soon) = (context.now.unix_timestamp(), (context.now + Duration::days(days)).unix_timestamp());
    let pattern = args.pattern.as_deref().map(Pattern::of);
    let mut rows: Vec<(&Row, State)> = Vec::with_capacity(book.rows().len());
    for row in book.rows() {
        let state = book.state(row, now, soon);
        let wanted = if args.revoked {
            state == State::Revoked
        } else if args.expired {
            state == State::Expired
        } else if args.expiring.is_some() {
            matches!(state, State::Expiring | State::Expired)
        } else {
            // an authority that is out of use is no part of what is in use
            args.all || Book::is_newest(row) || state == State::Revoked
        };
        if wanted
            && args.role.is_none_or(|role| role == row.role)
            && pattern.as_ref().is_none_or(|pattern| pattern.fits(&book.name(row), book.serial(row)))
        {
            rows.push((row, state));
        }
    }
    // the keys beside each other: rows of a hundred thousand lie far apart
    rows.sort_by_cached_key(|(row, _)| (row.role, row.not_after));
    let table = table::Table { context, book: &book, rows, now, soon, source };
    if context.ui.json { Ok(table.json()) } else { Ok(context.ui.report(&table)) }
}

/// What a reader should know of the inventory itself.
fn tell(context: &Context<'_>, book: &Book, source: Source) {
    if source == Source::Files && book.total() > 0 {
        let path = context.workspace.show(layout::INVENTORY);
        context.ui.warn(format!(
            "inventory-missing: there is no `{path}`; this is what the files tell. It is made with the next certificate, or now: {} list --rebuild",
            context.workspace.command()
        ));
    }
    if !book.damage.is_empty() {
        context.ui.warn(format!(
            "inventory-damaged: {}; the others count. Mend it: {} list --rebuild",
            damage(book),
            context.workspace.command()
        ));
    }
}

/// `line 3, line 7 (cut short) of `certs/inventory.tsv` cannot be read`.
fn damage(book: &Book) -> String {
    const SHOWN: usize = 5;
    let lines: Vec<String> = book
        .damage
        .iter()
        .take(SHOWN)
        .map(|damage| format!("{}{}", damage.line, if damage.cut_short { " (cut short)" } else { "" }))
        .collect();
    let more = book.damage.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let word = if book.damage.len() == 1 { "line" } else { "lines" };
    format!("{word} {}{more} of `{}` cannot be read", lines.join(", "), layout::INVENTORY)
}

/// A name with `*`, a part of a name, or the beginning of a serial number.
enum Pattern {
    Parts(Vec<String>),
    Plain(String),
}

impl Pattern {
    fn of(text: &str) -> Self {
        match text.contains('*') {
            true => Self::Parts(text.split('*').map(str::to_owned).collect()),
            false => Self::Plain(text.to_owned()),
        }
    }

    fn fits(&self, name: &str, serial: &str) -> bool {
        match self {
            Self::Plain(text) => {
                let begins = serial.get(..text.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(text));
                name.contains(text) || begins && text.len() >= 4
            }
            Self::Parts(parts) => {
                let [first, middle @ .., last] = parts.as_slice() else { return false };
                let Some(mut rest) = name.strip_prefix(first.as_str()) else { return false };
                for part in middle {
                    let Some(at) = rest.find(part.as_str()) else { return false };
                    rest = &rest[at + part.len()..];
                }
                rest.ends_with(last.as_str())
            }
        }
    }
}

/// The authority that issues, as its certificates name it; nothing where it cannot be read.
fn issuer(context: &Context<'_>) -> Option<Certificate> {
    use layout::Generation;
    let files = layout::authority(Generation::Current);
    [files.signing_cert, files.cert].iter().find_map(|path| {
        let pem = context.workspace.read(path).ok().flatten()?;
        Certificate::from_pem(&pem, "").ok()
    })
}

fn openssl(context: &Context<'_>, book: &Book, all: bool) -> Result<u8, Failure> {
    let issuer = issuer(context);
    let key = issuer.as_ref().and_then(|issuer| issuer.subject_key_id.as_deref()).map(crate::pki::inventory::hex);
    let of_issuer = |id: &str| all || key.as_deref().is_none_or(|key| key == id);
    let now = context.now.unix_timestamp();
    let mut text = String::new();
    let mut known = std::collections::HashSet::new();
    for row in book.rows() {
        let Some(entry) = book.entry(row).filter(|entry: &Entry<'_>| of_issuer(entry.issuer)) else { continue };
        let revoked = book.revocation(row);
        if revoked.is_some() {
            known.insert(entry.serial);
        }
        text.push_str(&index_line(Some(&entry), revoked, row.not_after <= now, ""));
    }
    // a revocation must not be lost because the certificate is not known
    let end = issuer.map(|issuer| crate::pki::inventory::date(issuer.not_after)).unwrap_or_default();
    let mut unknown: Vec<_> =
        book.revoked().filter(|entry| of_issuer(&entry.issuer) && !known.contains(entry.serial.as_ref())).collect();
    unknown.sort_by(|a, b| (&a.date, &a.serial).cmp(&(&b.date, &b.serial)));
    for entry in unknown {
        text.push_str(&index_line(None, Some(entry), false, &end));
    }
    crate::ui::raw(text.as_bytes());
    Ok(0)
}

/// What `list --check` and `metrics` say of a state, in JSON.
fn states(counts: &crate::pki::inventory::Counts) -> serde_json::Value {
    State::ALL.iter().map(|state| (state.name().to_owned(), json!(counts.of(*state)))).collect()
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_pattern_is_a_part_or_has_stars_or_begins_a_serial() {
        for (pattern, name, fits) in [
            ("dev", "my-device", true),
            ("dev*", "my-device", false),
            ("*dev*", "my-device", true),
            ("my*ice", "my-device", true),
            ("my*x", "my-device", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("0a1b", "x", true),
            ("0a1", "x", false),
        ] {
            assert_eq!(Pattern::of(pattern).fits(name, "0A1B2C"), fits, "{pattern} {name}");
        }
    }
}
