//! `mqsec bridge del`.

use serde_json::Value;
use serde_json::json;

use super::bridges;
use super::no_such;
use super::subject;
use crate::bridge::BridgeName;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::provision::stamp;
use crate::ui::Report;
use crate::workspace::Transaction;
use crate::workspace::fs;
use crate::workspace::layout;

/// Remove a bridge and its files; copies go to certs/backup/
///
/// The user and the rights on the other broker stay, and so does the certificate that its authority issued.
#[derive(clap::Args)]
pub(super) struct Args {
    name: BridgeName,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let files = layout::bridge(args.name.as_str());
    let subject = subject(context)?;
    let found = bridges(&subject).iter().find(|bridge| bridge.name == args.name.as_str());
    if !workspace.has(&files.conf) {
        let Some(found) = found else { return Err(no_such(args.name.as_str()).into()) };
        let place = format!("{}:{}", found.place.path, found.place.line);
        return Err(Plain::new("bridge-not-ours", format!("the bridge `{}` stands in `{place}`", args.name))
            .detail("mqsec did not write it, and other options may depend on its place")
            .hint("remove its lines by hand, from `connection` to its last option")
            .into());
    }
    let mut change = Transaction::begin(workspace)?;
    let all = [&files.conf, &files.ca, &files.cert, &files.key];
    let mut backup = None;
    for path in all {
        backup = change.back_up(path, &stamp(context.now))?.or(backup);
    }
    change.commit()?;
    // the options first: a broker that starts in between finds no bridge, and not one without its files
    for path in all.into_iter().filter(|path| workspace.has(path)) {
        fs::remove_file(&workspace.path(path))?;
    }
    let folder = workspace.path(layout::BRIDGE_CERTS).join(args.name.as_str());
    if fs::is_dir(&folder) && fs::is_empty(&folder)? {
        fs::remove_dir(&folder)?;
    }
    let user = found.and_then(|bridge| bridge.options.last("remote_username")).map(|value| value.text.clone());
    Ok(context.ui.report(&Deleted { command: workspace.command(), name: args.name.clone(), user }))
}

struct Deleted {
    command: String,
    name: BridgeName,
    user: Option<String>,
}

impl Report for Deleted {
    fn text(&self, _fancy: bool) -> String {
        let mut text =
            format!("the bridge `{}` is removed; copies of its files are in {}/\n", self.name, layout::BACKUP);
        if let Some(user) = &self.user {
            text.push_str(&format!("next: over there: mqsec passwd del '{user}'\n"));
        }
        text.push_str(&format!("next: {} restart (the broker that runs has it still)\n", self.command));
        text
    }

    fn json(&self) -> Value {
        json!({ "schema": "mqsec/bridge-del/1", "name": self.name.as_str(), "remote_user": self.user })
    }
}
