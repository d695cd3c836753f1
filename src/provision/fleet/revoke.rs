//! Many devices revoked in one change: one list of revoked certificates, one password file, one ACL.

use std::collections::HashMap;
use std::collections::HashSet;
use std::path::PathBuf;

use time::OffsetDateTime;

use super::devices::Devices;
use crate::acl::Document;
use crate::acl::Scope;
use crate::error::Failure;
use crate::pki::crl::Entry;
use crate::pki::inventory;
use crate::pki::inventory::Inventory;
use crate::pki::inventory::Reason;
use crate::pki::inventory::Revoked;
use crate::pki::inventory::Role;
use crate::pki::names::ClientName;
use crate::pki::parsed::Certificate;
use crate::provision::authority::Hierarchy;
use crate::provision::inventory as register;
use crate::provision::permissions;
use crate::provision::revocation;
use crate::provision::revocation::Found;
use crate::provision::revocation::Lists;
use crate::provision::revocation::Made;
use crate::provision::users;
use crate::series::Series;
use crate::workspace::Transaction;
use crate::workspace::layout;

pub struct Wish {
    pub reason: Reason,
    /// Its users stay in the password file and the ACL.
    pub keep_logins: bool,
    /// Nothing is signed.
    pub dry_run: bool,
}

/// What became of one word of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// So many certificates are revoked now.
    Revoked(usize),
    Already,
    /// Its certificates have ended, and need no list.
    Ended,
    /// It is the broker's or an authority's.
    NotADevice(Role),
    /// The root issued it, and keeps no list.
    OfTheRoot,
    Unknown,
}

impl Fate {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Revoked(_) => "revoked",
            Self::Already => "already-revoked",
            Self::Ended => "ended",
            Self::NotADevice(_) => "not-a-device",
            Self::OfTheRoot => "issued-by-the-root",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a login of a revoked device stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stays {
    /// Devices that are not revoked log in as that user too.
    Shared,
    /// `.env` has it, and would bring it back.
    InEnv,
    /// The device is of no list; the user of its name may be another's.
    NotOfAList,
}

pub struct Outcome {
    /// One for each word, in their order.
    pub fates: Vec<Fate>,
    pub revoked: Vec<Found>,
    pub made: Vec<Made>,
    /// The users that were taken out.
    pub logins: Vec<String>,
    pub staying: Vec<(String, Stays)>,
}

/// The devices that are meant, and the certificates of each.
struct Targets<'a> {
    /// What each word means: the first of these is the newest.
    found: Vec<Vec<Found>>,
    ended: Vec<bool>,
    other: Vec<Option<Role>>,
    by_serial: HashMap<String, usize>,
    by_name: HashMap<&'a str, usize>,
}

