//! The two hash forms of Mosquitto: `$7$` (PBKDF2-HMAC-SHA512) and `$6$` (one round of salted SHA-512, old).

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest;
use sha2::Sha512;

use super::encoding;
use super::form::Form;
use crate::secret::Secret;
use crate::secret::random_bytes;
use crate::series::Series;

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

/// Why a broker does not take the text after a user's name for a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing stands there.
    Empty,
    /// Not one of Mosquitto's forms; what it looks like.
    Kind(Form),
    /// 2.0 reads on without the first `$`; 2.1 does not.
    Beginning,
    /// Below 1, or above what a C `int` holds.
    Iterations,
    /// Something is missing at the end.
    Short,
    SaltEncoding,
    SaltLength(usize),
    HashEncoding,
    HashLength(usize),
}

impl Hash {
    /// Reads the text after the user's name as the brokers of a series do: `unpwd__decode_passwords` of
    /// 20:src/security_default.c, `mosquitto_pw_decode` of 21:libcommon/password_common.c.
    pub fn decode(text: &[u8], series: Series) -> Result<Self, Fault> {
        if text.is_empty() {
            return Err(Fault::Empty);
        }
        let plain = || Fault::Kind(Form::of(text));
        let mut parts = text.split(|byte| *byte == b'$').filter(|part| !part.is_empty());
        let kind = match (series, parts.next()) {
            (Series::V20, Some(kind @ (b"6" | b"7"))) => kind,
            (Series::V20, _) => return Err(plain()),
            _ if text.starts_with(b"$6$") => b"6",
            _ if text.starts_with(b"$7$") => b"7",
            (_, Some(b"6" | b"7")) => return Err(Fault::Beginning),
            _ => return Err(plain()),
        };
        let iterations = if kind == b"7" {
            let rounds = number(parts.next().ok_or(Fault::Short)?);
            Some(u32::try_from(rounds).ok().filter(|rounds| *rounds > 0).ok_or(Fault::Iterations)?)
        } else {
            None
        };
        let fits = |length| length == SALT_BYTES || series != Series::V20 && length == HASH_BYTES;
        let foreign = |fault| match Form::of(text) {
            form @ Form::CryptSha512 => Fault::Kind(form),
            _ => fault,
        };
        let salt = parts.next().ok_or(Fault::Short)?;
        let salt = encoding::decode(salt, series).ok_or_else(|| foreign(Fault::SaltEncoding))?;
        if !fits(salt.len()) {
            return Err(foreign(Fault::SaltLength(salt.len())));
        }
        let digest = encoding::decode(parts.next().ok_or(Fault::Short)?, series);
        let digest = digest.ok_or_else(|| foreign(Fault::HashEncoding))?;
        if digest.len() != HASH_BYTES {
            return Err(foreign(Fault::HashLength(digest.len())));
        }
        Ok(Self { iterations, salt, digest })
    }
}

/// C's `atoi`: white space, a sign, digits, and then anything; saturated to a `long` and cut to an `int`.
fn number(text: &[u8]) -> i32 {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | 9..=13)).count();
    let text = &text[blanks..];
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    let value = digits.fold(0i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    let value = if negative { -value } else { value };
    let low = value.to_le_bytes();
    i32::from_le_bytes([low[0], low[1], low[2], low[3]])
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("has no hash"),
            Self::Kind(form) => f.write_str(form.told()),
            Self::Beginning => f.write_str("has a hash that does not begin with exactly one `$`"),
            Self::Iterations => f.write_str("has no valid number of iterations"),
            Self::Short => f.write_str("has a hash that is cut off"),
            Self::SaltEncoding => f.write_str("has a salt that is not base64"),
            Self::SaltLength(64) => f.write_str("has a salt of 64 bytes, which Mosquitto 2.1 alone reads"),
            Self::SaltLength(length) => write!(f, "has a salt of {length} bytes in place of 12"),
            Self::HashEncoding => f.write_str("has a hash that is not base64"),
            Self::HashLength(length) => write!(f, "has a hash of {length} bytes in place of 64"),
        }
    }
}

impl FromStr for Hash {
    type Err = Fault;

    /// What some released series reads; of two readings, 2.1's.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let text = text.as_bytes();
        Self::decode(text, Series::V21)
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
    fn atoi_reads_what_it_can() {
        for (text, value) in [
            ("101", 101),
            (" +101x", 101),
            ("1e2", 1),
            ("0x65", 0),
            ("-1", -1),
            ("4294967397", 101),
            ("2147483648", i32::MIN),
            ("99999999999999999999999", -1),
            ("", 0),
        ] {
            assert_eq!(number(text.as_bytes()), value, "{text}");
        }
    }

    #[test]
    fn a_series_reads_what_the_other_does_not() {
        let both = |text: &str| [Series::V20, Series::V21].map(|series| Hash::decode(text.as_bytes(), series).err());
        let [old, weak, new] = FOREIGN;
        assert_eq!(both(old), [None, None]);
        assert_eq!(both(weak), [None, None]);
        assert_eq!(both(new), [Some(Fault::SaltLength(64)), None]);
        assert_eq!(both(&old[1..]), [None, Some(Fault::Beginning)]);
        assert_eq!(both(&old.replace('$', "$$")), [None, Some(Fault::Beginning)]);
        assert_eq!(both(&format!("{old}$more")), [None, None]);
        assert_eq!(both("$7$101$"), [Some(Fault::Short); 2]);
        assert_eq!(both("$7$0$AAAAAAAAAAAAAAAA$AAAA"), [Some(Fault::Iterations); 2]);
        assert_eq!(both("secret"), [Some(Fault::Kind(Form::Plain)); 2]);
        assert_eq!(both("6"), [Some(Fault::Short), Some(Fault::Beginning)]);
    }

    #[test]
    fn an_empty_password_never_matches() {
        assert!(!Hash::new(&Secret::new(""), 101).verify(&Secret::new("")));
    }
}
