//! What a file holds that ought to be a certificate, a key or a revocation list. It may hold anything.
//!
//! Reading takes time in proportion to the length: one pass over the lines, one look at each block, no more than
//! [`MOST`] certificates of at most [`LARGEST`] bytes.

mod kind;

use base64::Engine;
use rcgen::PublicKeyData;
use rustls::pki_types::CertificateDer;
use zeroize::Zeroizing;

use self::kind::Kind;
use super::crl::Crl;
use super::keys;
use super::parsed::Certificate;
use super::verify::Finding;
use crate::error::Diagnose;

/// Files above this are not looked at: 32 MiB.
pub const LARGEST_FILE: u64 = 32 << 20;
/// A certificate above this is nothing that TLS could send in one message of most libraries: 64 KiB.
pub const LARGEST: usize = 64 << 10;
/// Certificates in one file.
pub const MOST: usize = 1000;

/// The certificates of a file, at least one, and what is odd about the file.
pub struct Certificates {
    pub list: Vec<Certificate>,
    pub odd: Vec<Finding>,
    /// Whether a private key stands in the same file.
    pub with_key: bool,
}

/// Reads certificates in PEM, or one in DER; `path` is for the words.
pub fn certificates(bytes: &[u8], path: &str) -> Result<Certificates, Finding> {
    too_large(bytes, path)?;
    let blocks = blocks(bytes);
    if !blocks.iter().any(|block| is_certificate(block.label)) {
        return one_in_der(bytes, &blocks, path);
    }
    let found = blocks.iter().filter(|block| is_certificate(block.label));
    if found.clone().count() > MOST {
        return Err(too_many(path));
    }
    let list = found.enumerate().map(|(at, block)| one_in_pem(block, at, path)).collect::<Result<_, _>>()?;
    let with_key = blocks.iter().any(|block| block.label.ends_with("PRIVATE KEY"));
    Ok(Certificates { list, odd: Vec::new(), with_key })
}

