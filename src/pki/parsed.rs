//! A certificate taken apart: the facts that mqsec tells and judges by.

use std::net::IpAddr;
use std::sync::OnceLock;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::Digest;
use sha2::Sha256;
use time::OffsetDateTime;
use x509_parser::extensions::GeneralName;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::prelude::X509Certificate;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::PkiError;
use super::keys;
use super::signature;
use super::signature::Signature;
use super::signature::another_key;
use crate::error::printable;

/// What a public key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// With its length in bits.
    Rsa(usize),
    P256,
    P384,
    P521,
    Ed25519,
    /// DSA, RSA-PSS keys, other curves, post-quantum kinds.
    Other,
}

#[derive(Clone, Debug)]
pub struct Certificate {
    pub der: CertificateDer<'static>,
    pub subject: String,
    pub common_name: Option<String>,
    pub issuer: String,
    pub raw_subject: Vec<u8>,
    pub raw_issuer: Vec<u8>,
    pub spki: Vec<u8>,
    /// The key itself, without the name of its kind.
    pub public_key: Vec<u8>,
    /// Upper-case hexadecimal, as openssl prints it.
    pub serial: String,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    pub dns_names: Vec<String>,
    pub addresses: Vec<IpAddr>,
    pub is_ca: bool,
    pub basic_constraints: bool,
    pub basic_constraints_critical: bool,
    /// How many authorities may stand between it and a leaf.
    pub path_length: Option<u32>,
    pub server_auth: bool,
    pub client_auth: bool,
    /// Whether keyUsage lets it sign certificates and CRLs (absent: it may).
    pub may_sign_certificates: bool,
    pub may_sign_crls: bool,
    /// Whether keyUsage lets it sign or agree on keys, as a TLS client must.
    pub may_sign: bool,
    /// The same, or encipher keys, as a TLS server must.
    pub may_serve: bool,
    pub key_usage: bool,
    pub subject_key_id: Option<Vec<u8>>,
    pub authority_key_id: Option<Vec<u8>>,
    pub key: String,
    pub key_kind: KeyKind,
    /// The signature's algorithm, as an object identifier in dotted form.
    pub signature_oid: String,
    pub version: u32,
    /// Asked once: a root stands above ten thousand leaves.
    pub(super) self_signed: OnceLock<bool>,
}

impl Certificate {
    /// The first certificate of a PEM file; `path` is for the error.
    pub fn from_pem(pem: &[u8], path: &str) -> Result<Self, PkiError> {
        Ok(Self::all_from_pem(pem, path)?.swap_remove(0))
    }

