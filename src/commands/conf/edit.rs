//! What an edit did to the lines of a file, and one edit that a document has not.

use crate::conf::document::Document;
use crate::conf::document::Section;

/// A line that went or came.
pub(super) struct Line {
    /// Its number (from 1) in the file as it was; None for one that came.
    pub(super) old: Option<usize>,
    /// Its number in the file as it is; None for one that went.
    pub(super) new: Option<usize>,
    pub(super) text: String,
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines
        .map(|line| line.strip_suffix(b"\n").unwrap_or(line))
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect()
}

/// The lines in which two files differ, where one was made of the other by few edits.
pub(super) fn changed_lines(before: &[u8], after: &[u8]) -> Vec<Line> {
    let (old, new) = (lines(before), lines(after));
    let (mut from, mut to) = (0, 0);
    let mut found = Vec::new();
    let text = |line: &[u8]| String::from_utf8_lossy(line).into_owned();
    while from < old.len() || to < new.len() {
        if from < old.len() && to < new.len() && old[from] == new[to] {
            from += 1;
            to += 1;
            continue;
        }
        let (left, right) = (old.len() - from, new.len() - to);
        if left >= right {
            found.push(Line { old: Some(from + 1), new: None, text: text(old[from]) });
            from += 1;
        }
        if right >= left {
            found.push(Line { old: None, new: Some(to + 1), text: text(new[to]) });
            to += 1;
        }
    }
    found
}

/// The file without the lines of an option that have this value.
pub(super) fn without_value(document: &Document, section: &Section, key: &str, value: &str) -> Vec<u8> {
    let gone: Vec<usize> =
        document.values(section, key).iter().filter(|line| line.value == value).map(|line| line.line).collect();
    let bytes = document.to_bytes();
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate();
    lines.filter(|(number, _)| !gone.contains(&(number + 1))).flat_map(|(_, line)| line.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(before: &str, after: &str) -> Vec<String> {
        changed_lines(before.as_bytes(), after.as_bytes())
            .iter()
            .map(|line| format!("{:?}{:?} {}", line.old, line.new, line.text).replace("Some", "").replace("None", "_"))
            .collect()
    }

    #[test]
    fn what_changed_is_told_by_line() {
        assert_eq!(told("a\nb\nc\n", "a\nx\nc\n"), ["(2)_ b", "_(2) x"]);
        assert_eq!(told("a\nc\n", "a\nb\nc\n"), ["_(2) b"]);
        assert_eq!(told("a\nb\nc\n", "a\nc\n"), ["(2)_ b"]);
        assert_eq!(told("a\nb\nc\nd\n", "a\nc\ne\n"), ["(2)_ b", "(4)_ d", "_(3) e"]);
        assert_eq!(told("a", "a\nb\n"), ["_(2) b"]);
        assert_eq!(told("a\r\n", "a\r\n"), [""; 0]);
        assert_eq!(told("", "a\n"), ["_(1) a"]);
    }

    #[test]
    fn one_of_several_lines_goes() {
        let document = Document::parse(b"log_type error\r\n# x\r\nlog_type all\r\n");
        assert_eq!(without_value(&document, &Section::Global, "log_type", "all"), b"log_type error\r\n# x\r\n");
        assert_eq!(without_value(&document, &Section::Global, "log_type", "none"), document.to_bytes());
    }
}
