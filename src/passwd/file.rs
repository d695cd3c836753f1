//! A password file that is changed: the lines that nobody names stay as they are, byte by byte.

use std::collections::HashMap;
use std::collections::HashSet;

use super::DEFAULT_ITERATIONS;
use super::Fault;
use super::Hash;
use super::User;
use super::UserName;
use super::What;
use super::reading;
use crate::error::Diagnose;
use crate::secret::Secret;
use crate::series::Series;

/// A password file, as it was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PasswdFile {
    lines: Vec<Line>,
    /// A byte order mark stood before the first user, who could not log in because of it. It is not written again.
    pub byte_order_mark: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    /// With its end, as it stands in the file.
    text: String,
    /// The name and the hash; none in a comment, and in what a broker skips.
    entry: Option<(String, String)>,
    /// Its number in the file that was read; none for a new one.
    number: Option<usize>,
}

/// A line that a broker would stumble over.
#[derive(Debug, thiserror::Error)]
pub enum PasswdError {
    #[error("line {line} of the password file (user `{user}`) {reason}")]
    Unreadable { line: usize, user: String, reason: Fault },
    #[error("line {line} of the password file: {what}")]
    Line { line: usize, what: What },
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
            Self::Unreadable { .. } | Self::Line { .. } => "passwd-line-unreadable",
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
            Self::Unreadable { user, .. } => vec![format!(
                "set the password anew: mqsec passwd set {}",
                crate::error::single_quoted(&user.to_string())
            )],
            Self::Line { line, .. } => {
                vec![format!("see what is wrong: mqsec passwd lint; then mend or remove line {line}")]
            }
            Self::Duplicate { user, .. } => {
                let user = crate::error::single_quoted(&user.to_string());
                vec![format!("mqsec passwd del {user}, then mqsec passwd add {user}")]
            }
            Self::NoSuchUser(_) => vec!["see who there is: mqsec passwd list".to_owned()],
            Self::UserExists(user) => vec![format!(
                "to change the password: mqsec passwd set {}",
                crate::error::single_quoted(&user.to_string())
            )],
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

/// The name and the hash of a line, as a broker splits it: `#` in the first column is a comment, both are trimmed, several
/// colons count as one, what follows the next is ignored.
fn entry(line: &str) -> Option<(String, String)> {
    if line.starts_with('#') || !line.contains(':') {
        return None;
    }
    let mut fields =
        line.split(':').filter(|field| !field.is_empty()).map(|field| field.trim_matches(is_blank).to_owned());
    Some((fields.next()?, fields.next().unwrap_or_default()))
}

/// C's `isspace`.
fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t'..='\r')
}

impl PasswdFile {
    pub fn parse(text: &str) -> Self {
        let (text, byte_order_mark) = text.strip_prefix('\u{feff}').map_or((text, false), |rest| (rest, true));
        let lines = text.split_inclusive('\n').enumerate();
        let lines = lines.map(|(at, line)| Line { text: line.to_owned(), entry: entry(line), number: Some(at + 1) });
        Self { lines: lines.collect(), byte_order_mark }
    }

    /// The file for a broker, once every line is one that it reads. What was read and not changed comes back as it was,
    /// but for a byte order mark, and a last line without its newline.
    pub fn print(&self) -> Result<String, PasswdError> {
        let mut text: String = self.lines.iter().map(|line| line.text.as_str()).collect();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        self.check(&text)?;
        Ok(text)
    }

    /// 2.1 reads what 2.0 does and more, and ends over what it does not.
    fn check(&self, text: &str) -> Result<(), PasswdError> {
        let reading = reading::read(text.as_bytes(), Series::V21);
        let nul = || reading.problems.iter().find(|problem| matches!(problem.what, What::Nul { .. })).cloned();
        let Some(problem) = reading.stop.clone().or_else(nul) else { return Ok(()) };
        let line = self.lines.get(problem.line - 1).and_then(|line| line.number).unwrap_or(problem.line);
        Err(match problem.what {
            What::Undecodable { user, fault } => PasswdError::Unreadable { line, user, reason: fault },
            What::NoHash { user } => PasswdError::Unreadable { line, user, reason: Fault::Empty },
            What::Duplicate { user, .. } => PasswdError::Duplicate { line, user },
            what => PasswdError::Line { line, what },
        })
    }

    fn entries(&self) -> impl DoubleEndedIterator<Item = &(String, String)> {
        self.lines.iter().filter_map(|line| line.entry.as_ref())
    }

    /// Users with the form of their hash, in the order of the file.
    pub fn users(&self) -> impl Iterator<Item = (&str, Result<Hash, Fault>)> {
        self.entries().map(|(user, hash)| (user.as_str(), hash.parse()))
    }

    /// The hash of each user; of two, the last that can be decoded.
    pub fn hashes(&self) -> HashMap<String, Result<Hash, Fault>> {
        let mut hashes = HashMap::new();
        for (name, hash) in self.users() {
            if hash.is_ok() || !hashes.contains_key(name) {
                hashes.insert(name.to_owned(), hash);
            }
        }
        hashes
    }

    /// Whether the password is the user's; nothing when there is no such user. Of two, a 2.0 broker takes the last that it
    /// can decode.
    pub fn verify(&self, user: &UserName, password: &Secret) -> Option<bool> {
        let mut hashes =
            self.entries().rev().filter(|(name, _)| name == user.as_str()).map(|(_, hash)| hash).peekable();
        hashes.peek()?;
        Some(hashes.find_map(|hash| hash.parse::<Hash>().ok()).is_some_and(|hash| hash.verify(password)))
    }

