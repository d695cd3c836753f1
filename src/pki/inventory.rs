//! What was issued and what was revoked, as a text of one line each. Lines are only ever added, so that writing one costs
//! the same however many there are; what is true now is worked out when it is read.
//!
//! ```text
//! issued   SERIAL ROLE NAME NOT-BEFORE NOT-AFTER SHA-256 ISSUER FILE
//! revoked  SERIAL ISSUER DATE REASON
//! ```
//!
//! The words are divided by tabs, times are RFC 3339 in UTC, so that they can be compared as text, ISSUER is the issuing
//! authority's subject key identifier.

use std::borrow::Cow;
use std::collections::HashMap;

use time::OffsetDateTime;
use time::macros::format_description;

use super::parsed::Certificate;

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A root or a signing authority.
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

    fn from_name(name: &str) -> Option<Self> {
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
        let (role, name) = (role.name(), escape(name));
        format!("issued\t{serial}\t{role}\t{name}\t{not_before}\t{not_after}\t{fingerprint}\t{issuer}\t{file}\n")
    }
}

impl Revoked<'_> {
    pub fn line(&self) -> String {
        let Self { serial, issuer, date, reason } = self;
        format!("revoked\t{serial}\t{issuer}\t{date}\t{}\n", reason.name())
    }
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
        inventory.issued.reserve(bytes.len() / 200);
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let whole = line.strip_suffix(b"\n");
            let understood =
                whole.and_then(|line| std::str::from_utf8(line).ok()).is_some_and(|line| inventory.take(line));
            if !understood {
                inventory.damage.push(Damage { line: index + 1, cut_short: whole.is_none() });
            }
        }
        inventory
    }

    fn take(&mut self, line: &'a str) -> bool {
        if line.is_empty() {
            return true;
        }
        let mut words = line.split('\t');
        let mut next = || words.next().unwrap_or_default();
        let (kind, serial) = (next(), next());
        if serial.is_empty() || !serial.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return false;
        }
        match kind {
            "issued" => {
                let Some(role) = Role::from_name(next()) else { return false };
                let (name, not_before, not_after) = (unescape(next()), next(), next());
                let (fingerprint, issuer) = (next(), next());
                let Some(file) = words.next() else { return false };
                if !(is_date(not_before) && is_date(not_after)) || words.next().is_some() {
                    return false;
                }
                self.issued.push(Issued {
                    serial: serial.into(),
                    role,
                    name,
                    not_before: not_before.into(),
                    not_after: not_after.into(),
                    fingerprint: fingerprint.into(),
                    issuer: issuer.into(),
                    file: file.into(),
                });
                true
            }
            "revoked" => {
                let (issuer, date) = (next(), next());
                let Some(reason) = words.next().and_then(Reason::from_name) else { return false };
                if !is_date(date) || words.next().is_some() {
                    return false;
                }
                let entry = Revoked { serial: serial.into(), issuer: issuer.into(), date: date.into(), reason };
                // the first revocation is the one that counts
                self.revoked.entry(serial.into()).or_insert(entry);
                true
            }
            _ => false,
        }
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

fn is_date(text: &str) -> bool {
    let form = b"0000-00-00T00:00:00Z";
    let fits = |(byte, form): (u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == *form };
    text.len() == form.len() && text.bytes().zip(form).all(fits)
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
            fingerprint: "ab".into(),
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
        let text = format!("{a}issued\tzz\n{b}{}", &a[..20]);
        let read = Inventory::parse(text.as_bytes());
        assert_eq!(read.issued.len(), 2);
        let damage = [Damage { line: 2, cut_short: false }, Damage { line: 4, cut_short: true }];
        assert_eq!(read.damage, damage);
    }
}
