//! The canonical form: one space, each access written, one section a user, patterns at the end because they belong to
//! nobody. No decision changes, for only lines of different scopes move past each other.

use std::collections::HashMap;

use super::Document;
use super::Entry;
use super::Reading;
use super::Scope;
use super::Stop;
use super::document::without_end;
use crate::series::Series;

/// Lines as they will stand.
type Lines = Vec<Vec<u8>>;

#[derive(Default)]
struct Section {
    /// The comments above `user`.
    above: Lines,
    name: Vec<u8>,
    body: Lines,
}

/// The file in its canonical form, with all of its comments; not where the broker would not take all of it, because then
/// nobody knows what was meant.
pub fn format(document: &Document) -> Result<Document, Option<Stop>> {
    let reading = document.reading(Series::V21);
    if let Some((_, _, stop)) = reading.stop {
        return Err(Some(stop));
    }
    if reading.unread.is_some() || document.raw().iter().any(|line| line.contains(&0)) {
        return Err(None);
    }
    let (mut sections, mut patterns) = (vec![Section::default()], Lines::new());
    let mut known: HashMap<&[u8], usize> = HashMap::new();
    let mut now = 0;
    let mut waiting = Lines::new();
    let mut reader = Ahead { reading: &reading, entry: 0, section: 0 };
    for (number, _) in document.lines() {
        match reader.at(number) {
            Meaning::Nothing => {
                let text = trimmed(document, number);
                let blank = text.is_empty();
                waiting.push(text);
                if blank {
                    // what a blank line parts from the next line belongs to nothing in particular
                    sections[now].body.append(&mut waiting);
                }
            }
            Meaning::Entry(entry) => {
                let place = if entry.scope == Scope::Pattern { &mut patterns } else { &mut sections[now].body };
                place.append(&mut waiting);
                place.push(canonical(entry));
            }
            Meaning::User(name) => {
                now = *known.entry(name).or_insert(sections.len());
                if let Some(section) = sections.get_mut(now) {
                    section.body.append(&mut waiting);
                } else {
                    let above = std::mem::take(&mut waiting);
                    sections.push(Section { above, name: name.clone(), body: Lines::new() });
                }
            }
        }
    }
    Ok(put_together(sections, patterns, waiting))
}

fn put_together(sections: Vec<Section>, patterns: Lines, tail: Lines) -> Document {
    let mut out = Lines::new();
    for section in sections {
        out.push(Vec::new());
        out.extend(section.above);
        if !section.name.is_empty() {
            out.push([b"user ".as_slice(), &section.name].concat());
            let begin = section.body.iter().position(|line| !line.is_empty()).unwrap_or(section.body.len());
            out.extend(section.body.into_iter().skip(begin));
        } else {
            out.extend(section.body);
        }
    }
    if !patterns.is_empty() {
        out.push(Vec::new());
        out.extend(patterns);
    }
    // where a blank line stood before it, one stands there now
    out.extend(tail);
    // never two blank lines, and none at the ends
    out.dedup_by(|line, before| line.is_empty() && before.is_empty());
    let begin = usize::from(out.first().is_some_and(Vec::is_empty));
    let end = out.len() - usize::from(out.len() > begin && out.last().is_some_and(Vec::is_empty));
    Document::of_lines(out.drain(begin..end).map(|line| [line, b"\n".to_vec()].concat()).collect())
}

fn canonical(entry: &Entry) -> Vec<u8> {
    let word: &[u8] = if entry.scope == Scope::Pattern { b"pattern " } else { b"topic " };
    // with an access before it, its blanks would be trimmed
    if entry.filter.first().is_some_and(|byte| matches!(byte, 9..=13)) {
        return [word, &entry.filter].concat();
    }
    Entry::line_of(&entry.scope, entry.grant, &entry.filter)
}

fn trimmed(document: &Document, number: usize) -> Vec<u8> {
    let line = without_end(document.line(number));
    let end = line.iter().rposition(|byte| !matches!(byte, b' ' | 9..=13)).map_or(0, |last| last + 1);
    line[..end].to_vec()
}

enum Meaning<'a> {
    Entry(&'a Entry),
    User(&'a Vec<u8>),
    /// A comment, or nothing.
    Nothing,
}

/// What each line means, asked in their order.
struct Ahead<'a> {
    reading: &'a Reading,
    entry: usize,
    section: usize,
}

impl<'a> Ahead<'a> {
    fn at(&mut self, number: usize) -> Meaning<'a> {
        if let Some(entry) = self.reading.entries.get(self.entry).filter(|entry| entry.line == number) {
            self.entry += 1;
            return Meaning::Entry(entry);
        }
        if let Some((_, name)) = self.reading.sections.get(self.section).filter(|(line, _)| *line == number) {
            self.section += 1;
            return Meaning::User(name);
        }
        Meaning::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(text: &str) -> String {
        let once = format(&Document::parse(text.as_bytes())).unwrap();
        assert_eq!(format(&once).unwrap(), once, "{text}");
        String::from_utf8(once.to_bytes()).unwrap()
    }

    #[test]
    fn comments_stay_with_their_lines() {
        let text = "# head\n\n# all\npattern  x/%u\r\n  topic a\nuser  bob\n# b1\ntopic deny  x y\n\n\n# role: al\nuser al\ntopic read c\nuser bob\n# b2\ntopic write d  \n# end";
        let expected = "# head\n\ntopic readwrite a\n\nuser bob\n# b1\ntopic deny x y\n\n# b2\ntopic write d\n\n# role: al\nuser al\ntopic read c\n\n# all\npattern readwrite x/%u\n# end\n";
        assert_eq!(formatted(text), expected);
        assert_eq!(formatted(expected), expected);
    }

    #[test]
    fn odd_files() {
        assert_eq!(formatted(""), "");
        assert_eq!(formatted("\n\n \n"), "");
        assert_eq!(formatted("topic \tx"), "topic \tx\n");
        assert_eq!(formatted("topic a\n\nuser bb\n# c\n \n"), "topic readwrite a\n\nuser bb\n# c\n");
        assert_eq!(formatted("topic a\n\n# end"), "topic readwrite a\n\n# end\n");
        assert_eq!(formatted("topic read"), "topic readwrite read\n");
        assert!(format(&Document::parse(b"nonsense")).is_err());
        assert!(format(&Document::parse(b"topic a\0\ntopic b\n")).is_err());
    }
}
