//! What a broker makes of a password file: who can log in, what it drops, and what makes 2.1 end.
//!
//! `pwfile__parse` of 20:src/security_default.c and `password_file__parse` of 21:plugins/password-file, line by line;
//! `tests/it/agreement/passwd.rs` asks the brokers themselves.

use std::collections::HashMap;
use std::fmt;

use super::Form;
use super::Hash;
use super::UserName;
use super::UserNameError;
use super::hash::Fault;
use super::lines::Line;
use super::lines::Lines;
use super::lines::Loss;
use crate::error::printable;
use crate::series::Series;

/// Longer names and hashes are not read; MQTT carries no more.
const LONGEST: usize = 65535;

#[derive(Debug)]
pub struct Reading {
    pub series: Series,
    /// Who can log in, had the broker started; in the order of the file. Of a name that stands twice, the one that counts.
    pub users: Vec<Login>,
    /// What ends the broker, at the start and at a reload; only 2.1 ends.
    pub stop: Option<Problem>,
    /// In the order of the file, and those behind the one that ends the broker, too.
    pub problems: Vec<Problem>,
}

#[derive(Clone, Debug)]
pub struct Login {
    pub name: String,
    pub hash: Hash,
    pub line: usize,
    /// Where the name begins: from 1, in characters.
    pub column: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub line: usize,
    pub column: usize,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// U+FEFF before the first name, which it becomes a part of.
    ByteOrderMark,
    /// Windows' other text form: the broker sees NULs.
    Utf16,
    /// How many whole lines it hides behind its own.
    Nul {
        lost: usize,
    },
    LastLineLost,
    /// No colon, no comment: skipped without a word.
    NoColon,
    /// Whether a hash stands behind it.
    EmptyName {
        hash: bool,
    },
    LongName(usize),
    /// In the file, but no client can bring that name.
    NameNotInMqtt {
        user: String,
        why: &'static str,
    },
    /// A name and nothing after it.
    NoHash {
        user: String,
    },
    LongHash {
        user: String,
        length: usize,
    },
    Undecodable {
        user: String,
        fault: Fault,
    },
    /// The line that has the name first.
    Duplicate {
        user: String,
        first: usize,
    },
}

impl Reading {
    /// Whether a broker of the series lets this user in with this password.
    pub fn lets_in(&self, user: &str, password: &crate::secret::Secret) -> bool {
        self.stop.is_none() && self.user(user).is_some_and(|login| login.hash.verify(password))
    }

    pub fn user(&self, name: &str) -> Option<&Login> {
        self.users.iter().find(|login| login.name == name)
    }
}

/// Reads the bytes as a broker of the series does. Takes any bytes, in linear time.
pub fn read(bytes: &[u8], series: Series) -> Reading {
    let mut reader = Reader { series, seen: HashMap::new(), logins: Vec::new(), problems: Vec::new(), stop: None };
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        reader.problem(1, 1, What::Utf16);
    } else if bytes.starts_with("\u{feff}".as_bytes()) {
        reader.problem(1, 1, What::ByteOrderMark);
    }
    for line in Lines::new(bytes, series) {
        reader.line(&line);
    }
    let users = reader.logins.into_iter().flatten().collect();
    Reading { series, users, stop: reader.stop, problems: reader.problems }
}

struct Reader {
    series: Series,
    /// For each name the line that has it first, and its place in `logins`.
    seen: HashMap<Vec<u8>, (usize, Option<usize>)>,
    logins: Vec<Option<Login>>,
    problems: Vec<Problem>,
    stop: Option<Problem>,
}

impl Reader {
    fn problem(&mut self, line: usize, column: usize, what: What) {
        let problem = Problem { line, column, what };
        if self.series != Series::V20 && problem.what.ends_2_1() && self.stop.is_none() {
            self.stop = Some(problem.clone());
        }
        self.problems.push(problem);
    }

