//! Private keys under a passphrase: PKCS#8 with PBES2, which OpenSSL writes and reads.

use base64::Engine;
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::PrivateKeyInfoRef;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

use super::PkiError;
use super::keys;
use crate::secret::Secret;

/// How a key in PEM is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Open,
    Encrypted,
    /// In the form that OpenSSL wrote before PKCS#8 (`Proc-Type: 4,ENCRYPTED`).
    OldForm,
}

pub fn kept(pem: &[u8]) -> Kept {
    let found = keys::describe(pem);
    match found.as_str() {
        "an encrypted private key" => Kept::Encrypted,
        other if other.contains("encrypted") => Kept::OldForm,
        _ => Kept::Open,
    }
}

/// The key without its passphrase, in PEM; `path` is for the error.
pub fn decrypt(pem: &[u8], path: &str, passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, PkiError> {
    let path = || path.to_owned();
    if kept(pem) == Kept::OldForm {
        return Err(PkiError::OldEncryption { path: path() });
    }
    let damaged =
        || PkiError::WrongContent { path: path(), wanted: "a private key", found: "a key that is damaged".to_owned() };
    let der = body(pem).ok_or_else(damaged)?;
    let info = EncryptedPrivateKeyInfoRef::try_from(der.as_slice()).map_err(|_| {
        // well formed, so of another scheme: PBES1 with MD5 or DES, PBES2 with 3DES
        if is_whole(&der) { PkiError::OldEncryption { path: path() } } else { damaged() }
    })?;
    let open = info.decrypt(passphrase.expose()).map_err(|error| {
        // PBKDF2 with SHA-1, 3DES
        let old = matches!(error, pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. }));
        if old { PkiError::OldEncryption { path: path() } } else { PkiError::WrongPassphrase { path: path() } }
    })?;
    Ok(to_pem("PRIVATE KEY", open.as_bytes()))
}

/// Whether it is one sequence and nothing more.
fn is_whole(der: &[u8]) -> bool {
    let (length, head) = match der {
        [0x30, length @ ..=0x7f, ..] => (usize::from(*length), 2),
        [0x30, 0x81, length, ..] => (usize::from(*length), 3),
        [0x30, 0x82, high, low, ..] => (usize::from(*high) << 8 | usize::from(*low), 4),
        _ => return false,
    };
    der.len() == head + length
}

fn body(pem: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(pem).ok()?;
    let (_, rest) = text.split_once("-----BEGIN ENCRYPTED PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END ENCRYPTED PRIVATE KEY-----")?;
    let letters: String = body.split_ascii_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(letters).ok()
}

/// A key in PEM under a passphrase: scrypt and AES-256-CBC.
pub fn encrypt(pem: &[u8], path: &str, passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, PkiError> {
    let unusable = || PkiError::WrongContent {
        path: path.to_owned(),
        wanted: "a private key",
        found: "a key of a kind or form that mqsec cannot use".to_owned(),
    };
    // whatever form it has, as PKCS#8
    let plain = keys::to_pem(&keys::parse(pem, path)?);
    let der = PrivateKeyDer::from_pem_slice(&plain).map_err(|_| unusable())?;
    let info = PrivateKeyInfoRef::try_from(der.secret_der()).map_err(|_| unusable())?;
    let locked = info.encrypt(passphrase.expose()).map_err(|_| unusable())?;
    Ok(to_pem("ENCRYPTED PRIVATE KEY", locked.as_bytes()))
}

/// A block of PEM; its text is a secret too.
pub(super) fn to_pem(label: &str, der: &[u8]) -> Zeroizing<Vec<u8>> {
    let base64 = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(der));
    // of full size at once: memory that grows leaves its old parts behind
    let mut pem = Zeroizing::new(Vec::with_capacity(base64.len() * 66 / 64 + 128));
    pem.extend_from_slice(format!("-----BEGIN {label}-----\n").as_bytes());
    for line in base64.as_bytes().chunks(64) {
        pem.extend_from_slice(line);
        pem.push(b'\n');
    }
    pem.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
    pem
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Diagnose;
    use crate::pki::keys::KeyType;

    #[test]
    fn a_key_comes_back_with_its_passphrase_and_with_no_other() {
        for kind in [KeyType::P256, KeyType::Ed25519, KeyType::Rsa2048] {
            let plain = keys::to_pem(&kind.generate().unwrap());
            let locked = encrypt(&plain, "k", &Secret::new("right")).unwrap();
            assert_eq!((kept(&plain), kept(&locked)), (Kept::Open, Kept::Encrypted));
            assert_eq!(*decrypt(&locked, "k", &Secret::new("right")).unwrap(), *plain);
            let wrong = decrypt(&locked, "k", &Secret::new("Right")).unwrap_err();
            assert_eq!(wrong.code(), "ca-passphrase-wrong");
        }
    }

    #[test]
    fn what_is_not_to_be_opened_is_told_apart() {
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAA==\n-----END RSA PRIVATE KEY-----\n";
        assert_eq!(kept(old.as_bytes()), Kept::OldForm);
        let code = |pem: &str| decrypt(pem.as_bytes(), "k", &Secret::new("x")).unwrap_err().code();
        assert_eq!(code(old), "key-encryption-old");
        let half = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert_eq!(code(half), "pem-wrong-content");
    }
}
