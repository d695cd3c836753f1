//! Mosquitto's password file: `user:$7$ITERATIONS$SALT$HASH`, a user a line.
//!
//! The form that 2.0 and 2.1 both read is `$7$` (PBKDF2-HMAC-SHA512) with a salt of exactly 12 bytes; 2.1's own
//! `mosquitto_passwd` writes 64 bytes, which 2.0 drops. A file that mqsec writes has no comments and no blank lines
//! (`mosquitto_passwd` deletes all that follows one), no user twice (2.1 ends), and ends with a newline (adding to a
//! file without one joins two lines).

mod hash;

use std::fmt;

use crate::error::Diagnose;
use crate::secret::Secret;

pub use hash::Hash;

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

/// A password file, as it was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PasswdFile {
    entries: Vec<Entry>,
    /// Comments and blank lines, which will not be written again.
    pub comments: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    user: String,
    hash: String,
    line: usize,
}

/// A line that a broker would stumble over.
#[derive(Debug, thiserror::Error)]
pub enum PasswdError {
    #[error("line {line} of the password file (user `{user}`) {reason}")]
    Unreadable { line: usize, user: String, reason: &'static str },
    #[error("line {line} of the password file names the user `{user}` again")]
    Duplicate { line: usize, user: String },
    #[error("there is no user `{0}` in the password file")]
    NoSuchUser(String),
    #[error("the user `{0}` is in the password file already")]
    UserExists(String),
}

impl Diagnose for PasswdError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "passwd-line-unreadable",
            Self::Duplicate { .. } => "passwd-user-twice",
            Self::NoSuchUser(_) => "user-not-found",
            Self::UserExists(_) => "user-exists",
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Unreadable { .. } => vec!["Mosquitto 2.0 drops this user, 2.1 does not start".to_owned()],
            Self::Duplicate { .. } => vec!["Mosquitto 2.0 takes the last one, 2.1 does not start".to_owned()],
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Unreadable { user, .. } => vec![format!("set the password anew: mqsec passwd set '{user}'")],
            Self::Duplicate { user, .. } => vec![format!("mqsec passwd del '{user}', then mqsec passwd add '{user}'")],
            Self::NoSuchUser(_) => vec!["see who there is: mqsec passwd list".to_owned()],
            Self::UserExists(user) => vec![format!("to change the password: mqsec passwd set '{user}'")],
        }
    }
}

/// What a change did to the users.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub unchanged: Vec<String>,
    pub removed: Vec<String>,
    /// Users that were in the file and are not in `.env`.
    pub kept: Vec<String>,
}

impl PasswdFile {
    /// Reads a file as a broker does: fields trimmed, `#` in the first column is a comment, what follows a second
    /// colon is ignored.
    pub fn parse(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut file = Self::default();
        for (number, line) in text.lines().enumerate() {
            match line.split_once(':') {
                Some((user, rest)) if !line.starts_with('#') && !user.trim().is_empty() => {
                    let hash = rest.split(':').next().unwrap_or_default().trim().to_owned();
                    file.entries.push(Entry { user: user.trim().to_owned(), hash, line: number + 1 });
                }
                _ => file.comments += 1,
            }
        }
        file
    }

    /// The file for a broker, once every line is one that it reads.
    pub fn print(&self) -> Result<String, PasswdError> {
        self.check()?;
        Ok(self.entries.iter().map(|entry| format!("{}:{}\n", entry.user, entry.hash)).collect())
    }

    /// Whether every line is one that both broker series read.
    pub fn check(&self) -> Result<(), PasswdError> {
        for (at, Entry { user, hash, line }) in self.entries.iter().enumerate() {
            let line = *line;
            if let Err(reason) = hash.parse::<Hash>() {
                return Err(PasswdError::Unreadable { line, user: user.clone(), reason });
            }
            if self.entries[..at].iter().any(|before| before.user == *user) {
                return Err(PasswdError::Duplicate { line, user: user.clone() });
            }
        }
        Ok(())
    }

    /// Users with the form of their hash, in the order of the file.
    pub fn users(&self) -> impl Iterator<Item = (&str, Result<Hash, &'static str>)> {
        self.entries.iter().map(|entry| (entry.user.as_str(), entry.hash.parse()))
    }

    /// Whether the password is the user's; nothing when there is no such user. Of two, a 2.0 broker takes the last.
    pub fn verify(&self, user: &UserName, password: &Secret) -> Option<bool> {
        let entry = self.entries.iter().rfind(|entry| entry.user == user.as_str())?;
        Some(entry.hash.parse::<Hash>().is_ok_and(|hash| hash.verify(password)))
    }

