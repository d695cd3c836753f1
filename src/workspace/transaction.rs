//! Several files change together, or not at all.
//!
//! New contents are gathered in memory. [`Transaction::commit`] writes them into `.mqsec/staged` with their final
//! modes and owners, brings them to the disk, and renames that folder to `.mqsec/commit`: that rename is the moment of
//! the change. Then each file is moved to its place. A process that dies before the rename leaves the old state; one
//! that dies after it leaves a journal that the next run finishes first.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use serde::Deserialize;
use serde::Serialize;
use zeroize::Zeroizing;

use super::FsError;
use super::Workspace;
use super::fs;
use super::layout;
use crate::error::Failure;
use crate::error::Plain;

/// What a commit did to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub path: PathBuf,
    pub replaced: bool,
}

pub struct Transaction<'w> {
    workspace: &'w Workspace,
    files: BTreeMap<PathBuf, Zeroizing<Vec<u8>>>,
    _lock: fs::Lock,
}

/// One file of the journal.
#[derive(Serialize, Deserialize)]
struct Entry {
    path: PathBuf,
    mode: u32,
    owner: Option<(u32, u32)>,
}

impl<'w> Transaction<'w> {
    /// Takes the workspace's lock and finishes what an earlier process left.
    pub fn begin(workspace: &'w Workspace) -> Result<Self, Failure> {
        workspace.make_dir(layout::STATE)?;
        let path = workspace.path(layout::LOCK);
        let end = Instant::now() + LOCK_PATIENCE;
        let lock = loop {
            if let Some(lock) = fs::try_lock(&path, workspace.owner(layout::Whose::Operator))? {
                break lock;
            }
            if Instant::now() >= end {
                return Err(Plain::new(
                    "workspace-busy",
                    "another mqsec is changing this folder and does not end",
                )
                .hint("wait for it, or look for it: pgrep -a mqsec")
                .into());
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        if workspace.has(layout::COMMIT) {
            apply(workspace)?;
        }
        fs::remove_dir(&workspace.path(layout::STAGED))?;
        Ok(Self {
            workspace,
            files: BTreeMap::new(),
            _lock: lock,
        })
    }

    pub fn workspace(&self) -> &'w Workspace {
        self.workspace
    }

    /// The contents that a file has, or will have.
    pub fn read(&self, relative: impl AsRef<Path>) -> Result<Option<Zeroizing<Vec<u8>>>, FsError> {
        match self.files.get(relative.as_ref()) {
            Some(bytes) => Ok(Some(bytes.clone())),
            None => Ok(self.workspace.read(relative)?.map(Zeroizing::new)),
        }
    }

    pub fn has(&self, relative: impl AsRef<Path>) -> bool {
        self.files.contains_key(relative.as_ref()) || self.workspace.has(relative)
    }

    pub fn put(&mut self, relative: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) {
        self.files.insert(relative.into(), Zeroizing::new(bytes.into()));
    }

    /// Keeps a copy of a file below `certs/backup/STAMP/`; says where, or that there was nothing to keep.
    pub fn back_up(&mut self, relative: impl AsRef<Path>, stamp: &str) -> Result<Option<PathBuf>, FsError> {
        let relative = relative.as_ref();
        let Some(bytes) = self.workspace.read(relative)? else {
            return Ok(None);
        };
        let inner = relative.strip_prefix("certs").unwrap_or(relative);
        let copy = Path::new(layout::BACKUP).join(stamp).join(inner);
        self.put(copy.clone(), bytes);
        Ok(Some(copy))
    }

    /// Makes the change; files that would keep their contents are left alone.
    pub fn commit(self) -> Result<Vec<Change>, Failure> {
        let workspace = self.workspace;
        let mut changes = Vec::new();
        let mut entries = Vec::new();
        let mut contents = Vec::new();
        for (path, bytes) in &self.files {
            let target = workspace.path(path);
            fs::check_replaceable(&target)?;
            let old = workspace.read(path)?;
            if old.as_deref() == Some(bytes.as_slice()) {
                continue;
            }
            let parent = path.parent().unwrap_or(Path::new(""));
            workspace.make_dir(parent)?;
            fs::check_writable(&workspace.path(parent))?;
            let (mode, whose) = layout::file_policy(path);
            entries.push(Entry {
                path: path.clone(),
                mode,
                owner: workspace.owner(whose),
            });
            contents.push(bytes);
            changes.push(Change {
                path: path.clone(),
                replaced: old.is_some(),
            });
        }
        if entries.is_empty() {
            return Ok(changes);
        }
        if let Err(error) = stage(workspace, &entries, &contents) {
            let _ = fs::remove_dir(&workspace.path(layout::STAGED));
            return Err(error.into());
        }
        apply(workspace)?;
        Ok(changes)
    }
}

fn stage(workspace: &Workspace, entries: &[Entry], contents: &[&Zeroizing<Vec<u8>>]) -> Result<(), FsError> {
    let staged = workspace.path(layout::STAGED);
    fs::create_dir(&staged, 0o700, workspace.owner(layout::Whose::Operator))?;
    let mut written = Vec::new();
    for (number, (entry, bytes)) in entries.iter().zip(contents).enumerate() {
        written.push(fs::create(
            &staged.join(number.to_string()),
            bytes,
            entry.mode,
            entry.owner,
        )?);
    }
    let manifest = serde_json::to_vec(entries).unwrap_or_default();
    written.push(fs::create(
        &staged.join(MANIFEST),
        &manifest,
        0o600,
        workspace.owner(layout::Whose::Operator),
    )?);
    written.extend(fs::entries(&staged)?);
    fs::sync(&written)?;
    fs::rename(&staged, &workspace.path(layout::COMMIT))?;
    fs::sync(fs::entries(&workspace.path(layout::STATE))?.as_slice())
}

/// Moves every file of the journal to its place. Safe to run again: what was moved is no longer there to move.
fn apply(workspace: &Workspace) -> Result<(), Failure> {
    let journal = workspace.path(layout::COMMIT);
    let manifest = fs::read(&journal.join(MANIFEST))?;
    // without a manifest everything was in place already, and the process died while it removed the journal
    let entries: Vec<Entry> = match manifest {
        Some(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
            Plain::new(
                "journal-damaged",
                format!("`{}` cannot be read: {error}", workspace.show(layout::COMMIT)),
            )
            .hint("a change was interrupted; the new files are in that folder, numbered")
        })?,
        None => Vec::new(),
    };
    let mut parents = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        let from = journal.join(number.to_string());
        if !fs::exists(&from) {
            continue;
        }
        let parent = entry.path.parent().unwrap_or(Path::new(""));
        workspace.make_dir(parent)?;
        fs::place(&from, &workspace.path(&entry.path), entry.mode, entry.owner)?;
        if !parents.contains(&parent) {
            parents.push(parent);
        }
    }
    let mut folders = Vec::new();
    for parent in parents {
        folders.extend(fs::entries(&workspace.path(parent))?);
    }
    fs::sync(&folders)?;
    fs::remove_file(&journal.join(MANIFEST))?;
    fs::remove_dir(&journal)?;
    Ok(())
}