/// Revokes what these words name: devices, or single certificates by their serial numbers.
pub fn revoke(
    change: &mut Transaction<'_>,
    words: &[String],
    devices: &Devices<'_>,
    wish: &Wish,
    now: OffsetDateTime,
) -> Result<Outcome, Failure> {
    let bytes = register::text(change)?;
    let inventory = Inventory::parse(&bytes);
    let live = revocation::live(change, now)?;
    let mut lists = Lists::read(change)?;
    let ids: Vec<String> = live.iter().map(revocation::key_id).collect();
    let listed: Vec<HashMap<String, Entry>> = live
        .iter()
        .map(|one| {
            let entries = lists.of(one.issuer()).flat_map(|crl| crl.entries());
            entries.map(|(serial, entry)| (serial.to_owned(), *entry)).collect()
        })
        .collect();
    let targets = find(change, words, &inventory, &live, now)?;
    let (mut fates, mut revoked) = (Vec::with_capacity(words.len()), Vec::new());
    let mut more: Vec<Vec<(String, Entry)>> = live.iter().map(|_| Vec::new()).collect();
    let date = now.replace_nanosecond(0).unwrap_or(now);
    // a name and a serial number may mean the same one
    let mut seen: HashSet<&str> = HashSet::new();
    for (at, word) in words.iter().enumerate() {
        let all = &targets.found[at];
        if all.is_empty() {
            fates.push(match targets.other[at] {
                Some(role) => Fate::NotADevice(role),
                None if targets.ended[at] || devices.get(word).is_some() => Fate::Ended,
                None => Fate::Unknown,
            });
            continue;
        }
        let (mut count, mut of_root) = (0, false);
        for one in all.iter().filter(|one| seen.insert(&one.serial)) {
            let issuer = issuer_of(one, &ids);
            if issuer.is_none() && is_of_a_root(one, &live) {
                of_root = true;
                continue;
            }
            let noted = inventory.revocation(&one.serial);
            let entry = issuer.and_then(|at| listed[at].get(&one.serial));
            if noted.is_none() {
                let reason = entry.map_or(Some(wish.reason), |entry| Reason::from_name(entry.reason_name()));
                let line = Revoked {
                    serial: one.serial.clone().into(),
                    issuer: issuer.map_or_else(|| one.issuer.clone(), |at| ids[at].clone()).into(),
                    date: inventory::date(entry.map_or(date, |entry| entry.date)).into(),
                    reason: reason.unwrap_or(wish.reason),
                };
                register::revoked(change, &line);
            }
            if let (Some(at), None) = (issuer, entry) {
                let (date, reason) = match noted {
                    Some(noted) => (inventory::time_of(&noted.date).unwrap_or(date), noted.reason),
                    None => (date, wish.reason),
                };
                let entry = Entry { date, reason: revocation::code(reason), invalid_since: None };
                more[at].push((one.serial.clone(), entry));
            }
            if noted.is_none() && entry.is_none() {
                count += 1;
                revoked.push(one.clone());
            }
        }
        fates.push(match count {
            0 if of_root => Fate::OfTheRoot,
            0 => Fate::Already,
            count => Fate::Revoked(count),
        });
    }
    let mut made = Vec::new();
    for (hierarchy, more) in live.iter().zip(&more).filter(|(_, more)| !more.is_empty() && !wish.dry_run) {
        made.push(revocation::make(change, &mut lists, hierarchy, &inventory, more, None, now)?);
    }
    if !made.is_empty() {
        lists.put(change);
    }
    let (mut logins, mut staying) = (Vec::new(), Vec::new());
    if !wish.keep_logins {
        let gone = |(at, _): &(usize, &String)| !matches!(fates[*at], Fate::Unknown | Fate::NotADevice(_));
        let names = words.iter().enumerate().filter(gone).map(|(_, word)| word.as_str()).collect();
        (logins, staying) = take_logins(change, &names, devices)?;
    }
    Ok(Outcome { fates, revoked, made, logins, staying })
}

/// A serial number in the inventory's form; nothing where it is none.
fn serial(word: &str) -> Option<String> {
    let bare = word.trim_start_matches("0x").replace(':', "").to_ascii_uppercase();
    let digits = bare.trim_start_matches('0');
    let fits = (8..=40).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.to_owned() })
}

/// The certificates of each word that have not ended: the inventory is gone through once.
fn find<'a>(
    change: &Transaction<'_>,
    words: &'a [String],
    inventory: &Inventory<'_>,
    live: &[Hierarchy],
    now: OffsetDateTime,
) -> Result<Targets<'a>, Failure> {
    let count = words.len();
    let mut targets = Targets {
        found: vec![Vec::new(); count],
        ended: vec![false; count],
        other: vec![None; count],
        by_serial: HashMap::new(),
        by_name: HashMap::with_capacity(count),
    };
    for (at, word) in words.iter().enumerate() {
        targets.by_name.insert(word, at);
        if let Some(serial) = serial(word) {
            targets.by_serial.insert(serial, at);
        }
    }
    let today = inventory::date(now);
    for one in &inventory.issued {
        let of_name = targets.by_name.get(&*one.name).copied();
        let of_serial = || targets.by_serial.get(&*one.serial).copied();
        let Some(at) = of_name.or_else(of_serial) else { continue };
        if one.role != Role::Client {
            targets.other[at] = Some(one.role);
        } else if *one.not_after <= *today {
            targets.ended[at] = true;
        } else {
            targets.found[at].push(Found::noted(one));
        }
    }
    // what somebody put there by hand gets in too
    for (at, word) in words.iter().enumerate() {
        let Ok(name) = word.parse::<ClientName>() else { continue };
        let path = layout::client(&name).cert;
        let Some(pem) = change.read(&path)? else { continue };
        let Ok(certificate) = Certificate::from_pem(&pem, "") else { continue };
        match targets.found[at].iter_mut().find(|one| one.serial == certificate.serial) {
            Some(one) => one.file = Some(path),
            None if certificate.not_after <= now => targets.ended[at] = true,
            None => targets.found[at].push(Found::of(&certificate, Role::Client, Some(path), live)),
        }
    }
    Ok(targets)
}