/// Certificates as a broker sent them.
pub fn sent(chain: &[CertificateDer<'static>], by: &str) -> Result<Vec<Certificate>, Finding> {
    if chain.len() > MOST {
        return Err(too_many(by));
    }
    chain.iter().enumerate().map(|(at, der)| read(der.as_ref(), at, by)).collect()
}

/// Reads revocation lists in PEM, or one in DER.
pub fn revocation_lists(bytes: &[u8], path: &str) -> Result<Vec<Crl>, Finding> {
    too_large(bytes, path)?;
    let blocks = blocks(bytes);
    let lists: Vec<&Block<'_>> = blocks.iter().filter(|block| block.label == "X509 CRL").collect();
    let damaged = || unreadable_list(path, "a damaged revocation list");
    if lists.is_empty() {
        return match Kind::of(bytes, &blocks) {
            Kind::RevocationList => Ok(vec![Crl::from_der(bytes).ok_or_else(damaged)?]),
            other => Err(unreadable_list(path, &other.words())),
        };
    }
    let one = |block: &&Block<'_>| block.decode().and_then(|der| Crl::from_der(&der)).ok_or_else(damaged);
    lists.iter().map(one).collect()
}

/// The public half of a private key, in SPKI form.
pub fn public_key(bytes: &[u8], path: &str) -> Result<Vec<u8>, Finding> {
    match keys::parse(bytes, path) {
        Ok(key) => Ok(key.subject_public_key_info()),
        Err(error) if error.code() == "key-encrypted" => Err(Finding::invalid(
            "key-encrypted",
            format!("its key `{path}` is encrypted: a broker would stop and ask for the passphrase"),
        )
        .hint(error.hints().remove(0))),
        Err(_) => {
            let blocks = blocks(bytes);
            let words = match Kind::of(bytes, &blocks) {
                Kind::Key if blocks.is_empty() => "a key in DER: Mosquitto wants PEM".to_owned(),
                Kind::Key => "a private key of a kind or form that TLS programs do not take".to_owned(),
                other => other.words(),
            };
            Err(Finding::invalid("key-unreadable", format!("its key `{path}` cannot be read: it holds {words}"))
                .hint("put the key back that was made with the certificate, or issue the pair anew"))
        }
    }
}

/// Whether the file is a revocation list, in whatever form.
pub fn is_revocation_list(bytes: &[u8]) -> bool {
    bytes.len() as u64 <= LARGEST_FILE && matches!(Kind::of(bytes, &blocks(bytes)), Kind::RevocationList)
}

fn one_in_pem(block: &Block<'_>, at: usize, path: &str) -> Result<Certificate, Finding> {
    if !block.complete {
        return Err(Kind::Truncated.finding(path));
    }
    // four letters are three bytes, and a line's end is one letter in 64
    if block.body.len() > LARGEST * 3 / 2 {
        return Err(certificate_too_large(at, path));
    }
    let der = block.decode().ok_or_else(|| damaged(at, path, "its base64 text is broken"))?;
    let end = if block.label == "TRUSTED CERTIFICATE" { kind::element(&der).unwrap_or(der.len()) } else { der.len() };
    read(der.get(..end).unwrap_or(&der), at, path)
}

fn read(der: &[u8], at: usize, path: &str) -> Result<Certificate, Finding> {
    if der.len() > LARGEST {
        return Err(certificate_too_large(at, path));
    }
    Certificate::from_der(CertificateDer::from(der.to_vec()))
        .ok_or_else(|| damaged(at, path, "what it holds is no well-formed X.509"))
}

fn one_in_der(bytes: &[u8], blocks: &[Block<'_>], path: &str) -> Result<Certificates, Finding> {
    match Kind::of(bytes, blocks) {
        Kind::Certificate => {
            let message = format!("`{path}` is DER (binary): Mosquitto and its clients want PEM");
            let hint = format!("openssl x509 -inform DER -in {path} -out {path}.pem");
            let odd = vec![Finding::warning("file-is-der", message).hint(hint)];
            Ok(Certificates { list: vec![read(bytes, 0, path)?], odd, with_key: false })
        }
        other => Err(other.finding(path)),
    }
}

fn too_large(bytes: &[u8], path: &str) -> Result<(), Finding> {
    if bytes.len() as u64 <= LARGEST_FILE {
        return Ok(());
    }
    let message = format!("`{path}` has more than {} MiB: no certificate is that long", LARGEST_FILE >> 20);
    Err(Finding::invalid("file-too-large", message).hint(format!("look what it is: file {path}")))
}

fn too_many(path: &str) -> Finding {
    Finding::invalid("chain-too-long", format!("`{path}` has more than {MOST} certificates"))
        .hint("a chain has two or three: the leaf, its issuer, and that one's")
}

fn certificate_too_large(at: usize, path: &str) -> Finding {
    let message = format!("certificate {} of `{path}` has more than {} KiB", at + 1, LARGEST >> 10);
    Finding::invalid("certificate-too-large", message).hint("issue it anew, with fewer names and extensions")
}

fn damaged(at: usize, path: &str, why: &str) -> Finding {
    Finding::invalid("certificate-damaged", format!("certificate {} of `{path}` is damaged: {why}", at + 1))
        .hint("put a good copy back (certs/backup/ may have one), or issue it anew")
}

fn unreadable_list(path: &str, words: &str) -> Finding {
    Finding::invalid("crl-unreadable", format!("`{path}` holds {words}, not a revocation list"))
        .hint("put the authority's list there, in PEM: openssl crl -inform DER -in LIST -out LIST.pem")
}

fn is_certificate(label: &str) -> bool {
    matches!(label, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE")
}

/// A block of a PEM file.
pub(super) struct Block<'a> {
    label: &'a str,
    body: &'a [u8],
    /// Whether its END line is there.
    complete: bool,
}

impl Block<'_> {
    fn decode(&self) -> Option<Zeroizing<Vec<u8>>> {
        let text: Zeroizing<Vec<u8>> =
            Zeroizing::new(self.body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect());
        base64::engine::general_purpose::STANDARD.decode(text.as_slice()).ok().map(Zeroizing::new)
    }
}

/// The blocks of a PEM file, in one pass. OpenSSL wants BEGIN at the start of a line; what stands between blocks is a
/// comment.
pub(super) fn blocks(bytes: &[u8]) -> Vec<Block<'_>> {
    let mut found: Vec<Block<'_>> = Vec::new();
    let mut start = 0;
    let mut open: Option<(&str, usize)> = None;
    let mark = b"\xef\xbb\xbf";
    while start < bytes.len() {
        let end = bytes[start..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| start + at);
        let mut line = bytes[start..end].trim_ascii_end();
        if start == 0 {
            line = line.strip_prefix(mark.as_slice()).unwrap_or(line);
        }
        let next = (end + 1).min(bytes.len());
        if let Some(label) = label(line, b"-----BEGIN ") {
            if let Some((label, body)) = open.take() {
                found.push(Block { label, body: &bytes[body..start], complete: false });
            }
            open = Some((label, next));
        } else if let Some(ended) = label(line, b"-----END ")
            && let Some((label, body)) = open.take()
        {
            found.push(Block { label, body: &bytes[body..start], complete: ended == label });
        }
        start = next.max(start + 1);
    }
    if let Some((label, body)) = open {
        found.push(Block { label, body: &bytes[body..], complete: false });
    }
    found
}

fn label<'a>(line: &'a [u8], prefix: &[u8]) -> Option<&'a str> {
    let label = line.strip_prefix(prefix)?.strip_suffix(b"-----")?;
    std::str::from_utf8(label).ok().filter(|label| !label.contains("-----"))
}

#[cfg(test)]
mod tests;
