//! The revocation lists: what is revoked, and the lists that tell the broker so.

mod found;

use std::collections::BTreeMap;
use std::collections::HashSet;

use rcgen::RevocationReason;
use rcgen::RevokedCertParams;
use rcgen::SerialNumber;
use time::Duration;
use time::OffsetDateTime;

pub use self::found::Found;
pub use self::found::of_name;
pub use self::found::of_serial;
use super::authority;
use super::authority::Hierarchy;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::crl::Crl;
use crate::pki::crl::Entry;
use crate::pki::inventory;
use crate::pki::inventory::Inventory;
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

    /// Makes the lists that are missing, of what the inventory knows: no revocation is lost with a file. Gives the name of an
    /// authority that has none and cannot sign one.
    pub fn complete(
        &mut self,
        change: &Transaction<'_>,
        live: &[&Hierarchy],
        now: OffsetDateTime,
    ) -> Result<Option<String>, Failure> {
        // what an authority that has ended issued is refused as expired, with a list and without
        let lacks = |lists: &Self, one: &Hierarchy| one.end() > now && lists.of(one.issuer()).next().is_none();
        if !live.iter().any(|one| lacks(self, one)) {
            return Ok(None);
        }
        let bytes = change.read(layout::INVENTORY)?.unwrap_or_default();
        let inventory = Inventory::parse(&bytes);
        for one in live {
            if !lacks(self, one) {
                continue;
            }
            if !one.issuer().may_sign_crls || !one.has_key(change) {
                return Ok(Some(one.issuer().title().to_owned()));
            }
            make(change, self, one, &inventory, &[], None, now)?;
        }
        Ok(None)
    }

    /// The newest list of each of these comes first, in their order; those of strangers stay behind them.
    pub fn arrange(&mut self, live: &[&Hierarchy]) {
        for one in live.iter().rev() {
            let issuer = one.issuer();
            let (mut own, others): (Vec<_>, Vec<_>) =
                std::mem::take(&mut self.blocks).into_iter().partition(|(crl, _)| Self::is_of(crl, issuer));
            own.sort_by_key(|(crl, _)| (crl.this_update, crl.len()));
            self.blocks = own.pop().into_iter().chain(others).collect();
        }
    }

    /// Takes an authority's lists out.
    pub fn remove(&mut self, issuer: &Certificate) {
        self.blocks.retain(|(crl, _)| !Self::is_of(crl, issuer));
    }

    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Writes the folder's file and the broker's copy.
    pub fn put(&self, change: &mut Transaction<'_>) {
        let text: String = self.blocks.iter().map(|(_, pem)| pem.as_str()).collect();
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

/// What is revoked: what the lists in place have, and what the inventory knows.
pub struct Revocations {
    /// The issuer's name and the serial number.
    listed: HashSet<(Vec<u8>, String)>,
    noted: HashSet<String>,
    /// How long the files were, which grow with every revocation.
    lengths: [Option<u64>; 2],
}

impl Revocations {
    /// A list that cannot be read is told by `verify` and `doctor`, and stops nobody here.
    pub fn read(change: &Transaction<'_>) -> Result<Self, Failure> {
        let lists = change.read(layout::CA_CRL)?.and_then(|pem| Crl::all_from_pem(&pem, layout::CA_CRL).ok());
        let serials = |crl: &Crl| {
            let issuer = crl.raw_issuer.clone();
            crl.entries().map(|(serial, _)| (issuer.clone(), serial.to_owned())).collect::<Vec<_>>()
        };
        let listed = lists.iter().flatten().flat_map(serials).collect();
        let noted = super::inventory::revoked_serials(change.workspace())?;
        Ok(Self { listed, noted, lengths: Self::lengths(change) })
    }

    /// The same in a later change.
    pub fn again(self, change: &Transaction<'_>) -> Result<Self, Failure> {
        if Self::lengths(change) == self.lengths { Ok(self) } else { Self::read(change) }
    }

    fn lengths(change: &Transaction<'_>) -> [Option<u64>; 2] {
        [layout::CA_CRL, layout::INVENTORY].map(|path| fs::length(&change.workspace().path(path)))
    }

    /// So many bytes are added to the inventory, by this process itself, and revoke nothing.
    pub fn grows(&mut self, bytes: usize) {
        self.lengths[1] = self.lengths[1].map(|length| length + bytes as u64);
    }

    pub fn has(&self, certificate: &Certificate) -> bool {
        self.has_serial(&certificate.raw_issuer, &certificate.serial)
    }

    pub fn has_serial(&self, issuer: &[u8], serial: &str) -> bool {
        self.noted.contains(serial) || self.listed.contains(&(issuer.to_owned(), serial.to_owned()))
    }
}
