//! What the folder knows of the list's names: who was issued, what was revoked, who has a password. Read line by line.

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::hash::RandomState;

use time::OffsetDateTime;

use super::records::Keys;
use super::records::Kind;
use super::records::Record;
use super::records::Records;
use super::records::Sieve;
use crate::error::Failure;
use crate::fleet::roster::Device;
use crate::pki::inventory;
use crate::pki::inventory::Role;
use crate::provision::fleet::source::Lines;
use crate::workspace::Workspace;
use crate::workspace::layout;

/// What [`Record::about`] says of a certificate.
pub(super) const REVOKED: u64 = 1;
pub(super) const ENDED: u64 = 2;
/// Less than a third of its life is left.
pub(super) const NEAR_ITS_END: u64 = 4;

/// How many lines are read at once.
const CHUNK: usize = 4096;

fn each_line(
    workspace: &Workspace,
    path: &str,
    mut look: impl FnMut(u64, &str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Some(mut lines) = Lines::of_file(&workspace.path(path))? else { return Ok(()) };
    while let Some(chunk) = lines.next(CHUNK)? {
        for (at, line) in chunk.lines().enumerate() {
            // what is no text in these files is told by those who are asked about them
            if let Ok(text) = std::str::from_utf8(line) {
                look((chunk.first + at) as u64, text)?;
            }
        }
    }
    Ok(())
}

fn each_line_of_all(
    workspace: &Workspace,
    paths: [&str; 2],
    mut look: impl FnMut(u64, &str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    paths.iter().try_for_each(|path| each_line(workspace, path, &mut look))
}

pub(super) fn roster(
    workspace: &Workspace,
    keys: &Keys,
    sieve: &Sieve,
    records: &mut Records<'_>,
) -> Result<(), Failure> {
    each_line(workspace, layout::ROSTER, |at, line| {
        let Some(device) = Device::parse(line) else { return Ok(()) };
        let key = keys.of(device.name);
        if !sieve.may_have(key) {
            return Ok(());
        }
        records.push(Record { key, kind: Kind::Roster, at, about: device.digest })
    })
}

/// The clients' certificates. What was revoked is read first: the numbers of the revoked certificates alone stay in memory, as
/// they do where the revocation list is made.
pub(super) fn issued(
    workspace: &Workspace,
    now: OffsetDateTime,
    keys: &Keys,
    sieve: &Sieve,
    records: &mut Records<'_>,
) -> Result<(), Failure> {
    let hasher = RandomState::new();
    let mut revoked: HashSet<u64> = HashSet::new();
    each_line(workspace, layout::INVENTORY, |_, line| {
        if line.starts_with("revoked\t")
            && let Some(inventory::Line::Revoked(entry)) = inventory::Line::parse(line)
        {
            revoked.insert(hasher.hash_one(&*entry.serial));
        }
        Ok(())
    })?;
    let now = now.unix_timestamp();
    each_line(workspace, layout::INVENTORY, |at, line| {
        // most lines of a large inventory are of other devices, which the name alone tells
        let Some(name) = client_name(line) else { return Ok(()) };
        if !name.contains('\\') && !sieve.may_have(keys.of(name)) {
            return Ok(());
        }
        let Some(inventory::Line::Issued(entry)) = inventory::Line::parse(line) else { return Ok(()) };
        let is_revoked = u64::from(revoked.contains(&hasher.hash_one(entry.serial)));
        let has_ended = u64::from(entry.period.1 < now);
        let (begin, end) = entry.period;
        let is_near_its_end = u64::from(end - now < (end - begin) / 3);
        let about = is_revoked * REVOKED + has_ended * ENDED + is_near_its_end * NEAR_ITS_END;
        records.push(Record { key: keys.of(&entry.name()), kind: Kind::Issued, at, about })
    })
}

/// The name in an `issued` line of a client, as it is written.
fn client_name(line: &str) -> Option<&str> {
    let (_, rest) = line.strip_prefix("issued\t")?.split_once('\t')?;
    let (role, rest) = rest.split_once('\t')?;
    (role == Role::Client.name()).then(|| rest.split('\t').next()).flatten()
}

/// The users of the password file, as the broker splits its lines.
pub(super) fn logins(
    workspace: &Workspace,
    keys: &Keys,
    sieve: &Sieve,
    records: &mut Records<'_>,
) -> Result<(), Failure> {
    let look = |at, line: &str| {
        let line = line.trim_start_matches('\u{feff}');
        let user = line.split(':').find(|field| !field.is_empty()).unwrap_or_default().trim_ascii();
        if line.starts_with('#') || !line.contains(':') || user.is_empty() {
            return Ok(());
        }
        let key = keys.of(user);
        if !sieve.may_have(key) {
            return Ok(());
        }
        records.push(Record { key, kind: Kind::Login, at, about: 0 })
    };
    // and those that an interrupted run has for it
    each_line_of_all(workspace, [layout::PASSWD, layout::fleet::PASSWD], look)
}
