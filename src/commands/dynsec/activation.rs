//! The configuration with the plugin in it, and what goes out of it; asked for where the file is not mqsec's own.

use std::path::Path;
use std::path::PathBuf;

use super::Making;
use super::plugin_path;
use crate::broker;
use crate::conf::profile::Wishes;
use crate::context::Context;
use crate::dynsec;
use crate::error::Failure;
use crate::error::Plain;
use crate::provision;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// The comments above `password_file` and `acl_file` in the configurations that mqsec writes.
const COMMENTS: &[&str] = &[
    "# Who may connect: users of the password file, nobody else.\n",
    "\n# What they may read and write; what no line there allows is refused.\n",
];

/// What is going to change.
pub(super) struct Activation {
    /// The plugin's file, in the workspace.
    file: PathBuf,
    text: Option<String>,
    /// The lines that go out.
    pub(super) removed: Vec<String>,
}

impl Activation {
    /// Works it out, and asks; nothing is written yet.
    pub(super) fn plan(context: &Context<'_>, making: &Making) -> Result<Self, Failure> {
        let workspace = &context.workspace;
        let text = provision::dynsec::configuration(workspace)?;
        let path = workspace.show(layout::CONF);
        let there = provision::dynsec::active(workspace)?;
        let file = there.clone().unwrap_or_else(|| PathBuf::from(layout::DYNSEC));
        if workspace.has(&file) && !making.force {
            return Err(exists(context, &file));
        }
        if there.is_some() && broker::running(workspace).is_some() {
            return Err(running());
        }
        if dynsec::is_per_listener(&text) {
            return Err(Plain::new("dynsec-per-listener", format!("`{path}` has `per_listener_settings true`"))
                .detail("a plugin then belongs to one listener, and the others let people in as before")
                .hint("give all listeners the same rules, take the line out, and try again")
                .into());
        }
        if dynsec::uses(&text).iter().any(|found| found.file.is_none()) {
            return Err(Plain::new(
                "dynsec-without-file",
                format!("`{path}` loads the plugin and names no file for it"),
            )
            .hint(format!("write below the plugin's line: {} {}", dynsec::CONFIG_FILE, layout::DYNSEC))
            .into());
        }
        let removed: Vec<String> =
            dynsec::beside(&text).into_iter().map(|(line, key, value)| format!("line {line}: {key} {value}")).collect();
        let plugin =
            if there.is_some() { String::new() } else { plugin_path::find(context, making.plugin_path.as_deref())? };
        let new = dynsec::with_plugin(&text, &plugin, layout::DYNSEC);
        // what mqsec's own comments say is true no more
        let new = COMMENTS.iter().fold(new, |text, comment| text.replace(comment, ""));
        if new == text {
            return Ok(Self { file, text: None, removed });
        }
        let question =
            format!("`{path}` was changed by hand. Load the plugin there, and take out password_file and acl_file?");
        if !is_own(&text) && !context.yes && !context.ui.confirm(&question) {
            let mut error =
                Plain::new("conf-changed-by-hand", format!("`{path}` was changed by hand and is not changed unasked"));
            for line in &removed {
                error = error.detail(format!("would go out: {line}"));
            }
            return Err(error.detail(format!("would come in: plugin {plugin}")).hint("agree to it: add --yes").into());
        }
        Ok(Self { file, text: Some(new), removed })
    }

    /// Puts configuration and file into the change, and the file that was there into a backup.
    pub(super) fn put(
        self,
        context: &Context<'_>,
        change: &mut Transaction<'_>,
        file: &dynsec::File,
    ) -> Result<Option<PathBuf>, Failure> {
        let backup = change.back_up(&self.file, &provision::stamp(context.now))?;
        change.put(&self.file, file.print());
        if let Some(text) = self.text {
            change.put(layout::CONF, text);
        }
        Ok(backup)
    }
}

fn exists(context: &Context<'_>, file: &Path) -> Failure {
    let shown = context.workspace.show(file);
    Plain::new("dynsec-file-exists", format!("`{shown}` is there already, with its clients and their passwords"))
        .hint("see what it holds: mqsec dynsec list --offline")
        .hint("replace it, and keep a copy: mqsec dynsec init --force; or mqsec dynsec import --force")
        .into()
}

/// A broker that runs writes its own state over the file at its next change.
pub(super) fn running() -> Failure {
    Plain::new(
        "dynsec-broker-running",
        "the broker runs with the plugin, and would write over what is changed in its file",
    )
    .hint("stop it first: mqsec down; afterwards: mqsec up")
    .into()
}

/// Whether the configuration is one that mqsec wrote and nobody changed.
fn is_own(text: &str) -> bool {
    Wishes::recognise(text).is_some()
}
