//! The inventory made anew from what is there: certificates, revocation lists, and the readable lines of the old one.

use std::collections::HashMap;
use std::collections::HashSet;

use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::Issued;
use super::Line;
use super::Reason;
use super::Revoked;
use super::Role;
use super::date;
use super::hex;
use super::read_line;
use crate::pki::crl::Crl;
use crate::pki::parsed::Certificate;
use crate::pki::parsed::serial_text;

/// A certificate, and the file in which it was found.
pub struct Found {
    pub path: String,
    pub certificate: Certificate,
}

/// What a list revokes.
pub fn revocations(crl: &Crl) -> Vec<Revoked<'static>> {
    let Ok((_, parsed)) = CertificateRevocationList::from_der(&crl.der) else { return Vec::new() };
    let issuer = crl.authority_key_id.as_deref().map(hex).unwrap_or_default();
    let entries = parsed.iter_revoked_certificates().map(|entry| Revoked {
        serial: serial_text(entry.raw_serial()).into(),
        issuer: issuer.clone().into(),
        date: date(entry.revocation_date.to_datetime()).into(),
        reason: entry.reason_code().map_or(Reason::Unspecified, |(_, code)| reason(code.0)),
    });
    entries.collect()
}

fn reason(code: u8) -> Reason {
    match code {
        1 | 2 => Reason::KeyCompromise,
        3 => Reason::AffiliationChanged,
        4 => Reason::Superseded,
        5 => Reason::CessationOfOperation,
        9 => Reason::PrivilegeWithdrawn,
        _ => Reason::Unspecified,
    }
}

#[derive(Debug, Default)]
pub struct Rebuilt {
    pub text: String,
    /// Certificates and revocations that the old one did not have.
    pub issued_added: usize,
    pub revoked_added: usize,
    pub issued: usize,
    pub revoked: usize,
    /// Lines that could not be read.
    pub dropped: usize,
}

/// Puts together what the old file says and what is there. The old lines stay as they are; all are in the order of their
/// certificates' begin.
pub fn rebuilt(old: &[u8], found: &[Found], lists: &[Crl]) -> Rebuilt {
    let mut made = Rebuilt::default();
    let (mut issued, mut revoked): (Vec<(String, bool, String)>, Vec<String>) = (Vec::new(), Vec::new());
    let (mut known, mut known_revoked) = (HashSet::new(), HashSet::new());
    for line in old.split_inclusive(|byte| *byte == b'\n') {
        let text = || String::from_utf8_lossy(line).into_owned();
        match read_line(line) {
            Ok(None) => {}
            Ok(Some(Line::Issued(entry))) if known.insert(entry.fingerprint.to_owned()) => {
                issued.push((entry.not_before.to_owned(), false, text()));
            }
            Ok(Some(Line::Revoked(entry))) if known_revoked.insert(entry.serial.clone().into_owned()) => {
                revoked.push(text());
            }
            Ok(Some(_)) => {}
            Err(_) => made.dropped += 1,
        }
    }
    for (path, certificate, role) in ours(found) {
        let row = Issued::new(certificate, role, path);
        if known.insert(row.fingerprint.clone().into_owned()) {
            made.issued_added += 1;
            // of two from the same second the one that is in use counts
            issued.push((row.not_before.clone().into_owned(), !is_backup(path), row.line()));
        }
    }
    for entry in lists.iter().flat_map(revocations) {
        if known_revoked.insert(entry.serial.clone().into_owned()) {
            made.revoked_added += 1;
            revoked.push(entry.line());
        }
    }
    issued.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    (made.issued, made.revoked) = (issued.len(), revoked.len());
    made.text = issued.into_iter().map(|(_, _, line)| line).chain(revoked).collect();
    made
}

fn is_backup(path: &str) -> bool {
    path.starts_with("certs/backup/")
}

/// The certificates that an authority of this folder issued, and these authorities; one file each, that in use before a copy.
fn ours(found: &[Found]) -> Vec<(&str, &Certificate, Role)> {
    // a bridge's authority is another's
    let own = |found: &&Found| !found.path.contains("/bridges/");
    let mut by_name: HashMap<&[u8], Vec<&Certificate>> = HashMap::new();
    let is_authority = |found: &&Found| found.certificate.is_ca && has_its_place(&found.path);
    for Found { certificate, .. } in found.iter().filter(own).filter(is_authority) {
        by_name.entry(&certificate.raw_subject).or_default().push(certificate);
    }
    let mut seen = HashSet::new();
    let mut all: Vec<&Found> = found.iter().filter(own).collect();
    all.sort_by_key(|found| (is_backup(&found.path), !has_its_place(&found.path), &found.path));
    let mut rows = Vec::new();
    for Found { path, certificate } in all {
        let issuers = by_name.get(certificate.raw_issuer.as_slice()).map(Vec::as_slice).unwrap_or_default();
        let issued = issuers.iter().any(|issuer| !certificate.names_another_key_than(issuer));
        let is_root = certificate.is_ca && certificate.is_self_issued() && has_its_place(path);
        if (issued || is_root) && seen.insert(certificate.der.as_ref()) {
            let role = match certificate.is_ca {
                true => Role::Authority,
                false if path.ends_with("/broker.crt") || !certificate.client_auth => Role::Broker,
                false => Role::Client,
            };
            rows.push((path.as_str(), certificate, role));
        }
    }
    rows
}

/// Whether an authority's file is of that name: the broker's chain and copies hold authorities too.
fn has_its_place(path: &str) -> bool {
    !path.starts_with("certs/broker/") && (path.ends_with("/ca.crt") || path.ends_with("/ca.cross.crt"))
}