    fn line(&mut self, line: &Line<'_>) {
        let number = line.number;
        match line.loss {
            Some(Loss::Nul) => self.problem(number, characters(line.text) + 1, What::Nul { lost: 0 }),
            Some(Loss::NulAndRest(lost)) => self.problem(number, characters(line.text) + 1, What::Nul { lost }),
            Some(Loss::LastLine) => self.problem(number, 1, What::LastLineLost),
            None => {}
        }
        let text = line.text;
        if text.starts_with(b"#") {
            return;
        }
        if !text.contains(&b':') {
            if !trimmed(text).is_empty() && line.loss.is_none() {
                self.problem(number, 1, What::NoColon);
            }
            return;
        }
        // `strtok_r` takes several colons for one
        let mut fields = text.split(|byte| *byte == b':').filter(|field| !field.is_empty());
        // colons alone: no name, and nothing is said
        let Some(name) = fields.next().map(trimmed) else { return };
        let column = place(text, name);
        if name.len() > LONGEST {
            return self.problem(number, column, What::LongName(name.len()));
        }
        let hash = fields.next().map(trimmed);
        let user = shown(name);
        if name.is_empty() {
            return self.problem(number, column, What::EmptyName { hash: hash.is_some() });
        }
        let first = self.seen.get(name).copied();
        if let Some((first, _)) = first {
            self.problem(number, column, What::Duplicate { user: user.clone(), first });
        }
        let login = self.login(number, (column, name), hash.map(|hash| (place(text, hash), hash)), user);
        self.keep(name, number, first, login);
    }

    /// The user of a line, unless the broker drops the line or no client can bring the name.
    fn login(
        &mut self,
        line: usize,
        (column, name): (usize, &[u8]),
        hash: Option<(usize, &[u8])>,
        user: String,
    ) -> Option<Login> {
        let decoded = match hash {
            None => Err((column, What::NoHash { user: user.clone() })),
            Some((at, hash)) if hash.len() > LONGEST => {
                Err((at, What::LongHash { user: user.clone(), length: hash.len() }))
            }
            Some((at, hash)) => {
                Hash::decode(hash, self.series).map_err(|fault| (at, What::Undecodable { user: user.clone(), fault }))
            }
        };
        match (decoded, carried(name)) {
            (Err((at, what)), _) => self.problem(line, at, what),
            (Ok(_), Err(why)) => self.problem(line, column, What::NameNotInMqtt { user, why }),
            (Ok(hash), Ok(name)) => return Some(Login { name: name.to_owned(), hash, line, column }),
        }
        None
    }

    /// Of two lines with one name 2.0 takes the last that it can decode. In files of some hundred users it can be the
    /// other one: the hash table's order is turned around each time it grows.
    fn keep(&mut self, name: &[u8], line: usize, first: Option<(usize, Option<usize>)>, login: Option<Login>) {
        let at = login.map(|login| {
            self.logins.push(Some(login));
            self.logins.len() - 1
        });
        let (first_line, before) = first.unwrap_or((line, None));
        if let (Some(_), Some(before)) = (at, before) {
            self.logins[before] = None;
        }
        self.seen.insert(name.to_vec(), (first_line, at.or(before)));
    }
}

/// The name as a client can bring it: UTF-8 without control characters, which every broker refuses in a CONNECT.
fn carried(name: &[u8]) -> Result<&str, &'static str> {
    let name = std::str::from_utf8(name).map_err(|_| "it is not UTF-8")?;
    match UserName::parse(name) {
        Err(UserNameError::Control) => Err("it has a control character"),
        Err(UserNameError::NonCharacter(_)) => Err("it has a code point that is no character"),
        _ => Ok(name),
    }
}

/// A name as it may stand in a message.
fn shown(name: &[u8]) -> String {
    const MOST: usize = 80;
    let name = printable(&String::from_utf8_lossy(&name[..name.len().min(4 * MOST)]));
    if name.chars().count() <= MOST { name } else { name.chars().take(MOST).chain(['…']).collect() }
}

/// C's `isspace` at both ends.
fn trimmed(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | 9..=13);
    let start = text.iter().position(|byte| !blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !blank(byte)).map_or(start, |at| at + 1);
    &text[start..end]
}

/// The column at which a part of the text begins.
fn place(text: &[u8], part: &[u8]) -> usize {
    let offset = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    characters(&text[..offset.min(text.len())]) + 1
}

fn characters(text: &[u8]) -> usize {
    String::from_utf8_lossy(text).chars().count()
}

