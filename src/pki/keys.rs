//! Private keys: made, read, and told apart from what else stands in PEM files.

use std::fmt;

use clap::ValueEnum;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::Encode;
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::spki::SubjectPublicKeyInfoRef;
use rcgen::KeyPair;
use rcgen::PublicKeyData;
use rcgen::RsaKeySize;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

use super::PkiError;
use super::encrypted;
use super::parsed::Certificate;
use super::parsed::KeyKind;
use crate::error::printable;

/// The kinds of keys that mqsec makes. P-256 is the one that every client family takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub enum KeyType {
    /// ECDSA on NIST P-256: every client takes it
    #[default]
    P256,
    /// ECDSA on NIST P-384
    P384,
    /// Ed25519: small and fast, but not for mbedTLS (ESP32) and BearSSL (ESP8266)
    Ed25519,
    /// RSA of 2048 bits, for old devices
    Rsa2048,
    /// RSA of 3072 bits
    Rsa3072,
    /// RSA of 4096 bits; takes about a second
    Rsa4096,
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P256 => "ECDSA P-256",
            Self::P384 => "ECDSA P-384",
            Self::Ed25519 => "Ed25519",
            Self::Rsa2048 => "RSA 2048",
            Self::Rsa3072 => "RSA 3072",
            Self::Rsa4096 => "RSA 4096",
        })
    }
}

impl KeyType {
    /// The kind of a new key in the place of this certificate's.
    pub fn like(certificate: &Certificate) -> Self {
        match certificate.key_kind {
            KeyKind::Rsa(bits) if bits > 3072 => Self::Rsa4096,
            KeyKind::Rsa(bits) if bits > 2048 => Self::Rsa3072,
            KeyKind::Rsa(_) => Self::Rsa2048,
            KeyKind::P384 | KeyKind::P521 => Self::P384,
            KeyKind::Ed25519 => Self::Ed25519,
            KeyKind::P256 | KeyKind::Other => Self::P256,
        }
    }

    /// As it is written on the command line and in a list.
    pub fn word(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 => "rsa2048",
            Self::Rsa3072 => "rsa3072",
            Self::Rsa4096 => "rsa4096",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        use clap::ValueEnum;
        Self::value_variants().iter().copied().find(|key| key.word() == word)
    }

    pub fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096)
    }

    pub fn generate(self) -> Result<KeyPair, PkiError> {
        let made = match self {
            Self::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            Self::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            Self::Ed25519 => KeyPair::generate_for(&rcgen::PKCS_ED25519),
            Self::Rsa2048 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
            Self::Rsa3072 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_3072),
            Self::Rsa4096 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_4096),
        };
        made.map_err(|source| PkiError::Issue { what: "key", source })
    }
}

/// The key as PKCS#8 PEM, in its first version: OpenSSL before 3.5 reads no other, so no broker would.
pub fn to_pem(key: &KeyPair) -> Zeroizing<Vec<u8>> {
    let der = pkcs8(key);
    let body = match der.strip_prefix(&ED25519_V2) {
        // what follows the seed is the public key, which the first version does not have
        Some(rest) => Zeroizing::new([&ED25519_V1[..], rest.get(..32).unwrap_or(rest)].concat()),
        None => der,
    };
    encrypted::to_pem("PRIVATE KEY", &body)
}

/// The key as PKCS#8. One that was read in PKCS#1 or SEC 1 is kept in that form by rcgen, and is wrapped.
fn pkcs8(key: &KeyPair) -> Zeroizing<Vec<u8>> {
    let der = Zeroizing::new(key.serialize_der());
    if PrivateKeyInfoRef::try_from(der.as_slice()).is_ok() {
        return der;
    }
    let spki = key.subject_public_key_info();
    let wrapped = SubjectPublicKeyInfoRef::try_from(spki.as_slice()).and_then(|spki| {
        let inner = OctetStringRef::new(&der)?;
        Ok(PrivateKeyInfoRef::new(spki.algorithm, inner).to_der()?)
    });
    wrapped.map_or(der, Zeroizing::new)
}

/// A certificate as PEM.
pub fn certificate_pem(der: &[u8]) -> String {
    String::from_utf8_lossy(&encrypted::to_pem("CERTIFICATE", der)).into_owned()
}

