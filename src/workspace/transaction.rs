//! Several files change together, or not at all.
//!
//! New contents are gathered in memory. [`Transaction::commit`] writes them into `.mqsec/staged` with their final
//! modes and owners, then a manifest with the digest of each, and brings all that to the disk; then each file is moved
//! to its place. The manifest is the moment of the change: a process that dies before leaves the old state, one that
//! dies after it leaves a journal that the next run finishes first. The digests tell a journal that is whole from one
//! that a power failure left with holes, so two rounds of fsync are enough.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
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
    /// Whether a change of an earlier process was finished first.
    pub(super) recovered: bool,
    files: BTreeMap<PathBuf, Zeroizing<Vec<u8>>>,
    /// What is written behind the end of a file that is too long to be written anew.
    appends: BTreeMap<PathBuf, Vec<u8>>,
    removals: BTreeSet<PathBuf>,
    /// What was written in pieces already, with the digest of each.
    streams: BTreeMap<PathBuf, (fs::Unsynced, String)>,
    _lock: fs::Lock,
}

/// One file of the journal.
#[derive(Serialize, Deserialize)]
struct Entry {
    path: PathBuf,
    mode: u32,
    owner: Option<(u32, u32)>,
    sha256: String,
    /// The bytes go behind this many of the file that is there, in place of replacing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    append_at: Option<u64>,
    /// The file goes; nothing was staged for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    remove: bool,
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
                return Err(Plain::new("workspace-busy", "another mqsec is changing this folder and does not end")
                    .hint("wait for it, or look for it: pgrep -a mqsec")
                    .into());
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let recovered = settle(workspace)?;
        Ok(Self {
            workspace,
            recovered,
            files: BTreeMap::new(),
            appends: BTreeMap::new(),
            removals: BTreeSet::new(),
            streams: BTreeMap::new(),
            _lock: lock,
        })
    }

    pub fn workspace(&self) -> &'w Workspace {
        self.workspace
    }

    /// The contents that a file has, or will have.
    pub fn read(&self, relative: impl AsRef<Path>) -> Result<Option<Zeroizing<Vec<u8>>>, FsError> {
        let relative = relative.as_ref();
        if self.removals.contains(relative) {
            return Ok(None);
        }
        let mut found = match self.files.get(relative) {
            Some(bytes) => Some(bytes.clone()),
            None => self.workspace.read(relative)?.map(Zeroizing::new),
        };
        if let Some(more) = self.appends.get(relative) {
            let found = found.get_or_insert_default();
            if found.last().is_some_and(|byte| *byte != b'\n') {
                found.push(b'\n');
            }
            found.extend_from_slice(more);
        }
        Ok(found)
    }

    pub fn has(&self, relative: impl AsRef<Path>) -> bool {
        let relative = relative.as_ref();
        let made = self.files.contains_key(relative) || self.appends.contains_key(relative);
        made || !self.removals.contains(relative) && self.workspace.has(relative)
    }

    pub fn put(&mut self, relative: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) {
        let relative = relative.into();
        self.removals.remove(&relative);
        self.appends.remove(&relative);
        self.files.insert(relative, Zeroizing::new(bytes.into()));
    }

    pub fn remove(&mut self, relative: impl Into<PathBuf>) {
        let relative = relative.into();
        self.files.remove(&relative);
        self.appends.remove(&relative);
        self.removals.insert(relative);
    }

    /// Adds whole lines to the end of a file, which is made where it is missing; a last line without an end is given one.
    /// Costs the same however long the file is.
    pub fn append(&mut self, relative: impl Into<PathBuf>, lines: &[u8]) {
        let relative = relative.into();
        if self.removals.remove(&relative) {
            self.files.insert(relative.clone(), Zeroizing::default());
        }
        self.appends.entry(relative).or_default().extend_from_slice(lines);
    }

    /// Gives a file new contents that are too long for the memory: they are written at once, and take its place with all else.
    pub fn stream(
        &mut self,
        relative: impl Into<PathBuf>,
        write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<(), FsError> {
        let relative = relative.into();
        let workspace = self.workspace;
        workspace.make_dir(layout::STAGED)?;
        let (mode, whose) = layout::file_policy(&relative);
        let path = workspace.path(layout::STAGED).join(format!("long-{}", self.streams.len()));
        let file = fs::create(&path, &[], mode, workspace.owner(whose))?;
        let mut hashed = Hashed { file: std::io::BufWriter::new(file), digest: Sha256::new() };
        let error = |source| FsError::new("write", &path, source);
        write(&mut hashed).map_err(error)?;
        let file = hashed.file.into_inner().map_err(|failed| error(failed.into_error()))?;
        let digest = hex(&hashed.digest.finalize());
        self.streams.insert(relative, (file, digest));
        Ok(())
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
    pub fn commit(mut self) -> Result<Vec<Change>, Failure> {
        let workspace = self.workspace;
        let mut tails = Vec::new();
        let mut bookkeeping = BTreeSet::new();
        for (path, mut bytes) in std::mem::take(&mut self.appends) {
            let target = workspace.path(&path);
            match fs::exists(&target) && !self.files.contains_key(&path) {
                true => {
                    fs::check_appendable(&target)?;
                    if !fs::ends_with_a_line(&target)? {
                        bytes.insert(0, b'\n');
                    }
                    tails.push((path, fs::length(&target).unwrap_or_default(), bytes));
                }
                false => {
                    bookkeeping.insert(path.clone());
                    self.files.entry(path).or_default().extend_from_slice(&bytes);
                }
            }
        }
        let mut changes = Vec::new();
        let mut entries = Vec::new();
        let mut contents = Vec::new();
        // files are in the order of their paths, so those of one folder follow each other
        let mut ready: Option<&Path> = None;
        for (path, bytes) in &self.files {
            let target = workspace.path(path);
            fs::check_replaceable(&target)?;
            let old = workspace.read(path)?;
            if old.as_deref() == Some(bytes.as_slice()) {
                continue;
            }
            let parent = path.parent().unwrap_or(Path::new(""));
            workspace.make_key_dir(path)?;
            if ready != Some(parent) {
                workspace.make_dir(parent)?;
                fs::check_writable(&workspace.path(parent))?;
                ready = Some(parent);
            }
            let (mode, whose) = layout::file_policy(path);
            let owner = workspace.owner(whose);
            entries.push(Entry {
                path: path.clone(),
                mode,
                owner,
                sha256: digest(bytes),
                append_at: None,
                remove: false,
            });
            contents.push(bytes.as_slice());
            if !bookkeeping.contains(path) {
                changes.push(Change { path: path.clone(), replaced: old.is_some() });
            }
        }
        for (path, length, bytes) in &tails {
            let (mode, whose) = layout::file_policy(path);
            let owner = workspace.owner(whose);
            let sha256 = digest(bytes);
            entries.push(Entry { path: path.clone(), mode, owner, sha256, append_at: Some(*length), remove: false });
            contents.push(bytes);
        }
        let mut streamed = Vec::new();
        for (path, (file, sha256)) in std::mem::take(&mut self.streams) {
            fs::check_replaceable(&workspace.path(&path))?;
            let parent = path.parent().unwrap_or(Path::new(""));
            workspace.make_dir(parent)?;
            fs::check_writable(&workspace.path(parent))?;
            let (mode, whose) = layout::file_policy(&path);
            let owner = workspace.owner(whose);
            changes.push(Change { path: path.clone(), replaced: workspace.has(&path) });
            streamed.push((entries.len(), file));
            entries.push(Entry { path, mode, owner, sha256, append_at: None, remove: false });
        }
        // behind all that have contents, whose numbers are the names of what is staged
        for path in self.removals.iter().filter(|path| workspace.has(path)) {
            let sha256 = String::new();
            entries.push(Entry { path: path.clone(), mode: 0, owner: None, sha256, append_at: None, remove: true });
        }
        if entries.is_empty() {
            return Ok(changes);
        }
        // beyond the manifest nothing may need room any more: what is moved to its place needs none
        let reserved = tails
            .iter()
            .try_for_each(|(path, length, bytes)| fs::reserve(&workspace.path(path), *length, bytes.len() as u64));
        if let Err(error) = reserved.and_then(|()| stage(workspace, &entries, &contents, streamed)) {
            let _ = discard(workspace);
            return Err(error.into());
        }
        apply(workspace, &entries)?;
        Ok(changes)
    }
}

fn stage(
    workspace: &Workspace,
    entries: &[Entry],
    contents: &[&[u8]],
    streamed: Vec<(usize, fs::Unsynced)>,
) -> Result<(), FsError> {
    workspace.make_dir(layout::STAGED)?;
    let staged = workspace.path(layout::STAGED);
    let operator = workspace.owner(layout::Whose::Operator);
    let mut written = Vec::new();
    for (number, (entry, bytes)) in entries.iter().zip(contents).enumerate() {
        written.push(fs::create(&staged.join(number.to_string()), bytes, entry.mode, entry.owner)?);
    }
    for (number, mut file) in streamed {
        file.rename(&staged.join(number.to_string()))?;
        written.push(file);
    }
    let manifest = serde_json::to_vec(entries).unwrap_or_default();
    written.push(fs::overwrite(&workspace.path(layout::MANIFEST), &manifest, 0o600, operator)?);
    written.extend(fs::entries(&staged)?);
    fs::sync(&written)
}

/// Finishes or discards what an earlier process staged; says whether there was something to finish.
fn settle(workspace: &Workspace) -> Result<bool, Failure> {
    let staged = workspace.path(layout::STAGED);
    let manifest = fs::read(&workspace.path(layout::MANIFEST))?;
    let mut entries: Vec<Entry> = manifest.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    if !entries.iter().all(|entry| is_inside(&entry.path)) {
        // no manifest of ours, and root may be the one who would follow it
        entries.clear();
    }
    let mut whole = !entries.is_empty();
    let mut moved = false;
    for (number, entry) in entries.iter().enumerate().filter(|(_, entry)| !entry.remove) {
        match digest_of(&staged.join(number.to_string()))? {
            Some(digest) => whole &= digest == entry.sha256,
            // moved to its place, which happens only when the whole journal is on the disk
            None => moved = true,
        }
    }
    if whole || moved {
        apply(workspace, &entries)?;
    }
    discard(workspace)?;
    Ok(whole || moved)
}

/// Whether a path cannot lead out of the workspace by its own words.
fn is_inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

/// Moves every file of the journal to its place. Safe to run again: what was moved is no longer there to move.
fn apply(workspace: &Workspace, entries: &[Entry]) -> Result<(), Failure> {
    let staged = workspace.path(layout::STAGED);
    let mut parents = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        let from = staged.join(number.to_string());
        let parent = entry.path.parent().unwrap_or(Path::new(""));
        if !parents.contains(&parent) {
            workspace.make_dir(parent)?;
            parents.push(parent);
        }
        if entry.remove {
            fs::remove_file(&workspace.path(&entry.path))?;
            continue;
        }
        if !fs::exists(&from) {
            continue;
        }
        match entry.append_at {
            None => fs::place(&from, &workspace.path(&entry.path), entry.mode, entry.owner)?,
            Some(at) => fs::place_behind(&from, &workspace.path(&entry.path), at, entry.mode, entry.owner)?,
        }
    }
    let mut folders = Vec::new();
    for parent in parents {
        folders.extend(fs::entries(&workspace.path(parent))?);
    }
    for entry in entries.iter().filter(|_| workspace.ca_dir().is_some()) {
        if layout::authority_key(&entry.path).is_some()
            && let Some(folder) = workspace.path(&entry.path).parent()
        {
            folders.extend(fs::entries(folder)?);
        }
    }
    fs::sync(&folders)?;
    discard(workspace)?;
    Ok(())
}