    pub fn has(&self, user: &UserName) -> bool {
        self.entries().any(|(name, _)| name == user.as_str())
    }

    /// Whether there is no user.
    pub fn is_empty(&self) -> bool {
        self.entries().next().is_none()
    }

    /// Adds a user or gives one a new password.
    pub fn set(&mut self, user: &User, iterations: u32) {
        self.set_hash(&user.name, &Hash::new(&user.password, iterations));
    }

    /// The same with a hash that somebody else has made. A user that stands twice keeps the first line.
    pub fn set_hash(&mut self, user: &UserName, hash: &Hash) {
        let (name, hash) = (user.to_string(), hash.to_string());
        let is_user = |line: &Line| line.entry.as_ref().is_some_and(|(entry, _)| *entry == name);
        let Some(first) = self.lines.iter().position(is_user) else { return self.push(name, hash) };
        let mut at = 0;
        self.lines.retain(|line| {
            at += 1;
            at - 1 <= first || !is_user(line)
        });
        let line = &mut self.lines[first];
        let end = if line.text.ends_with("\r\n") { "\r\n" } else { "\n" };
        line.text = format!("{name}:{hash}{end}");
        line.entry = Some((name, hash));
    }

    /// Adds a user of whom the caller knows that the file does not have him.
    pub fn append(&mut self, user: &UserName, hash: &Hash) {
        self.push(user.to_string(), hash.to_string());
    }

    fn push(&mut self, name: String, hash: String) {
        if let Some(last) = self.lines.last_mut()
            && !last.text.ends_with('\n')
        {
            last.text.push('\n');
        }
        self.lines.push(Line { text: format!("{name}:{hash}\n"), entry: Some((name, hash)), number: None });
    }

    /// Removes a user; says whether there was one.
    pub fn delete(&mut self, user: &UserName) -> bool {
        let before = self.lines.len();
        self.lines.retain(|line| line.entry.as_ref().is_none_or(|(name, _)| name != user.as_str()));
        self.lines.len() < before
    }

    /// Removes these users; gives those that there were.
    pub fn delete_all(&mut self, users: &HashSet<&str>) -> Vec<String> {
        let mut gone = Vec::new();
        self.lines.retain(|line| match &line.entry {
            Some((name, _)) if users.contains(name.as_str()) => {
                gone.push(name.clone());
                false
            }
            _ => true,
        });
        gone
    }

    /// Gives the file these users. Whose password is in the file already keeps its line, unless `iterations` asks for
    /// another cost; users that are not named are kept unless `replace`.
    pub fn merge(&mut self, users: &[User], iterations: Option<u32>, replace: bool) -> Outcome {
        let mut outcome = Outcome::default();
        let named: HashSet<&str> = users.iter().map(|user| user.name.as_str()).collect();
        let others =
            self.entries().map(|(name, _)| name.clone()).filter(|name| !named.contains(name.as_str())).collect();
        if replace {
            outcome.removed = others;
            self.lines.retain(|line| line.entry.as_ref().is_none_or(|(name, _)| named.contains(name.as_str())));
        } else {
            outcome.kept = others;
        }
        let now: HashMap<String, String> = self.entries().cloned().collect();
        for user in users {
            let name = user.name.to_string();
            let same_cost = |hash: &Hash| iterations.is_none_or(|wanted| hash.iterations() == Some(wanted));
            match now.get(&name).map(|hash| hash.parse::<Hash>()) {
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
    fn what_is_not_changed_comes_back_byte_by_byte() {
        let good = Hash::new(&Secret::new("x"), 101).to_string();
        let text = format!("# mine\r\n\r\n a : {good} : more\r\nno colon\nb:{good}\n\n");
        let mut file = PasswdFile::parse(&text);
        assert_eq!(file.print().unwrap(), text);
        file.set(&user("c", "y"), 101);
        assert!(file.print().unwrap().starts_with(&text));
        file.delete(&UserName::parse("c").unwrap());
        file.set(&user("a", "y"), 101);
        let after = file.print().unwrap();
        assert!(after.starts_with("# mine\r\n\r\na:$7$101$") && after.ends_with(&format!("no colon\nb:{good}\n\n")));
        assert!(after.contains("==\r\nno"), "the line keeps its end");
    }

    #[test]
    fn a_mark_and_a_missing_newline_are_mended() {
        let good = Hash::new(&Secret::new("x"), 101).to_string();
        let mut file = PasswdFile::parse(&format!("\u{feff}a:{good}"));
        assert!(file.byte_order_mark);
        assert_eq!(file.print().unwrap(), format!("a:{good}\n"));
        file.set(&user("b", "y"), 101);
        assert!(file.print().unwrap().starts_with(&format!("a:{good}\nb:")));
        assert_eq!(PasswdFile::parse("").print().unwrap(), "");
    }

    #[test]
    fn the_line_of_an_error_is_that_of_the_file() {
        let good = Hash::new(&Secret::new("x"), 101).to_string();
        let mut file = PasswdFile::parse(&format!("a:{good}\nb:{good}\nc:plain\n"));
        file.delete(&UserName::parse("a").unwrap());
        assert!(matches!(file.print(), Err(PasswdError::Unreadable { line: 3, .. })));
        let nul = PasswdFile::parse(&format!("a:{good}\nb\0:{good}\n")).print();
        assert_eq!(nul.unwrap_err().code(), "passwd-line-unreadable");
    }
}
