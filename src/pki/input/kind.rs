//! The kinds of files that are put where a certificate belongs, known by their label or their first bytes.

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;

use super::Block;
use crate::pki::crl::Crl;
use crate::pki::verify::Finding;

pub(super) enum Kind {
    Certificate,
    Key,
    EncryptedKey,
    PublicKey,
    Request,
    RevocationList,
    Pkcs7,
    Pkcs12,
    Empty,
    Truncated,
    /// Anything else, in words.
    Other(String),
}

impl Kind {
    /// By the first PEM block that says something, else by the bytes.
    pub(super) fn of(bytes: &[u8], blocks: &[Block<'_>]) -> Self {
        // a key on a curve may have its parameters before it
        let telling = blocks.iter().find(|block| !block.label.ends_with(" PARAMETERS")).or(blocks.first());
        match telling {
            Some(block) => Self::of_block(block),
            None => Self::of_bytes(bytes),
        }
    }

    fn of_block(block: &Block<'_>) -> Self {
        match block.label {
            _ if !block.complete => Self::Truncated,
            "ENCRYPTED PRIVATE KEY" => Self::EncryptedKey,
            label if label.ends_with("PRIVATE KEY") => {
                let head = &block.body[..block.body.len().min(64)];
                let encrypted = head.windows(9).any(|part| part == b"ENCRYPTED");
                if encrypted { Self::EncryptedKey } else { Self::Key }
            }
            label if label.ends_with("PUBLIC KEY") => Self::PublicKey,
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Self::Request,
            "X509 CRL" => Self::RevocationList,
            "PKCS7" | "CMS" => Self::Pkcs7,
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Self::Certificate,
            label => {
                let shown: String = label.chars().filter(|letter| !letter.is_control()).take(40).collect();
                Self::Other(format!("PEM of the kind `{shown}`"))
            }
        }
    }

    fn of_bytes(bytes: &[u8]) -> Self {
        if bytes.trim_ascii().is_empty() {
            return Self::Empty;
        }
        match bytes {
            [0x30, ..] => Self::of_der(bytes).unwrap_or_else(|| Self::Other("binary data".to_owned())),
            _ => Self::Other(text(bytes).to_owned()),
        }
    }

    /// By the first elements inside of the outer sequence.
    fn of_der(bytes: &[u8]) -> Option<Self> {
        let (start, end) = span(bytes)?;
        let inside = bytes.get(start..end.min(bytes.len()))?;
        Some(match inside {
            [0x06, 9, rest @ ..] if rest.starts_with(PKCS7) => Self::Pkcs7,
            [0x02, 1, 3, 0x30, ..] => Self::Pkcs12,
            // PKCS#8 in both versions, PKCS#1, SEC 1
            [0x02, 1, 0 | 1, 0x30 | 0x02 | 0x04, ..] => Self::Key,
            _ if end > bytes.len() => Self::Truncated,
            _ if Crl::from_der(bytes).is_some() => Self::RevocationList,
            _ if X509CertificationRequest::from_der(bytes).is_ok() => Self::Request,
            [0x30, ..] => {
                let first = element(inside)?;
                let named = inside.get(span(inside)?.0) == Some(&0x06);
                match inside.get(first) {
                    // an algorithm, then a key as bits, or encrypted as octets
                    Some(0x03) if named => Self::PublicKey,
                    Some(0x04) if named => Self::EncryptedKey,
                    Some(0x30) => Self::Certificate,
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    pub(super) fn words(&self) -> String {
        match self {
            Self::Certificate => "a certificate",
            Self::Key => "a private key",
            Self::EncryptedKey => "an encrypted private key",
            Self::PublicKey => "a public key alone",
            Self::Request => "a certificate signing request",
            Self::RevocationList => "a revocation list",
            Self::Pkcs7 => "a PKCS#7 bundle",
            Self::Pkcs12 => "a PKCS#12 bundle",
            Self::Empty => "nothing",
            Self::Truncated => "half a file: its end is missing",
            Self::Other(words) => words,
        }
        .to_owned()
    }

    /// That the file is this in place of a certificate.
    pub(super) fn finding(&self, path: &str) -> Finding {
        let (code, hint) = match self {
            Self::Key | Self::EncryptedKey => {
                ("file-is-key", "the certificate is the other file of the pair".to_owned())
            }
            Self::PublicKey => {
                ("file-is-public-key", "give the certificate: it holds the key, and who signed it".to_owned())
            }
            Self::Request => (
                "file-is-request",
                "an authority must sign it first: openssl x509 -req -CA ca.crt -CAkey ca.key".to_owned(),
            ),
            Self::RevocationList => ("file-is-crl", format!("judge it as what it is: mqsec verify {path}")),
            Self::Pkcs7 => {
                ("file-is-pkcs7", format!("openssl pkcs7 -in {path} -print_certs -out {path}.pem (DER: -inform DER)"))
            }
            Self::Pkcs12 => ("file-is-pkcs12", format!("openssl pkcs12 -in {path} -nokeys -out {path}.pem")),
            Self::Empty => {
                ("file-empty", "put a good copy back (certs/backup/ may have one), or issue it anew".to_owned())
            }
            Self::Truncated => ("file-truncated", "copy it again, whole; or issue it anew".to_owned()),
            Self::Certificate | Self::Other(_) => (
                "file-not-pem",
                "a certificate's file begins with -----BEGIN CERTIFICATE----- on a line of its own".to_owned(),
            ),
        };
        let message = match self {
            Self::Empty => format!("`{path}` is empty"),
            Self::Truncated => format!("`{path}` ends in the middle of a certificate or key"),
            other => format!("`{path}` holds {}, not a certificate", other.words()),
        };
        Finding::invalid(code, message).hint(hint)
    }
}

/// 1.2.840.113549.1.7.2, signedData.
const PKCS7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// What text or binary data looks like.
fn text(bytes: &[u8]) -> &'static str {
    let bare = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let head = bare[..bare.len().min(512)].to_ascii_lowercase();
    let has = |part: &[u8]| head.windows(part.len()).any(|window| window == part);
    match head.as_slice() {
        _ if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) => {
            "text in UTF-16: save it as plain ASCII or UTF-8"
        }
        [0xfe, 0xed, 0xfe, 0xed, ..] => "a Java keystore",
        [b'p', b'k', 3, 4, ..] => "a ZIP archive",
        [0x1f, 0x8b, ..] => "gzip data",
        _ if has(b"<html") || has(b"<!doctype") => "a web page (HTML)",
        [b's', b's', b'h', b'-', ..] | [b'e', b'c', b'd', b's', b'a', b'-', ..] => "an SSH key",
        [b'{' | b'[', ..] => "JSON",
        [b'm', b'i', b'i', ..] => "base64 text without its -----BEGIN line",
        _ if has(b"-----begin ") => "PEM whose lines are indented or joined",
        all if all.iter().any(|byte| *byte < 9 || (14..32).contains(byte)) => "binary data",
        all if std::str::from_utf8(all).is_err() && all.len() < 512 => "binary data",
        _ => "text",
    }
}

/// Where the contents of the first element begin and end; the end may lie beyond what is there.
pub(super) fn span(bytes: &[u8]) -> Option<(usize, usize)> {
    let length = usize::from(*bytes.get(1)?);
    if length < 0x80 {
        return Some((2, 2 + length));
    }
    let count = length & 0x7f;
    if count == 0 {
        // BER without a length, as some tools write PKCS#7
        return Some((2, bytes.len()));
    }
    if count > 4 {
        return None;
    }
    let digits = bytes.get(2..2 + count)?;
    let length = digits.iter().fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit));
    Some((2 + count, (2 + count).checked_add(length)?))
}

/// The length of the first element, which is there in whole.
pub(super) fn element(bytes: &[u8]) -> Option<usize> {
    span(bytes).map(|(_, end)| end).filter(|end| *end <= bytes.len())
}