/// Empties the journal, its manifest first: with one, a file that is missing would pass for one that was moved. Folder
/// and manifest stay, because making and removing them costs more than all the rest.
fn discard(workspace: &Workspace) -> Result<(), FsError> {
    let manifest = workspace.path(layout::MANIFEST);
    if fs::has_content(&manifest) {
        fs::truncate(&manifest)?;
    }
    fs::clear(&workspace.path(layout::STAGED), "manifest.json")
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of a file of any length; nothing where there is none.
fn digest_of(path: &Path) -> Result<Option<String>, FsError> {
    let mut file = match fs::open(path) {
        Ok((file, _)) => file,
        Err(missing) if missing.source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut digest = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece).map_err(|source| FsError::new("read", path, source))? {
            0 => return Ok(Some(hex(&digest.finalize()))),
            read => digest.update(&piece[..read]),
        }
    }
}

/// Writes, and digests what it writes.
struct Hashed<W> {
    file: W,
    digest: Sha256,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Another mqsec's change takes milliseconds, RSA keys a second or two; fifty may wait at once on a slow machine.
const LOCK_PATIENCE: Duration = Duration::from_secs(60);

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

    fn is_empty(workspace: &Workspace) -> bool {
        !fs::has_content(&workspace.path(layout::MANIFEST))
            && !workspace.has(".mqsec/staged/0")
            && !workspace.has(".mqsec/staged/1")
    }

