//! What was issued and what was revoked, as a text of one line each. Lines are only ever added, so that writing one costs
//! the same however many there are; what is true now is worked out when it is read. A later line of the same name and role
//! takes the place of an earlier one; the first revocation of a serial number is the one that counts.
//!
//! ```text
//! issued   SERIAL ROLE NAME NOT-BEFORE NOT-AFTER ISSUER FILE SHA-256
//! revoked  SERIAL ISSUER DATE REASON
//! ```
//!
//! The words are divided by tabs; in NAME and FILE `\t`, `\n`, `\r` and `\\` stand for what would break a line. Times are
//! RFC 3339 in UTC, so that they can be compared as text. ISSUER is the issuing authority's subject key identifier, and
//! empty for a root. The last word of a line is of a known form, so that one that was cut short is never taken for whole.

mod book;
mod index;
mod rebuild;

use std::borrow::Cow;
use std::collections::HashMap;

use time::OffsetDateTime;
use time::macros::format_description;

use super::parsed::Certificate;

pub use book::Book;
pub use book::Counts;
pub use book::Keep;
pub use book::Row;
pub use book::State;
pub use index::index_line;
pub use rebuild::Found;
pub use rebuild::Rebuilt;
pub use rebuild::rebuilt;
pub use rebuild::revocations;

/// The reasons of RFC 5280, 5.3.1, that make sense for a certificate of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "camelCase")]
pub enum Reason {
    /// None is told
    #[default]
    Unspecified,
    /// The key is, or may be, in other hands
    KeyCompromise,
    /// The name or role is no longer right
    AffiliationChanged,
    /// Another certificate has taken its place
    Superseded,
    /// The device is out of service
    CessationOfOperation,
    /// The owner may no longer have it
    PrivilegeWithdrawn,
}

impl Reason {
    /// As RFC 5280 and openssl write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        use clap::ValueEnum;
        Self::value_variants().iter().copied().find(|reason| reason.name() == name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum Role {
    /// A root or a signing authority
    Authority,
    Broker,
    Client,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Broker => "broker",
            Self::Client => "client",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Authority, Self::Broker, Self::Client].into_iter().find(|role| role.name() == name)
    }
}

/// A certificate that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued<'a> {
    pub serial: Cow<'a, str>,
    pub role: Role,
    /// The subject's common name.
    pub name: Cow<'a, str>,
    pub not_before: Cow<'a, str>,
    pub not_after: Cow<'a, str>,
    /// SHA-256 of the certificate, lower-case hexadecimal.
    pub fingerprint: Cow<'a, str>,
    pub issuer: Cow<'a, str>,
    /// Where it was written, in the workspace; empty when nowhere.
    pub file: Cow<'a, str>,
}

/// A certificate that was revoked; it need not be one that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked<'a> {
    pub serial: Cow<'a, str>,
    pub issuer: Cow<'a, str>,
    pub date: Cow<'a, str>,
    pub reason: Reason,
}

impl Issued<'static> {
    pub fn new(certificate: &Certificate, role: Role, file: &str) -> Self {
        Self {
            serial: certificate.serial.clone().into(),
            role,
            name: certificate.title().to_owned().into(),
            not_before: date(certificate.not_before).into(),
            not_after: date(certificate.not_after).into(),
            fingerprint: certificate.fingerprint().replace(':', "").to_ascii_lowercase().into(),
            issuer: certificate.authority_key_id.as_deref().map(hex).unwrap_or_default().into(),
            file: file.to_owned().into(),
        }
    }
}

impl Issued<'_> {
    pub fn line(&self) -> String {
        let Self { serial, role, name, not_before, not_after, fingerprint, issuer, file } = self;
        let (role, name, file) = (role.name(), escape(name), escape(file));
        format!("issued\t{serial}\t{role}\t{name}\t{not_before}\t{not_after}\t{issuer}\t{file}\t{fingerprint}\n")
    }
}

impl Revoked<'_> {
    pub fn line(&self) -> String {
        let Self { serial, issuer, date, reason } = self;
        format!("revoked\t{serial}\t{issuer}\t{date}\t{}\n", reason.name())
    }
}

/// A line's words, where they stand.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub serial: &'a str,
    pub role: Role,
    name: &'a str,
    pub not_before: &'a str,
    pub not_after: &'a str,
    /// Both dates, in seconds since 1970.
    pub period: (i64, i64),
    pub issuer: &'a str,
    file: &'a str,
    pub fingerprint: &'a str,
}

