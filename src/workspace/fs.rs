//! The only place that touches files: every error says which path and what was being done.

#![allow(clippy::disallowed_methods, reason = "the file layer")]

pub mod bulk;
mod look;
mod stored;

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use crate::error::Diagnose;

pub use look::Kind;
pub use look::Look;
pub use look::look;
pub use look::names;
pub use look::real;
pub use stored::Stamp;
pub use stored::Stored;

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} `{}`", path.display())]
pub struct FsError {
    pub doing: &'static str,
    pub path: PathBuf,
    pub source: io::Error,
}

impl FsError {
    pub fn new(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self { doing, path: path.to_owned(), source }
    }

    fn not_a_file(doing: &'static str, path: &Path) -> Self {
        Self::new(doing, path, io::Error::from(io::ErrorKind::IsADirectory))
    }
}

impl Diagnose for FsError {
    fn code(&self) -> &'static str {
        use io::ErrorKind as E;
        match self.source.kind() {
            E::NotFound => "file-not-found",
            E::PermissionDenied => "file-permission-denied",
            E::IsADirectory => "file-is-a-folder",
            E::NotADirectory => "folder-is-a-file",
            E::StorageFull | E::QuotaExceeded => "disk-full",
            E::ReadOnlyFilesystem => "file-system-read-only",
            E::InvalidFilename => "file-name-invalid",
            _ => "file-error",
        }
    }

    fn hints(&self) -> Vec<String> {
        let path = self.path.display();
        // a bare name's parent is empty
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new(".")).display();
        let hint = match self.code() {
            "file-permission-denied" => format!("look who owns it: ls -la {parent}; run mqsec as that user"),
            "file-is-a-folder" => format!("a file belongs there (Docker makes such folders); rmdir {path}"),
            "folder-is-a-file" => {
                // what stands in the way is the last on the way that is there
                let file = self.path.ancestors().find(|path| path.is_file()).unwrap_or(&self.path).display();
                format!("a folder belongs there; move the file away: mv {file} {file}.old")
            }
            "disk-full" => format!("make room, nothing was changed; see: df -h {parent}"),
            "file-system-read-only" => "choose another folder with --dir DIR".to_owned(),
            _ => return Vec::new(),
        };
        vec![hint]
    }
}

/// Nothing that mqsec reads is near this size.
const LARGEST: u64 = 64 << 20;

/// The contents of a file, or nothing when there is no such file.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, FsError> {
    read_long(path, LARGEST)
}

/// The same for a file that may be longer; the limit in bytes.
pub fn read_long(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FsError> {
    // opening a pipe waits for its other end, and a device never ends; a link to one, such as /dev/stdin, was meant
    let error = |words: &str| FsError::new("read", path, io::Error::other(words));
    if fs::symlink_metadata(path).is_ok_and(|found| look::is_endless(&found)) {
        return Err(error("it is a pipe, a socket or a device, and no file"));
    }
    match read_at_most(path, limit)? {
        Some(bytes) if bytes.len() as u64 > limit => Err(error(&format!("it has more than {} MiB", limit >> 20))),
        found => Ok(found),
    }
}

/// The same, but no more than one byte above the limit: whoever asks sees by the length that it was passed.
pub fn read_at_most(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FsError> {
    let error = |source| FsError::new("read", path, source);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(error(source)),
    };
    let metadata = file.metadata().map_err(error)?;
    if metadata.is_dir() {
        return Err(FsError::not_a_file("read", path));
    }
    let mut bytes = Vec::with_capacity(metadata.len().min(limit) as usize);
    file.take(limit + 1).read_to_end(&mut bytes).map_err(error)?;
    Ok(Some(bytes))
}

pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Whether this user may run it.
pub fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    return rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    #[cfg(not(unix))]
    path.is_file()
}

pub fn is_dir(path: &Path) -> bool {
    path.is_dir()
}

