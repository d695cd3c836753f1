//! A certificate revocation list taken apart.

use std::collections::HashMap;

use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use time::OffsetDateTime;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::PkiError;
use super::keys;
use super::parsed::Certificate;
use super::parsed::serial_text;
use super::signature::Signature;
use super::signature::another_key;
use crate::error::printable;

#[derive(Clone, Debug)]
pub struct Crl {
    pub der: Vec<u8>,
    pub issuer: String,
    pub raw_issuer: Vec<u8>,
    pub this_update: OffsetDateTime,
    /// Absent in lists that never end, which RFC 5280 does not allow.
    pub next_update: Option<OffsetDateTime>,
    pub authority_key_id: Option<Vec<u8>>,
    /// Counts up with every list of an issuer; one that does not fit is as good as the highest.
    pub number: Option<u64>,
    /// By serial number, in the form of [`Certificate::serial`].
    revoked: HashMap<String, Entry>,
}

/// One certificate of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub date: OffsetDateTime,
    /// The code of RFC 5280, 5.3.1; 0 where none is told.
    pub reason: u8,
    /// Since when its key is not to be believed, where that is told.
    pub invalid_since: Option<OffsetDateTime>,
}

impl Entry {
    /// As openssl writes it.
    pub fn reason_name(&self) -> &'static str {
        const NAMES: [&str; 11] = [
            "unspecified",
            "keyCompromise",
            "CACompromise",
            "affiliationChanged",
            "superseded",
            "cessationOfOperation",
            "certificateHold",
            "unspecified",
            "removeFromCRL",
            "privilegeWithdrawn",
            "AACompromise",
        ];
        NAMES.get(usize::from(self.reason)).copied().unwrap_or("unspecified")
    }
}

impl Crl {
    /// Every list of a PEM file, at least one; `path` is for the error.
    pub fn all_from_pem(pem: &[u8], path: &str) -> Result<Vec<Self>, PkiError> {
        let wrong =
            |found: String| PkiError::WrongContent { path: path.to_owned(), wanted: "a revocation list", found };
        let ders: Vec<_> = CertificateRevocationListDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|_| wrong(keys::describe(pem)))?;
        if ders.is_empty() {
            return Err(wrong(keys::describe(pem)));
        }
        ders.iter()
            .map(|der| Self::from_der(der).ok_or_else(|| wrong("a revocation list that is damaged".to_owned())))
            .collect()
    }

    pub fn from_der(der: &[u8]) -> Option<Self> {
        let (rest, parsed) = CertificateRevocationList::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let authority_key_id = parsed.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|id| id.0.to_vec()),
            _ => None,
        });
        let number = parsed.crl_number().map(|number| number.try_into().unwrap_or(u64::MAX));
        let revoked = parsed.iter_revoked_certificates().map(|entry| {
            let date = entry.revocation_date.to_datetime();
            let reason = entry.reason_code().map_or(0, |(_, reason)| reason.0);
            let invalid_since = entry.invalidity_date().map(|(_, date)| date.to_datetime());
            (serial_text(entry.raw_serial()), Entry { date, reason, invalid_since })
        });
        Some(Self {
            issuer: printable(&parsed.issuer().to_string()),
            raw_issuer: parsed.issuer().as_raw().to_vec(),
            this_update: parsed.last_update().to_datetime(),
            next_update: parsed.next_update().map(|time| time.to_datetime()),
            authority_key_id,
            number,
            revoked: revoked.collect(),
            der: der.to_vec(),
        })
    }

    /// When the certificate with this serial number was revoked, if it was.
    pub fn revoked(&self, serial: &str) -> Option<OffsetDateTime> {
        self.revoked.get(serial).map(|entry| entry.date)
    }

    pub fn entry(&self, serial: &str) -> Option<&Entry> {
        self.revoked.get(serial)
    }

    /// What it lists, in no order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.revoked.iter().map(|(serial, entry)| (serial.as_str(), entry))
    }

    /// How many certificates it lists.
    pub fn len(&self) -> usize {
        self.revoked.len()
    }

    pub fn is_empty(&self) -> bool {
        self.revoked.is_empty()
    }

    /// Whether it bears the name of this authority.
    pub fn is_named_by(&self, issuer: &Certificate) -> bool {
        self.raw_issuer == issuer.raw_subject
    }

    /// Whether this authority's key made its signature.
    pub fn signed_by(&self, issuer: &Certificate) -> bool {
        let Ok((_, parsed)) = CertificateRevocationList::from_der(&self.der) else {
            return false;
        };
        let signature = Signature {
            algorithm: parsed.signature_algorithm.algorithm.as_bytes(),
            message: parsed.tbs_cert_list.as_ref(),
            value: parsed.signature_value.as_ref(),
        };
        signature.is_made_by(issuer, self.authority_key_id.as_ref())
    }

    /// Whether it names exactly this key as its issuer's.
    pub fn names_the_key_of(&self, issuer: &Certificate) -> bool {
        self.authority_key_id.is_some() && self.authority_key_id == issuer.subject_key_id
    }

    /// Whether both have key identifiers, and different ones.
    pub fn names_another_key_than(&self, issuer: &Certificate) -> bool {
        another_key(self.authority_key_id.as_ref(), issuer)
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;
    use crate::pki::authority::Authority;
    use crate::pki::keys::KeyType;

    const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

    #[test]
    fn a_list_tells_its_issuer_its_dates_and_whose_key_signed_it() {
        for kind in [KeyType::P256, KeyType::Ed25519, KeyType::Rsa2048] {
            let make = || Authority::create(&"CA".parse().unwrap(), 10, kind, NOW).unwrap().0;
            let (ca, twin) = (make(), make());
            let pem = ca.empty_crl(NOW).unwrap();
            let crl = Crl::all_from_pem(pem.as_bytes(), "crl").unwrap().remove(0);
            assert!(crl.is_named_by(&ca.certificate) && crl.is_named_by(&twin.certificate));
            assert!(crl.signed_by(&ca.certificate) && !crl.signed_by(&twin.certificate));
            assert!(crl.names_another_key_than(&twin.certificate) && !crl.names_another_key_than(&ca.certificate));
            assert_eq!(crl.next_update, Some(ca.certificate.not_after));
            assert_eq!(crl.this_update, NOW - Duration::hours(1));
            assert!(crl.is_empty() && crl.revoked("01").is_none());
        }
    }

    #[test]
    fn what_is_no_list_is_named() {
        let (_, pem, _) = Authority::create(&"CA".parse().unwrap(), 10, KeyType::P256, NOW).unwrap();
        assert!(Crl::all_from_pem(pem.as_bytes(), "x").unwrap_err().to_string().contains("a certificate"));
        assert!(Crl::all_from_pem(b"", "x").unwrap_err().to_string().contains("empty"));
        assert!(Crl::from_der(&[0x30, 0x82, 0xff]).is_none());
    }
}