/// The start of an Ed25519 key in PKCS#8, up to its seed of 32 bytes.
const ED25519_V1: [u8; 16] = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
const ED25519_V2: [u8; 16] = *b"\x30\x51\x02\x01\x01\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";

/// Reads a private key in PKCS#8, PKCS#1 or SEC1; `path` is for the error.
pub fn parse(pem: &[u8], path: &str) -> Result<KeyPair, PkiError> {
    parse_der(pem, path).and_then(|der| {
        KeyPair::try_from(&der).map_err(|_| PkiError::WrongContent {
            path: path.to_owned(),
            wanted: "a private key",
            found: "a key of a kind or form that mqsec cannot use".to_owned(),
        })
    })
}

pub fn parse_der(pem: &[u8], path: &str) -> Result<PrivateKeyDer<'static>, PkiError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| PkiError::WrongContent {
        path: path.to_owned(),
        wanted: "a private key",
        found: describe(pem),
    })
}

/// What a file holds, in words, from its first PEM label or its first bytes.
pub fn describe(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let label = text.lines().find_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----"));
    match label {
        Some("ENCRYPTED PRIVATE KEY") => "an encrypted private key",
        Some(label) if label.ends_with("PRIVATE KEY") && text.contains("Proc-Type: 4,ENCRYPTED") => {
            "an encrypted private key (in OpenSSL's old form)"
        }
        Some(label) if label.ends_with("PRIVATE KEY") && !text.contains("-----END ") => "half a private key",
        Some(label) if label.ends_with("PRIVATE KEY") => "a private key",
        Some("CERTIFICATE" | "TRUSTED CERTIFICATE") if !text.contains("-----END ") => "half a certificate",
        Some("CERTIFICATE" | "TRUSTED CERTIFICATE") => "a certificate",
        Some("CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") => "a certificate signing request",
        Some("X509 CRL") => "a certificate revocation list",
        Some("PUBLIC KEY") => "a public key",
        Some("PKCS7" | "CMS") => "a PKCS#7 bundle",
        Some(other) => return format!("PEM of the kind `{}`", printable(other)),
        None if bytes.is_empty() => "nothing (the file is empty)",
        None if bytes.starts_with(&[0x30, 0x82]) || bytes.starts_with(&[0x30, 0x81]) => {
            "binary DER (convert it to PEM with openssl)"
        }
        None => "no PEM block",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_key_is_read_back() {
        for kind in [KeyType::P256, KeyType::P384, KeyType::Ed25519, KeyType::Rsa2048] {
            let key = kind.generate().unwrap();
            let read = parse(&to_pem(&key), "k").unwrap();
            assert_eq!(read.public_key_raw(), key.public_key_raw(), "{kind}");
        }
    }

    #[test]
    fn a_key_in_an_older_form_is_written_in_the_present_one() {
        // SEC 1, as `openssl ecparam -genkey -noout` writes it
        let sec1 = "-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIIz7RUrsjK395dhJINbF8vIO1WlyTzW+MhdZksSMY3DGoAoGCCqGSM49
AwEHoUQDQgAE1772s1WZ5e6OPypfKS3C6ZUKqrv/fHd8BfFbOOjE83lPQMnFiN29
ODYDQoXxvdZLpDSI+gJVk1MFka/5X9wyAA==
-----END EC PRIVATE KEY-----
";
        let key = parse(sec1.as_bytes(), "k").unwrap();
        let pem = to_pem(&key);
        assert!(pem.starts_with(b"-----BEGIN PRIVATE KEY-----"));
        assert_eq!(parse(&pem, "k").unwrap().public_key_raw(), key.public_key_raw());
    }

    #[test]
    fn other_contents_are_named() {
        let error = |bytes: &[u8]| parse(bytes, "k").unwrap_err().to_string();
        assert!(error(b"").contains("empty"));
        assert!(error(b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n").contains("a certificate"));
        assert!(
            error(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n")
                .contains("encrypted")
        );
        assert!(error(b"-----BEGIN PRIVATE KEY-----\nMIG").contains("half"));
        assert!(error(&[0x30, 0x82, 1, 2]).contains("DER"));
    }
}