    pub fn has(&self, user: &UserName) -> bool {
        self.entries.iter().any(|entry| entry.user == user.as_str())
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a user or gives one a new password.
    pub fn set(&mut self, user: &User, iterations: u32) {
        let hash = Hash::new(&user.password, iterations).to_string();
        let first = self.entries.iter().position(|entry| entry.user == user.name.as_str());
        match first {
            Some(at) => {
                self.entries[at].hash = hash;
                let mut place = 0;
                self.entries.retain(|entry| {
                    place += 1;
                    place - 1 == at || entry.user != user.name.as_str()
                });
            }
            None => {
                let line = self.entries.len() + 1;
                self.entries.push(Entry { user: user.name.to_string(), hash, line });
            }
        }
    }

    /// Removes a user; says whether there was one.
    pub fn delete(&mut self, user: &UserName) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.user != user.as_str());
        self.entries.len() < before
    }

    /// Gives the file these users. Whose password is in the file already keeps its line, unless `iterations` asks for
    /// another cost; users that are not named are kept unless `replace`.
    pub fn merge(&mut self, users: &[User], iterations: Option<u32>, replace: bool) -> Outcome {
        let mut outcome = Outcome::default();
        let named = |name: &str| users.iter().any(|user| user.name.as_str() == name);
        if replace {
            outcome.removed = self.entries.iter().filter(|e| !named(&e.user)).map(|e| e.user.clone()).collect();
            self.entries.retain(|entry| named(&entry.user));
        } else {
            outcome.kept = self.entries.iter().filter(|e| !named(&e.user)).map(|e| e.user.clone()).collect();
        }
        for user in users {
            let name = user.name.to_string();
            let same_cost = |hash: &Hash| iterations.is_none_or(|wanted| hash.iterations() == Some(wanted));
            let entry = self.entries.iter().rfind(|entry| entry.user == name);
            match entry.map(|entry| entry.hash.parse::<Hash>()) {
                Some(Ok(hash)) if same_cost(&hash) && hash.verify(&user.password) => {
                    outcome.unchanged.push(name);
                    continue;
                }
                Some(_) => outcome.changed.push(name),
                None => outcome.added.push(name),
            }
            self.set(user, iterations.unwrap_or(DEFAULT_ITERATIONS));
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str, password: &str) -> User {
        User { name: UserName::parse(name).unwrap(), password: Secret::new(password) }
    }

    #[test]
    fn names_that_a_broker_cannot_read_back_are_refused() {
        for name in ["", "a:b", "#a", " a", "a ", "a\nb", "a\0", "a\u{fffe}", "\u{fdd0}"] {
            assert!(UserName::parse(name).is_err(), "{name:?}");
        }
        for name in ["a b", "a/b", "a+b", "ünï", "$x", "a#b", "-x"] {
            assert!(UserName::parse(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn a_merge_keeps_what_is_right_and_changes_the_rest() {
        let mut file = PasswdFile::default();
        file.merge(&[user("a", "1"), user("b", "2"), user("c", "3")], None, false);
        let before = file.print().unwrap();
        let outcome = file.merge(&[user("a", "1"), user("b", "new"), user("d", "4")], None, false);
        assert_eq!(outcome.unchanged, ["a"]);
        assert_eq!(outcome.changed, ["b"]);
        assert_eq!(outcome.added, ["d"]);
        assert_eq!(outcome.kept, ["c"]);
        let after = file.print().unwrap();
        assert_eq!(before.lines().next(), after.lines().next());
        assert_eq!(PasswdFile::parse(&after).print().unwrap(), after);
        let outcome = file.merge(&[user("a", "1")], None, true);
        assert_eq!(outcome.removed, ["b", "c", "d"]);
        assert_eq!(file.print().unwrap().lines().count(), 1);
    }

    #[test]
    fn another_cost_hashes_anew() {
        let mut file = PasswdFile::default();
        file.merge(&[user("a", "1")], None, false);
        assert_eq!(file.merge(&[user("a", "1")], Some(2000), false).changed, ["a"]);
        assert!(file.print().unwrap().starts_with("a:$7$2000$"));
    }

    #[test]
    fn lines_that_stop_a_broker_are_never_written() {
        let good = "$7$101$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";
        assert!(PasswdFile::parse(&format!("a:{good}\n")).print().is_ok());
        for bad in ["plain", "", "$2y$10$x", "$7$0$AAAAAAAAAAAAAAAA$AAAA", "$argon2id$v=19$m=1"] {
            let error = PasswdFile::parse(&format!("a:{bad}\n")).print().unwrap_err();
            assert_eq!(error.code(), "passwd-line-unreadable", "{bad}");
        }
        let twice = PasswdFile::parse(&format!("a:{good}\na:{good}\n"));
        assert_eq!(twice.print().unwrap_err().code(), "passwd-user-twice");
    }

    #[test]
    fn setting_a_user_that_stands_twice_leaves_one() {
        let good = Hash::new(&Secret::new("x"), 101).to_string();
        let mut file = PasswdFile::parse(&format!("a:{good}\nb:{good}\na:{good}\n"));
        file.set(&user("a", "y"), 101);
        assert_eq!(file.print().unwrap().lines().count(), 2);
        assert_eq!(file.verify(&UserName::parse("a").unwrap(), &Secret::new("y")), Some(true));
    }

    #[test]
    fn comments_are_counted_and_dropped() {
        let good = Hash::new(&Secret::new("x"), 101).to_string();
        let file = PasswdFile::parse(&format!("# mine\r\n\r\na:{good}\r\nno colon\r\n"));
        assert_eq!(file.comments, 3);
        assert_eq!(file.print().unwrap(), format!("a:{good}\n"));
    }
}
