//! What a broker takes from an ACL file: 20:security_default.c `aclfile__parse`, 21:plugins/acl-file/acl_parse.c. Both have
//! the same grammar; they differ in what a NUL does (`fgets_extending`, `mosquitto_fgets`).

use super::Document;
use super::Entry;
use super::Grant;
use super::Scope;
use super::Stop;
use super::matching::is_filter;
use crate::series::Series;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// In the order of the file; what stands behind `stop` is not here, for the broker has not read it.
    pub entries: Vec<Entry>,
    /// The `user` lines with their names.
    pub sections: Vec<(usize, Vec<u8>)>,
    /// The line at which the broker gives up, and does not start.
    pub stop: Option<(usize, usize, Stop)>,
    /// What would stop it next, one after the other.
    pub later: Vec<(usize, usize, Stop)>,
    /// From this line on the broker reads nothing, and says nothing of it.
    pub unread: Option<usize>,
}

impl Reading {
    pub(super) fn of(document: &Document, series: Series) -> Self {
        let mut reading = Self::default();
        let mut scope = Scope::Anonymous;
        let mut lines = Lines { lines: document.raw(), series, next: 0, offset: 0, buffer: 256, at_end: false };
        loop {
            let from = lines.next;
            match lines.read() {
                Some((number, text)) => {
                    let (entries, sections) = (reading.entries.len(), reading.sections.len());
                    if let Err((column, stop)) = reading.line(number, &text, &mut scope) {
                        let found = (number, column, stop);
                        match reading.stop {
                            None => reading.stop = Some(found),
                            Some(_) => reading.later.push(found),
                        }
                    } else if reading.stop.is_some() {
                        reading.entries.truncate(entries);
                        reading.sections.truncate(sections);
                    }
                }
                None => {
                    reading.unread = (from < document.raw().len()).then_some(from + 1);
                    return reading;
                }
            }
        }
    }

    fn line(&mut self, number: usize, text: &[u8], scope: &mut Scope) -> Result<(), (usize, Stop)> {
        let text = trim_end(text);
        if text.starts_with(b"#") {
            return Ok(());
        }
        let mut tokens = Tokens { text, at: 0 };
        let Some(word) = tokens.word() else { return Ok(()) };
        let column = tokens.at - word.len() + 1;
        match word {
            b"topic" | b"pattern" => {
                let pattern = word == b"pattern";
                let entry = entry(number, &mut tokens)?;
                let scope = if pattern { Scope::Pattern } else { scope.clone() };
                self.entries.push(Entry { scope, ..entry });
            }
            b"user" => {
                let name = tokens.rest().map(|(_, name)| name.to_vec()).ok_or((column, Stop::MissingUser))?;
                self.sections.push((number, name.clone()));
                *scope = Scope::User(name);
            }
            // the broker prints its buffer, which by now ends behind the first word
            _ => return Err((column, Stop::Line(text[..tokens.at].to_vec()))),
        }
        Ok(())
    }
}

/// What stands behind `topic` or `pattern`.
fn entry(line: usize, tokens: &mut Tokens<'_>) -> Result<Entry, (usize, Stop)> {
    let start = tokens.at;
    let word = tokens.word().ok_or((start.max(1), Stop::EmptyTopic))?;
    let at = tokens.at - word.len() + 1;
    let (grant, column, filter) = match tokens.rest() {
        None => (None, at, word),
        Some((column, filter)) => {
            let grant = Grant::of_word(word).ok_or_else(|| (at, Stop::Access(word.to_vec())))?;
            (Some(grant), column, filter)
        }
    };
    if !is_filter(filter) {
        return Err((column, Stop::Topic(filter.to_vec())));
    }
    Ok(Entry {
        line,
        column,
        scope: Scope::Anonymous,
        grant: grant.unwrap_or(Grant::ReadWrite),
        explicit: grant.is_some(),
        filter: filter.to_vec(),
    })
}

/// C's `isspace` in the locale of a broker.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1);
    &text[..end]
}

/// C's `strtok_r`, which knows the space alone.
struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    fn word(&mut self) -> Option<&'a [u8]> {
        let begin = self.at + self.text[self.at..].iter().position(|byte| *byte != b' ')?;
        let length = self.text[begin..].iter().position(|byte| *byte == b' ');
        self.at = length.map_or(self.text.len(), |length| begin + length);
        Some(&self.text[begin..self.at])
    }

    /// All that is left behind the space that ended the last word, trimmed, with its column.
    fn rest(&mut self) -> Option<(usize, &'a [u8])> {
        let rest = self.text.get(self.at + 1..).filter(|rest| !rest.is_empty())?;
        let blank = rest.iter().position(|byte| !is_space(*byte)).unwrap_or(rest.len());
        Some((self.at + 1 + blank + 1, trim_end(&rest[blank..])))
    }
}

/// The broker's `fgets` with a buffer that grows, and that stays as large for the lines to come.
struct Lines<'a> {
    lines: &'a [Vec<u8>],
    series: Series,
    /// Where `fgets` goes on reading.
    next: usize,
    offset: usize,
    buffer: usize,
    at_end: bool,
}

