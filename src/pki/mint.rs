//! Certificates by the ten thousand: the same as [`Authority::issue`] makes, without what one device at a time can afford: no
//! signing request (a second signature), no reading back of each, and keys that go from the library to PEM without a detour.
//! That they are the same is checked at the start of each run, by [`Mint::check`].

use aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
use aws_lc_rs::signature::EcdsaKeyPair;
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::PublicKeyData;
use rcgen::SerialNumber;
use rcgen::SignatureAlgorithm;
use rustls::pki_types::CertificateDer;
use sha2::Digest;
use sha2::Sha256;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::PkiError;
use super::authority::Authority;
use super::inventory;
use super::keys;
use super::keys::KeyType;
use super::names::BrokerName;
use super::names::CommonName;
use crate::secret::random_bytes;

/// A public key that is to be certified.
pub struct PublicKey {
    bytes: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
    is_rsa: bool,
}

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

/// A new key: its private half in PEM, for the device, and its public one.
pub fn new_key(kind: KeyType) -> Result<(Zeroizing<Vec<u8>>, PublicKey), PkiError> {
    if kind != KeyType::P256 {
        let key = kind.generate()?;
        let (bytes, algorithm) = (key.der_bytes().to_vec(), key.algorithm());
        return Ok((keys::to_pem(&key), PublicKey { bytes, algorithm, is_rsa: kind.is_rsa() }));
    }
    // rcgen makes the key, writes it down and reads it again, which takes twice as long as making it
    let failed = || PkiError::Issue { what: "key", source: rcgen::Error::KeyGenerationUnavailable };
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| failed())?;
    let der = key.to_pkcs8v1().map_err(|_| failed())?;
    let mut text = Zeroizing::new(Vec::with_capacity(256));
    pem(&mut text, "PRIVATE KEY", der.as_ref());
    let bytes = key.public_key().as_ref().to_vec();
    Ok((text, PublicKey { bytes, algorithm: &rcgen::PKCS_ECDSA_P256_SHA256, is_rsa: false }))
}

/// What a device's certificate says.
pub struct Leaf<'a> {
    pub common_name: &'a CommonName,
    pub names: &'a [BrokerName],
    pub not_after: OffsetDateTime,
}

/// A certificate, and what the inventory notes of it.
pub struct Minted {
    pub der: CertificateDer<'static>,
    pub serial: [u8; 16],
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
}

/// An authority at work.
pub struct Mint<'a> {
    authority: &'a Authority,
    /// The issuer's key identifier, as the inventory has it.
    issuer: String,
    now: OffsetDateTime,
}

impl<'a> Mint<'a> {
    /// Begins, once what it makes is what [`Authority::issue`] makes.
    pub fn open(authority: &'a Authority, now: OffsetDateTime) -> Result<Self, PkiError> {
        let issuer = authority.certificate.subject_key_id.as_deref().map(inventory::hex).unwrap_or_default();
        let mint = Self { authority, issuer, now };
        mint.check()?;
        Ok(mint)
    }

    pub fn issue(&self, leaf: &Leaf<'_>, key: &PublicKey) -> Result<Minted, PkiError> {
        self.authority.check_device(leaf.common_name, leaf.names)?;
        let serial = serial();
        let params = self.authority.device_params(leaf, key.is_rsa, serial_number(&serial), self.now)?;
        let (not_before, not_after) = (params.not_before, params.not_after);
        let der = self.authority.sign(params, key)?;
        Ok(Minted { der, serial, not_before, not_after })
    }

    /// For a key that the device has itself.
    pub fn issue_for(&self, leaf: &Leaf<'_>, spki: &[u8], is_rsa: bool) -> Result<Minted, PkiError> {
        self.authority.check_device(leaf.common_name, leaf.names)?;
        let serial = serial();
        let params = self.authority.device_params(leaf, is_rsa, serial_number(&serial), self.now)?;
        let (not_before, not_after) = (params.not_before, params.not_after);
        let key = rcgen::SubjectPublicKeyInfo::from_der(spki)
            .map_err(|source| PkiError::Issue { what: "certificate", source })?;
        let der = self.authority.sign(params, &key)?;
        Ok(Minted { der, serial, not_before, not_after })
    }