    /// A journal as a process leaves it that dies before its first move.
    fn journal(workspace: &Workspace) {
        let lock = Transaction::begin(workspace).unwrap();
        let entry = |path: &str, bytes: &[u8]| Entry {
            path: PathBuf::from(path),
            mode: 0o600,
            owner: None,
            sha256: digest(bytes),
            append_at: None,
            remove: false,
        };
        let (a, b) = (Zeroizing::new(b"A".to_vec()), Zeroizing::new(b"B".to_vec()));
        stage(workspace, &[entry("certs/a", b"A"), entry("config/b", b"B")], &[&a, &b], Vec::new()).unwrap();
        drop(lock);
    }

    #[test]
    fn a_whole_journal_is_finished_by_the_next_run() {
        let folder = Folder::new();
        let workspace = Workspace::at(folder.0.clone());
        journal(&workspace);
        assert!(!workspace.has("certs/a"));
        assert!(workspace.recover().unwrap());
        assert_eq!(workspace.read("certs/a").unwrap().unwrap(), b"A");
        assert_eq!(workspace.read("config/b").unwrap().unwrap(), b"B");
        assert!(is_empty(&workspace));
        assert!(!workspace.recover().unwrap());
    }

    #[test]
    fn a_journal_that_was_begun_is_finished_even_where_its_rest_is_all_there_is() {
        let folder = Folder::new();
        let workspace = Workspace::at(folder.0.clone());
        journal(&workspace);
        workspace.make_dir("certs").unwrap();
        fs::place(&workspace.path(".mqsec/staged/0"), &workspace.path("certs/a"), 0o600, None).unwrap();
        assert!(workspace.recover().unwrap());
        assert_eq!(workspace.read("config/b").unwrap().unwrap(), b"B");
    }

