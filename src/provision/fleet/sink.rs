//! Where the devices' files go: a folder for each, or one archive.

use std::path::Path;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::Serialize;
use zeroize::Zeroizing;

use super::state::State;
use crate::error::Failure;
use crate::error::Plain;
use crate::fleet::archive;
use crate::fleet::archive::Entry;
use crate::fleet::archive::Zip;
use crate::workspace::FsError;
use crate::workspace::Workspace;
use crate::workspace::fs;
use crate::workspace::fs::bulk;
use crate::workspace::fs::bulk::Growing;
use crate::workspace::layout;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `certs/client/NAME/`.
    Workspace,
    /// `DIR/NAME/`.
    Folder,
    Tar,
    Zip,
    /// A line of JSON for each device: what of it is public.
    Jsonl,
    /// A tar on standard output.
    Stdout,
}

impl Kind {
    /// What a path asks for.
    pub fn of(out: Option<&Path>) -> Self {
        let Some(out) = out else { return Self::Workspace };
        match out.extension().and_then(|end| end.to_str()) {
            _ if out == Path::new("-") => Self::Stdout,
            Some("tar") => Self::Tar,
            Some("zip") => Self::Zip,
            Some("jsonl" | "ndjson") => Self::Jsonl,
            _ => Self::Folder,
        }
    }

    pub fn is_folder(self) -> bool {
        matches!(self, Self::Workspace | Self::Folder)
    }
}

/// A file of a device, below its folder.
pub struct Piece {
    pub name: String,
    pub bytes: Zeroizing<Vec<u8>>,
    pub secret: bool,
}

/// The files of a device.
pub struct Pieces {
    pub device: String,
    pub files: Vec<Piece>,
    /// A second name of the last file.
    pub link: Option<String>,
}

/// Some devices, in the sink's form.
#[derive(Default)]
pub struct Blob {
    pub bytes: Zeroizing<Vec<u8>>,
    zip: Zip,
}

/// What workers need to know of it.
pub struct Form {
    pub kind: Kind,
    /// The folder of folders.
    pub dir: PathBuf,
    pub owner: Option<(u32, u32)>,
    /// Seconds since 1970, for archives.
    pub time: u64,
}

impl Form {
    /// Adds a device; false where its folder is there with something in it.
    pub fn add(&self, blob: &mut Blob, pieces: &Pieces) -> Result<bool, FsError> {
        let mode = |secret: bool| if secret { 0o600 } else { 0o644 };
        let wrong = |source| FsError::new("write", Path::new(&pieces.device), source);
        match self.kind {
            Kind::Workspace | Kind::Folder => return self.write(pieces),
            Kind::Tar | Kind::Stdout => {
                let mut path = String::new();
                for piece in &pieces.files {
                    path.clear();
                    path.extend([&pieces.device, "/", &piece.name]);
                    let entry = Entry { path: &path, bytes: &piece.bytes, mode: mode(piece.secret) };
                    archive::tar_file(&mut blob.bytes, &entry, self.time).map_err(wrong)?;
                }
                if let (Some(link), Some(last)) = (&pieces.link, pieces.files.last()) {
                    let entry = Entry { path: &path, bytes: &last.bytes, mode: mode(last.secret) };
                    let link = format!("{}/{link}", pieces.device);
                    archive::tar_link(&mut blob.bytes, &link, &entry, self.time).map_err(wrong)?;
                }
            }
            Kind::Zip => {
                let last = pieces.files.last().map(|last| (pieces.link.as_ref(), last));
                let link = last.and_then(|(link, last)| Some((link?, last)));
                let all = pieces.files.iter().map(|piece| (&piece.name, piece)).chain(link);
                for (name, piece) in all {
                    let path = format!("{}/{name}", pieces.device);
                    blob.zip.file(&Entry { path: &path, bytes: &piece.bytes, mode: mode(piece.secret) });
                }
            }
            Kind::Jsonl => {
                for piece in &pieces.files {
                    blob.bytes.extend_from_slice(&piece.bytes);
                    blob.bytes.push(b'\n');
                }
            }
        }
        Ok(true)
    }

    fn write(&self, pieces: &Pieces) -> Result<bool, FsError> {
        let folder = self.dir.join(&pieces.device);
        if !bulk::make_own_dir(&folder, 0o700, self.owner)? {
            return Ok(false);
        }
        let mut last = PathBuf::new();
        for piece in &pieces.files {
            last = folder.join(&piece.name);
            if piece.name.contains('/')
                && let Some(parent) = last.parent()
            {
                fs::create_dir(parent, 0o700, self.owner)?;
            }
            fs::create(&last, &piece.bytes, if piece.secret { 0o600 } else { 0o644 }, self.owner)?;
        }
        if let Some(link) = &pieces.link {
            bulk::link(&last, &folder.join(link))?;
        }
        Ok(true)
    }
}

/// The archive that is being written.
pub struct Sink {
    kind: Kind,
    dir: PathBuf,
    file: Option<Growing>,
}

