//! The list as it comes: a file or standard input, in whatever encoding a spreadsheet wrote, read as lines with their numbers.

use std::path::PathBuf;

use crate::error::Failure;
use crate::fleet::list::Form;
use crate::fleet::list::Format;
use crate::workspace::Workspace;

/// Where the list is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    File(PathBuf),
    Stdin,
}

/// A list that can be read more than once: what comes from standard input, or in another encoding than UTF-8, is kept in a
/// file of its own (for the owner alone, for it may have passwords) until the value is dropped.
pub struct Source {
    pub form: Form,
    /// As the reader would write it.
    pub shown: String,
}

impl Source {
    pub fn open(workspace: &Workspace, origin: &Origin, format: Option<Format>) -> Result<Self, Failure> {
        let _ = (workspace, format);
        Ok(Self { form: Form { format: Format::Csv }, shown: format!("{origin:?}") })
    }

    /// The rows' lines from the first on, without the head line.
    pub fn lines(&self) -> Result<Lines, Failure> {
        Ok(Lines {})
    }
}

/// Some lines that follow each other.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The index of the first of them among the lines of [`Source::lines`], from 0.
    pub first: usize,
    pub bytes: zeroize::Zeroizing<Vec<u8>>,
}

impl Chunk {
    /// The lines, without their ends.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let text = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }
}

pub struct Lines {}

impl Lines {
    /// The next lines, at most so many; nothing at the end.
    pub fn next(&mut self, most: usize) -> Result<Option<Chunk>, Failure> {
        let _ = most;
        Ok(None)
    }
}