/// As `mqsec revoke` has it: by the key identifier, or an authority without one, or the current one.
fn issuer_of(found: &Found, ids: &[String]) -> Option<usize> {
    let at = |id: &str| ids.iter().position(|one| one == id);
    at(&found.issuer).or_else(|| at("")).or_else(|| (found.issuer.is_empty() && !ids.is_empty()).then_some(0))
}

fn is_of_a_root(found: &Found, live: &[Hierarchy]) -> bool {
    live.iter().any(|one| one.root.subject_key_id.as_deref().map(inventory::hex).as_ref() == Some(&found.issuer))
}

/// Those taken out, and those that stay.
type Logins = (Vec<String>, Vec<(String, Stays)>);

/// Takes the users of these devices out of the password file and the ACL: on a listener that asks for no certificate, and on
/// secure websockets of Mosquitto 2.0, the password alone decides. A user that serves others too stays.
fn take_logins(change: &mut Transaction<'_>, names: &HashSet<&str>, devices: &Devices<'_>) -> Result<Logins, Failure> {
    let workspace = change.workspace();
    let env = users::env_file(workspace)?;
    let in_env: HashSet<&str> = env.iter().flat_map(|env| &env.users).map(|user| user.name.as_str()).collect();
    let (mut wanted, mut needed, mut staying) = (HashSet::new(), HashSet::new(), Vec::new());
    for device in devices.all().iter().filter(|device| !device.user.is_empty()) {
        if names.contains(device.name) {
            wanted.insert(device.user)
        } else {
            needed.insert(device.user)
        };
    }
    let mut users: HashSet<&str> = HashSet::new();
    for user in wanted {
        match () {
            () if needed.contains(user) => staying.push((user.to_owned(), Stays::Shared)),
            () if in_env.contains(user) => staying.push((user.to_owned(), Stays::InEnv)),
            () => drop(users.insert(user)),
        }
    }
    let mut passwd = users::passwd_file(workspace)?;
    let of_none = |name: &&str| names.contains(name) && devices.get(name).is_none();
    let alone: Vec<String> = passwd.users().map(|(user, _)| user).filter(of_none).map(str::to_owned).collect();
    staying.extend(alone.into_iter().map(|user| (user, Stays::NotOfAList)));
    let logins = passwd.delete_all(&users);
    if !logins.is_empty() {
        users::put_passwd(change, &passwd)?;
    }
    take_rights(change, &users)?;
    staying.sort_by(|a, b| a.0.cmp(&b.0));
    Ok((logins, staying))
}

/// Who gets such a name again does not get its rights with it.
fn take_rights(change: &mut Transaction<'_>, users: &HashSet<&str>) -> Result<(), Failure> {
    let path: PathBuf = permissions::acl_file(change.workspace())?.unwrap_or_else(|| PathBuf::from(layout::ACL));
    let Some(bytes) = change.read(&path)? else { return Ok(()) };
    let mut document = Document::parse(&bytes);
    permissions::refuse_broken(&document, &change.workspace().show(&path))?;
    let reading = document.reading(Series::V21);
    let is_gone = |name: &[u8]| std::str::from_utf8(name).is_ok_and(|name| users.contains(name));
    let of_user = |scope: &Scope| matches!(scope, Scope::User(name) if is_gone(name));
    let entries = reading.entries.iter().filter(|entry| of_user(&entry.scope)).map(|entry| entry.line);
    let heads = reading.sections.iter().filter(|(_, name)| is_gone(name)).map(|(line, _)| *line);
    let numbers: Vec<usize> = entries.chain(heads).collect();
    if !numbers.is_empty() {
        document.remove(&numbers);
        change.put(path, document.to_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::serial;

    #[test]
    fn a_serial_number_is_told_from_a_name() {
        for (word, expected) in [
            ("40:ab:cd:ef:01", Some("40ABCDEF01")),
            ("0x0123456789", Some("0123456789")),
            ("00123456789", Some("0123456789")),
            ("device-7", None),
            ("abcdef", None),
            ("", None),
        ] {
            assert_eq!(serial(word).as_deref(), expected, "{word}");
        }
    }
}