impl What {
    /// The user whose line it is, as it is shown.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::NameNotInMqtt { user, .. }
            | Self::NoHash { user }
            | Self::LongHash { user, .. }
            | Self::Undecodable { user, .. }
            | Self::Duplicate { user, .. } => Some(user),
            _ => None,
        }
    }

    /// Whether 2.1 ends over it, with status 3.
    pub fn ends_2_1(&self) -> bool {
        match self {
            Self::EmptyName { .. }
            | Self::LongName(_)
            | Self::NoHash { .. }
            | Self::LongHash { .. }
            | Self::Undecodable { .. }
            | Self::Duplicate { .. } => true,
            Self::ByteOrderMark
            | Self::Utf16
            | Self::Nul { .. }
            | Self::LastLineLost
            | Self::NoColon
            | Self::NameNotInMqtt { .. } => false,
        }
    }

    /// What the broker's log says of it, up to the name of the file; nothing where it says nothing.
    pub fn logged(&self, series: Series) -> Option<String> {
        let old = series == Series::V20;
        Some(match self {
            Self::EmptyName { hash: true } if old => return None,
            Self::EmptyName { .. } if !old => "password-file: Error: Empty username in password file".to_owned(),
            Self::EmptyName { .. } | Self::LongName(_) | Self::LongHash { .. } | Self::NoHash { .. } if old => {
                "Warning: Invalid line in password file".to_owned()
            }
            Self::EmptyName { .. } | Self::LongName(_) | Self::LongHash { .. } | Self::NoHash { .. } => {
                "password-file: Error: Invalid line in password file".to_owned()
            }
            Self::Duplicate { .. } if old => return None,
            Self::Duplicate { user, .. } => format!("password-file: Error: Duplicate user '{user}' in password file"),
            Self::Undecodable { user, fault } if old => {
                let what = match fault {
                    // salt or hash: it depends on the length of crypt's salt
                    Fault::Kind(Form::CryptSha512) => return Some(format!("for user {user}, removing entry.")),
                    Fault::Kind(_) | Fault::Beginning => "Invalid password hash type",
                    Fault::Empty | Fault::Short => "Invalid password hash",
                    Fault::Iterations => "Invalid hash iterations",
                    Fault::SaltEncoding | Fault::SaltLength(_) => "Unable to decode password salt",
                    Fault::HashEncoding | Fault::HashLength(_) => "Unable to decode password",
                };
                format!("Error: {what} for user {user}, removing entry.")
            }
            Self::Undecodable { .. } => "password-file: Error: Unable to decode line in password file".to_owned(),
            _ => return None,
        })
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByteOrderMark => {
                f.write_str("a byte order mark stands before the first user, and becomes part of the name")
            }
            Self::Utf16 => f.write_str("the file is UTF-16, of which a broker reads nothing"),
            Self::Nul { lost: 0 } => f.write_str("a NUL byte hides the rest of the line"),
            Self::Nul { lost } => write!(f, "a NUL byte hides the rest of the line and the {lost} lines after it"),
            Self::LastLineLost => {
                f.write_str("the last line has no newline and fills the broker's buffer, so that it is not read at all")
            }
            Self::NoColon => f.write_str("a line without a colon, which is skipped without a word"),
            Self::EmptyName { .. } => f.write_str("a line without a user name"),
            Self::LongName(length) => write!(f, "a user name of {length} bytes; MQTT allows {LONGEST}"),
            Self::NameNotInMqtt { user, why } => write!(f, "nobody can log in as `{user}`: {why}"),
            Self::NoHash { user } => write!(f, "nothing stands after the colon of the user `{user}`"),
            Self::LongHash { user, length } => write!(f, "the hash of the user `{user}` has {length} bytes"),
            Self::Undecodable { user, fault } => write!(f, "the user `{user}` {fault}"),
            Self::Duplicate { user, first } => write!(f, "the user `{user}` stands in line {first} already"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    const OLD: &str = "$7$101$uqlEjUl/QvvS6PRi$mE1WdCbrVlhO7xxEE8N2hdawlP20N+z3E6LTSD5vhGvFXTaUJPtlZgd3km/ByXe0l6Bkk4z0RNAFh5g3imDPwg==";
    const NEW: &str = "$7$1000$JRzYOKw9G765aB0tRZLvB/cQlO4vmBJ7s40J2blnVHpm94qSOQFP5eoJoT77HB8Txr74dM/4+Fxs/yaBPI+Cqg==$/AzxlaouIar69rqVlcBSPjeVcEe4kSr0dOnZm71ZwIWWWNHP3YsOeuigGWyrBV7oPxgf03cjG52w9s2yK27Drw==";

    /// Users of 2.0, of 2.1, and the line that ends 2.1.
    fn told(text: &str) -> (Vec<String>, Vec<String>, Option<usize>) {
        let [old, new] = [Series::V20, Series::V21].map(|series| read(text.as_bytes(), series));
        assert_eq!(old.stop, None);
        let names = |reading: &Reading| reading.users.iter().map(|login| login.name.clone()).collect();
        (names(&old), names(&new), new.stop.map(|problem| problem.line))
    }

    #[test]
    fn the_table_of_accepted_lines() {
        let both = |names: &[&str], stop| {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            (names.clone(), names, stop)
        };
        assert_eq!(told(""), both(&[], None));
        assert_eq!(told(&format!("# c\r\n\r\na:{OLD}\r\n b : {OLD} : more\nc:{OLD}")), both(&["a", "b", "c"], None));
        assert_eq!(told(&format!("a:{NEW}\nb:{OLD}\n")), (vec!["b".into()], vec!["a".into(), "b".into()], None));
        for bad in ["plain", "", "$2y$05$x", "$argon2id$v=19$x", "$7$0$AAAA$AAAA", &OLD[..OLD.len() - 2]] {
            assert_eq!(told(&format!("a:{OLD}\nb:{bad}\n")), both(&["a"], Some(2)), "{bad}");
        }
        assert_eq!(told(&format!("a:{OLD}\na:{OLD}\n")), both(&["a"], Some(2)));
        assert_eq!(told(&format!(" :{OLD}\na:{OLD}\n")), both(&["a"], Some(1)));
        assert_eq!(told(&format!(":{OLD}\na:{OLD}\n")), both(&["a"], Some(1)));
        assert_eq!(told(&format!(":a:{OLD}\nb::{OLD}\nno colon\n:::")), both(&["a", "b"], None));
        assert_eq!(told(&format!("  # c: x\na:{OLD}\n")), both(&["a"], Some(1)));
        assert_eq!(told(&format!("\u{feff}a:{OLD}\n")), both(&["\u{feff}a"], None));
        assert_eq!(told(&format!("a\u{1}:{OLD}\n")), both(&[], None));
    }

    #[test]
    fn of_two_lines_the_last_that_can_be_decoded_counts() {
        let line = |file: &str| read(file.as_bytes(), Series::V20).user("a").map(|login| login.line);
        assert_eq!(line(&format!("a:{OLD}\na:{OLD}\n")), Some(2));
        assert_eq!(line(&format!("a:{OLD}\na:plain\n")), Some(1));
        assert_eq!(line(&format!("a:plain\na:{OLD}\na:plain\n")), Some(2));
    }

    #[test]
    fn problems_have_their_place() {
        let text = format!("ü:{OLD}\n  bö :  plain\nü:{OLD}\n");
        let reading = read(text.as_bytes(), Series::V21);
        let places: Vec<_> = reading.problems.iter().map(|problem| (problem.line, problem.column)).collect();
        assert_eq!(places, [(2, 9), (3, 1)]);
        assert!(reading.problems[0].what.to_string().contains("`bö` holds no hash"));
        assert_eq!(reading.stop, Some(reading.problems[0].clone()));
        let password = Secret::new("secret");
        assert!(read(text.as_bytes(), Series::V20).lets_in("ü", &password));
        assert!(!reading.lets_in("ü", &password), "a broker that does not start lets nobody in");
    }

    #[test]
    fn big_and_hostile_files_are_read_in_linear_time() {
        let many: String = (0..100_000).map(|number| format!("user{number}:{OLD}\n")).collect();
        let long = format!("{}:{OLD}\na:{}\nb:{OLD}\n", "x".repeat(1 << 20), "y".repeat(1 << 20));
        let colons = ":".repeat(1 << 20);
        let twice = format!("a:{OLD}\n").repeat(20_000);
        let nuls = vec![0; 1 << 20];
        for series in Series::RELEASED {
            assert_eq!(read(many.as_bytes(), *series).users.len(), 100_000);
            assert_eq!(read(long.as_bytes(), *series).users.len(), 1);
            assert_eq!(read(colons.as_bytes(), *series).problems, []);
            assert_eq!(read(twice.as_bytes(), *series).users.len(), 1);
            assert_eq!(read(&nuls, *series).users.len(), 0);
        }
    }
}
