//! The revocation lists: what is revoked, and the lists that tell the broker so.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::path::Path;
use std::path::PathBuf;

use rcgen::RevocationReason;
use rcgen::RevokedCertParams;
use rcgen::SerialNumber;
use time::Duration;
use time::OffsetDateTime;

use super::authority;
use super::authority::Hierarchy;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::crl::Crl;
use crate::pki::crl::Entry;
use crate::pki::inventory;
use crate::pki::inventory::Inventory;
use crate::pki::inventory::Role;
use crate::pki::names::ClientName;
use crate::pki::parsed::Certificate;
use crate::workspace::Transaction;
use crate::workspace::fs;
use crate::workspace::layout;
use crate::workspace::layout::Generation;
use crate::workspace::layout::broker;

/// The authorities whose certificates a broker takes now: the current one, and during a rollover the other.
pub fn live(change: &Transaction<'_>, now: OffsetDateTime) -> Result<Vec<Hierarchy>, Failure> {
    let mut all = vec![authority::current(change, now)?];
    for generation in [Generation::Next, Generation::Old] {
        all.extend(Hierarchy::load(change, generation)?);
    }
    Ok(all)
}

/// The key identifier of the authority that issues, as the inventory writes it.
pub fn key_id(hierarchy: &Hierarchy) -> String {
    hierarchy.issuer().subject_key_id.as_deref().map(inventory::hex).unwrap_or_default()
}

/// A file of lists, one block each.
#[derive(Default)]
pub struct Lists {
    blocks: Vec<(Crl, String)>,
}

impl Lists {
    /// The lists of the folder, and those that the broker's copy alone has.
    pub fn read(change: &Transaction<'_>) -> Result<Self, Failure> {
        let mut lists = Self::default();
        for path in [layout::CA_CRL, broker::CRL] {
            let Some(bytes) = change.read(path)? else { continue };
            let shown = change.workspace().show(path);
            let found = Self::parse(&bytes, &shown).map_err(|failure| Failure {
                hints: vec![
                    format!("move it away: mv {shown} {shown}.damaged"),
                    "then make it from the inventory: mqsec crl renew".to_owned(),
                ],
                ..failure
            })?;
            for block in found.blocks {
                if lists.blocks.iter().all(|(there, _)| there.der != block.0.der) {
                    lists.blocks.push(block);
                }
            }
        }
        Ok(lists)
    }

    fn parse(bytes: &[u8], shown: &str) -> Result<Self, Failure> {
        const END: &str = "-----END X509 CRL-----";
        let text = String::from_utf8_lossy(bytes);
        let mut blocks = Vec::new();
        let mut rest = &*text;
        while let Some(end) = rest.find(END).map(|at| at + END.len()) {
            let block = format!("{}\n", rest[..end].trim_start());
            blocks.push((Crl::all_from_pem(block.as_bytes(), shown)?.swap_remove(0), block));
            rest = &rest[end..];
        }
        if blocks.is_empty() || rest.contains("-----BEGIN") {
            // the error that tells what it is
            Crl::all_from_pem(bytes, shown)?;
        }
        Ok(Self { blocks })
    }

    /// Whether a list is this authority's: by name and key identifier, and by its signature where it names no key.
    fn is_of(crl: &Crl, issuer: &Certificate) -> bool {
        crl.is_named_by(issuer) && (crl.names_the_key_of(issuer) || crl.signed_by(issuer))
    }

    /// Every list of an authority; there should be one.
    pub fn of<'a>(&'a self, issuer: &'a Certificate) -> impl Iterator<Item = &'a Crl> {
        self.blocks.iter().map(|(crl, _)| crl).filter(|crl| Self::is_of(crl, issuer))
    }

    pub fn all(&self) -> impl Iterator<Item = &Crl> {
        self.blocks.iter().map(|(crl, _)| crl)
    }

    /// Puts a list in the place of those of the same authority; others stay as they are.
    fn replace(&mut self, issuer: &Certificate, crl: Crl, pem: String, first: bool) {
        let at = self.blocks.iter().position(|(old, _)| Self::is_of(old, issuer));
        self.blocks.retain(|(old, _)| !Self::is_of(old, issuer));
        let at = if first { 0 } else { at.unwrap_or(self.blocks.len()).min(self.blocks.len()) };
        self.blocks.insert(at, (crl, pem));
    }

    pub fn text(&self) -> String {
        self.blocks.iter().map(|(_, pem)| pem.as_str()).collect()
    }

    /// Writes the folder's file and the broker's copy.
    pub fn put(&self, change: &mut Transaction<'_>) {
        let text = self.text();
        change.put(layout::CA_CRL, text.clone());
        change.put(broker::CRL, text);
    }

