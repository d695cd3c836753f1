//! Everything that can go wrong has a name: a stable code, what is wrong in the reader's terms, the next command.
//!
//! Domain errors are enums that hold facts and implement [`Diagnose`]. At the edge one [`Failure`] carries the code,
//! the hints and the chain of causes. `src/pages/codes.md` has a page for every code; `mqsec explain CODE` prints it.

use anyhow::Error;

/// A stranger's text (from a certificate, a broker, a log) as it may stand on a terminal: without control characters,
/// which could write over what we say.
pub fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter }).collect()
}

/// A name as one word of a command that is to be copied into a shell: whoever wrote the file that it is from may have put
/// a quotation mark and a command of his own into it.
pub fn single_quoted(word: &str) -> String {
    format!("'{}'", printable(word).replace('\'', r"'\''"))
}

/// The same, without quotation marks where the word needs none.
pub fn shell_word(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@".contains(letter);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { single_quoted(word) }
}

/// Whether the answer is "no", or there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Checked and refused: exit status 1.
    No,
    /// Could not be answered (usage, input, environment): exit status 2.
    Unanswered,
}

impl Kind {
    pub fn status(self) -> u8 {
        match self {
            Self::No => 1,
            Self::Unanswered => 2,
        }
    }
}

/// What an error tells beyond its sentence.
pub trait Diagnose: std::error::Error + Send + Sync + 'static {
    /// Stable, kebab-case.
    fn code(&self) -> &'static str;

    fn kind(&self) -> Kind {
        Kind::Unanswered
    }

    /// Facts below the headline, a line each.
    fn details(&self) -> Vec<String> {
        Vec::new()
    }

    /// The same for a program, where there is more to tell than lines.
    fn facts(&self) -> Option<serde_json::Value> {
        None
    }

    /// What to do next, the most useful first.
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }
}

/// An error on its way to the reader.
#[derive(Debug)]
pub struct Failure {
    pub kind: Kind,
    pub code: &'static str,
    pub details: Vec<String>,
    pub hints: Vec<String>,
    pub facts: Option<serde_json::Value>,
    pub cause: Error,
}

impl<E: Diagnose> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            kind: error.kind(),
            code: error.code(),
            details: error.details(),
            hints: error.hints(),
            facts: error.facts(),
            cause: Error::new(error),
        }
    }
}

impl Failure {
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The headline and the causes below it, without repeating a cause that the line above already says.
    pub fn message(&self) -> String {
        let mut text = self.cause.to_string();
        for cause in self.cause.chain().skip(1) {
            let cause = cause.to_string();
            if !text.contains(&cause) {
                text = format!("{text}: {cause}");
            }
        }
        text
    }
}

/// A failure that belongs to no domain type: one sentence with a code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Plain {
    code: &'static str,
    message: String,
    details: Vec<String>,
    hints: Vec<String>,
    kind: Kind,
}

impl Plain {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Vec::new(), hints: Vec::new(), kind: Kind::Unanswered }
    }

    pub fn no(code: &'static str, message: impl Into<String>) -> Self {
        Self { kind: Kind::No, ..Self::new(code, message) }
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl Diagnose for Plain {
    fn code(&self) -> &'static str {
        self.code
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    fn details(&self) -> Vec<String> {
        self.details.clone()
    }

    fn hints(&self) -> Vec<String> {
        self.hints.clone()
    }
}

#[cfg(test)]
mod quoting {
    use super::shell_word;
    use super::single_quoted;

    #[test]
    fn a_name_stays_one_word_in_a_shell() {
        assert_eq!(single_quoted("admin"), "'admin'");
        assert_eq!(single_quoted("a'; reboot"), r"'a'\''; reboot'");
        assert_eq!(shell_word("config/a.crt"), "config/a.crt");
        assert_eq!(shell_word("/x/$(reboot)"), "'/x/$(reboot)'");
    }
}
