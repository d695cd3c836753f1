//! How far a list has come: what a killed run leaves, and how the next one goes on from it.

use std::collections::HashSet;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use super::sink::Kind;
use crate::error::Failure;
use crate::error::Plain;
use crate::fleet::roster::Device;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::fs;
use crate::workspace::layout;

/// Written with each batch, in the change that notes its devices.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    pub kind: Kind,
    /// The archive or folder, as an absolute path; empty for standard output.
    pub out: PathBuf,
    /// The archive's bytes that hold devices which are noted.
    pub length: u64,
    /// The entries of a zip.
    pub entries: u64,
    /// From where on [`layout::fleet::STARTED`] names devices that may not be noted.
    pub started: u64,
    /// The devices of all runs together.
    pub issued: u64,
    /// One of its runs was told to issue anew what is there, so its logins take the place of those that their users had.
    #[serde(default)]
    pub replace: bool,
    /// The archive has its end.
    pub ended: bool,
}

impl State {
    pub fn new(kind: Kind, out: PathBuf) -> Self {
        Self { kind, out, length: 0, entries: 0, started: 0, issued: 0, replace: false, ended: false }
    }

    /// What an earlier run left; nothing where none was cut short.
    pub fn load(workspace: &Workspace) -> Result<Option<Self>, Failure> {
        let Some(bytes) = workspace.read(layout::fleet::STATE)? else { return Ok(None) };
        if bytes.is_empty() {
            // killed while it wrote its first note, before anything was issued; all later ones are put in place whole
            return Ok(None);
        }
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            let path = workspace.show(layout::fleet::STATE);
            Plain::new("fleet-state-unreadable", format!("`{path}` cannot be read: {error}"))
                .detail("it says how far an interrupted fleet issue has come")
                .hint("put it back from a copy; or give it up, and issue what is missing anew: rm -r .mqsec/fleet")
                .into()
        })
    }

    pub fn put(&self, change: &mut Transaction<'_>) {
        change.put(layout::fleet::STATE, self.text());
    }

    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Where the archive is while it has no end yet.
    pub fn part(&self) -> PathBuf {
        let mut name = self.out.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        self.out.with_file_name(name)
    }
}

/// One run at a time: two would issue the same rows.
pub fn lock(workspace: &Workspace) -> Result<fs::Lock, Failure> {
    workspace.make_dir(layout::FLEET)?;
    let owner = workspace.owner(layout::Whose::Operator);
    let lock = fs::try_lock(&workspace.path(layout::fleet::LOCK), owner)?.ok_or_else(|| {
        Plain::new("workspace-busy", "another fleet issue works on a list in this folder")
            .hint("wait for it, or look for it: pgrep -a mqsec")
    })?;
    // a run that was killed between the start of this one and here may have left a batch to be finished
    workspace.recover()?;
    Ok(lock)
}

/// Removes the folders of devices that a killed run had begun, and that were never noted.
pub fn clear_leftovers(workspace: &Workspace, state: &State, dir: &Path) -> Result<usize, Failure> {
    let path = workspace.path(layout::fleet::STARTED);
    let (text, _) = match fs::read_from(&path, state.started) {
        Ok(found) => found,
        Err(missing) if missing.source.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    let mut begun: HashSet<&str> = text.lines().filter(|name| !name.is_empty()).collect();
    if !begun.is_empty() {
        super::each_line(workspace, layout::ROSTER, |line| {
            if let Some(device) = Device::parse(line) {
                begun.remove(device.name);
            }
        })?;
    }
    for name in &begun {
        let folder = dir.join(name);
        if fs::is_dir(&folder) {
            fs::bulk::remove_own_dir(&folder, |file| {
                file.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
                    || crate::export::Target::from_name(file).is_some()
            })?;
        }
    }
    Ok(begun.len())
}
