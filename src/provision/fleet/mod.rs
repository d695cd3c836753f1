//! A fleet's list becomes keys, certificates, passwords and permissions: checked whole, issued by all cores, written in an order
//! that a killed run can go on from.

pub mod devices;
mod merge;
pub mod office;
pub mod plan;
pub mod renew;
pub mod revoke;
pub mod run;
pub mod sink;
pub mod source;
pub mod state;
pub mod worker;

use std::io::BufRead;

use crate::error::Failure;
use crate::workspace::FsError;
use crate::workspace::Workspace;
use crate::workspace::fs;

/// Shows each line of a file of any length; none where it is missing. What is not UTF-8 is passed over.
pub(super) fn each_line(workspace: &Workspace, path: &str, mut see: impl FnMut(&str)) -> Result<(), Failure> {
    let path = workspace.path(path);
    let file = match fs::open(&path) {
        Ok((file, _)) => file,
        Err(missing) if missing.source.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut reader = std::io::BufReader::with_capacity(1 << 16, file);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(|source| FsError::new("read", &path, source))? == 0 {
            return Ok(());
        }
        if let Ok(text) = std::str::from_utf8(line.strip_suffix(b"\n").unwrap_or(&line)) {
            see(text);
        }
    }
}