    /// The inventory's line.
    pub fn note(&self, made: &Minted, name: &str, file: &str) -> String {
        let line = inventory::Issued {
            serial: upper_hex(&made.serial).into(),
            role: inventory::Role::Client,
            name: name.into(),
            not_before: inventory::date(made.not_before).into(),
            not_after: inventory::date(made.not_after).into(),
            fingerprint: inventory::hex(&Sha256::digest(&made.der)).into(),
            issuer: self.issuer.as_str().into(),
            file: file.into(),
        };
        line.line()
    }

    /// Reads one back, and has it judged as everybody else would.
    fn check(&self) -> Result<(), PkiError> {
        let name: CommonName = "mqsec".parse().map_err(|_| self.foreign())?;
        let leaf = Leaf { common_name: &name, names: &[], not_after: self.now + time::Duration::hours(1) };
        let (_, key) = new_key(KeyType::P256)?;
        let made = self.issue(&leaf, &key)?;
        let read = self.authority.read_back(&made.der)?;
        let noted = inventory::Issued::new(&read, inventory::Role::Client, "f").line();
        if !read.is_from(&self.authority.certificate)
            || !read.signed_by(&self.authority.certificate)
            || noted != self.note(&made, "mqsec", "f")
        {
            return Err(self.foreign());
        }
        Ok(())
    }

    fn foreign(&self) -> PkiError {
        PkiError::NotAnAuthority {
            path: "certs/ca.crt".to_owned(),
            reason: "what it issues does not name it as its issuer".to_owned(),
        }
    }
}

/// 16 random bytes, positive and of full length.
fn serial() -> [u8; 16] {
    let mut bytes = random_bytes::<16>();
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    bytes
}

fn serial_number(bytes: &[u8; 16]) -> SerialNumber {
    SerialNumber::from_slice(bytes)
}

/// As openssl prints a serial number.
pub fn upper_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Adds a PEM block in lines of 64 letters.
pub fn pem(text: &mut Vec<u8>, label: &str, der: &[u8]) {
    const LINE: usize = 48;
    text.extend_from_slice(b"-----BEGIN ");
    text.extend_from_slice(label.as_bytes());
    text.extend_from_slice(b"-----\n");
    for line in der.chunks(LINE) {
        let start = text.len();
        text.resize(start + line.len().div_ceil(3) * 4, 0);
        // the room is exact, so this cannot fail
        let _ = STANDARD.encode_slice(line, &mut text[start..]);
        text.push(b'\n');
    }
    text.extend_from_slice(b"-----END ");
    text.extend_from_slice(label.as_bytes());
    text.extend_from_slice(b"-----\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::authority::Request;
    use crate::pki::authority::Role;
    use crate::pki::parsed::Certificate;

    #[test]
    fn what_is_minted_is_what_the_authority_issues() {
        let now = time::macros::datetime!(2026-11-21 12:00 UTC);
        let (authority, ..) = Authority::create(&"CA".parse().unwrap(), 3650, KeyType::P256, now).unwrap();
        let mint = Mint::open(&authority, now).unwrap();
        for kind in [KeyType::P256, KeyType::P384, KeyType::Ed25519, KeyType::Rsa2048] {
            let (key_pem, key) = new_key(kind).unwrap();
            let name: CommonName = "küche 1".parse().unwrap();
            let not_after = now + time::Duration::days(90);
            let made = mint.issue(&Leaf { common_name: &name, names: &[], not_after }, &key).unwrap();
            let mine = Certificate::from_der(made.der.clone()).unwrap();
            let request = Request { common_name: name, role: Role::Client, days: 90, key_type: kind };
            let pair = keys::parse(&key_pem, "k").unwrap();
            let theirs = authority.issue_for(&request, &pair, now).unwrap();
            assert_eq!(theirs.key_pem.as_slice(), key_pem.as_slice(), "{kind}");
            // what is signed, but for the serial number
            let without = |certificate: &Certificate| {
                let der = &certificate.der;
                let length = usize::from(u16::from_be_bytes([der[6], der[7]]));
                let mut signed = der[4..8 + length].to_vec();
                let at = signed.windows(16).position(|window| upper_hex(window) == certificate.serial).unwrap();
                signed[at..at + 16].fill(0);
                signed
            };
            assert_eq!(without(&mine), without(&theirs.certificate), "{kind}");
        }
    }

    #[test]
    fn pem_is_the_librarys() {
        for length in [0, 1, 47, 48, 49, 300] {
            let der = vec![7; length];
            let mut text = Vec::new();
            pem(&mut text, "CERTIFICATE", &der);
            assert_eq!(String::from_utf8(text).unwrap(), keys::certificate_pem(&der), "{length}");
        }
    }
}