impl Lines<'_> {
    /// The next line as a C text, and its number. None ends the broker's reading, wherever it is.
    fn read(&mut self) -> Option<(usize, Vec<u8>)> {
        let number = self.next + 1;
        let (mut text, mut cut, mut room) = (Vec::new(), false, self.buffer - 1);
        loop {
            let chunk = self.chunk(room);
            if chunk.is_empty() {
                // also for a last line without its end that has just filled the buffer: it is lost
                return None;
            }
            let nul = chunk.iter().position(|byte| *byte == 0);
            if !cut {
                text.extend_from_slice(&chunk[..nul.unwrap_or(chunk.len())]);
                cut = nul.is_some();
            }
            if self.at_end || text.is_empty() || text.last() == Some(&b'\n') {
                return Some((number, text));
            }
            if cut && self.series != Series::V20 && text.len() + 1 < self.buffer {
                return None;
            }
            self.buffer += 1000;
            room = 1000;
        }
    }

    /// C's `fgets`: up to so many bytes of one line. The file's end is noticed by reading beyond it.
    fn chunk(&mut self, room: usize) -> Vec<u8> {
        let Some(line) = self.lines.get(self.next) else {
            self.at_end = true;
            return Vec::new();
        };
        let rest = &line[self.offset..];
        let chunk = rest[..room.min(rest.len())].to_vec();
        self.at_end = chunk.len() < room && !chunk.ends_with(b"\n");
        self.offset += chunk.len();
        if self.offset == line.len() {
            (self.next, self.offset) = (self.next + 1, 0);
        }
        chunk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], series: Series) -> Reading {
        Document::parse(bytes).reading(series)
    }

    fn entries(bytes: &[u8]) -> Vec<(usize, String)> {
        let shown = |entry: &Entry| (entry.line, format!("{:?} {:?} {}", entry.scope, entry.grant, entry.topic()));
        read(bytes, Series::V21).entries.iter().map(shown).collect()
    }

    fn stop(bytes: &[u8]) -> Option<(usize, usize, String)> {
        let found = read(bytes, Series::V20);
        assert_eq!(found.stop, read(bytes, Series::V21).stop);
        found.stop.map(|(line, column, stop)| (line, column, stop.words("F")))
    }

    #[test]
    fn the_grammar() {
        let text = b"#c\n\n  topic a\ntopic read  b c \r\nuser  bob  smith\t\ntopic deny x/#\npattern write %u\ntopic readwrite";
        assert_eq!(
            entries(text),
            [
                (3, "Anonymous ReadWrite a".to_owned()),
                (4, "Anonymous Read b c".to_owned()),
                (6, "User(bob  smith) Deny x/#".to_owned()),
                (7, "Pattern Write %u".to_owned()),
                (8, "User(bob  smith) ReadWrite readwrite".to_owned()),
            ]
        );
        assert_eq!(entries(b"topic read \tx\ntopic \ty\n")[1], (2, "Anonymous ReadWrite \ty".to_owned()));
    }

    #[test]
    fn what_stops_the_broker_and_its_words() {
        let said = |line, column, words: &str| Some((line, column, words.to_owned()));
        assert_eq!(stop(b"user\tu\n"), said(1, 1, "Error: Invalid line in acl_file \"F\": user\tu."));
        assert_eq!(stop(b"topic a\n  # c d\n"), said(2, 3, "Error: Invalid line in acl_file \"F\":   #."));
        assert_eq!(stop(b"topic rw a\n"), said(1, 7, "Error: Invalid topic access type \"rw\" in acl_file \"F\"."));
        assert_eq!(stop(b"topic read x/#/y\n"), said(1, 12, "Error: Invalid ACL topic \"x/#/y\" in acl_file \"F\"."));
        assert_eq!(stop(b"topic \n"), said(1, 5, "Error: Empty topic in acl_file \"F\"."));
        assert_eq!(stop(b"user  \n"), said(1, 1, "Error: Missing username in acl_file \"F\"."));
        assert_eq!(stop(b"user \tbob\ntopic x\n"), None);
    }

    #[test]
    fn a_nul_hides_what_stands_behind_it() {
        let text = b"topic a\ntopic b\0c\ntopic d\n";
        assert_eq!(read(text, Series::V21).unread, Some(2));
        assert_eq!(read(text, Series::V20).unread, Some(2));
        // at the very end 2.0 finds the file's end before it notices
        let ends_open = b"topic a\ntopic b\0c\ntopic d";
        let old = read(ends_open, Series::V20);
        assert_eq!(old.entries.iter().map(Entry::topic).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(read(ends_open, Series::V21).entries.len(), 1);
        assert_eq!(read(b"\0topic\ntopic a\n", Series::V21).entries.len(), 1);
    }

    #[test]
    fn a_last_line_that_fills_the_buffer_is_lost() {
        let line = |length: usize| format!("topic {}", "x".repeat(length - 6)).into_bytes();
        for (length, kept) in [(254, 1), (255, 0), (256, 1), (1254, 1), (1255, 0), (1256, 1)] {
            assert_eq!(read(&line(length), Series::V20).entries.len(), kept, "{length}");
            let ended = [line(length), b"\n".to_vec()].concat();
            assert_eq!(read(&ended, Series::V20).entries.len(), 1, "{length}");
        }
    }
}