    #[test]
    fn a_journal_with_holes_changes_nothing() {
        for hole in [".mqsec/staged/1", ".mqsec/staged/manifest.json"] {
            let folder = Folder::new();
            let workspace = Workspace::at(folder.0.clone());
            journal(&workspace);
            fs::remove_file(&workspace.path(hole)).unwrap();
            fs::create(&workspace.path(hole), b"", 0o600, None).unwrap();
            assert!(!workspace.recover().unwrap(), "{hole}");
            assert!(!workspace.has("certs/a") && !workspace.has("config/b") && is_empty(&workspace));
        }
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
        assert_eq!(write(), vec![Change { path: PathBuf::from("config/x"), replaced: false }]);
        assert_eq!(write(), vec![]);
    }

    #[test]
    fn what_was_written_in_pieces_takes_its_place_with_all_else_or_not_at_all() {
        let folder = Folder::new();
        let workspace = Workspace::at(folder.0.clone());
        let mut change = Transaction::begin(&workspace).unwrap();
        let pieces = |out: &mut dyn Write| (0..3).try_for_each(|_| out.write_all(b"piece\n"));
        change.stream("config/long", pieces).unwrap();
        change.put("config/x", "x");
        drop(change);
        let mut change = Transaction::begin(&workspace).unwrap();
        assert!(!workspace.has(".mqsec/staged/long-0") && !workspace.has("config/long"));
        change.stream("config/long", pieces).unwrap();
        change.put("config/x", "x");
        change.commit().unwrap();
        assert_eq!(workspace.read("config/long").unwrap().unwrap(), b"piece\npiece\npiece\n");
        assert!(workspace.has("config/x") && is_empty(&workspace));
    }

