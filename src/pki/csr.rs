//! Signing requests of others: read, and their signatures verified. rcgen's own reader is not used: it takes the key's
//! curve from the signature's algorithm, and hands the requester's wishes through.

use base64::Engine;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::GeneralName;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;

use super::keys;
use super::parsed::KeyKind;
use super::parsed::address;
use super::parsed::key_kind;
use super::signature;
use super::signature::Signature;
use super::signature::Signed;
use crate::error::Diagnose;
use crate::error::Kind;
use crate::error::printable;

/// What a device asks for.
#[derive(Debug)]
pub struct Csr {
    pub pem: String,
    pub common_name: Option<String>,
    /// DNS names and addresses, as they are written.
    pub names: Vec<String>,
    /// What it asks for beside common name, names and key, in words: none of it is taken over.
    pub further: Vec<String>,
    pub spki: Vec<u8>,
    pub key_kind: KeyKind,
    pub key: String,
}

#[derive(Debug, thiserror::Error)]
pub enum CsrError {
    #[error("`{path}` holds {found}, not a signing request")]
    Unreadable { path: String, found: String },
    #[error("the signature of `{path}` does not fit: who made it does not have the key, or it was altered")]
    BadSignature { path: String },
    #[error("the signature of `{path}` ({algorithm}) cannot be verified: it is broken, out of use, or unusual")]
    WeakSignature { path: String, algorithm: String },
    #[error("the key of `{path}` ({key}) is {why}")]
    UnusableKey { path: String, key: String, why: &'static str },
}

impl Diagnose for CsrError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "csr-unreadable",
            Self::BadSignature { .. } => "csr-signature-bad",
            Self::WeakSignature { .. } => "csr-signature-weak",
            Self::UnusableKey { .. } => "csr-key-unusable",
        }
    }

    fn kind(&self) -> Kind {
        if matches!(self, Self::Unreadable { .. }) { Kind::Unanswered } else { Kind::No }
    }

    fn hints(&self) -> Vec<String> {
        let make =
            "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout KEY -subj /CN=NAME -out CSR";
        vec![match self {
            Self::WeakSignature { .. } => {
                "make the request anew: openssl req -new -sha256 -key KEY -out CSR".to_owned()
            }
            _ => format!("make one on the device: {make}"),
        }]
    }
}

const RSA_PSS: &str = "1.2.840.113549.1.1.10";

/// Longer than any request with a key of RSA 16384 and a hundred names.
const LARGEST: usize = 64 << 10;

impl Csr {
    /// Reads PEM or DER, and verifies that the requester has the key; `path` is for the error.
    pub fn read(bytes: &[u8], path: &str) -> Result<Self, CsrError> {
        let path = || path.to_owned();
        let unreadable = |found: String| CsrError::Unreadable { path: path(), found };
        if bytes.len() > LARGEST {
            return Err(unreadable(format!("more than {} KiB", LARGEST >> 10)));
        }
        let der = match bytes.first() {
            Some(0x30) => bytes.to_vec(),
            _ => from_pem(bytes).ok_or_else(|| {
                let found = keys::describe(bytes);
                unreadable(if found.contains("signing request") { "half a request".to_owned() } else { found })
            })?,
        };
        let damaged = || unreadable("a request that is damaged".to_owned());
        let (rest, request) = X509CertificationRequest::from_der(&der).map_err(|_| match bytes.first() {
            Some(0x30) => unreadable("binary data that is no signing request".to_owned()),
            _ => damaged(),
        })?;
        if !rest.is_empty() {
            return Err(damaged());
        }
        let info = &request.certification_request_info;
        let (key_kind, key) = key_kind(&info.subject_pki);
        let why = match key_kind {
            KeyKind::Rsa(..2048) => Some("too short: 2048 bits are the least"),
            KeyKind::Rsa(8193..) => Some("too long: devices and brokers stop at 8192 bits"),
            KeyKind::Other => Some("of a kind that TLS programs do not take"),
            _ => None,
        };
        if let Some(why) = why {
            return Err(CsrError::UnusableKey { path: path(), key, why });
        }
        let signed = Signature {
            algorithm: request.signature_algorithm.algorithm.as_bytes(),
            message: info.raw,
            value: request.signature_value.as_ref(),
        };
        match signed.is_by_key(key_kind, info.subject_pki.subject_public_key.as_ref()) {
            Signed::Yes => {}
            // RSA-PSS has parameters of its own, and those that TLS does not know are not computed
            Signed::No if request.signature_algorithm.algorithm.to_id_string() == RSA_PSS => {
                return Err(CsrError::WeakSignature { path: path(), algorithm: "RSA-PSS".to_owned() });
            }
            Signed::No => return Err(CsrError::BadSignature { path: path() }),
            Signed::Unjudged => {
                let oid = request.signature_algorithm.algorithm.to_id_string();
                return Err(CsrError::WeakSignature { path: path(), algorithm: signature::name(&oid).to_owned() });
            }
        }
        let (names, mut further) = asked(&request);
        let others = info.subject.iter_attributes().count() - info.subject.iter_common_name().count().min(1);
        if others > 0 {
            further.insert(0, format!("the subject `{}`", printable(&info.subject.to_string())));
        }
        Ok(Self {
            pem: to_pem(&der),
            common_name: info.subject.iter_common_name().next().and_then(|cn| cn.as_str().ok()).map(printable),
            names,
            further,
            spki: info.subject_pki.raw.to_vec(),
            key_kind,
            key,
        })
    }
}

/// DNS names and addresses; and everything else that it asks for, in words.
fn asked(request: &X509CertificationRequest<'_>) -> (Vec<String>, Vec<String>) {
    let (mut names, mut further) = (Vec::new(), Vec::new());
    for extension in request.requested_extensions().into_iter().flatten() {
        match extension {
            ParsedExtension::SubjectAlternativeName(found) => {
                for name in &found.general_names {
                    match name {
                        GeneralName::DNSName(name) => names.push(printable(name)),
                        GeneralName::IPAddress(bytes) => match address(bytes) {
                            Some(ip) => names.push(ip.to_string()),
                            None => further.push("an address that is none".to_owned()),
                        },
                        other => further.push(format!("the name {}", printable(&other.to_string()))),
                    }
                }
            }
            ParsedExtension::BasicConstraints(found) if found.ca => {
                further.push("to be an authority (CA:TRUE)".to_owned())
            }
            // what is written anyway, or changes nothing
            ParsedExtension::BasicConstraints(_) | ParsedExtension::SubjectKeyIdentifier(_) => {}
            ParsedExtension::KeyUsage(usage) if !usage.key_cert_sign() && !usage.crl_sign() => {}
            ParsedExtension::KeyUsage(_) => further.push("to sign certificates or lists (keyUsage)".to_owned()),
            ParsedExtension::ExtendedKeyUsage(_) => {}
            _ => further.push("an extension of another kind".to_owned()),
        }
    }
    (names, further)
}

fn from_pem(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"].iter().find_map(|label| {
        let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
        let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
        let letters: String = body.split_ascii_whitespace().collect();
        base64::engine::general_purpose::STANDARD.decode(letters).ok()
    })
}

fn to_pem(der: &[u8]) -> String {
    let pem = super::encrypted::to_pem("CERTIFICATE REQUEST", der);
    String::from_utf8_lossy(&pem).into_owned()
}