impl Sink {
    /// A new one, or the one of a run that was cut short.
    pub fn open(workspace: &Workspace, state: &State, resumed: bool) -> Result<Self, Failure> {
        let kind = state.kind;
        let dir = folder(workspace, state);
        let owner = workspace.owner(layout::Whose::Operator);
        let mut file = None;
        match kind {
            Kind::Workspace => workspace.make_dir(layout::CLIENT_DIR)?,
            Kind::Folder => fs::create_dir(&dir, 0o700, owner)?,
            Kind::Stdout => {}
            Kind::Tar | Kind::Zip | Kind::Jsonl => {
                let part = state.part();
                file = match resumed {
                    true => Growing::reopen(&part, state.length)?,
                    false => Some(new(&part, owner)?),
                };
                if file.is_none() {
                    return Err(gone(&part, state));
                }
            }
        }
        Ok(Self { kind, dir, file })
    }

    pub fn add(&self, blob: &Blob, state: &mut State, table: &mut Vec<u8>) -> Result<(), FsError> {
        let bytes = match self.kind {
            Kind::Zip => {
                let (lines, count) = blob.zip.table(state.length);
                table.extend_from_slice(&lines);
                state.entries += count;
                &blob.zip.bytes
            }
            _ => &*blob.bytes,
        };
        match &self.file {
            Some(file) => file.add(bytes)?,
            None if self.kind == Kind::Stdout => fs::to_stdout(bytes)?,
            None => {}
        }
        state.length += bytes.len() as u64;
        Ok(())
    }

    /// Brings to the disk what was added.
    pub fn sync(&self) -> Result<(), FsError> {
        match (&self.file, self.kind.is_folder()) {
            (Some(file), _) => file.sync(),
            (None, true) => bulk::sync_all_below(&self.dir),
            (None, false) => Ok(()),
        }
    }

    /// Writes what an archive ends with; `table` are the last lines of a zip's table of contents.
    pub fn end(&self, workspace: &Workspace, state: &State, table: &[u8]) -> Result<(), Failure> {
        match (self.kind, &self.file) {
            (Kind::Tar, Some(file)) => file.add(&archive::TAR_END)?,
            (Kind::Stdout, _) => fs::to_stdout(&archive::TAR_END)?,
            (Kind::Zip, Some(file)) => {
                let mut length = 0;
                let mut failed = Ok(());
                super::each_line(workspace, layout::fleet::TABLE, |line| {
                    let piece = STANDARD.decode(line).unwrap_or_default();
                    length += piece.len() as u64;
                    if failed.is_ok() {
                        failed = file.add(&piece);
                    }
                })?;
                failed?;
                length += table.len() as u64;
                file.add(table)?;
                file.add(&archive::zip_end(state.length, length, state.entries))?;
            }
            _ => {}
        }
        Ok(self.sync()?)
    }
}

/// A part of a zip's table of contents as a line: what is added to a file is lines, and their ends are mended.
pub fn table_line(table: &[u8]) -> String {
    match table {
        [] => String::new(),
        table => STANDARD.encode(table) + "\n",
    }
}

/// The folder of the devices' folders.
pub fn folder(workspace: &Workspace, state: &State) -> PathBuf {
    match state.kind {
        Kind::Workspace => workspace.path(layout::CLIENT_DIR),
        _ => state.out.clone(),
    }
}

/// Gives the archive its name, once it has its end.
pub fn place(state: &State) -> Result<(), Failure> {
    let part = state.part();
    if matches!(state.kind, Kind::Tar | Kind::Zip | Kind::Jsonl) && fs::exists(&part) {
        bulk::rename(&part, &state.out)?;
    }
    Ok(())
}

/// A file that was not there, or that a run left which was killed before it wrote anything.
fn new(part: &Path, owner: Option<(u32, u32)>) -> Result<Growing, Failure> {
    // nobody's keys; and it is made anew, because somebody else may have made it, with a mode of his own
    if fs::length(part) == Some(0) {
        fs::remove_file(part)?;
    }
    Growing::create(part, 0o600, owner).map_err(|error| in_the_way(error, part))
}

fn in_the_way(error: FsError, part: &Path) -> Failure {
    if error.source.kind() != std::io::ErrorKind::AlreadyExists {
        return error.into();
    }
    Plain::new("fleet-output-exists", format!("`{}` is there already", part.display()))
        .detail("an interrupted run of another folder may have written it; it may hold the only copy of keys")
        .hint("give another name with --out, or move it away")
        .into()
}

fn gone(part: &Path, state: &State) -> Failure {
    Plain::new("fleet-output-missing", format!("`{}` is gone, or is shorter than it was", part.display()))
        .detail(format!("an interrupted run wrote the files of {} devices into it", state.issued))
        .hint("put it back, and run the same command again")
        .hint("give it up, with its keys: mqsec fleet issue --finish; then revoke its devices, and issue them anew with --reissue")
        .into()
}
