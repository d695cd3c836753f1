//! Which certificates are meant: by name, by serial number, by file.

use std::collections::HashSet;
use std::path::Path;
use std::path::PathBuf;

use time::OffsetDateTime;

use crate::error::Failure;
use crate::pki::inventory;
use crate::pki::inventory::Inventory;
use crate::pki::inventory::Role;
use crate::pki::names::ClientName;
use crate::pki::parsed::Certificate;
use crate::provision::authority::Hierarchy;
use crate::workspace::Transaction;
use crate::workspace::fs;
use crate::workspace::layout;

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

    /// One that the inventory has.
    pub fn noted(one: &inventory::Issued<'_>) -> Self {
        Self {
            serial: one.serial.to_string(),
            name: one.name.to_string(),
            role: one.role,
            issuer: one.issuer.to_string(),
            not_after: inventory::time_of(&one.not_after),
            file: None,
        }
    }

    /// A certificate that names no key of its issuer, as other tools make them, is that authority's which signed it.
    pub fn of(certificate: &Certificate, role: Role, file: Option<PathBuf>, live: &[Hierarchy]) -> Self {
        let signer = || {
            let all = live.iter().flat_map(|one| [one.issuer(), &one.root]);
            all.filter(|one| certificate.is_from(one)).find_map(|one| one.subject_key_id.as_deref())
        };
        Self {
            serial: certificate.serial.clone(),
            name: certificate.title().to_owned(),
            role,
            issuer: certificate.authority_key_id.as_deref().or_else(signer).map(inventory::hex).unwrap_or_default(),
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
    live: &[Hierarchy],
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
            found.push(Found::of(&certificate, Role::Client, Some(path), live));
        }
    }
    let noted = inventory.issued.iter().filter(|one| one.name == name);
    found.extend(noted.map(Found::noted));
    let mut seen = HashSet::new();
    found.retain(|one| one.not_after.is_none_or(|end| end > now) && seen.insert(one.serial.clone()));
    Ok(found)
}

/// The certificate with this serial number.
pub fn of_serial(inventory: &Inventory<'_>, serial: &str) -> Option<Found> {
    let one = inventory.issued.iter().rev().find(|one| one.serial.eq_ignore_ascii_case(serial))?;
    let file = (!one.file.is_empty()).then(|| PathBuf::from(&*one.file));
    Some(Found { file, ..Found::noted(one) })
}
