//! Who still has a certificate of the old authority, and would be cut off without it.

use std::collections::HashMap;
use std::collections::HashSet;

use time::OffsetDateTime;

use super::publish::PairOf;
use super::publish::pair_of;
use crate::error::Failure;
use crate::pki::inventory;
use crate::pki::inventory::Inventory;
use crate::pki::inventory::Issued;
use crate::pki::inventory::Role;
use crate::pki::names::ClientName;
use crate::pki::parsed::Certificate;
use crate::provision::authority::Hierarchy;
use crate::provision::revocation::Revocations;
use crate::workspace::Transaction;
use crate::workspace::layout;
use crate::workspace::layout::broker;

/// A certificate of the old authority that is in force and has no successor.
pub struct Holder {
    pub name: String,
    pub is_broker: bool,
    pub serial: String,
    pub not_after: OffsetDateTime,
}

/// The certificates of the old authority that are in force.
#[derive(Default)]
pub struct InForce {
    /// The newest of their name, in the folder or in the inventory.
    pub holders: Vec<Holder>,
    /// How many others the inventory knows, whose devices may still use them.
    pub replaced: usize,
}

pub fn in_force(change: &Transaction<'_>, old: &Hierarchy, now: OffsetDateTime) -> Result<InForce, Failure> {
    let workspace = change.workspace();
    let bytes = change.read(layout::INVENTORY)?.unwrap_or_default();
    let known = Inventory::parse(&bytes);
    let revoked = Revocations::read(change)?;
    let is_revoked = |serial: &str| revoked.has_serial(&old.issuer().raw_subject, serial);
    let mut found: Vec<Holder> = Vec::new();
    if let PairOf::Ours(leaf, _) = pair_of(change, &[old])? {
        let certificate = Certificate::from_pem(leaf.as_bytes(), broker::CERT)?;
        found.push(Holder {
            name: certificate.title().to_owned(),
            is_broker: true,
            serial: certificate.serial,
            not_after: certificate.not_after,
        });
    }
    for name in workspace.clients()? {
        let Ok(client) = name.parse::<ClientName>() else { continue };
        let path = layout::client(&client).cert;
        let Some(certificate) =
            change.read(&path)?.and_then(|pem| Certificate::from_pem(&pem, &workspace.show(&path)).ok())
        else {
            continue;
        };
        if certificate.is_from(old.issuer()) && certificate.not_after > now && !is_revoked(&certificate.serial) {
            let (serial, not_after) = (certificate.serial, certificate.not_after);
            found.push(Holder { name, is_broker: false, serial, not_after });
        }
    }
    let Some(issuer) = old.issuer().subject_key_id.as_deref().map(inventory::hex) else {
        return Ok(InForce { holders: found, replaced: 0 });
    };
    let (mut newest, mut serials, today) = (HashMap::new(), HashSet::new(), inventory::date(now));
    // the certificate of a broker elsewhere is kept in no file here
    let counts = |one: &&Issued<'_>| one.role == Role::Client || one.role == Role::Broker && one.file.is_empty();
    for one in known.issued.iter().filter(counts) {
        newest.insert((one.role.name(), &one.name), one);
        if one.issuer == issuer && *one.not_after > *today && !is_revoked(&one.serial) {
            serials.insert(&one.serial);
        }
    }
    let mut more: Vec<Holder> = newest
        .into_values()
        .filter(|one| one.issuer == issuer && !is_revoked(&one.serial))
        .filter_map(|one| {
            let not_after = inventory::time_of(&one.not_after).filter(|end| *end > now)?;
            let (name, serial) = (one.name.clone().into_owned(), one.serial.clone().into_owned());
            Some(Holder { name, is_broker: false, serial, not_after })
        })
        .filter(|one| !found.iter().any(|known| known.serial == one.serial))
        .collect();
    more.sort_by(|one, other| one.name.cmp(&other.name));
    found.append(&mut more);
    let replaced = serials.iter().filter(|serial| !found.iter().any(|one| one.serial == ***serial)).count();
    Ok(InForce { holders: found, replaced })
}
