//! How the file keeps a client's password, in its two forms.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Number;

use crate::passwd::Hash;
use crate::secret::Secret;

/// The fields of either form; all of them are missing for a client that cannot log in with a password.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Login {
    /// 64 bytes in base64: 2.0, and loaded by 2.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iterations: Option<Number>,
    /// `$7$…`: 2.1, and not seen by 2.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encoded_password: Option<String>,
}

impl Login {
    /// The form that both series load.
    pub fn new(password: &Secret, iterations: u32) -> Self {
        Self::of(&Hash::new(password, iterations)).unwrap_or_default()
    }

    /// A hash of a password file, in the form that both series load; nothing for one that has no such form: `$6$`, and a
    /// salt of 64 bytes.
    pub fn of(hash: &Hash) -> Option<Self> {
        let iterations = hash.iterations().filter(|_| hash.is_portable())?;
        let text = hash.to_string();
        let mut parts = text.split('$').skip(3);
        let (salt, password) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(Self {
            password: Some(password),
            salt: Some(salt),
            iterations: Some(Number::from(iterations)),
            encoded_password: None,
        })
    }

    /// The form of 2.1 alone, which takes every hash of a password file.
    pub fn encoded(hash: &Hash) -> Self {
        Self { encoded_password: Some(hash.to_string()), ..Self::default() }
    }

    pub fn is_empty(&self) -> bool {
        self.password.is_none() && self.encoded_password.is_none()
    }

    /// Whether Mosquitto 2.0 sees it.
    pub fn is_portable(&self) -> bool {
        self.password.is_some()
    }

    /// The hash that a broker compares with; nothing where there is none, or none that can be read.
    fn hash(&self) -> Option<Hash> {
        if let Some(encoded) = &self.encoded_password {
            return encoded.parse().ok();
        }
        let (password, salt) = (self.password.as_deref()?, self.salt.as_deref()?);
        format!("$7${}${salt}${password}", self.iterations.as_ref()?).parse().ok()
    }

    /// Whether there is a password that no broker could compare with.
    pub fn is_broken(&self) -> bool {
        !self.is_empty() && self.hash().is_none()
    }

    pub fn verify(&self, password: &Secret) -> bool {
        self.hash().is_some_and(|hash| hash.verify(password))
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_file_s_hash_becomes_the_fields_that_both_series_load() {
        let hash: Hash = "$7$101$uqlEjUl/QvvS6PRi$mE1WdCbrVlhO7xxEE8N2hdawlP20N+z3E6LTSD5vhGvFXTaUJPtlZgd3km/ByXe0l6Bkk4z0RNAFh5g3imDPwg==".parse().unwrap();
        let login = Login::of(&hash).unwrap();
        assert_eq!(login.salt.as_deref(), Some("uqlEjUl/QvvS6PRi"));
        assert_eq!(login.iterations, Some(101.into()));
        assert!(login.verify(&Secret::new("secret")) && !login.verify(&Secret::new("Secret")));
        assert!(Login::encoded(&hash).verify(&Secret::new("secret")) && !Login::encoded(&hash).is_portable());
        assert!(!format!("{login:?}").contains("mE1W"));
    }

    #[test]
    fn what_2_0_could_not_load_has_no_such_form() {
        let old = "$6$mZKNW6fGnkAlWp0X$JvGpRuu7fFoFSfQ6p3qZ4R2Pp5NlmUb2YY/qN2tXvKxNF1cLZ11Gq4DBGRbFRcFii2HzzeOk+vbf37rqMZCdLA==";
        assert!(Login::of(&old.parse().unwrap()).is_none());
    }
}