    /// Takes a list that was made elsewhere, with the authority's key; never one that is older than what is there.
    pub fn install(&mut self, hierarchy: &Hierarchy, pem: &[u8], shown: &str) -> Result<Crl, Failure> {
        let issuer = hierarchy.issuer();
        let Self { blocks } = Self::parse(pem, shown)?;
        let found = blocks.into_iter().find(|(crl, _)| crl.is_named_by(issuer) && crl.signed_by(issuer));
        let Some((crl, text)) = found else {
            return Err(Plain::new(
                "crl-of-another",
                format!("`{shown}` has no list that `{}` signed", issuer.title()),
            )
            .hint("look at it: mqsec crl show FILE")
            .into());
        };
        for old in self.of(issuer) {
            check_newer(old, crl.number, crl.this_update, shown)?;
            let lost = old.entries().filter(|(serial, _)| crl.entry(serial).is_none()).count();
            if lost > 0 {
                return Err(Plain::no(
                    "crl-loses-entries",
                    format!("`{shown}` lacks {lost} of the revocations in place"),
                )
                .hint("make the list from all that is known: mqsec crl renew")
                .into());
            }
        }
        self.replace(issuer, crl.clone(), text, hierarchy.generation == Generation::Current);
        Ok(crl)
    }
}

fn check_newer(old: &Crl, number: Option<u64>, this_update: OffsetDateTime, what: &str) -> Result<(), Failure> {
    let same_number = old.number.is_some() && number <= old.number;
    if !same_number && this_update >= old.this_update {
        return Ok(());
    }
    let word = |number: Option<u64>| number.map_or("none".to_owned(), |number| number.to_string());
    Err(Plain::no("crl-older", format!("`{what}` is older than the list in place, and is not installed"))
        .detail(format!("in place: number {}, of {}", word(old.number), inventory::date(old.this_update)))
        .detail(format!("this one: number {}, of {}", word(number), inventory::date(this_update)))
        .hint("make a newer one: mqsec crl renew")
        .into())
}

/// A list that was made.
pub struct Made {
    pub issuer: String,
    pub number: u64,
    pub next_update: OffsetDateTime,
    pub entries: usize,
}

/// Makes an authority's list anew: what its lists in place and the inventory have, and `more`.
pub fn make(
    change: &Transaction<'_>,
    lists: &mut Lists,
    hierarchy: &Hierarchy,
    inventory: &Inventory<'_>,
    more: &[(String, Entry)],
    days: Option<u32>,
    now: OffsetDateTime,
) -> Result<Made, Failure> {
    let issuer = hierarchy.issuer();
    if !issuer.may_sign_crls {
        return Err(Plain::new(
            "ca-cannot-sign-crl",
            "the authority may not sign revocation lists (its keyUsage has no cRLSign)",
        )
        .hint("make a new authority, and every certificate anew: mqsec ca init --force")
        .into());
    }
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    let (mut number, mut begun) = (0, now - Duration::hours(1));
    for old in lists.of(issuer) {
        number = number.max(old.number.unwrap_or(0));
        begun = begun.max(old.this_update);
        entries.extend(old.entries().map(|(serial, entry)| (serial.to_owned(), *entry)));
    }
    if begun > now {
        return Err(Plain::new(
            "crl-clock",
            format!("the list in place begins at {}, which is later than this machine's clock", inventory::date(begun)),
        )
        .detail(format!("now it is {}; a list that is made now would be older", inventory::date(now)))
        .hint("set the clock: timedatectl set-ntp true")
        .into());
    }
    let id = key_id(hierarchy);
    let noted: Vec<_> = inventory.revoked().filter(|one| id.is_empty() || *one.issuer == id).collect();
    if number == 0 {
        // the list was lost, and with it its number
        number = noted.len() as u64;
    }
    for one in noted {
        let date = inventory::time_of(&one.date).unwrap_or(now);
        let entry = Entry { date, reason: code(one.reason), invalid_since: None };
        entries.entry(one.serial.to_string()).or_insert(entry);
    }
    for (serial, entry) in more {
        entries.entry(serial.clone()).or_insert(*entry);
    }
    let Some(number) = number.checked_add(1) else {
        return Err(Plain::new("crl-number-full", "the list in place has the highest number that there is")
            .hint("replace the authority: mqsec ca rollover prepare")
            .into());
    };
    let next_update = days.map_or(issuer.not_after, |days| hierarchy.end_of(days, now).min(issuer.not_after));
    let revoked = entries.iter().map(|(serial, entry)| params(serial, entry)).collect();
    let count = entries.len();
    // the list begins an hour before this moment
    let pem = hierarchy.unlock(change, now)?.crl(number, revoked, next_update, begun + Duration::hours(1))?;
    let crl = Crl::all_from_pem(pem.as_bytes(), layout::CA_CRL)?.swap_remove(0);
    lists.replace(issuer, crl, pem, hierarchy.generation == Generation::Current);
    Ok(Made { issuer: issuer.title().to_owned(), number, next_update, entries: count })
}