pub fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// The last `lines` lines of a file that may be large, and its length.
pub fn tail(path: &Path, lines: usize) -> Result<(Vec<String>, u64), FsError> {
    use std::io::Seek;
    use std::io::SeekFrom;
    let error = |source| FsError::new("read", path, source);
    let mut file = File::open(path).map_err(error)?;
    let length = file.metadata().map_err(error)?.len();
    let window = (lines as u64 * 400).max(1 << 16);
    file.seek(SeekFrom::Start(length.saturating_sub(window))).map_err(error)?;
    let mut bytes = Vec::new();
    file.take(window).read_to_end(&mut bytes).map_err(error)?;
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    Ok((all.iter().skip(all.len().saturating_sub(lines)).map(|line| (*line).to_owned()).collect(), length))
}

/// A file to read from, of whatever length; with its length, when it is an ordinary file.
pub fn open(path: &Path) -> Result<(File, Option<u64>), FsError> {
    let error = |source| FsError::new("read", path, source);
    let file = File::open(path).map_err(error)?;
    let metadata = file.metadata().map_err(error)?;
    if metadata.is_dir() {
        return Err(FsError::not_a_file("read", path));
    }
    let length = metadata.is_file().then_some(metadata.len());
    Ok((file, length))
}

/// What stands in a file after `offset`, and the new offset; a file that shrank is read from its start.
pub fn read_from(path: &Path, offset: u64) -> Result<(String, u64), FsError> {
    use std::io::Seek;
    use std::io::SeekFrom;
    let error = |source| FsError::new("read", path, source);
    let mut file = File::open(path).map_err(error)?;
    let length = file.metadata().map_err(error)?.len();
    let start = if length < offset { 0 } else { offset };
    file.seek(SeekFrom::Start(start)).map_err(error)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(error)?;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), start + bytes.len() as u64))
}

/// How many bytes a file has.
pub fn length(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|metadata| metadata.len())
}

/// Names of the folders inside a folder; none when there is no such folder.
pub fn folders(path: &Path) -> Result<Vec<String>, FsError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(FsError::new("read", path, source)),
    };
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

/// The files inside a folder, in the order of their names; none when it cannot be listed.
pub fn files(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(path)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found
}

/// A file or folder whose contents are not yet sure to be on the disk.
pub struct Unsynced {
    path: PathBuf,
    file: File,
}

impl Unsynced {
    /// Moves it within its file system.
    pub fn rename(&mut self, to: &Path) -> Result<(), FsError> {
        fs::rename(&self.path, to).map_err(|source| FsError::new("replace", to, source))?;
        to.clone_into(&mut self.path);
        Ok(())
    }
}

impl Write for Unsynced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Creates a file that was not there, with its mode from the first byte.
pub fn create(path: &Path, bytes: &[u8], mode: u32, owner: Option<(u32, u32)>) -> Result<Unsynced, FsError> {
    written(OpenOptions::new().create_new(true), path, bytes, mode, owner)
}

/// Writes a file anew in its place, made with its mode where it was not there.
pub fn overwrite(path: &Path, bytes: &[u8], mode: u32, owner: Option<(u32, u32)>) -> Result<Unsynced, FsError> {
    written(OpenOptions::new().create(true).truncate(true), path, bytes, mode, owner)
}

fn written(
    options: &mut OpenOptions,
    path: &Path,
    bytes: &[u8],
    mode: u32,
    owner: Option<(u32, u32)>,
) -> Result<Unsynced, FsError> {
    let error = |source| FsError::new("write", path, source);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, mode);
    let mut file = options.write(true).open(path).map_err(error)?;
    set_access(&file, mode, owner).map_err(error)?;
    file.write_all(bytes).map_err(error)?;
    Ok(Unsynced { path: path.to_owned(), file })
}

/// A folder's entries, to be brought to the disk. Only Unix has such a thing.
pub fn entries(path: &Path) -> Result<Option<Unsynced>, FsError> {
    if !cfg!(unix) {
        return Ok(None);
    }
    let file = File::open(path).map_err(|source| FsError::new("open", path, source))?;
    Ok(Some(Unsynced { path: path.to_owned(), file }))
}

/// Empties a file that is there.
pub fn truncate(path: &Path) -> Result<(), FsError> {
    match OpenOptions::new().write(true).truncate(true).open(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(FsError::new("write", path, source)),
        _ => Ok(()),
    }
}

