//! The list as it comes: a file or standard input, in whatever encoding a spreadsheet wrote, read as lines with their numbers.

mod decoder;

use std::io::BufRead;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::Failure;
use crate::error::Plain;
use crate::fleet::list::Form;
use crate::fleet::list::Format;
use crate::fleet::list::LONGEST_LINE;
use crate::workspace::FsError;
use crate::workspace::Workspace;
use crate::workspace::fs;
use crate::workspace::layout;
use decoder::Decoder;

/// Where the list is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    File(PathBuf),
    Stdin,
}

impl Origin {
    /// As it is written on the command line: `-` is standard input.
    pub fn of(path: &Path) -> Self {
        if path == Path::new("-") { Self::Stdin } else { Self::File(path.to_owned()) }
    }
}

/// A list that can be read more than once: what comes from standard input, or in another encoding than UTF-8, is kept in a
/// file of its own (for the owner alone, for it may have passwords) until the value is dropped.
pub struct Source {
    pub form: Form,
    /// As the reader would write it.
    pub shown: String,
    stored: Arc<fs::Stored>,
    /// Of an ordinary file, which others can write to.
    stamp: Option<fs::Stamp>,
    /// Where the first row stands.
    start: u64,
    /// How many lines stand in front of it.
    before: usize,
    length: u64,
}

/// The head line and all comments in front of it must stand in so much.
const PIECE: usize = 128 << 10;

impl Source {
    pub fn open(workspace: &Workspace, origin: &Origin, format: Option<Format>) -> Result<Self, Failure> {
        match origin {
            Origin::Stdin => {
                let shown = "standard input".to_owned();
                let stdin = &mut std::io::stdin().lock();
                let error = |source| FsError::new("read", Path::new("/dev/stdin"), source);
                Self::kept(workspace, &mut |buffer| stdin.read(buffer).map_err(error), shown, format)
            }
            Origin::File(path) => {
                let shown = path.display().to_string();
                let (mut file, length) = fs::open(path).map_err(|error| unreadable(error, &shown))?;
                let Some(length) = length else {
                    let error = |source| FsError::new("read", path, source);
                    return Self::kept(workspace, &mut |buffer| file.read(buffer).map_err(error), shown, format);
                };
                let stored = fs::Stored::new(file, path);
                let mut first = Zeroizing::new(vec![0; PIECE]);
                let count = stored.read_at(&mut first, 0)?;
                let decoder = Decoder::of(&first[..count]);
                if !decoder.is_plain() {
                    let mut at = 0;
                    let mut read = |buffer: &mut [u8]| stored.read_at(buffer, at).inspect(|count| at += *count as u64);
                    return Self::kept(workspace, &mut read, shown, format);
                }
                let mark = decoder.mark();
                let head = Form::detect(&first[mark..count], format).map_err(|error| about(error.into(), &shown))?;
                let stamp = stored.stamp()?;
                Ok(Self {
                    form: head.form,
                    shown,
                    stored: Arc::new(stored),
                    stamp: Some(stamp),
                    start: (mark + head.bytes) as u64,
                    before: head.lines,
                    length,
                })
            }
        }
    }

    /// A list that comes once, or must be written in another way to be read: kept in a file. It is looked at first, for a
    /// device that never ends has no head line.
    fn kept(
        workspace: &Workspace,
        read: &mut dyn FnMut(&mut [u8]) -> Result<usize, FsError>,
        shown: String,
        format: Option<Format>,
    ) -> Result<Self, Failure> {
        let mut piece = Zeroizing::new(vec![0; PIECE]);
        // a pipe gives what is there, and the first piece has to have the head
        let mut full = |piece: &mut [u8]| -> Result<usize, Failure> {
            let mut filled = 0;
            while filled < piece.len() {
                match read(&mut piece[filled..]) {
                    Ok(0) => break,
                    Ok(count) => filled += count,
                    Err(again) if again.source.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(unreadable(error, &shown)),
                }
            }
            Ok(filled)
        };
        let mut count = full(&mut piece)?;
        let mut decoder = Decoder::of(&piece[..count]);
        let mut text = Zeroizing::new(Vec::with_capacity(2 * PIECE));
        decoder.take(&piece[decoder.mark()..count], &mut text);
        if count < PIECE {
            decoder.finish(&mut text);
        }
        let head = Form::detect(&text, format).map_err(|error| about(error.into(), &shown))?;
        let mut stored = scratch(workspace, "list")?;
        let mut length = 0;
        loop {
            stored.append(&text)?;
            length += text.len() as u64;
            text.clear();
            if count < PIECE {
                break;
            }
            count = full(&mut piece)?;
            decoder.take(&piece[..count], &mut text);
            if count < PIECE {
                decoder.finish(&mut text);
            }
        }
        let (form, start, before) = (head.form, head.bytes as u64, head.lines);
        Ok(Self { form, shown, stored: Arc::new(stored), stamp: None, start, before, length })
    }

    /// The rows' lines from the first on, without the head line.
    pub fn lines(&self) -> Result<Lines, Failure> {
        self.unchanged()?;
        Ok(Lines::new(Arc::clone(&self.stored), self.start))
    }

