//! What a path is: kind, mode, owner, contents. Nothing here fails; what cannot be read is an answer.

#![allow(clippy::disallowed_methods, reason = "a part of the file layer")]

use std::fs;
use std::io;
use std::io::Read;
use std::path::Path;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    /// With where it points, as it is written in it.
    Link(String),
    /// A socket, a pipe, a device.
    Other,
}

/// Mode, owner and contents are those of what a link points to; where it points to nothing, its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    pub kind: Kind,
    /// Permission bits, 0 to 0o7777.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub size: u64,
    /// None where they were not asked for, or could not be read.
    pub bytes: Option<Vec<u8>>,
    /// Why there are none, where they were asked for, or that there are too many of them.
    pub unread: Option<String>,
}

/// Looks at a path; reads the contents up to `limit` bytes, where it is a file and a limit is given.
pub fn look(path: &Path, limit: Option<u64>) -> Option<Look> {
    let own = fs::symlink_metadata(path).ok()?;
    if own.file_type().is_symlink() {
        let target = fs::read_link(path).map(|target| target.display().to_string()).unwrap_or_default();
        let found = fs::metadata(path);
        let mut look = of(found.as_ref().unwrap_or(&own));
        match (&found, limit) {
            (Err(error), _) => look.unread = Some(format!("it points to nothing: {error}")),
            (Ok(found), Some(limit)) if found.is_file() => read(path, limit, &mut look),
            _ => {}
        }
        look.kind = Kind::Link(target);
        return Some(look);
    }
    let mut look = of(&own);
    match (&look.kind, limit) {
        (Kind::File, Some(limit)) => read(path, limit, &mut look),
        (Kind::Other, Some(_)) => look.unread = Some("it is a pipe, a socket or a device".to_owned()),
        // what is in it is not known, which is not that nothing is
        (Kind::Folder, Some(_)) => look.unread = fs::read_dir(path).err().map(|error| error.to_string()),
        _ => {}
    }
    Some(look)
}

/// Neither a file, nor a folder, nor a link.
pub(super) fn is_endless(found: &fs::Metadata) -> bool {
    let kind = found.file_type();
    !kind.is_file() && !kind.is_dir() && !kind.is_symlink()
}

fn of(found: &fs::Metadata) -> Look {
    let kind = match found.file_type() {
        kind if kind.is_file() => Kind::File,
        kind if kind.is_dir() => Kind::Folder,
        _ => Kind::Other,
    };
    let size = found.len();
    #[cfg(unix)]
    let (mode, uid, gid) = {
        use std::os::unix::fs::MetadataExt;
        (found.mode() & 0o7777, found.uid(), found.gid())
    };
    // access lists are no permission bits: what has none is taken for private
    #[cfg(not(unix))]
    let (mode, uid, gid) = (if found.is_dir() { 0o700 } else { 0o600 }, 1000, 1000);
    Look { kind, mode, uid, gid, size, bytes: None, unread: None }
}

fn read(path: &Path, limit: u64, look: &mut Look) {
    if look.size > limit {
        look.unread = Some(format!("it has {} bytes, more than are looked at ({limit})", look.size));
        return;
    }
    let contents = |path: &Path| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(look.size as usize + 1);
        fs::File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match contents(path) {
        Ok(bytes) if bytes.len() as u64 > limit => look.unread = Some(format!("it has more than {limit} bytes")),
        Ok(bytes) => look.bytes = Some(bytes),
        Err(error) => look.unread = Some(error.to_string()),
    }
}

/// Names inside a folder, in their order; none when it cannot be listed. Names that are no UTF-8 are left out.
pub fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names
}

/// The folder without links and dots in its path.
pub fn real(path: &Path) -> Option<String> {
    Some(fs::canonicalize(path).ok()?.display().to_string())
}
