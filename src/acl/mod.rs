//! Mosquitto's ACL file: kept byte for byte, read as the broker reads it, and asked what the broker would answer.
//!
//! 2.0 has it in its core (src/security_default.c), 2.1 in a plugin of its own (plugins/acl-file). The grammar is the same;
//! patterns are not: 2.1 replaces `%c` and `%u` only where they are a whole level of the topic. Everything here was asked of
//! both brokers (tests/it/agreement/acl.rs).

mod decision;
mod document;
mod edit;
mod expectation;
mod format;
mod lint;
mod matching;
mod reading;
mod subscription;
mod template;

use std::fmt;

pub use decision::Because;
pub use decision::Considered;
pub use decision::Decision;
pub use decision::Question;
pub use decision::Rules;
pub use decision::Step;
pub use decision::decide;
pub use decision::why;
pub use document::Document;
pub use edit::Unwritable;
pub use expectation::Expectation;
pub use expectation::ExpectationError;
pub use expectation::expectations;
pub use format::format;
pub use lint::Problem;
pub use lint::Slip;
pub use lint::What;
pub use lint::problems;
pub use matching::is_filter;
pub use matching::is_topic;
pub use matching::topic_below;
pub use reading::Reading;
pub use subscription::Coverage;
pub use subscription::Received;
pub use subscription::received;
pub use template::level;
pub use template::own_topic;
pub use template::render;
pub use template::with_users;

/// What a client does with a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum Access {
    /// A message is delivered to the client
    Read,
    /// The client publishes, or its will is
    Write,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}

/// What a line grants, or that it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum Grant {
    Read,
    Write,
    #[value(name = "readwrite")]
    ReadWrite,
    Deny,
}

impl Grant {
    fn of_word(word: &[u8]) -> Option<Self> {
        match word {
            b"read" => Some(Self::Read),
            b"write" => Some(Self::Write),
            b"readwrite" => Some(Self::ReadWrite),
            b"deny" => Some(Self::Deny),
            _ => None,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::ReadWrite => "readwrite",
            Self::Deny => "deny",
        }
    }

    pub fn allows(self, access: Access) -> bool {
        matches!((self, access), (Self::ReadWrite, _) | (Self::Read, Access::Read) | (Self::Write, Access::Write))
    }
}

/// To whom a line applies.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `topic` before the first `user`: clients without a user name.
    Anonymous,
    /// `topic` below `user`.
    User(Vec<u8>),
    /// `pattern`, wherever it stands: every client.
    Pattern,
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("Anonymous"),
            Self::User(name) => write!(f, "User({})", String::from_utf8_lossy(name)),
            Self::Pattern => f.write_str("Pattern"),
        }
    }
}

impl Scope {
    pub fn of_user(user: Option<&str>) -> Self {
        user.map_or(Self::Anonymous, |name| Self::User(name.as_bytes().to_vec()))
    }

    pub fn user(&self) -> Option<String> {
        match self {
            Self::User(name) => Some(String::from_utf8_lossy(name).into_owned()),
            _ => None,
        }
    }
}

/// A `topic` or `pattern` line that the broker took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From 1.
    pub line: usize,
    /// Where its filter begins, from 1, in bytes.
    pub column: usize,
    pub scope: Scope,
    pub grant: Grant,
    /// Whether the grant is written, or `readwrite` because none is.
    pub explicit: bool,
    pub filter: Vec<u8>,
}

impl Entry {
    /// The filter for a reader.
    pub fn topic(&self) -> String {
        String::from_utf8_lossy(&self.filter).into_owned()
    }
}

/// Why a broker does not start with an ACL file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Begins with another word; what the broker prints of it.
    Line(Vec<u8>),
    Access(Vec<u8>),
    Topic(Vec<u8>),
    EmptyTopic,
    MissingUser,
}

impl Stop {
    /// The broker's own words.
    pub fn words(&self, path: &str) -> String {
        let lossy = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        match self {
            Self::Line(text) => format!("Error: Invalid line in acl_file \"{path}\": {}.", lossy(text)),
            Self::Access(word) => {
                format!("Error: Invalid topic access type \"{}\" in acl_file \"{path}\".", lossy(word))
            }
            Self::Topic(topic) => format!("Error: Invalid ACL topic \"{}\" in acl_file \"{path}\".", lossy(topic)),
            Self::EmptyTopic => format!("Error: Empty topic in acl_file \"{path}\"."),
            Self::MissingUser => format!("Error: Missing username in acl_file \"{path}\"."),
        }
    }
}