/// Whether there is a file with something in it.
pub fn has_content(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.len() > 0)
}

/// Removes every file of a folder but one.
pub fn clear(dir: &Path, keep: &str) -> Result<(), FsError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(FsError::new("read", dir, source)),
    };
    for entry in entries.filter_map(Result::ok).filter(|entry| entry.file_name() != keep) {
        remove_file(&entry.path())?;
    }
    Ok(())
}

/// Brings files to the disk. All are first sent on their way, so that one commit of the file system serves them together:
/// a third less time than file by file, without the threads that would cost more than they save.
pub fn sync(files: &[Unsynced]) -> Result<(), FsError> {
    #[cfg(target_os = "linux")]
    if files.len() >= MANY {
        return sync_file_systems(files);
    }
    #[cfg(target_os = "linux")]
    for Unsynced { file, .. } in files {
        // a hint: that the cache may drop them makes the kernel begin to write them
        let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
    }
    files
        .iter()
        .try_for_each(|Unsynced { path, file }| file.sync_all().map_err(|source| FsError::new("write", path, source)))
}

/// Writes to standard output.
pub fn to_stdout(bytes: &[u8]) -> Result<(), FsError> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
    written.map_err(|source| FsError::new("write to", Path::new("standard output"), source))
}

/// From so many files on, writing all that the file system has waiting costs less than waiting for each.
#[cfg(target_os = "linux")]
const MANY: usize = 64;

/// The same for many files: one call for each file system that has some of them.
#[cfg(target_os = "linux")]
fn sync_file_systems(files: &[Unsynced]) -> Result<(), FsError> {
    use std::os::unix::fs::MetadataExt;
    let mut done = std::collections::HashSet::new();
    files.iter().try_for_each(|Unsynced { path, file }| {
        let error = |source| FsError::new("write", path, source);
        match done.insert(file.metadata().map_err(error)?.dev()) {
            true => rustix::fs::syncfs(file).map_err(|code| error(code.into())),
            false => Ok(()),
        }
    })
}

/// An empty file for a program's output, private to its owner.
pub fn output(path: &Path, owner: Option<(u32, u32)>) -> Result<File, FsError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let error = |source| FsError::new("write", path, source);
    let file = options.open(path).map_err(error)?;
    set_access(&file, 0o600, owner).map_err(error)?;
    Ok(file)
}

/// Narrows or widens the mode where the umask made another one, and sets the owner.
fn set_access(file: &File, mode: u32, owner: Option<(u32, u32)>) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata()?.permissions().mode() & 0o777 != mode {
            file.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        if let Some((uid, gid)) = owner {
            std::os::unix::fs::fchown(file, Some(uid), Some(gid))?;
        }
    }
    #[cfg(not(unix))]
    let _ = (file, mode, owner);
    Ok(())
}

/// Creates a folder that is missing.
pub fn create_dir(path: &Path, mode: u32, owner: Option<(u32, u32)>) -> Result<(), FsError> {
    let error = |source| FsError::new("create", path, source);
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            return give_away_the_forgotten(path, mode, owner);
        }
        Ok(_) => return Err(error(io::Error::from(io::ErrorKind::NotADirectory))),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(error(source)),
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
    match builder.create(path) {
        Ok(()) => {}
        Err(raced) if raced.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(source) => return Err(error(source)),
    }
    set_dir_access(path, mode, owner)
}

#[cfg(unix)]
pub fn set_dir_access(path: &Path, mode: u32, owner: Option<(u32, u32)>) -> Result<(), FsError> {
    let error = |source| FsError::new("set the owner of", path, source);
    let dir = File::open(path).map_err(error)?;
    set_access(&dir, mode, owner).map_err(error)
}

/// An empty folder that is still root's: a process died between making it and giving it to its owner.
fn give_away_the_forgotten(path: &Path, mode: u32, owner: Option<(u32, u32)>) -> Result<(), FsError> {
    #[cfg(unix)]
    if owner.is_some() && access(path)?.uid == 0 && is_empty(path)? {
        set_dir_access(path, mode, owner)?;
    }
    #[cfg(not(unix))]
    let _ = (path, mode, owner);
    Ok(())
}

