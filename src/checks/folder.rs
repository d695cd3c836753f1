//! A snapshot of the workspace: its files with their bytes, modes and owners, so that a rule can be asked about a folder
//! that is nowhere on a disk.

use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    /// A symbolic link and where it points, as it is written in it.
    Link(String),
    /// A socket, a pipe, a device.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub kind: Kind,
    /// None where they were not asked for, or could not be read.
    pub bytes: Option<Vec<u8>>,
    /// Why the bytes could not be read, or that there are too many of them.
    pub unread: Option<String>,
    /// Permission bits, 0 to 0o7777; those of the target, where it is a link (its owner and its bytes, too).
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub size: u64,
}

/// Paths are relative to the workspace with `/` between, or absolute for what lies outside of it: the folders above the
/// workspace, and files that the configuration names.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    files: BTreeMap<String, File>,
}

impl Folder {
    pub fn put(&mut self, path: impl Into<String>, file: File) {
        self.files.insert(path.into(), file);
    }

    /// Takes what was gathered elsewhere, for instance by another thread.
    pub fn append(&mut self, mut other: Self) {
        self.files.append(&mut other.files);
    }

    pub fn remove(&mut self, path: &str) -> Option<File> {
        self.files.remove(path)
    }

    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    pub fn file_mut(&mut self, path: &str) -> Option<&mut File> {
        self.files.get_mut(path)
    }

    pub fn bytes(&self, path: &str) -> Option<&[u8]> {
        self.file(path)?.bytes.as_deref()
    }

    /// The contents as text; what is no UTF-8 gives nothing (rules about encodings look at the bytes).
    pub fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(self.bytes(path)?).ok()
    }

    /// The path as the folder keeps it, for who has it on loan.
    pub fn key(&self, path: &str) -> Option<&str> {
        self.files.get_key_value(path).map(|(key, _)| key.as_str())
    }

    /// Everything, in the order of paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &File)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// What lies below a folder of this name.
    pub fn under<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a File)> + use<'a> {
        let prefix = format!("{}/", folder.trim_end_matches('/'));
        let start = prefix.clone();
        self.files
            .range(start..)
            .map_while(move |(path, file)| path.starts_with(&prefix).then_some((path.as_str(), file)))
    }
}
