//! A file that is read at any place, by several readers at once, whatever happens to its name.

use std::fs::File;
use std::fs::OpenOptions;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use super::FsError;

pub struct Stored {
    path: PathBuf,
    file: File,
}

/// What tells that a file was written to: its length, and when that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub length: u64,
    modified: Option<SystemTime>,
}

impl Stored {
    pub fn new(file: File, path: &Path) -> Self {
        Self { path: path.to_owned(), file }
    }

    /// A new file for its owner alone that has lost its name already: it goes with the value, or with the process.
    pub fn nameless(path: &Path) -> Result<Self, FsError> {
        super::remove_file(path)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|source| FsError::new("write", path, source))?;
        super::remove_file(path)?;
        Ok(Self { path: path.to_owned(), file })
    }

    pub fn stamp(&self) -> Result<Stamp, FsError> {
        let found = self.file.metadata().map_err(|source| FsError::new("read", &self.path, source))?;
        Ok(Stamp { length: found.len(), modified: found.modified().ok() })
    }

    /// Fills the buffer with what stands at that place; less only at the end of the file.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, FsError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match read_some(&self.file, &mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(again) if again.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) => return Err(FsError::new("read", &self.path, source)),
            }
        }
        Ok(filled)
    }

    /// Writes behind what was written before.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), FsError> {
        use std::io::Write;
        self.file.write_all(bytes).map_err(|source| FsError::new("write", &self.path, source))
    }
}

#[cfg(unix)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