    #[test]
    fn what_is_added_to_a_file_is_there_once_however_often_the_journal_is_finished() {
        let folder = Folder::new();
        let workspace = Workspace::at(folder.0.clone());
        let add = |line: &str| {
            let mut change = Transaction::begin(&workspace).unwrap();
            change.append("certs/list", line.as_bytes());
            assert!(change.read("certs/list").unwrap().unwrap().ends_with(line.as_bytes()));
            change.commit().unwrap()
        };
        assert!(add("one\n").is_empty(), "bookkeeping is not told");
        add("two\n");
        assert_eq!(workspace.read("certs/list").unwrap().unwrap(), b"one\ntwo\n");
        // died in the middle of writing behind the end
        let entry = Entry {
            path: PathBuf::from("certs/list"),
            mode: 0o600,
            owner: None,
            sha256: digest(b"three\n"),
            append_at: Some(8),
            remove: false,
        };
        stage(&workspace, &[entry], &[b"three\n"], Vec::new()).unwrap();
        fs::overwrite(&workspace.path("certs/list"), b"one\ntwo\nthr", 0o600, None).map(drop).unwrap();
        assert!(workspace.recover().unwrap());
        assert_eq!(workspace.read("certs/list").unwrap().unwrap(), b"one\ntwo\nthree\n");
    }

    #[test]
    fn a_line_is_never_glued_to_one_without_an_end_and_nothing_of_others_is_cut_off() {
        let folder = Folder::new();
        let workspace = Workspace::at(folder.0.clone());
        workspace.make_dir("certs").unwrap();
        let list = workspace.path("certs/list");
        let write = |text: &str| fs::overwrite(&list, text.as_bytes(), 0o600, None).map(drop).unwrap();
        let read = || String::from_utf8(workspace.read("certs/list").unwrap().unwrap()).unwrap();
        write("one\ncut sho");
        let mut change = Transaction::begin(&workspace).unwrap();
        change.append("certs/list", b"two\n");
        assert_eq!(change.read("certs/list").unwrap().unwrap().as_slice(), b"one\ncut sho\ntwo\n");
        change.commit().unwrap();
        assert_eq!(read(), "one\ncut sho\ntwo\n");
        // somebody edits the file while a journal waits to be finished: longer, and shorter
        for (edited, expected) in [
            ("one\nby hand\n", "one\nby hand\n\nthree\n"),
            ("on", "on\nthree\n"),
            ("", "three\n"),
            ("one\nthr", "one\nthree\n"),
            ("one\nthree\n", "one\nthree\n"),
        ] {
            let entry = Entry {
                path: PathBuf::from("certs/list"),
                mode: 0o600,
                owner: None,
                sha256: digest(b"three\n"),
                append_at: Some(4),
                remove: false,
            };
            stage(&workspace, &[entry], &[b"three\n"], Vec::new()).unwrap();
            write(edited);
            assert!(workspace.recover().unwrap());
            assert_eq!(read(), expected, "{edited:?}");
        }
    }

