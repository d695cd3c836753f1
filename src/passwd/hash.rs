//! The two hash forms of Mosquitto: `$7$` (PBKDF2-HMAC-SHA512) and `$6$` (one round of salted SHA-512, old).

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest;
use sha2::Sha512;

use crate::secret::Secret;
use crate::secret::random_bytes;

/// The only salt length that 2.0 and 2.1 both accept.
const SALT_BYTES: usize = 12;
const HASH_BYTES: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hash {
    /// Rounds of PBKDF2; none for `$6$`.
    iterations: Option<u32>,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl Hash {
    pub fn new(password: &Secret, iterations: u32) -> Self {
        let salt = random_bytes::<SALT_BYTES>().to_vec();
        let digest = derive(password, &salt, Some(iterations));
        Self { iterations: Some(iterations), salt, digest }
    }

    pub fn verify(&self, password: &Secret) -> bool {
        // a broker takes a password of no bytes for none at all
        !password.expose().is_empty() && derive(password, &self.salt, self.iterations) == self.digest
    }

    pub fn iterations(&self) -> Option<u32> {
        self.iterations
    }

    /// Whether Mosquitto 2.0 reads it; 2.1 also takes salts of 64 bytes.
    pub fn is_portable(&self) -> bool {
        self.salt.len() == SALT_BYTES
    }
}

fn derive(password: &Secret, salt: &[u8], iterations: Option<u32>) -> Vec<u8> {
    let password = password.expose().as_bytes();
    match iterations {
        Some(rounds) => {
            let mut digest = vec![0; HASH_BYTES];
            pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, rounds, &mut digest);
            digest
        }
        None => Sha512::new().chain_update(password).chain_update(salt).finalize().to_vec(),
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (salt, digest) = (STANDARD.encode(&self.salt), STANDARD.encode(&self.digest));
        match self.iterations {
            Some(rounds) => write!(f, "$7${rounds}${salt}${digest}"),
            None => write!(f, "$6${salt}${digest}"),
        }
    }
}

impl FromStr for Hash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let mut parts = text.split('$');
        if parts.next() != Some("") {
            return Err("holds no hash (a password in clear?)");
        }
        let iterations = match parts.next() {
            Some("6") => None,
            Some("7") => {
                let rounds = parts.next().and_then(|rounds| rounds.parse::<u32>().ok()).filter(|rounds| *rounds > 0);
                Some(rounds.ok_or("has no valid number of iterations")?)
            }
            Some("argon2id") => return Err("has an argon2id hash, which released Mosquitto versions do not read"),
            _ => return Err("has a hash of a kind that Mosquitto does not know"),
        };
        let mut decode = || parts.next().and_then(|part| STANDARD.decode(part).ok());
        let salt = decode().ok_or("has a salt that is not base64")?;
        if salt.len() != SALT_BYTES && salt.len() != 64 {
            return Err("has a salt of another length than 12 or 64 bytes");
        }
        let digest = decode().ok_or("has a hash that is not base64")?;
        if digest.len() != HASH_BYTES {
            return Err("has a hash of another length than 64 bytes");
        }
        Ok(Self { iterations, salt, digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by `mosquitto_passwd -b` of 2.0.21, 2.0.21 `-H sha512` and 2.1.2, each for the password `secret`.
    const FOREIGN: [&str; 3] = [
        "$7$101$uqlEjUl/QvvS6PRi$mE1WdCbrVlhO7xxEE8N2hdawlP20N+z3E6LTSD5vhGvFXTaUJPtlZgd3km/ByXe0l6Bkk4z0RNAFh5g3imDPwg==",
        "$6$mZKNW6fGnkAlWp0X$JvGpRuu7fFoFSfQ6p3qZ4R2Pp5NlmUb2YY/qN2tXvKxNF1cLZ11Gq4DBGRbFRcFii2HzzeOk+vbf37rqMZCdLA==",
        "$7$1000$JRzYOKw9G765aB0tRZLvB/cQlO4vmBJ7s40J2blnVHpm94qSOQFP5eoJoT77HB8Txr74dM/4+Fxs/yaBPI+Cqg==$/AzxlaouIar69rqVlcBSPjeVcEe4kSr0dOnZm71ZwIWWWNHP3YsOeuigGWyrBV7oPxgf03cjG52w9s2yK27Drw==",
    ];

    #[test]
    fn a_hash_reads_back_and_verifies() {
        let hash = Hash::new(&Secret::new("pässwörd $#'\""), 1000);
        let read: Hash = hash.to_string().parse().unwrap();
        assert_eq!(read, hash);
        assert!(read.verify(&Secret::new("pässwörd $#'\"")));
        assert!(!read.verify(&Secret::new("password")));
        assert!(read.is_portable());
    }

    #[test]
    fn hashes_of_mosquittos_own_tools_verify() {
        for text in FOREIGN {
            assert!(text.parse::<Hash>().unwrap().verify(&Secret::new("secret")), "{text}");
        }
    }

    #[test]
    fn an_empty_password_never_matches() {
        assert!(!Hash::new(&Secret::new(""), 101).verify(&Secret::new("")));
    }
}
