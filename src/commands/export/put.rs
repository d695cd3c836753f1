//! Writes a bundle: all of it or nothing, each file with its mode from the first byte, and nothing silently replaced.

use std::path::Path;

use crate::error::Failure;
use crate::error::Plain;
use crate::export::File;
use crate::workspace::Workspace;
use crate::workspace::fs;

/// What became of a file of the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Written,
    Replaced,
    /// It was there, byte by byte.
    Same,
}

impl Done {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Replaced => "replaced",
            Self::Same => "same",
        }
    }
}

pub(super) fn put(
    workspace: &Workspace,
    parent: Option<&Path>,
    folder: &Path,
    files: &[File],
    force: bool,
) -> Result<Vec<Done>, Failure> {
    let done = files.iter().map(|file| compare(folder, file)).collect::<Result<Vec<Done>, Failure>>()?;
    if !force {
        let differs: Vec<String> = files
            .iter()
            .zip(&done)
            .filter(|(_, done)| **done == Done::Replaced)
            .map(|(file, _)| file.name.clone())
            .collect();
        refuse(folder, &differs)?;
    }
    let operator = workspace.operator();
    let owner = (workspace.is_root() && operator.uid != 0).then_some((operator.uid, operator.gid));
    for folder in parent.into_iter().chain([folder]) {
        fs::create_dir(folder, 0o700, owner)?;
    }
    let todo: Vec<&File> =
        files.iter().zip(&done).filter(|(_, done)| **done != Done::Same).map(|(file, _)| file).collect();
    let staged = |file: &File| folder.join(format!(".{}.mqsec-new", file.name));
    let written = stage(&todo, &staged, owner);
    if written.is_err() {
        for file in &todo {
            // what is left would hold a key; why it could not be written is what is told
            let _ = fs::remove_file(&staged(file));
        }
    }
    written?;
    for file in &todo {
        fs::place(&staged(file), &folder.join(&file.name), mode(file), owner)?;
    }
    if let Some(entries) = fs::entries(folder)? {
        fs::sync(&[entries])?;
    }
    Ok(done)
}

fn stage(
    todo: &[&File],
    staged: &dyn Fn(&File) -> std::path::PathBuf,
    owner: Option<(u32, u32)>,
) -> Result<(), Failure> {
    let mut unsynced = Vec::new();
    for file in todo {
        let path = staged(file);
        fs::remove_file(&path)?;
        unsynced.push(fs::create(&path, &file.bytes, mode(file), owner)?);
    }
    Ok(fs::sync(&unsynced)?)
}

fn mode(file: &File) -> u32 {
    if file.secret { 0o600 } else { 0o644 }
}

fn compare(folder: &Path, file: &File) -> Result<Done, Failure> {
    let path = folder.join(&file.name);
    let Some(found) = fs::read(&path)?.map(zeroize::Zeroizing::new) else { return Ok(Done::Written) };
    if found != file.bytes {
        return Ok(Done::Replaced);
    }
    // a secret that others can read is written anew
    #[cfg(unix)]
    if file.secret && fs::access(&path)?.mode & 0o077 != 0 {
        return Ok(Done::Written);
    }
    Ok(Done::Same)
}

fn refuse(folder: &Path, differs: &[String]) -> Result<(), Plain> {
    if differs.is_empty() {
        return Ok(());
    }
    let shown = folder.display();
    Err(Plain::no("export-exists", format!("`{shown}` has other files of these names; nothing was changed"))
        .detail(format!("they differ: {}", differs.join(", ")))
        .hint("replace them: the same command with --force")
        .hint("or write beside them, with --out DIR"))
}
