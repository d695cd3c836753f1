//! The lines of a file, each of which can go, be another one, or have others before and behind it. What is left alone
//! keeps its bytes.

use crate::conf::document::Directive;

pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    /// The contents of each line without its end: None for a line that went.
    lines: Vec<Line<'a>>,
}

struct Line<'a> {
    before: Vec<String>,
    /// The line itself, or what stands in its place.
    own: Vec<Vec<u8>>,
    after: Vec<String>,
    end: &'a [u8],
}

impl<'a> Lines<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        let lines = bytes
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| {
                let length = line.iter().rev().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
                let (own, end) = line.split_at(line.len() - length);
                Line { before: Vec::new(), own: vec![own.to_vec()], after: Vec::new(), end }
            })
            .collect();
        Self { bytes, lines }
    }

    /// Lines count from 1.
    fn line(&mut self, number: usize) -> Option<&mut Line<'a>> {
        self.lines.get_mut(number.checked_sub(1)?)
    }

    pub(super) fn drop(&mut self, number: usize) {
        if let Some(line) = self.line(number) {
            line.own.clear();
        }
    }

    pub(super) fn before(&mut self, number: usize, text: &str) {
        if let Some(line) = self.line(number) {
            line.before.push(text.to_owned());
        }
    }

    pub(super) fn after(&mut self, number: usize, text: &str) {
        if let Some(line) = self.line(number) {
            line.after.push(text.to_owned());
        }
    }

    /// Other lines in place of this one.
    pub(super) fn replace(&mut self, directive: &Directive<'_>, texts: &[String]) {
        if let Some(line) = self.line(directive.line) {
            line.own = texts.iter().map(|text| text.clone().into_bytes()).collect();
        }
    }

    /// Another key; the blanks and the value stay.
    pub(super) fn rename(&mut self, directive: &Directive<'_>, name: &str) {
        let Some(line) = self.line(directive.line) else { return };
        let Some(own) = line.own.first_mut() else { return };
        let start = own.iter().take_while(|byte| **byte == b' ').count();
        let length = own[start..].iter().take_while(|byte| **byte != b' ').count();
        own.splice(start..start + length, name.bytes());
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let usual: &[u8] = if self.lines.first().is_some_and(|line| line.end == b"\r\n") { b"\r\n" } else { b"\n" };
        let mut bytes = Vec::with_capacity(self.bytes.len() + 256);
        for line in &self.lines {
            let end = if line.end.is_empty() { usual } else { line.end };
            let texts = line.before.iter().map(String::as_bytes);
            let texts = texts.chain(line.own.iter().map(Vec::as_slice)).chain(line.after.iter().map(String::as_bytes));
            for text in texts {
                bytes.extend_from_slice(text);
                bytes.extend_from_slice(end);
            }
        }
        // a file without a line end at its end stays one
        if self.lines.last().is_some_and(|line| line.end.is_empty()) && bytes.ends_with(usual) {
            bytes.truncate(bytes.len() - usual.len());
        }
        bytes
    }
}