    #[test]
    fn put_and_remove_are_the_last_word_over_what_was_added_before() {
        let folder = Folder::new();
        let workspace = Workspace::at(folder.0.clone());
        let mut change = Transaction::begin(&workspace).unwrap();
        change.append("certs/list", b"one\n");
        change.put("certs/list", "two\n");
        change.append("certs/list", b"three\n");
        change.append("certs/gone", b"x\n");
        change.remove("certs/gone");
        change.commit().unwrap();
        assert_eq!(workspace.read("certs/list").unwrap().unwrap(), b"two\nthree\n");
        assert!(!workspace.has("certs/gone"));
        let mut change = Transaction::begin(&workspace).unwrap();
        change.remove("certs/list");
        change.append("certs/list", b"four\n");
        assert_eq!(change.read("certs/list").unwrap().unwrap().as_slice(), b"four\n");
        change.commit().unwrap();
        assert_eq!(workspace.read("certs/list").unwrap().unwrap(), b"four\n");
    }

    #[cfg(unix)]
    #[test]
    #[allow(clippy::disallowed_methods, reason = "a link, which mqsec never makes")]
    fn a_link_in_the_place_of_the_list_leads_nobody_elsewhere() {
        let folder = Folder::new();
        let workspace = Workspace::at(folder.0.clone());
        workspace.make_dir("certs").unwrap();
        let (elsewhere, list) = (workspace.path("elsewhere"), workspace.path("certs/list"));
        fs::create(&elsewhere, b"untouched\n", 0o600, None).map(drop).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &list).unwrap();
        let mut change = Transaction::begin(&workspace).unwrap();
        change.append("certs/list", b"one\n");
        change.put("certs/other", "x");
        assert_eq!(change.commit().unwrap_err().code, "file-error");
        assert!(!workspace.has("certs/other"));
        // put there while a journal waits
        fs::remove_file(&list).unwrap();
        fs::create(&list, b"", 0o600, None).map(drop).unwrap();
        let entry = Entry {
            path: PathBuf::from("certs/list"),
            mode: 0o600,
            owner: None,
            sha256: digest(b"one\n"),
            append_at: Some(0),
            remove: false,
        };
        stage(&workspace, &[entry], &[b"one\n"], Vec::new()).unwrap();
        fs::remove_file(&list).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &list).unwrap();
        assert!(workspace.recover().is_err());
        assert_eq!(workspace.read("elsewhere").unwrap().unwrap(), b"untouched\n");
        // without the link the journal is finished
        fs::remove_file(&list).unwrap();
        assert!(workspace.recover().unwrap());
        assert_eq!(workspace.read("certs/list").unwrap().unwrap(), b"one\n");
    }

    #[test]
    fn a_journal_that_leads_out_of_the_folder_is_thrown_away() {
        for path in ["../escaped", "/tmp/mqsec-escaped", "certs/../../escaped"] {
            let folder = Folder::new();
            Workspace::at(folder.0.clone()).make_dir("ws").unwrap();
            let workspace = Workspace::at(folder.0.join("ws"));
            let lock = Transaction::begin(&workspace).unwrap();
            let sha256 = digest(b"x");
            let entry =
                Entry { path: PathBuf::from(path), mode: 0o600, owner: None, sha256, append_at: None, remove: false };
            stage(&workspace, &[entry], &[b"x"], Vec::new()).unwrap();
            drop(lock);
            assert!(!workspace.recover().unwrap(), "{path}");
            assert!(!fs::exists(&folder.0.join("escaped")) && !fs::exists(Path::new("/tmp/mqsec-escaped")));
            assert!(is_empty(&workspace));
        }
    }

    #[test]
    fn files_go_together_with_what_replaces_them() {
        let folder = Folder::new();
        let workspace = Workspace::at(folder.0.clone());
        let mut change = Transaction::begin(&workspace).unwrap();
        change.put("certs/old/a", "a");
        change.commit().unwrap();
        let mut change = Transaction::begin(&workspace).unwrap();
        change.remove("certs/old/a");
        change.remove("certs/old/never");
        change.put("certs/b", "b");
        assert!(!change.has("certs/old/a") && change.read("certs/old/a").unwrap().is_none());
        change.commit().unwrap();
        assert!(!workspace.has("certs/old/a") && workspace.has("certs/b") && is_empty(&workspace));
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