impl<'a> Entry<'a> {
    /// What follows the serial number. Most words are of known length, which saves looking for their ends.
    fn parse(serial: &'a str, line: &'a str) -> Option<Self> {
        const DATES: usize = 2 * (DATE + 1);
        let (role, line) = line.split_once('\t')?;
        let (name, line) = line.split_once('\t')?;
        let (dates, line) = line.split_at_checked(DATES)?;
        let (not_before, not_after) = (dates.get(..DATE)?, dates.get(DATE + 1..DATES - 1)?);
        let (line, fingerprint) = line.split_at_checked(line.len().checked_sub(64)?)?;
        let (issuer, file) = line.strip_suffix('\t')?.split_once('\t')?;
        let tabs = [DATE, DATES - 1].iter().all(|at| dates.as_bytes()[*at] == b'\t');
        let fits = tabs && is_hex(issuer) && is_hex(fingerprint);
        let (role, period) = (Role::from_name(role)?, (seconds(not_before)?, seconds(not_after)?));
        (fits && !file.contains('\t')).then_some(Self {
            serial,
            role,
            name,
            not_before,
            not_after,
            period,
            issuer,
            file,
            fingerprint,
        })
    }

    pub fn name(&self) -> Cow<'a, str> {
        unescape(self.name)
    }

    pub fn file(&self) -> Cow<'a, str> {
        unescape(self.file)
    }
}

impl<'a> From<Entry<'a>> for Issued<'a> {
    fn from(entry: Entry<'a>) -> Self {
        Self {
            serial: entry.serial.into(),
            role: entry.role,
            name: entry.name(),
            not_before: entry.not_before.into(),
            not_after: entry.not_after.into(),
            fingerprint: entry.fingerprint.into(),
            issuer: entry.issuer.into(),
            file: entry.file(),
        }
    }
}

pub enum Line<'a> {
    Issued(Entry<'a>),
    Revoked(Revoked<'a>),
}

impl<'a> Line<'a> {
    /// A line without its end.
    pub fn parse(line: &'a str) -> Option<Self> {
        let (kind, line) = line.split_once('\t')?;
        let (serial, line) = line.split_once('\t')?;
        if serial.is_empty() || !is_hex(serial) {
            return None;
        }
        if kind == "issued" {
            return Entry::parse(serial, line).map(Self::Issued);
        }
        let mut words = line.split('\t');
        let read = match kind {
            "revoked" => Self::Revoked(Revoked {
                serial: serial.into(),
                issuer: words.next().filter(|text| is_hex(text))?.into(),
                date: words.next().filter(|text| is_date(text))?.into(),
                reason: words.next().and_then(Reason::from_name)?,
            }),
            _ => return None,
        };
        words.next().is_none().then_some(read)
    }
}

/// A line with its end: nothing where it is empty, and where it cannot be read, whether it has no end.
fn read_line(line: &[u8]) -> Result<Option<Line<'_>>, bool> {
    let Some(whole) = line.strip_suffix(b"\n") else { return Err(true) };
    if whole.is_empty() {
        return Ok(None);
    }
    std::str::from_utf8(whole).ok().and_then(Line::parse).map(Some).ok_or(false)
}

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Counted from one.
    pub line: usize,
    /// The last line, without an end: a writer was cut short, or is at work now.
    pub cut_short: bool,
}

/// The inventory, read.
#[derive(Debug, Default)]
pub struct Inventory<'a> {
    /// In the order in which they were issued.
    pub issued: Vec<Issued<'a>>,
    revoked: HashMap<Cow<'a, str>, Revoked<'a>>,
    pub damage: Vec<Damage>,
}

impl<'a> Inventory<'a> {
    pub fn parse(bytes: &'a [u8]) -> Self {
        let mut inventory = Self::default();
        inventory.issued.reserve(bytes.len() / 240);
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            match read_line(line) {
                Ok(None) => {}
                Ok(Some(Line::Issued(entry))) => inventory.issued.push(entry.into()),
                Ok(Some(Line::Revoked(entry))) => {
                    inventory.revoked.entry(entry.serial.clone()).or_insert(entry);
                }
                Err(cut_short) => inventory.damage.push(Damage { line: index + 1, cut_short }),
            }
        }
        inventory
    }

    pub fn revocation(&self, serial: &str) -> Option<&Revoked<'a>> {
        self.revoked.get(serial)
    }

    pub fn revoked(&self) -> impl Iterator<Item = &Revoked<'a>> {
        self.revoked.values()
    }
}

/// `2026-11-21T19:25:18Z`.
pub fn date(time: OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    time.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z")).unwrap_or_default()
}

/// The other way round.
pub fn time_of(date: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(date, &time::format_description::well_known::Rfc3339).ok()
}

/// The length of a date.
const DATE: usize = "2026-01-01T00:00:00Z".len();