const MANIFEST: &str = "manifest.json";

/// Another mqsec's change takes milliseconds, RSA keys a second or two.
const LOCK_PATIENCE: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own below the system's temporary one, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let name = crate::secret::Secret::generate();
            Self(std::env::temp_dir().join(format!("mqsec-unit-{}", name.expose())))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir(&self.0);
        }
    }

    #[test]
    fn a_committed_journal_is_finished_by_the_next_run() {
        let folder = Folder::new();
        let workspace = Workspace::at(folder.0.clone());
        let lock = Transaction::begin(&workspace).unwrap();
        let entry = |path: &str| Entry {
            path: PathBuf::from(path),
            mode: 0o600,
            owner: None,
        };
        let (a, b) = (Zeroizing::new(b"A".to_vec()), Zeroizing::new(b"B".to_vec()));
        stage(&workspace, &[entry("certs/a"), entry("config/b")], &[&a, &b]).unwrap();
        drop(lock);
        assert!(!workspace.has("certs/a"));
        assert!(workspace.recover().unwrap());
        assert_eq!(workspace.read("certs/a").unwrap().unwrap(), b"A");
        assert_eq!(workspace.read("config/b").unwrap().unwrap(), b"B");
        assert!(!workspace.has(layout::COMMIT));
    }

    #[test]
    fn an_unfinished_staging_changes_nothing() {
        let folder = Folder::new();
        let workspace = Workspace::at(folder.0.clone());
        workspace.make_dir(layout::STAGED).unwrap();
        fs::create(&workspace.path(".mqsec/staged/0"), b"half", 0o600, None).unwrap();
        drop(Transaction::begin(&workspace).unwrap());
        assert!(!workspace.has(layout::STAGED));
    }

    #[test]
    fn equal_contents_are_not_written_again() {
        let folder = Folder::new();
        let workspace = Workspace::at(folder.0.clone());
        let write = || {
            let mut change = Transaction::begin(&workspace).unwrap();
            change.put("config/x", "same");
            change.commit().unwrap()
        };
        assert_eq!(
            write(),
            vec![Change {
                path: PathBuf::from("config/x"),
                replaced: false
            }]
        );
        assert_eq!(write(), vec![]);
    }

    #[test]
    fn a_folder_where_a_file_belongs_is_refused_before_anything_changes() {
        let folder = Folder::new();
        let workspace = Workspace::at(folder.0.clone());
        workspace.make_dir("config/mosquitto.passwd").unwrap();
        let mut change = Transaction::begin(&workspace).unwrap();
        change.put("certs/ca.crt", "x");
        change.put("config/mosquitto.passwd", "x");
        assert_eq!(change.commit().unwrap_err().code, "file-is-a-folder");
        assert!(!workspace.has("certs/ca.crt"));
    }
}
