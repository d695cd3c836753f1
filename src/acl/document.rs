//! An ACL file as it stands, byte for byte: an edit changes the lines that it is about and no other.

use std::collections::HashSet;

use super::Entry;
use super::Grant;
use super::Scope;
use super::reading::Reading;
use crate::series::Series;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Each with its end of line; the last may have none.
    lines: Vec<Vec<u8>>,
}

impl Document {
    pub fn parse(bytes: &[u8]) -> Self {
        Self { lines: bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect() }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        self.lines.concat()
    }

    /// The lines without their ends, from number 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.lines.iter().enumerate().map(|(index, line)| (index + 1, without_end(line)))
    }

    /// A line (from 1) without its end.
    pub fn line(&self, number: usize) -> &[u8] {
        number.checked_sub(1).and_then(|index| self.lines.get(index)).map_or(b"", |line| without_end(line))
    }

    /// The same for a reader.
    pub fn text(&self, number: usize) -> String {
        String::from_utf8_lossy(self.line(number)).trim().to_owned()
    }

    pub fn reading(&self, series: Series) -> Reading {
        Reading::of(self, series)
    }

    pub(super) fn raw(&self) -> &[Vec<u8>] {
        &self.lines
    }

    /// The end of line that the file has: that of its first line.
    fn end(&self) -> &'static [u8] {
        if self.lines.first().is_some_and(|line| line.ends_with(b"\r\n")) { b"\r\n" } else { b"\n" }
    }

    /// Puts lines before the one with this index.
    fn insert(&mut self, index: usize, texts: &[Vec<u8>]) {
        let end = self.end();
        // what has no end of line would swallow what comes behind it
        if let Some(last) = index.checked_sub(1).and_then(|before| self.lines.get_mut(before))
            && !last.ends_with(b"\n")
        {
            last.extend_from_slice(end);
        }
        let new = texts.iter().map(|text| [text.as_slice(), end].concat());
        self.lines.splice(index..index, new);
    }

    /// Adds lines at the end, as they are.
    pub fn append(&mut self, text: &str) {
        let lines: Vec<Vec<u8>> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
        self.insert(self.lines.len(), &lines);
    }

    /// Adds a line where it belongs: behind the last one of its scope, or with a section of its own at the end. Gives
    /// its number. Nothing is checked here: see [`Entry::writable`].
    pub fn add(&mut self, scope: &Scope, grant: Grant, filter: &[u8]) -> usize {
        let reading = self.reading(Series::V21);
        let of_scope = |entry: &&Entry| entry.scope == *scope;
        let text = Entry::line_of(scope, grant, filter);
        let index = match scope {
            _ if let Some(last) = reading.entries.iter().rfind(of_scope) => last.line,
            Scope::User(name) => match reading.sections.iter().rfind(|(_, user)| user == name) {
                Some((line, _)) => *line,
                None => {
                    let blank = self.lines.last().is_some_and(|line| !without_end(line).is_empty());
                    let head = [b"user ".as_slice(), name].concat();
                    let lines = if blank { vec![Vec::new(), head, text] } else { vec![head, text] };
                    self.insert(self.lines.len(), &lines);
                    return self.lines.len();
                }
            },
            // before the first section, above the comment that stands directly over it
            Scope::Anonymous => match reading.sections.first() {
                Some((line, _)) => {
                    let is_comment = |index: &usize| self.lines[*index].starts_with(b"#");
                    (0..line - 1).rev().take_while(is_comment).last().unwrap_or(line - 1)
                }
                None => self.lines.len(),
            },
            Scope::Pattern => self.lines.len(),
        };
        self.insert(index, &[text]);
        index + 1
    }

    /// Takes out the lines with these numbers.
    pub fn remove(&mut self, numbers: &[usize]) {
        let numbers: HashSet<usize> = numbers.iter().copied().collect();
        let mut number = 0;
        self.lines.retain(|_| {
            number += 1;
            !numbers.contains(&number)
        });
    }

    pub(super) fn of_lines(lines: Vec<Vec<u8>>) -> Self {
        Self { lines }
    }
}

pub(super) fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        for text in [&b""[..], b"\n", b"a", b"a\r\nb\n\n", b"\xef\xbb\xbftopic x\0\xff\n#", b"\r\r\n\n\r"] {
            assert_eq!(Document::parse(text).to_bytes(), text);
        }
    }

    fn added(text: &str, scope: Scope, filter: &str) -> String {
        let mut document = Document::parse(text.as_bytes());
        let number = document.add(&scope, Grant::Read, filter.as_bytes());
        assert!(document.text(number).ends_with(filter), "{number} {document:?}");
        String::from_utf8(document.to_bytes()).unwrap()
    }

    #[test]
    fn a_line_is_added_where_it_belongs() {
        let user = |name: &str| Scope::User(name.as_bytes().to_vec());
        assert_eq!(added("", user("bob"), "a"), "user bob\ntopic read a\n");
        assert_eq!(
            added("user bob\r\ntopic x\r\n# end", user("bob"), "a"),
            "user bob\r\ntopic x\r\ntopic read a\r\n# end"
        );
        assert_eq!(added("user bob", user("bob"), "a"), "user bob\ntopic read a\n");
        assert_eq!(added("user bob\ntopic x", user("al"), "a"), "user bob\ntopic x\n\nuser al\ntopic read a\n");
        assert_eq!(
            added("# head\n\n# bob\nuser bob\ntopic x\n", Scope::Anonymous, "a"),
            "# head\n\ntopic read a\n# bob\nuser bob\ntopic x\n"
        );
        assert_eq!(
            added("pattern x/%u\nuser bob\n", Scope::Pattern, "%u"),
            "pattern x/%u\npattern read %u\nuser bob\n"
        );
        assert_eq!(added("user bob\ntopic x\n", Scope::Pattern, "%u"), "user bob\ntopic x\npattern read %u\n");
    }
}