/// Seconds since 1970 of a date in the inventory's form.
pub fn seconds(date: &str) -> Option<i64> {
    let bytes: &[u8; DATE] = date.as_bytes().try_into().ok()?;
    let mut wrong = false;
    let mut number = |range: std::ops::Range<usize>| {
        bytes[range].iter().fold(0_i64, |number, byte| {
            wrong |= !byte.is_ascii_digit();
            number * 10 + i64::from(byte.wrapping_sub(b'0'))
        })
    };
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let (hour, minute, second) = (number(11..13), number(14..16), number(17..19));
    let marks = [4, 7, 10, 13, 16, 19].map(|at| bytes[at]);
    wrong |= marks != *b"--T::Z" || !(1..=12).contains(&month) || !(1..=31).contains(&day);
    wrong |= hour > 23 || minute > 59 || second > 60;
    if wrong {
        return None;
    }
    // days since 1970 of the Gregorian calendar, in years that begin with March
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (years.div_euclid(400), years.rem_euclid(400));
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * months + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

fn is_date(text: &str) -> bool {
    seconds(text).is_some()
}

fn is_hex(text: &str) -> bool {
    text.bytes().fold(true, |good, byte| good & byte.is_ascii_hexdigit())
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A name on one line, without tabs.
fn escape(name: &str) -> Cow<'_, str> {
    if !name.contains(['\t', '\n', '\r', '\\']) {
        return name.into();
    }
    name.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r").into()
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut name = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        name.push(match (letter, letter == '\\') {
            (_, true) => match letters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            (letter, false) => letter,
        });
    }
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued(serial: &'static str, name: &'static str) -> Issued<'static> {
        Issued {
            serial: serial.into(),
            role: Role::Client,
            name: name.into(),
            not_before: "2026-01-01T00:00:00Z".into(),
            not_after: "2027-01-01T00:00:00Z".into(),
            fingerprint: "ab".repeat(32).into(),
            issuer: "01".into(),
            file: "certs/client/x/x.crt".into(),
        }
    }

    #[test]
    fn lines_are_read_back_whatever_the_name_is() {
        for name in ["x", "a b", "tab\there", "back\\slash\\t", "line\nbreak\r", "ü", ""] {
            let one = issued("0A", name);
            let text = one.line();
            assert_eq!(text.matches('\n').count(), 1);
            let read = Inventory::parse(text.as_bytes());
            assert_eq!((read.issued.as_slice(), read.damage.len()), (&[one][..], 0), "{name:?}");
        }
    }

    #[test]
    fn dates_are_seconds() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:01Z", 951_825_601),
            ("2026-11-21T19:25:18Z", 1_795_289_118),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
            assert_eq!(time_of(text).unwrap().unix_timestamp(), expected);
        }
        for text in ["", "2026-13-01T00:00:00Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00", "2026-0a-01T00:00:00Z"]
        {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn a_word_too_many_or_too_few_is_damage() {
        let line = issued("0A", "x").line();
        for wrong in [
            line.replace("client", "robot"),
            line.replace("0A", "0G"),
            line.replace("2027-01-01T", "2027-01-01 "),
            line.replace('\n', "\tmore\n"),
            line.replace("\tcerts/client/x/x.crt", ""),
            line.replace("abab\n", "ab\n"),
            "revoked\t0A\t01\t2026-02-01T00:00:00Z\tbecause\n".to_owned(),
            "renewed\t0A\n".to_owned(),
        ] {
            let read = Inventory::parse(wrong.as_bytes());
            assert_eq!((read.issued.len(), read.revoked.len(), read.damage.len()), (0, 0, 1), "{wrong}");
        }
    }

    #[test]
    fn the_first_revocation_counts() {
        let revoked =
            |reason| Revoked { serial: "0A".into(), issuer: "01".into(), date: "2026-02-01T00:00:00Z".into(), reason };
        let text = revoked(Reason::KeyCompromise).line() + &revoked(Reason::Superseded).line();
        let read = Inventory::parse(text.as_bytes());
        assert_eq!(read.revocation("0A").unwrap().reason, Reason::KeyCompromise);
        assert!(read.revocation("0B").is_none() && read.damage.is_empty());
    }

    #[test]
    fn damage_is_told_by_line_and_hides_nothing_else() {
        let (a, b) = (issued("0A", "a").line(), issued("0B", "b").line());
        let text = format!("{a}issued\tzz\n{b}{}", &a[..a.len() - 1]);
        let read = Inventory::parse(text.as_bytes());
        assert_eq!(read.issued.len(), 2);
        let damage = [Damage { line: 2, cut_short: false }, Damage { line: 4, cut_short: true }];
        assert_eq!(read.damage, damage);
    }
}
