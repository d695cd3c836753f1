//! The list's form: what its columns are, and a line made into a row.

use super::row::Row;

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
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(pub String);

impl Form {
    /// A line without its end; nothing where it is empty.
    pub fn row(&self, line: &[u8]) -> Result<Option<Row>, Problem> {
        let text = String::from_utf8_lossy(line);
        let name = text.split(',').next().unwrap_or_default();
        if name.is_empty() {
            return Ok(None);
        }
        Ok(Some(Row {
            name: name.parse().map_err(|error: crate::pki::names::NameError| Problem(error.to_string()))?,
            days: None,
            key_type: None,
            names: Vec::new(),
            user: None,
            password: super::row::Password::None,
            topics: Vec::new(),
            profile: None,
            groups: Vec::new(),
        }))
    }
}
