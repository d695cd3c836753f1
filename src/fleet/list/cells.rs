//! A line of CSV taken apart. Strict where readers of CSV are lenient: a quotation mark that opens nothing, or is followed by
//! more than blanks, is told, for what follows would be in the wrong cell.

use std::borrow::Cow;

use super::Column;
use super::Form;
use super::Problem;
use super::raw::Raw;
use super::raw::Words;

/// What a line says; nothing where all its cells are empty.
pub(super) fn read<'a>(form: &Form, line: &'a str) -> Result<Option<Raw<'a>>, Problem> {
    let blank = |byte: u8| byte == form.separator || byte.is_ascii_whitespace();
    if line.bytes().all(blank) {
        return Ok(None);
    }
    let mut raw = Raw::default();
    let mut count = 0;
    let mut cells = Cells::new(line, form.separator);
    while let Some((cell, quoted)) = cells.next()? {
        match form.columns.get(count) {
            // a spreadsheet's empty columns
            None if cell.trim().is_empty() => {}
            None => return Err(Problem(wrong_count(form, line))),
            Some(None) => {}
            Some(Some(column)) => {
                raw.put(*column, cell);
                raw.exact |= *column == Column::Password && quoted;
            }
        }
        count += 1;
    }
    match count < form.columns.len() {
        true => Err(Problem(wrong_count(form, line))),
        false => Ok(Some(raw)),
    }
}

fn wrong_count(form: &Form, line: &str) -> String {
    let mut cells = Cells::new(line, form.separator);
    let mut count = 0;
    while let Ok(Some(_)) = cells.next() {
        count += 1;
    }
    let columns = form.columns.len();
    let word = match form.separator {
        b';' => "semicolon",
        b'\t' => "tab",
        _ => "comma",
    };
    let plural = if columns == 1 { "" } else { "s" };
    format!(
        "{count} cell{} where the list has {columns} column{plural}: a {word} is missing or too many (one that belongs to a cell \
         stands in quotation marks)",
        if count == 1 { "" } else { "s" }
    )
}

impl<'a> Raw<'a> {
    fn put(&mut self, column: Column, cell: Cow<'a, str>) {
        match column {
            Column::Name => self.name = cell,
            Column::Days => self.days = cell,
            Column::KeyType => self.key_type = cell,
            Column::Names => self.names = Words::Cell(cell),
            Column::User => self.user = cell,
            Column::Password => self.password = cell,
            Column::Topics => self.topics = Words::Cell(cell),
            Column::Profile => self.profile = cell,
            Column::Groups => self.groups = Words::Cell(cell),
            Column::Generate => {}
        }
    }
}

/// The cells of a line, from left to right.
pub(super) struct Cells<'a> {
    /// None after the last.
    rest: Option<&'a str>,
    separator: u8,
    plain: bool,
}

impl<'a> Cells<'a> {
    pub(super) fn new(line: &'a str, separator: u8) -> Self {
        Self { rest: Some(line), separator, plain: !line.as_bytes().contains(&b'"') }
    }

    /// The next cell, and whether it stood in quotation marks.
    pub(super) fn next(&mut self) -> Result<Option<(Cow<'a, str>, bool)>, Problem> {
        let Some(rest) = self.rest else { return Ok(None) };
        if !self.plain {
            let inner = rest.trim_start_matches(|letter| letter == ' ' || (letter == '\t' && self.separator != b'\t'));
            if let Some(inner) = inner.strip_prefix('"') {
                return self.quoted(inner).map(|cell| Some((cell, true)));
            }
        }
        let end = rest.bytes().position(|byte| byte == self.separator);
        let (cell, rest) = match end {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        self.rest = rest;
        if !self.plain && cell.contains('"') {
            return Err(Problem::new(
                "a quotation mark in the middle of a cell: put the whole cell in quotation marks, and double those in it",
            ));
        }
        Ok(Some((Cow::Borrowed(cell), false)))
    }

    /// What follows an opening quotation mark.
    fn quoted(&mut self, inner: &'a str) -> Result<Cow<'a, str>, Problem> {
        let mut cell = Cow::Borrowed("");
        let mut rest = inner;
        loop {
            let Some(at) = rest.find('"') else {
                return Err(Problem::new("a quotation mark is opened and not closed in this line"));
            };
            let part = &rest[..at];
            rest = &rest[at + 1..];
            match &mut cell {
                Cow::Borrowed("") => cell = Cow::Borrowed(part),
                other => other.to_mut().push_str(part),
            }
            match rest.strip_prefix('"') {
                Some(more) => {
                    cell.to_mut().push('"');
                    rest = more;
                }
                None => break,
            }
        }
        let behind = rest.trim_start_matches(|letter| letter == ' ' || (letter == '\t' && self.separator != b'\t'));
        self.rest = match behind.as_bytes().first() {
            None => None,
            Some(byte) if *byte == self.separator => Some(&behind[1..]),
            Some(_) => {
                return Err(Problem::new(
                    "something stands behind a closing quotation mark: double the quotation marks that belong to a cell",
                ));
            }
        };
        Ok(cell)
    }
}