/// Whether a folder has nothing in it.
pub fn is_empty(path: &Path) -> Result<bool, FsError> {
    let mut entries = fs::read_dir(path).map_err(|source| FsError::new("read", path, source))?;
    Ok(entries.next().is_none())
}

/// The folder's access list is narrowed to its owner; what is created in it inherits that.
#[cfg(not(unix))]
pub fn set_dir_access(path: &Path, mode: u32, _owner: Option<(u32, u32)>) -> Result<(), FsError> {
    if mode & 0o077 == 0 {
        let user = std::env::var("USERNAME").unwrap_or_else(|_| "%USERNAME%".to_owned());
        let _ = std::process::Command::new("icacls")
            .arg(path)
            .args(["/inheritance:r", "/grant:r"])
            .arg(format!("{user}:(OI)(CI)F"))
            .arg("/grant:r")
            .arg("SYSTEM:(OI)(CI)R")
            .output();
    }
    Ok(())
}

/// Owner and permission bits of a path, symbolic links followed.
#[cfg(unix)]
pub fn access(path: &Path) -> Result<Access, FsError> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(path).map_err(|source| FsError::new("look at", path, source))?;
    Ok(Access { mode: found.mode() & 0o777, uid: found.uid(), gid: found.gid() })
}

#[cfg(unix)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
}

/// Gives a file that is there another owner.
#[cfg(unix)]
pub fn change_owner(path: &Path, uid: u32, gid: u32) -> Result<(), FsError> {
    std::os::unix::fs::lchown(path, Some(uid), Some(gid))
        .map_err(|source| FsError::new("set the owner of", path, source))
}

/// Gives a file or folder that is there other permission bits. A link is refused: it may lead anywhere.
pub fn change_mode(path: &Path, mode: u32) -> Result<(), FsError> {
    let error = |source| FsError::new("set the mode of", path, source);
    if fs::symlink_metadata(path).map_err(error)?.is_symlink() {
        return Err(error(io::Error::other("it is a symbolic link")));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(error)?;
    }
    #[cfg(not(unix))]
    let _ = mode;
    Ok(())
}

/// Whether files can be created in a folder, or a file be written, asked of the system before anything is changed.
pub fn check_writable(dir: &Path) -> Result<(), FsError> {
    #[cfg(unix)]
    {
        use rustix::fs::Access as Ask;
        let ask = if dir.is_dir() { Ask::WRITE_OK | Ask::EXEC_OK } else { Ask::WRITE_OK };
        rustix::fs::access(dir, ask).map_err(|code| FsError::new("write into", dir, io::Error::from(code)))?;
    }
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

pub fn check_replaceable(path: &Path) -> Result<(), FsError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Err(FsError::not_a_file("replace", path)),
        _ => Ok(()),
    }
}

/// Moves a file to its place; across file systems by a copy beside the place.
pub fn place(from: &Path, to: &Path, mode: u32, owner: Option<(u32, u32)>) -> Result<(), FsError> {
    match fs::rename(from, to) {
        Ok(()) => Ok(()),
        Err(far) if far.kind() == io::ErrorKind::CrossesDevices => {
            let bytes = read(from)?.unwrap_or_default();
            let mut name = to.file_name().unwrap_or_default().to_owned();
            name.push(".mqsec-new");
            let beside = to.with_file_name(name);
            let _ = fs::remove_file(&beside);
            sync(&[create(&beside, &bytes, mode, owner)?])?;
            fs::rename(&beside, to).map_err(|source| FsError::new("replace", to, source))?;
            fs::remove_file(from).map_err(|source| FsError::new("remove", from, source))
        }
        Err(source) => Err(FsError::new("replace", to, source)),
    }
}

