//! `mqsec conf init`: a configuration from a profile.

use serde_json::Value;
use serde_json::json;

use crate::commands::files_json;
use crate::conf::profile;
use crate::conf::profile::Profile;
use crate::conf::profile::Wishes;
use crate::context::Context;
use crate::error::Failure;
use crate::provision::configuration;
use crate::provision::configuration::Written;
use crate::provision::permissions;
use crate::provision::users;
use crate::ui::Report;
use crate::workspace::Change;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// Write config/mosquitto.conf from a profile
///
/// What is written runs unchanged on Mosquitto 2.0 and 2.1, unless --target says otherwise. A file that is there is
/// replaced only if mqsec wrote it and nobody changed it since, or with --force, which keeps a copy.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    wishes: Wishes,
    /// Print it, and write nothing
    #[arg(long)]
    print: bool,
    /// Replace a file that mqsec did not write; a copy is kept below certs/backup/
    #[arg(long, conflicts_with = "print")]
    force: bool,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let mut wishes = args.wishes.clone();
    wishes.check()?;
    for warning in wishes.warnings() {
        context.ui.warn(warning);
    }
    // an ACL gives nothing to a client without a name
    wishes.acl = wishes.profile != Profile::Dev;
    if args.print {
        let text = profile::render(&wishes);
        return Ok(context.ui.report(&Printed { wishes, text }));
    }
    let mut change = Transaction::begin(workspace)?;
    let written = configuration::init(&mut change, &wishes, args.force, context.now)?;
    let users = users::env_file(workspace)?.map(|env| env.users).unwrap_or_default();
    // without users nobody could be the first one, who administers: `up` and `passwd` make the file then
    let has_users = !users.is_empty() || change.has(layout::PASSWD);
    if wishes.acl && has_users {
        permissions::ensure(&mut change, &users, &[])?;
    }
    let changes = change.commit()?;
    for dir in [layout::LOG_DIR, layout::DATA_DIR] {
        workspace.make_dir(dir)?;
    }
    workspace.give_to_broker()?;
    Ok(context.ui.report(&Done { context, wishes, written, changes }))
}

struct Printed {
    wishes: Wishes,
    text: String,
}

impl Report for Printed {
    fn text(&self, _fancy: bool) -> String {
        self.text.clone()
    }

    fn json(&self) -> Value {
        let mut object = about(&self.wishes);
        object["text"] = self.text.clone().into();
        object
    }
}

struct Done<'a> {
    context: &'a Context<'a>,
    wishes: Wishes,
    written: Written,
    changes: Vec<Change>,
}

impl Done<'_> {
    /// What the configuration names and is not there yet.
    fn missing(&self) -> Vec<String> {
        let tls = self.wishes.listeners().iter().any(|listener| listener.kind.is_tls());
        let mut files = Vec::new();
        if tls {
            files.extend([self.wishes.cert(), self.wishes.key()]);
        }
        if tls && self.wishes.profile.asks_certificate() {
            files.extend([layout::broker::TRUST, layout::broker::CRL]);
        }
        if self.wishes.profile.asks_password() {
            files.push(layout::PASSWD);
        }
        if self.wishes.acl {
            files.push(layout::ACL);
        }
        files.retain(|file| !self.context.workspace.has(file));
        files.into_iter().map(str::to_owned).collect()
    }

    fn next(&self) -> String {
        let command = self.context.workspace.command();
        match self.wishes.profile.can_be_proven() {
            true => format!("{command} up"),
            false => format!("{command} conf check"),
        }
    }
}

impl Report for Done<'_> {
    fn text(&self, _fancy: bool) -> String {
        let path = self.context.workspace.show(layout::CONF);
        let profile = self.wishes.profile.name();
        let mut text = match self.written.same {
            true => format!("`{path}` has profile {profile} already; nothing was changed\n"),
            false => format!("`{path}` written, profile {profile}\n"),
        };
        let listeners: Vec<String> = self.wishes.listeners().iter().map(ToString::to_string).collect();
        text.push_str(&format!("  listens: {}\n", listeners.join(", ")));
        if let Some(backup) = &self.written.backup {
            text.push_str(&format!("  the old one is kept in {}\n", self.context.workspace.show(backup)));
        }
        let missing = self.missing();
        if !missing.is_empty() {
            text.push_str(&format!("  it names what is not there yet: {}\n", missing.join(", ")));
        }
        text + &format!("next: {}\n", self.next())
    }

    fn json(&self) -> Value {
        let mut object = about(&self.wishes);
        object["state"] = if self.written.same { "same" } else { "written" }.into();
        object["backup"] = self.written.backup.as_ref().map(|path| self.context.workspace.show(path)).into();
        object["files"] = files_json(self.context, &self.changes);
        object["missing"] = self.missing().into();
        object
    }
}

fn about(wishes: &Wishes) -> Value {
    let listeners: Vec<String> = wishes.listeners().iter().map(ToString::to_string).collect();
    json!({
        "schema": "mqsec/conf-init/1",
        "profile": wishes.profile.name(),
        "listeners": listeners,
        "command": wishes.command(),
        "warnings": wishes.warnings(),
    })
}
