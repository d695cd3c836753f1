//! What the first lines of a list tell: its form, its columns, and where its rows begin.

use super::Column;
use super::Form;
use super::Format;
use super::LONGEST_LINE;
use super::cells::Cells;
use super::column::KNOWN;
use super::raw::shown;
use crate::error::Diagnose;
use crate::pki::names::ClientName;

/// The list's form, and what stands in front of its rows.
#[derive(Debug)]
pub struct Head {
    pub form: Form,
    /// How many bytes that is, from the first that was given.
    pub bytes: usize,
    /// How many lines.
    pub lines: usize,
}

/// The list cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    #[error("the list is empty")]
    Empty,
    #[error("the list is no text: {0}")]
    NoText(String),
    #[error("line {line} of the list has no column `name`; it has {}", quoted(columns))]
    NoName { line: usize, columns: Vec<String> },
    #[error("line {line} of the list has a column `{}`, which no list has{}", shown(column), near(column))]
    Unknown { line: usize, column: String },
    #[error("line {line} of the list has the column `{column}` twice")]
    Twice { line: usize, column: &'static str },
    #[error("line {line} of the list, the columns' names: {what}")]
    Cells { line: usize, what: String },
    #[error("the list is one JSON array, where an object a line belongs")]
    Array,
}

fn quoted(columns: &[String]) -> String {
    let mut names: Vec<String> = columns.iter().take(12).map(|name| format!("`{}`", shown(name))).collect();
    if columns.len() > 12 {
        names.push("…".to_owned());
    }
    names.join(", ")
}

fn near(column: &str) -> String {
    Column::near(column).map(|known| format!(" (is it `{known}`?)")).unwrap_or_default()
}

impl Diagnose for HeadError {
    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "fleet-list-empty",
            _ => "fleet-list-unreadable",
        }
    }

    fn hints(&self) -> Vec<String> {
        let known = KNOWN.join(", ");
        vec![match self {
            Self::Empty => "write a line `name` into it, and below that the name of a device a line".to_owned(),
            Self::NoText(_) => "save it as `CSV UTF-8`; a spreadsheet's own file (.xlsx, .ods) is no list".to_owned(),
            Self::NoName { .. } => format!("the first line names the columns: {known}; one of them must be `name`"),
            Self::Unknown { .. } => {
                format!("known are {known}; a column whose name begins with `#` is not looked at")
            }
            Self::Twice { .. } => "remove one of the two columns".to_owned(),
            Self::Cells { .. } => "the first line names the columns, such as: name,days,topics".to_owned(),
            Self::Array => "bring it into that form: jq -c '.[]' list.json > list.jsonl".to_owned(),
        }]
    }
}

impl Form {
    /// Finds the form out from the first bytes, without a byte order mark; more than the first 64 KiB are not needed.
    pub fn detect(first: &[u8], asked: Option<Format>) -> Result<Head, HeadError> {
        let mut found = Head { form: Self::names(), bytes: 0, lines: 0 };
        let mut separator = None;
        for line in first.split_inclusive(|byte| *byte == b'\n') {
            let number = found.lines + 1;
            let text = head_text(line, number)?;
            let declared = text.strip_prefix("sep=").filter(|rest| rest.len() == 1);
            match (declared, text.starts_with('#') || text.trim().is_empty()) {
                // a spreadsheet's own way to say it
                (Some(rest), _) if number == 1 => separator = rest.bytes().next(),
                (_, true) => {}
                _ => return found.first_line(text, number, asked, separator, line.len()),
            }
            found.bytes += line.len();
            found.lines += 1;
        }
        Err(HeadError::Empty)
    }

    /// A list of names, a line each.
    fn names() -> Self {
        Self { format: Format::Csv, separator: b',', columns: vec![Some(Column::Name)] }
    }
}

impl Head {
    /// The first line that says something.
    fn first_line(
        mut self,
        text: &str,
        line: usize,
        asked: Option<Format>,
        separator: Option<u8>,
        length: usize,
    ) -> Result<Self, HeadError> {
        if asked != Some(Format::Csv) && text.trim_start().starts_with('[') {
            return Err(HeadError::Array);
        }
        if asked.unwrap_or(Format::Csv) == Format::Jsonl || (asked.is_none() && text.trim_start().starts_with('{')) {
            self.form.format = Format::Jsonl;
            return Ok(self);
        }
        let separator = separator.unwrap_or_else(|| divider(text));
        let names = head_cells(text, separator).map_err(|what| HeadError::Cells { line, what })?;
        if let [name] = names.as_slice()
            && Column::of(name).is_none()
            && name.parse::<ClientName>().is_ok()
        {
            // no head line: a name a line, of which this is the first
            return Ok(self);
        }
        let mut columns: Vec<Option<Column>> = Vec::with_capacity(names.len());
        let mut unknown = None;
        for name in &names {
            let found = Column::of(name).filter(|column| *column != Column::Generate);
            match found {
                Some(column) if columns.contains(&found) => {
                    return Err(HeadError::Twice { line, column: column.name() });
                }
                None if !name.is_empty() && !name.starts_with('#') => unknown = unknown.or(Some(name)),
                _ => {}
            }
            columns.push(found);
        }
        if !columns.contains(&Some(Column::Name)) {
            return Err(HeadError::NoName { line, columns: names });
        }
        if let Some(column) = unknown {
            return Err(HeadError::Unknown { line, column: column.clone() });
        }
        self.form = Form { format: Format::Csv, separator, columns };
        self.bytes += length;
        self.lines += 1;
        Ok(self)
    }
}

/// The one that divides the most columns.
fn divider(text: &str) -> u8 {
    let count = |divider: u8| text.bytes().filter(|byte| *byte == divider).count();
    // the last of those that are equal is taken, and a comma is what everyone means by CSV
    [b'\t', b';', b','].into_iter().max_by_key(|divider| count(*divider)).unwrap_or(b',')
}

fn head_cells(text: &str, separator: u8) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    let mut cells = Cells::new(text, separator);
    while let Some((cell, _)) = cells.next().map_err(|problem| problem.0)? {
        names.push(cell.trim().to_owned());
    }
    // a separator behind the last column
    while names.len() > 1 && names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    Ok(names)
}

fn head_text(line: &[u8], number: usize) -> Result<&str, HeadError> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > LONGEST_LINE {
        return Err(HeadError::NoText(format!("line {number} has more than 64 KiB")));
    }
    super::text(line).map_err(|problem| HeadError::NoText(format!("line {number}: {}", problem.0)))
}