/// Writes a file's contents behind the first `offset` bytes of another, brings that to the disk, and removes the file. What
/// an earlier try wrote there is written anew; what somebody else wrote there stays, and ours comes behind it.
pub fn place_behind(from: &Path, to: &Path, offset: u64, mode: u32, owner: Option<(u32, u32)>) -> Result<(), FsError> {
    use std::io::Seek;
    let error = |source| FsError::new("write", to, source);
    let mut bytes = read(from)?.unwrap_or_default();
    let is_new = !exists(to);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // root must not be led elsewhere by a link in a folder that is another user's
        options.mode(mode).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    let mut file = options.open(to).map_err(error)?;
    if is_new {
        set_access(&file, mode, owner).map_err(error)?;
    }
    let length = file.metadata().map_err(error)?.len();
    let mut start = length.min(offset);
    file.seek(io::SeekFrom::Start(start)).map_err(error)?;
    let mut there = Vec::new();
    (&mut file).take(bytes.len() as u64 + 1).read_to_end(&mut there).map_err(error)?;
    if !bytes.starts_with(&there) {
        start = length;
    }
    if start != offset && start > 0 && bytes.first() != Some(&b'\n') {
        // what is in front of it now is not what was, and may have no end
        bytes.insert(0, b'\n');
    }
    file.set_len(start).map_err(error)?;
    file.seek(io::SeekFrom::Start(start)).map_err(error)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(error)?;
    remove_file(from)
}

/// Replaces a file that is none of the workspace's in one step: whoever reads it has the old contents or the new ones.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FsError> {
    check_replaceable(path)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    remove_file(&beside)?;
    let done = create(&beside, bytes, mode, None)
        .and_then(|file| sync(&[file]))
        .and_then(|()| fs::rename(&beside, path).map_err(|source| FsError::new("replace", path, source)));
    if done.is_err() {
        let _ = fs::remove_file(&beside);
    }
    done
}

/// Whether a file can be added to: a link may lead anywhere, and a pipe has no end.
pub fn check_appendable(path: &Path) -> Result<(), FsError> {
    let error = |words: &str| FsError::new("add to", path, io::Error::other(words));
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Err(FsError::not_a_file("add to", path)),
        Ok(found) if found.is_symlink() => Err(error("it is a symbolic link; put the file itself there")),
        Ok(found) if !found.is_file() => Err(error("it is no file")),
        _ => check_writable(path),
    }
}

/// Has the disk keep room behind a file's end, so that adding to it later cannot fail for want of it. Where the file system
/// knows no such thing, nothing is kept.
pub fn reserve(path: &Path, offset: u64, length: u64) -> Result<(), FsError> {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let error = |source| FsError::new("write", path, source);
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
        let file = options.open(path).map_err(error)?;
        match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::KEEP_SIZE, offset, length) {
            Err(code @ (rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT)) => Err(error(code.into())),
            _ => Ok(()),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (path, offset, length);
        Ok(())
    }
}

/// Whether a file's last line has its end.
pub fn ends_with_a_line(path: &Path) -> Result<bool, FsError> {
    use std::io::Seek;
    let error = |source| FsError::new("read", path, source);
    let mut file = File::open(path).map_err(error)?;
    if file.metadata().map_err(error)?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(io::SeekFrom::End(-1)).and_then(|_| file.read_exact(&mut last)).map_err(error)?;
    Ok(last == *b"\n")
}

pub fn remove_dir(path: &Path) -> Result<(), FsError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FsError::new("remove", path, error)),
        _ => Ok(()),
    }
}

pub fn remove_file(path: &Path) -> Result<(), FsError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FsError::new("remove", path, error)),
        _ => Ok(()),
    }
}

/// An advisory lock; it ends with the value, or with the process.
pub struct Lock {
    _file: File,
}

/// Takes the lock, or says that another process has it.
pub fn try_lock(path: &Path, owner: Option<(u32, u32)>) -> Result<Option<Lock>, FsError> {
    let error = |source| FsError::new("lock", path, source);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(error)?;
    if owner.is_some() {
        set_access(&file, 0o600, owner).map_err(error)?;
    }
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(source)) => Err(error(source)),
    }
}

/// Whether two paths lead to the same folder.
pub fn same_folder(a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}
