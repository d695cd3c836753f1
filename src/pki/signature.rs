//! Whether a key made a signature: the one question that names cannot answer.

use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::SignatureVerificationAlgorithm;

use super::parsed::Certificate;
use super::parsed::KeyKind;

/// The answer about one signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    Yes,
    No,
    /// The algorithm is broken (MD5, SHA-1), or the key too short or of a kind that nobody uses in TLS: no library of
    /// ours computes it. Names and key identifiers must do.
    Unjudged,
}

/// What is signed, with what, and the result.
pub(crate) struct Signature<'a> {
    /// The algorithm's object identifier, its contents in DER.
    pub(crate) algorithm: &'a [u8],
    pub(crate) message: &'a [u8],
    pub(crate) value: &'a [u8],
}

impl Signature<'_> {
    /// Whether the issuer's key made it. Where nothing here computes such a signature any more, the key identifiers
    /// decide: `authority_key_id` is what the signed thing says of its issuer's key.
    pub(crate) fn is_made_by(&self, issuer: &Certificate, authority_key_id: Option<&Vec<u8>>) -> bool {
        match self.is_by(issuer) {
            Signed::Yes => true,
            Signed::No => false,
            Signed::Unjudged => !another_key(authority_key_id, issuer),
        }
    }

    pub(crate) fn is_by(&self, issuer: &Certificate) -> Signed {
        self.is_by_key(issuer.key_kind, &issuer.public_key)
    }

    pub(crate) fn is_by_key(&self, kind: KeyKind, public_key: &[u8]) -> Signed {
        let usable = match kind {
            // webpki's own limits; it would say "bad signature" for a shorter key
            KeyKind::Rsa(bits) => (2048..=8192).contains(&bits),
            KeyKind::P256 | KeyKind::P384 | KeyKind::P521 | KeyKind::Ed25519 => true,
            KeyKind::Other => false,
        };
        let fitting: Vec<_> = algorithms().all.iter().filter(|known| self.is_of(**known)).collect();
        if !usable || fitting.is_empty() {
            return Signed::Unjudged;
        }
        let verifies = |known: &dyn SignatureVerificationAlgorithm| {
            known.verify_signature(public_key, self.message, self.value).is_ok()
        };
        if fitting.into_iter().any(|known| verifies(*known)) { Signed::Yes } else { Signed::No }
    }

    /// `signature_alg_id` is the identifier as an element (06, its length, itself), then its parameters.
    fn is_of(&self, known: &dyn SignatureVerificationAlgorithm) -> bool {
        let id = known.signature_alg_id();
        id.as_ref()
            .get(2..)
            .is_some_and(|rest| usize::from(id.as_ref()[1]) == self.algorithm.len() && rest.starts_with(self.algorithm))
    }
}

/// Whether both have key identifiers, and different ones.
pub(crate) fn another_key(authority_key_id: Option<&Vec<u8>>, issuer: &Certificate) -> bool {
    matches!((authority_key_id, &issuer.subject_key_id), (Some(own), Some(theirs)) if own != theirs)
}

pub(crate) fn algorithms() -> WebPkiSupportedAlgorithms {
    rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms
}

/// The algorithm's name, from its identifier in dotted form.
pub(crate) fn name(oid: &str) -> &str {
    match oid {
        "1.2.840.113549.1.1.2" => "MD2 with RSA",
        "1.2.840.113549.1.1.4" => "MD5 with RSA",
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => "SHA-1 with RSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.1.11" => "SHA-256 with RSA",
        "1.2.840.113549.1.1.12" => "SHA-384 with RSA",
        "1.2.840.113549.1.1.13" => "SHA-512 with RSA",
        "1.2.840.113549.1.1.14" => "SHA-224 with RSA",
        "1.2.840.10045.4.1" => "SHA-1 with ECDSA",
        "1.2.840.10045.4.3.1" => "SHA-224 with ECDSA",
        "1.2.840.10045.4.3.2" => "SHA-256 with ECDSA",
        "1.2.840.10045.4.3.3" => "SHA-384 with ECDSA",
        "1.2.840.10045.4.3.4" => "SHA-512 with ECDSA",
        "1.2.840.10040.4.3" => "SHA-1 with DSA",
        "1.3.101.112" => "Ed25519",
        other => other,
    }
}

/// Whether OpenSSL's security level 2, which Debian and the stock images have, refuses it: MD5 and SHA-1.
pub(crate) fn is_weak(oid: &str) -> bool {
    let name = name(oid);
    name.starts_with("MD") || name.starts_with("SHA-1 ")
}
