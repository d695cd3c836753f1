//! `mqsec ca encrypt` and `mqsec ca decrypt`: the passphrase of the authority's keys.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use crate::commands::files;
use crate::commands::files_json;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::encrypted;
use crate::pki::encrypted::Kept;
use crate::provision::authority;
use crate::ui::Report;
use crate::workspace::Change;
use crate::workspace::Transaction;
use crate::workspace::fs;
use crate::workspace::layout;
use crate::workspace::layout::Generation;

pub(super) fn run(context: &Context<'_>, encrypt: bool) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let mut keys: Vec<PathBuf> = Vec::new();
    for generation in [Generation::Current, Generation::Next, Generation::Old] {
        let files = layout::authority(generation);
        keys.extend([files.key, files.signing_key]);
    }
    keys.retain(|path| workspace.has(path));
    if keys.is_empty() {
        if let Some(missing) = workspace.ca_dir_missing() {
            return Err(missing);
        }
        return Err(super::missing(context));
    }
    let is_open = |path: &PathBuf| -> Result<bool, Failure> {
        Ok(workspace.read(path)?.is_none_or(|key| encrypted::kept(&key) == Kept::Open))
    };
    let mut due = Vec::new();
    for path in &keys {
        if is_open(path)? == encrypt {
            due.push(path);
        }
    }
    // asked for before the folder is locked
    if let Some(first) = due.first() {
        workspace.passphrase(&workspace.show(first), encrypt)?;
    }
    let mut change = Transaction::begin(workspace)?;
    for path in due {
        let shown = workspace.show(path);
        let Some(old) = change.read(path)? else { continue };
        let new = match encrypt {
            true => encrypted::encrypt(&old, &shown, &workspace.passphrase(&shown, true)?)?,
            false => authority::open(workspace, &old, &shown)?,
        };
        change.put(path, new.to_vec());
    }
    let changes = change.commit()?;
    if changes.is_empty() {
        let state = if encrypt { "encrypted already" } else { "not encrypted" };
        return Err(Plain::no("ca-key-unchanged", format!("the authority's keys are {state}"))
            .hint("see how they are kept: mqsec ca show")
            .into());
    }
    let copies = open_copies(context);
    Ok(context.ui.report(&Locked { context, encrypt, changes, copies: if encrypt { copies } else { Vec::new() } }))
}

/// Keys of authorities among the backups that have no passphrase.
fn open_copies(context: &Context<'_>) -> Vec<String> {
    let workspace = &context.workspace;
    let backups = fs::folders(&workspace.path(layout::BACKUP)).unwrap_or_default();
    let inner = ["ca.key", "signing/ca.key", "next/ca.key", "next/signing/ca.key", "old/ca.key", "old/signing/ca.key"];
    let paths = backups.iter().flat_map(|stamp| inner.map(|name| format!("{}/{stamp}/{name}", layout::BACKUP)));
    let open = |path: &String| {
        workspace.read(path).is_ok_and(|key| key.is_some_and(|key| encrypted::kept(&key) == Kept::Open))
    };
    paths.filter(open).map(|path| workspace.show(path)).collect()
}

struct Locked<'a> {
    context: &'a Context<'a>,
    encrypt: bool,
    changes: Vec<Change>,
    copies: Vec<String>,
}

impl Report for Locked<'_> {
    fn text(&self, _fancy: bool) -> String {
        let mut text = match self.encrypt {
            true => "the authority's keys are encrypted; without the passphrase they are lost\n".to_owned(),
            false => "the authority's keys are no longer encrypted\n".to_owned(),
        };
        text.push_str(&files(self.context, &self.changes));
        for copy in &self.copies {
            text.push_str(&format!("  an older copy has no passphrase: shred -u {copy}\n"));
        }
        text.push_str(&format!("next: {} ca show\n", self.context.workspace.command()));
        text
    }

    fn json(&self) -> Value {
        json!({
            "schema": if self.encrypt { "mqsec/ca-encrypt/1" } else { "mqsec/ca-decrypt/1" },
            "encrypted": self.encrypt,
            "files": files_json(self.context, &self.changes),
            "open_copies": self.copies,
        })
    }
}
