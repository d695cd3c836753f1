//! The list's form: what its columns are, and a line made into a row. Every line is one row, whatever quotation marks stand in
//! it, so that a wrong one spoils its own line alone and the numbers of the lines are those of any editor.

mod cells;
mod column;
mod head;
mod json;
mod raw;

use super::row::Row;

pub use column::Column;
pub use head::Head;
pub use head::HeadError;
use raw::Raw;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A head line with the columns' names; divided by commas, semicolons or tabs
    Csv,
    /// An object a line
    Jsonl,
}

/// How the list is written.
#[derive(Clone, Debug)]
pub struct Form {
    pub format: Format,
    /// What divides the cells.
    separator: u8,
    /// In their order; none where the column is not looked at.
    columns: Vec<Option<Column>>,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Problem(pub String);

impl Problem {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// A longer line is no device's.
pub const LONGEST_LINE: usize = 64 << 10;

impl Form {
    /// A line without its end; nothing where it is empty or a comment.
    pub fn row(&self, line: &[u8]) -> Result<Option<Row>, Problem> {
        if line.len() > LONGEST_LINE {
            return Err(Problem::new("the line has more than 64 KiB: no device needs so much"));
        }
        let text = text(line)?;
        let raw = match self.format {
            _ if text.starts_with('#') => None,
            Format::Csv => cells::read(self, text)?,
            Format::Jsonl if text.trim().is_empty() => None,
            Format::Jsonl => Some(json::read(text)?),
        };
        raw.as_ref().map(Raw::row).transpose()
    }
}

/// The line as text, which a NUL and wrong UTF-8 do not belong to.
fn text(line: &[u8]) -> Result<&str, Problem> {
    if line.contains(&0) {
        return Err(Problem::new("the line has a NUL byte in it, which belongs to no text"));
    }
    std::str::from_utf8(line).map_err(|error| {
        let at = error.valid_up_to() + 1;
        Problem(format!("the line is not UTF-8 (byte {at}): save the list as `CSV UTF-8`"))
    })
}

#[cfg(test)]
mod tests;
