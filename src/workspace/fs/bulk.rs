//! Many files and long ones: what is written by the thousand, and brought to the disk together.

#![allow(clippy::disallowed_methods, reason = "the file layer")]

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::FsError;
use super::set_access;

/// A file that is only added to, by one thread, and brought to the disk by another.
pub struct Growing {
    path: PathBuf,
    file: File,
}

impl Growing {
    /// A file that was not there.
    pub fn create(path: &Path, mode: u32, owner: Option<(u32, u32)>) -> Result<Self, FsError> {
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        let error = |source| FsError::new("write", path, source);
        let file = options.write(true).create_new(true).open(path).map_err(error)?;
        set_access(&file, mode, owner).map_err(error)?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// One that is there, from `length` bytes on; what stands behind them goes. Nothing where it has fewer.
    pub fn reopen(path: &Path, length: u64) -> Result<Option<Self>, FsError> {
        use std::io::Seek;
        let error = |source| FsError::new("write", path, source);
        let mut file = match OpenOptions::new().write(true).open(path) {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(error)?,
        };
        if file.metadata().map_err(error)?.len() < length {
            return Ok(None);
        }
        file.set_len(length).and_then(|()| file.seek(io::SeekFrom::Start(length))).map_err(error)?;
        Ok(Some(Self { path: path.to_owned(), file }))
    }

    pub fn add(&self, bytes: &[u8]) -> Result<(), FsError> {
        (&self.file).write_all(bytes).map_err(|source| FsError::new("write", &self.path, source))
    }

    pub fn sync(&self) -> Result<(), FsError> {
        self.file.sync_data().map_err(|source| FsError::new("write", &self.path, source))
    }
}

/// Moves a file or folder, and brings both folders to the disk.
pub fn rename(from: &Path, to: &Path) -> Result<(), FsError> {
    fs::rename(from, to).map_err(|source| FsError::new("replace", to, source))?;
    let parents = [from.parent(), to.parent()];
    let folders = parents.into_iter().flatten().map(|parent| match parent.as_os_str().is_empty() {
        true => super::entries(Path::new(".")),
        false => super::entries(parent),
    });
    super::sync(&folders.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect::<Vec<_>>())
}

/// Makes a folder; false where there is one already with something in it.
pub fn make_own_dir(path: &Path, mode: u32, owner: Option<(u32, u32)>) -> Result<bool, FsError> {
    let error = |source| FsError::new("create", path, source);
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
    match builder.create(path) {
        Err(there) if there.kind() == io::ErrorKind::AlreadyExists => {
            return Ok(path.is_dir() && super::is_empty(path)?);
        }
        made => made.map_err(error)?,
    }
    #[cfg(unix)]
    if owner.is_some() {
        super::set_dir_access(path, mode, owner)?;
    }
    #[cfg(not(unix))]
    super::set_dir_access(path, mode, owner)?;
    Ok(true)
}

/// A second name of a file; a copy where the file system knows no such thing.
pub fn link(first: &Path, second: &Path) -> Result<(), FsError> {
    let error = |source| FsError::new("write", second, source);
    match fs::hard_link(first, second) {
        Err(there) if there.kind() == io::ErrorKind::AlreadyExists => Err(error(there)),
        Err(_) => fs::copy(first, second).map(drop).map_err(error),
        Ok(()) => Ok(()),
    }
}

/// Removes a folder's files of these names, and the folder if nothing is left in it.
pub fn remove_own_dir(path: &Path, ours: impl Fn(&str) -> bool) -> Result<(), FsError> {
    for file in super::files(path) {
        if file.file_name().and_then(|name| name.to_str()).is_some_and(&ours) {
            super::remove_file(&file)?;
        }
    }
    for folder in super::folders(path)? {
        if ours(&folder) {
            super::remove_dir(&path.join(folder))?;
        }
    }
    // what is somebody else's stays, and its folder with it
    let _ = fs::remove_dir(path);
    Ok(())
}

/// Brings everything to the disk that was written to the file system of this folder.
pub fn sync_all_below(path: &Path) -> Result<(), FsError> {
    let error = |source| FsError::new("write", path, source);
    #[cfg(target_os = "linux")]
    {
        let dir = File::open(path).map_err(error)?;
        rustix::fs::syncfs(&dir).map_err(|code| error(code.into()))?;
    }
    #[cfg(all(unix, not(target_os = "linux")))]
    rustix::fs::sync();
    let _ = error;
    Ok(())
}
