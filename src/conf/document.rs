//! `mosquitto.conf` with every byte kept: comments, order, spelling, line ends. An edit changes the lines that it is about
//! and no other.
//!
//! What a line means is the business of [`super::reading`]; here it is only split as the broker does: spaces separate,
//! `#` begins a comment in the first column alone.

mod edit;
mod section;

use std::borrow::Cow;
use std::collections::BTreeMap;

pub use edit::EditError;
pub use section::Section;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    bytes: Vec<u8>,
    /// Where each line ends, its line feed included.
    ends: Vec<usize>,
    /// The lines that are no UTF-8, as they can be shown.
    lossy: BTreeMap<usize, String>,
}

/// A line that is neither empty nor a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive<'a> {
    /// From 1.
    pub line: usize,
    /// Of the key, from 1, in characters.
    pub column: usize,
    pub key: &'a str,
    /// The rest of the line without the blanks around it.
    pub value: &'a str,
}

impl Document {
    /// Never fails: what is no configuration has lines, too.
    pub fn parse(bytes: &[u8]) -> Self {
        Self::of(bytes.to_vec())
    }

    fn of(bytes: Vec<u8>) -> Self {
        let mut ends: Vec<usize> =
            bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
        if ends.last().copied().unwrap_or_default() < bytes.len() {
            ends.push(bytes.len());
        }
        let mut document = Self { bytes, ends, lossy: BTreeMap::new() };
        if std::str::from_utf8(&document.bytes).is_err() {
            let lines = (0..document.ends.len()).map(|number| (number, document.raw(number)));
            document.lossy = lines
                .filter_map(|(number, line)| match String::from_utf8_lossy(line) {
                    Cow::Owned(text) => Some((number, text)),
                    Cow::Borrowed(_) => None,
                })
                .collect();
        }
        document
    }

    /// The same bytes that were parsed, with the edits.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    pub fn line_count(&self) -> usize {
        self.ends.len()
    }

    /// The options in their order.
    pub fn directives(&self) -> impl Iterator<Item = Directive<'_>> {
        (0..self.ends.len()).filter_map(|number| self.directive(number))
    }

    /// The line's bytes without its end; lines count from 0 here.
    fn raw(&self, number: usize) -> &[u8] {
        let (start, end) = self.span(number);
        let line = &self.bytes[start..end];
        let kept = line.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1);
        &line[..kept]
    }

    fn span(&self, number: usize) -> (usize, usize) {
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        (start, self.ends[number])
    }

    fn text(&self, number: usize) -> &str {
        match self.lossy.get(&number) {
            Some(text) => text,
            None => std::str::from_utf8(self.raw(number)).unwrap_or_default(),
        }
    }

    fn directive(&self, number: usize) -> Option<Directive<'_>> {
        let text = self.text(number);
        if text.starts_with('#') {
            return None;
        }
        let start = text.len() - text.trim_start_matches(' ').len();
        let (key, value) = text[start..].split_once(' ').unwrap_or((&text[start..], ""));
        let blank = |letter: char| letter.is_ascii_whitespace() || letter == '\u{b}';
        let found = Directive { line: number + 1, column: start + 1, key, value: value.trim_matches(blank) };
        (!key.is_empty()).then_some(found)
    }

    /// A line that says nothing to the broker.
    fn is_comment(&self, number: usize) -> bool {
        self.raw(number).first() == Some(&b'#')
    }

    fn is_blank(&self, number: usize) -> bool {
        self.raw(number).iter().all(|byte| *byte == b' ')
    }

    /// The line end that the file uses: that of its first line.
    fn line_end(&self) -> &'static str {
        match self.ends.first() {
            Some(&end) if self.bytes[..end].ends_with(b"\r\n") => "\r\n",
            _ => "\n",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let huge = [b"password_file ".as_slice(), &[b'x'; 1_000_000]].concat();
        for bytes in [
            b"".as_slice(),
            b"\n",
            b"listener 1883",
            b"\xef\xbb\xbflistener 1883\r\n\r\n# caf\xe9\n\0\nuser \xff\xfe x\r",
            b"\r\n\r\n",
            &huge,
        ] {
            let document = Document::parse(bytes);
            assert_eq!(document.to_bytes(), bytes);
            document.directives().for_each(drop);
        }
    }

    #[test]
    fn a_line_is_split_as_the_broker_splits_it() {
        let document = Document::parse(b"# no\n  listener   1883 ::1 \r\n #odd\nuser\tx\n\nlog_type all\nuser caf\xe9");
        let found: Vec<_> = document.directives().map(|d| (d.line, d.column, d.key, d.value)).collect();
        assert_eq!(
            found,
            [
                (2, 3, "listener", "1883 ::1"),
                (3, 2, "#odd", ""),
                (4, 1, "user\tx", ""),
                (6, 1, "log_type", "all"),
                (7, 1, "user", "caf\u{fffd}"),
            ]
        );
    }
}
