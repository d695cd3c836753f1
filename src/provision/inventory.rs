//! The inventory's file: what was issued and revoked is noted in the same change that writes the files.

use std::path::Path;

use crate::pki::inventory::Issued;
use crate::pki::inventory::Revoked;
use crate::pki::inventory::Role;
use crate::pki::parsed::Certificate;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// Notes a certificate that this change writes to `file`.
pub fn issued(change: &mut Transaction<'_>, certificate: &Certificate, role: Role, file: &Path) {
    let file = file.to_string_lossy();
    append(change, &Issued::new(certificate, role, &file).line());
}

pub fn revoked(change: &mut Transaction<'_>, entry: &Revoked<'_>) {
    append(change, &entry.line());
}

fn append(change: &mut Transaction<'_>, line: &str) {
    change.append(layout::INVENTORY, line.as_bytes());
}