    /// That nobody has written to the list since it was opened: its lines would no longer be those that were checked.
    pub fn unchanged(&self) -> Result<(), Failure> {
        if self.stamp.is_some_and(|stamp| self.stored.stamp().is_ok_and(|now| now != stamp)) {
            let error =
                Plain::new("fleet-list-unreadable", format!("`{}` was written to while it was read", self.shown));
            return Err(error.hint("let its writer end, and repeat the command").into());
        }
        Ok(())
    }

    /// The number of a line, by its index among [`Self::lines`], as an editor shows it.
    pub fn line_number(&self, index: usize) -> usize {
        self.before + index + 1
    }

    /// How many bytes the list has.
    pub fn length(&self) -> u64 {
        self.length
    }
}

/// A file for what is kept while a list is worked on. It has no name, so that nothing of it is left, whatever ends the process.
pub(super) fn scratch(workspace: &Workspace, word: &str) -> Result<fs::Stored, Failure> {
    let new = [layout::FLEET, layout::STATE].map(|folder| (folder, !workspace.has(folder)));
    workspace.make_dir(layout::FLEET)?;
    let name = format!("{}/{word}-{}", layout::FLEET, std::process::id());
    let stored = fs::Stored::nameless(&workspace.path(name))?;
    // a dry run leaves no folder either; one with something in it stays
    for (folder, _) in new.into_iter().filter(|(_, is_new)| *is_new) {
        fs::bulk::remove_own_dir(&workspace.path(folder), |_| false)?;
    }
    Ok(stored)
}

fn about(mut failure: Failure, shown: &str) -> Failure {
    failure.details.push(format!("the list is {shown}"));
    failure
}

fn unreadable(error: FsError, shown: &str) -> Failure {
    let (message, hint) = match error.source.kind() {
        std::io::ErrorKind::NotFound => {
            (format!("there is no list `{shown}`"), "give its path, or - for standard input".to_owned())
        }
        std::io::ErrorKind::IsADirectory => {
            (format!("`{shown}` is a folder, and no list"), "give the path of the file in it".to_owned())
        }
        _ => (
            format!("the list `{shown}` cannot be read: {}", error.source),
            "give a file that this user can read".to_owned(),
        ),
    };
    Plain::new("fleet-list-unreadable", message).hint(hint).into()
}

/// Some lines that follow each other.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The index of the first of them among the lines of [`Source::lines`], from 0.
    pub first: usize,
    /// How many they are.
    pub count: usize,
    pub bytes: Zeroizing<Vec<u8>>,
}

impl Chunk {
    /// The lines, without their ends.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let text = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// Reads a list once, through a buffer that does not grow.
pub struct Lines {
    stored: Arc<fs::Stored>,
    offset: u64,
    buffer: Zeroizing<Vec<u8>>,
    /// What of the buffer is not given yet.
    start: usize,
    end: usize,
    index: usize,
}

/// A chunk has no more lines when it has so many bytes.
const CHUNK_BYTES: usize = 256 << 10;

impl Lines {
    fn new(stored: Arc<fs::Stored>, offset: u64) -> Self {
        Self { stored, offset, buffer: Zeroizing::new(vec![0; 256 << 10]), start: 0, end: 0, index: 0 }
    }

    /// All lines of one of the folder's own files; nothing where there is no such file.
    pub(super) fn of_file(path: &Path) -> Result<Option<Self>, Failure> {
        match fs::open(path) {
            Ok((file, _)) => Ok(Some(Self::new(Arc::new(fs::Stored::new(file, path)), 0))),
            Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The next lines, at most so many; nothing at the end.
    pub fn next(&mut self, most: usize) -> Result<Option<Chunk>, Failure> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(64 * most.min(512)));
        let (first, mut count) = (self.index, 0);
        while count < most && bytes.len() < CHUNK_BYTES && self.line(&mut bytes)? {
            count += 1;
        }
        self.index += count;
        Ok((count > 0).then_some(Chunk { first, count, bytes }))
    }

    /// Adds the next line with its end; false at the end of the list.
    fn line(&mut self, bytes: &mut Vec<u8>) -> Result<bool, Failure> {
        let begin = bytes.len();
        loop {
            if self.start == self.end && !self.fill()? {
                // the last line of a list may have no end
                let more = bytes.len() > begin;
                bytes.extend(more.then_some(b'\n'));
                return Ok(more);
            }
            let mut rest = &self.buffer[self.start..self.end];
            // the system's own search for a byte, which is many times faster than a loop
            let length = rest.skip_until(b'\n').unwrap_or_default();
            let part = &self.buffer[self.start..self.start + length];
            self.start += length;
            let (text, ended) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            // of a line that is too long, as much as shows that it is
            let room = (LONGEST_LINE + 2).saturating_sub(bytes.len() - begin);
            bytes.extend_from_slice(&text[..text.len().min(room)]);
            if ended {
                bytes.push(b'\n');
                return Ok(true);
            }
        }
    }

    /// Reads on; false at the end.
    fn fill(&mut self) -> Result<bool, Failure> {
        self.start = 0;
        self.end = self.stored.read_at(&mut self.buffer, self.offset)?;
        self.offset += self.end as u64;
        Ok(self.end > 0)
    }
}

#[cfg(test)]
mod tests;