    /// Every certificate of a PEM file, at least one.
    pub fn all_from_pem(pem: &[u8], path: &str) -> Result<Vec<Self>, PkiError> {
        let wrong = |found: String| PkiError::WrongContent { path: path.to_owned(), wanted: "a certificate", found };
        let ders: Vec<_> =
            CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| wrong(keys::describe(pem)))?;
        if ders.is_empty() {
            return Err(wrong(keys::describe(pem)));
        }
        ders.into_iter()
            .map(|der| Self::from_der(der).ok_or_else(|| wrong("a certificate that is damaged".to_owned())))
            .collect()
    }

    pub fn from_der(der: CertificateDer<'static>) -> Option<Self> {
        let (rest, parsed) = X509Certificate::from_der(&der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let (mut dns_names, mut addresses) = (Vec::new(), Vec::new());
        if let Ok(Some(names)) = parsed.subject_alternative_name() {
            for name in &names.value.general_names {
                match name {
                    GeneralName::DNSName(name) => dns_names.push(printable(name)),
                    GeneralName::IPAddress(bytes) => addresses.extend(address(bytes)),
                    _ => {}
                }
            }
        }
        let usage = parsed.key_usage().ok().flatten().map(|usage| *usage.value);
        let extended = parsed.extended_key_usage().ok().flatten().map(|usage| usage.value.clone());
        let constraints = parsed.basic_constraints().ok().flatten();
        let (mut subject_key_id, mut authority_key_id) = (None, None);
        for extension in parsed.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => subject_key_id = Some(id.0.to_vec()),
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    authority_key_id = id.key_identifier.as_ref().map(|id| id.0.to_vec());
                }
                _ => {}
            }
        }
        let (key_kind, key) = key_kind(parsed.public_key());
        Some(Self {
            subject: printable(&parsed.subject().to_string()),
            common_name: parsed.subject().iter_common_name().next().and_then(|cn| cn.as_str().ok()).map(printable),
            issuer: printable(&parsed.issuer().to_string()),
            raw_subject: parsed.subject().as_raw().to_vec(),
            raw_issuer: parsed.issuer().as_raw().to_vec(),
            spki: parsed.public_key().raw.to_vec(),
            public_key: parsed.public_key().subject_public_key.as_ref().to_vec(),
            serial: serial_text(parsed.raw_serial()),
            not_before: parsed.validity().not_before.to_datetime(),
            not_after: parsed.validity().not_after.to_datetime(),
            dns_names,
            addresses,
            is_ca: constraints.as_ref().is_some_and(|found| found.value.ca),
            basic_constraints: constraints.is_some(),
            basic_constraints_critical: constraints.as_ref().is_some_and(|found| found.critical),
            path_length: constraints.as_ref().and_then(|found| found.value.path_len_constraint),
            server_auth: extended.as_ref().is_none_or(|eku| eku.server_auth || eku.any),
            client_auth: extended.as_ref().is_none_or(|eku| eku.client_auth || eku.any),
            may_sign_certificates: usage.as_ref().is_none_or(|usage| usage.key_cert_sign()),
            may_sign_crls: usage.as_ref().is_none_or(|usage| usage.crl_sign()),
            may_sign: usage.as_ref().is_none_or(|usage| usage.digital_signature() || usage.key_agreement()),
            may_serve: usage
                .as_ref()
                .is_none_or(|usage| usage.digital_signature() || usage.key_agreement() || usage.key_encipherment()),
            key_usage: usage.is_some(),
            subject_key_id,
            authority_key_id,
            key,
            key_kind,
            signature_oid: parsed.signature_algorithm.algorithm.to_id_string(),
            version: parsed.version().0 + 1,
            self_signed: OnceLock::new(),
            der: der.clone(),
        })
    }

    /// Every name of the SAN, for a reader.
    pub fn names(&self) -> Vec<String> {
        self.dns_names.iter().cloned().chain(self.addresses.iter().map(IpAddr::to_string)).collect()
    }

    pub fn is_self_issued(&self) -> bool {
        self.raw_subject == self.raw_issuer
    }

    /// Whether it stands for itself: its own name and its own signature.
    pub fn is_self_signed(&self) -> bool {
        self.is_self_issued() && *self.self_signed.get_or_init(|| self.signed_by(self))
    }

    /// Whether the issuer's key made the signature, whatever their names say. Where the signature is of a kind that
    /// nothing here computes any more, the key identifiers decide.
    pub fn signed_by(&self, issuer: &Self) -> bool {
        let Ok((_, parsed)) = X509Certificate::from_der(&self.der) else {
            return false;
        };
        let signature = Signature {
            algorithm: parsed.signature_algorithm.algorithm.as_bytes(),
            message: parsed.tbs_certificate.as_ref(),
            value: parsed.signature_value.as_ref(),
        };
        signature.is_made_by(issuer, self.authority_key_id.as_ref())
    }

    /// Whether both have key identifiers, and different ones.
    pub fn names_another_key_than(&self, issuer: &Self) -> bool {
        another_key(self.authority_key_id.as_ref(), issuer)
    }

    /// Whether it names exactly this key as its issuer's.
    pub fn names_the_key_of(&self, issuer: &Self) -> bool {
        self.authority_key_id.is_some() && self.authority_key_id == issuer.subject_key_id
    }

    /// Whether this authority issued it: by name and key identifier, and by its signature where it names no key.
    pub fn is_from(&self, issuer: &Self) -> bool {
        self.raw_issuer == issuer.raw_subject
            && (self.names_the_key_of(issuer) || !self.names_another_key_than(issuer) && self.signed_by(issuer))
    }

    /// The signature's algorithm, in words.
    pub fn signature_name(&self) -> &str {
        signature::name(&self.signature_oid)
    }

    /// SHA-256 over the DER, with colons, as openssl prints it.
    pub fn fingerprint(&self) -> String {
        let hex: Vec<String> = Sha256::digest(&self.der).iter().map(|byte| format!("{byte:02X}")).collect();
        hex.join(":")
    }

    /// The name that a reader knows it by.
    pub fn title(&self) -> &str {
        self.common_name.as_deref().unwrap_or(&self.subject)
    }
}

/// A serial number as openssl prints it: upper-case hexadecimal without the zero that keeps it positive.
pub(crate) fn serial_text(bytes: &[u8]) -> String {
    let bytes = match bytes {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

pub(super) fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(v4));
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

/// What a public key is, and its name.
pub(super) fn key_kind(key: &SubjectPublicKeyInfo<'_>) -> (KeyKind, String) {
    let algorithm = &key.algorithm;
    let curve = || algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok()).map(|oid| oid.to_id_string());
    match key.parsed() {
        Ok(PublicKey::RSA(key)) => {
            let bits = bits(key.modulus);
            (KeyKind::Rsa(bits), format!("RSA {bits}"))
        }
        Ok(PublicKey::EC(point)) => match curve().as_deref() {
            Some("1.2.840.10045.3.1.7") => (KeyKind::P256, "ECDSA P-256".to_owned()),
            Some("1.3.132.0.34") => (KeyKind::P384, "ECDSA P-384".to_owned()),
            Some("1.3.132.0.35") => (KeyKind::P521, "ECDSA P-521".to_owned()),
            Some("1.3.132.0.10") => (KeyKind::Other, "ECDSA secp256k1".to_owned()),
            _ => (KeyKind::Other, format!("ECDSA on another curve ({} bits)", point.key_size())),
        },
        Ok(PublicKey::DSA(_)) => (KeyKind::Other, "DSA".to_owned()),
        _ => match algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => (KeyKind::Ed25519, "Ed25519".to_owned()),
            "1.3.101.113" => (KeyKind::Other, "Ed448".to_owned()),
            other => (KeyKind::Other, other.to_owned()),
        },
    }
}

/// The bits of a number, leading zeroes left out: keys of 2047 bits exist.
fn bits(number: &[u8]) -> usize {
    let zeroes = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeroes).map_or(0, |first| (number.len() - zeroes) * 8 - first.leading_zeros() as usize)
}
