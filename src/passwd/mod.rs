//! Mosquitto's password file: `user:$7$ITERATIONS$SALT$HASH`, a user a line.
//!
//! The form that 2.0 and 2.1 both read is `$7$` (PBKDF2-HMAC-SHA512) with a salt of exactly 12 bytes; 2.1's own
//! `mosquitto_passwd` writes 64 bytes, which 2.0 drops. A file that mqsec makes has no comments and no blank lines
//! (`mosquitto_passwd` deletes all that follows one); what somebody else put there is kept. No file that it writes has a
//! user twice or a line that ends 2.1, and each ends with a newline (adding to a file without one joins two lines).

mod encoding;
mod file;
mod form;
mod hash;
mod import;
mod lines;
mod reading;

use std::fmt;

use crate::error::Diagnose;
use crate::secret::Secret;

pub use file::Outcome;
pub use file::PasswdError;
pub use file::PasswdFile;
pub use form::Form;
pub use hash::Fault;
pub use hash::Hash;
pub use import::Given;
pub use import::Import;
pub use import::Newcomer;
pub use import::Refused;
pub use import::import;
pub use reading::Login;
pub use reading::Problem;
pub use reading::Reading;
pub use reading::What;
pub use reading::read;

/// One login costs a broker that many rounds of HMAC; it pays in its single thread, for each CONNECT.
pub const DEFAULT_ITERATIONS: u32 = 1000;

/// A user and the password in clear.
#[derive(Clone, Debug)]
pub struct User {
    pub name: UserName,
    pub password: Secret,
}

/// A name that every broker version reads back as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserName(String);

#[derive(Debug, thiserror::Error)]
pub enum UserNameError {
    #[error("the user name is empty")]
    Empty,
    #[error("the user name `{0}` has a colon, which ends the name in a password file")]
    Colon(String),
    #[error("the user name has a control character")]
    Control,
    #[error("the user name has U+{0:04X}, which is no character, and which MQTT lets a broker refuse")]
    NonCharacter(u32),
    #[error("the user name `{0}` starts with `#`, which makes its line a comment")]
    Comment(String),
    #[error("the user name `{0}` starts or ends with a space, which the broker cuts off")]
    Space(String),
    #[error("the user name has {0} bytes; MQTT allows 65535")]
    Long(usize),
}

impl Diagnose for UserNameError {
    fn code(&self) -> &'static str {
        "user-name-invalid"
    }
}

impl UserName {
    pub fn parse(name: &str) -> Result<Self, UserNameError> {
        use UserNameError as E;
        if let Some(none) = name.chars().map(u32::from).find(|letter| is_noncharacter(*letter)) {
            return Err(E::NonCharacter(none));
        }
        match name {
            "" => Err(E::Empty),
            _ if name.len() > 65535 => Err(E::Long(name.len())),
            _ if name.chars().any(char::is_control) => Err(E::Control),
            _ if name.contains(':') => Err(E::Colon(name.to_owned())),
            _ if name.starts_with('#') => Err(E::Comment(name.to_owned())),
            _ if name.trim() != name => Err(E::Space(name.to_owned())),
            _ => Ok(Self(name.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// MQTT 5, section 1.5.4: a receiver may take these for a malformed packet; Mosquitto 2.1 does.
fn is_noncharacter(letter: u32) -> bool {
    (0xFDD0..=0xFDEF).contains(&letter) || letter & 0xFFFE == 0xFFFE
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for UserName {
    type Err = UserNameError;

    fn from_str(name: &str) -> Result<Self, UserNameError> {
        Self::parse(name)
    }
}

/// The answers in the order of the questions, worked out by all cores: a hash takes half a millisecond, and a list has
/// thousands of passwords.
pub fn on_all_cores<T: Sync, R: Send>(questions: &[T], answer: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let part = questions.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let work = |part: &[T]| part.iter().map(&answer).collect::<Vec<R>>();
        let threads: Vec<_> = questions.chunks(part).map(|part| scope.spawn(move || work(part))).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_broker_cannot_read_back_are_refused() {
        for name in ["", "a:b", "#a", " a", "a ", "a\nb", "a\0", "a\u{fffe}", "\u{fdd0}"] {
            assert!(UserName::parse(name).is_err(), "{name:?}");
        }
        for name in ["a b", "a/b", "a+b", "ünï", "$x", "a#b", "-x"] {
            assert!(UserName::parse(name).is_ok(), "{name:?}");
        }
    }
}
