//! A certificate taken apart: the facts that mqsec tells and judges by.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::Digest;
use sha2::Sha256;
use time::OffsetDateTime;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::prelude::X509Certificate;
use x509_parser::public_key::PublicKey;

use super::PkiError;
use super::keys;

#[derive(Clone, Debug)]
pub struct Certificate {
    pub der: CertificateDer<'static>,
    pub subject: String,
    pub common_name: Option<String>,
    pub issuer: String,
    pub raw_subject: Vec<u8>,
    pub raw_issuer: Vec<u8>,
    pub spki: Vec<u8>,
    /// Upper-case hexadecimal, as openssl prints it.
    pub serial: String,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    pub dns_names: Vec<String>,
    pub addresses: Vec<IpAddr>,
    pub is_ca: bool,
    pub server_auth: bool,
    pub client_auth: bool,
    /// Whether keyUsage lets it sign certificates and CRLs (absent: it may).
    pub may_sign_certificates: bool,
    pub may_sign_crls: bool,
    pub key: String,
    pub version: u32,
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
                    GeneralName::DNSName(name) => dns_names.push((*name).to_owned()),
                    GeneralName::IPAddress(bytes) => addresses.extend(address(bytes)),
                    _ => {}
                }
            }
        }
        let usage = parsed.key_usage().ok().flatten().map(|usage| *usage.value);
        let extended = parsed.extended_key_usage().ok().flatten().map(|usage| usage.value.clone());
        let serial: String = parsed.raw_serial().iter().map(|byte| format!("{byte:02X}")).collect();
        let serial = serial.strip_prefix("00").filter(|rest| !rest.is_empty()).unwrap_or(&serial).to_owned();
        Some(Self {
            subject: parsed.subject().to_string(),
            common_name: parsed.subject().iter_common_name().next().and_then(|cn| cn.as_str().ok()).map(str::to_owned),
            issuer: parsed.issuer().to_string(),
            raw_subject: parsed.subject().as_raw().to_vec(),
            raw_issuer: parsed.issuer().as_raw().to_vec(),
            spki: parsed.public_key().raw.to_vec(),
            serial,
            not_before: parsed.validity().not_before.to_datetime(),
            not_after: parsed.validity().not_after.to_datetime(),
            dns_names,
            addresses,
            is_ca: parsed.is_ca(),
            server_auth: extended.as_ref().is_none_or(|eku| eku.server_auth || eku.any),
            client_auth: extended.as_ref().is_none_or(|eku| eku.client_auth || eku.any),
            may_sign_certificates: usage.as_ref().is_none_or(|usage| usage.key_cert_sign()),
            may_sign_crls: usage.as_ref().is_none_or(|usage| usage.crl_sign()),
            key: key_kind(&parsed),
            version: parsed.version().0 + 1,
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

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(v4));
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

fn key_kind(parsed: &X509Certificate<'_>) -> String {
    match parsed.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
        Ok(PublicKey::EC(point)) => format!("ECDSA P-{}", point.key_size()),
        _ => match parsed.public_key().algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => "Ed25519".to_owned(),
            other => other.to_owned(),
        },
    }
}
