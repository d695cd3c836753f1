//! A snapshot of the workspace: its files with their bytes, modes and owners, so that a rule can be asked about a folder
//! that is nowhere on a disk.

use std::collections::BTreeMap;

pub use crate::workspace::fs::Kind;
/// What a path is, as the file layer tells it.
pub use crate::workspace::fs::Look as File;

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