/// Writes the lists again where `certs/ca.crl` is gone: from the broker's copy and the inventory, so that what was revoked
/// stays revoked.
pub(super) fn restore(change: &mut Transaction<'_>, now: OffsetDateTime) -> Result<(), Failure> {
    let bytes = change.read(layout::INVENTORY)?.unwrap_or_default();
    let inventory = Inventory::parse(&bytes);
    let mut lists = Lists::read(change)?;
    for hierarchy in live(change, now)? {
        if lists.of(hierarchy.issuer()).next().is_some() {
            continue;
        }
        let made = make(change, &mut lists, &hierarchy, &inventory, &[], None, now);
        // the other authority of a rollover may have lost its key: the current one's list is what most need
        if hierarchy.generation == Generation::Current {
            made?;
        }
    }
    lists.put(change);
    Ok(())
}

fn params(serial: &str, entry: &Entry) -> RevokedCertParams {
    use RevocationReason as R;
    let reason = match entry.reason {
        1 => Some(R::KeyCompromise),
        2 => Some(R::CaCompromise),
        3 => Some(R::AffiliationChanged),
        4 => Some(R::Superseded),
        5 => Some(R::CessationOfOperation),
        6 => Some(R::CertificateHold),
        8 => Some(R::RemoveFromCrl),
        9 => Some(R::PrivilegeWithdrawn),
        10 => Some(R::AaCompromise),
        // RFC 5280 wants it left out
        _ => None,
    };
    RevokedCertParams {
        serial_number: SerialNumber::from_slice(&bytes(serial)),
        revocation_time: entry.date.replace_nanosecond(0).unwrap_or(entry.date),
        reason_code: reason,
        invalidity_date: entry.invalid_since,
    }
}

/// The code of RFC 5280, 5.3.1.
pub fn code(reason: inventory::Reason) -> u8 {
    use inventory::Reason as R;
    match reason {
        R::Unspecified => 0,
        R::KeyCompromise => 1,
        R::AffiliationChanged => 3,
        R::Superseded => 4,
        R::CessationOfOperation => 5,
        R::PrivilegeWithdrawn => 9,
    }
}

/// The bytes of a serial number in hexadecimal.
fn bytes(serial: &str) -> Vec<u8> {
    let even = if serial.len().is_multiple_of(2) { serial.to_owned() } else { format!("0{serial}") };
    let digit = |index: usize| even.get(index..index + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    (0..even.len()).step_by(2).filter_map(digit).collect()
}

/// A certificate that may be revoked.
#[derive(Clone, Debug)]
pub struct Found {
    pub serial: String,
    pub name: String,
    pub role: Role,
    /// The issuer's key identifier.
    pub issuer: String,
    pub not_after: Option<OffsetDateTime>,
    /// Where the certificate is, in the folder.
    pub file: Option<PathBuf>,
}

impl Found {
    /// Whether more of it is known than its serial number.
    pub fn is_known(&self) -> bool {
        self.not_after.is_some()
    }

    pub fn of(certificate: &Certificate, role: Role, file: Option<PathBuf>) -> Self {
        Self {
            serial: certificate.serial.clone(),
            name: certificate.title().to_owned(),
            role,
            issuer: certificate.authority_key_id.as_deref().map(inventory::hex).unwrap_or_default(),
            not_after: Some(certificate.not_after),
            file,
        }
    }
}

/// The certificates of a client that have not ended: those of the inventory, and those in the folder and its backups.
pub fn of_name(
    change: &Transaction<'_>,
    inventory: &Inventory<'_>,
    name: &str,
    now: OffsetDateTime,
) -> Result<Vec<Found>, Failure> {
    let mut found: Vec<Found> = Vec::new();
    if let Ok(client) = name.parse::<ClientName>() {
        let own = layout::client(&client).cert;
        let inner = own.strip_prefix("certs").unwrap_or(&own);
        let stamps = fs::folders(&change.workspace().path(layout::BACKUP))?;
        let kept = stamps.iter().rev().map(|stamp| Path::new(layout::BACKUP).join(stamp).join(inner));
        for path in std::iter::once(own.clone()).chain(kept) {
            let Some(pem) = change.read(&path)? else { continue };
            // what a backup holds that cannot be read stands in nobody's way
            let Ok(certificate) = Certificate::from_pem(&pem, "") else { continue };
            found.push(Found::of(&certificate, Role::Client, Some(path)));
        }
    }
    let noted = inventory.issued.iter().filter(|one| one.name == name);
    found.extend(noted.map(|one| Found {
        serial: one.serial.to_string(),
        name: one.name.to_string(),
        role: one.role,
        issuer: one.issuer.to_string(),
        not_after: inventory::time_of(&one.not_after),
        file: None,
    }));
    let mut seen = HashSet::new();
    found.retain(|one| one.not_after.is_none_or(|end| end > now) && seen.insert(one.serial.clone()));
    Ok(found)
}

/// The certificate with this serial number.
pub fn of_serial(inventory: &Inventory<'_>, serial: &str) -> Option<Found> {
    let one = inventory.issued.iter().rev().find(|one| one.serial.eq_ignore_ascii_case(serial))?;
    Some(Found {
        serial: one.serial.to_string(),
        name: one.name.to_string(),
        role: one.role,
        issuer: one.issuer.to_string(),
        not_after: inventory::time_of(&one.not_after),
        file: (!one.file.is_empty()).then(|| PathBuf::from(&*one.file)),
    })
}
