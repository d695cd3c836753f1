//! Where the passphrase of the authority's key comes from: a file, the environment, the terminal. Never the command line.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::error::Failure;
use crate::error::Plain;
use crate::secret::Secret;
use crate::ui::Ui;
use crate::workspace::Passphrase;
use crate::workspace::fs;

const VARIABLE: &str = "MQSEC_CA_PASSPHRASE";
/// More than anybody types, less than a file that was meant otherwise.
const LONGEST: u64 = 4096;

pub(super) fn source(file: Option<PathBuf>, json: bool) -> Passphrase {
    // both keys of two tiers have one passphrase, which is asked for once
    let known: Mutex<Option<Secret>> = Mutex::new(None);
    Arc::new(move |key, new| {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(secret) = known.as_ref() {
            return Ok(secret.clone());
        }
        let found = find(file.as_ref(), json, key, new)?;
        if found.expose().is_empty() {
            let hint = if new {
                "give one that nobody guesses; a key without one needs no --encrypt: mqsec ca init"
            } else {
                "give the one that the key was encrypted with: mqsec --ca-passphrase-file FILE up"
            };
            return Err(Plain::new("ca-passphrase-empty", "the passphrase is empty").hint(hint).into());
        }
        Ok(known.insert(found).clone())
    })
}

fn find(file: Option<&PathBuf>, json: bool, key: &str, new: bool) -> Result<Secret, Failure> {
    if let Some(path) = file {
        return from_file(path);
    }
    if let Ok(text) = std::env::var(VARIABLE) {
        return Ok(Secret::new(text));
    }
    let what = if new { "New passphrase for" } else { "Passphrase of" };
    let asked = Ui::secret_from_terminal(json, &format!("{what} {key}: "), new)?;
    asked.ok_or_else(|| {
        // `up` would make an authority without a passphrase where there is none yet
        let (needs, command) = if new { ("is to be encrypted", "ca init --encrypt") } else { ("is encrypted", "up") };
        Plain::new(
            "ca-passphrase-needed",
            format!("`{key}` {needs}, and there is no terminal to ask for the passphrase"),
        )
        .hint(format!("put it into a file or the variable {VARIABLE}: mqsec --ca-passphrase-file FILE {command}"))
        .into()
    })
}

/// The first line of a file.
fn from_file(path: &Path) -> Result<Secret, Failure> {
    let unread = |why: &str| {
        Plain::new("ca-passphrase-unread", format!("no passphrase can be read from `{}`: {why}", path.display()))
            .hint(format!("look at it: ls -l {}", path.display()))
    };
    let bytes = match fs::read_at_most(path, LONGEST) {
        Ok(Some(bytes)) => zeroize::Zeroizing::new(bytes),
        Ok(None) => return Err(unread("it is not there").into()),
        Err(error) => return Err(unread(&error.source.to_string()).into()),
    };
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok(text) => Ok(Secret::new(text)),
        Err(_) => Err(unread("it is not UTF-8 text").into()),
    }
}
