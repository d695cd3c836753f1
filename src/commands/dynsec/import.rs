//! `mqsec dynsec import`: password file and ACL become clients, groups and roles.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::Making;
use super::activation::Activation;
use super::init::Made;
use super::init::check_target;
use super::init::staff;
use crate::context::Context;
use crate::dynsec;
use crate::dynsec::Login;
use crate::dynsec::import::Imported;
use crate::dynsec::import::Note;
use crate::dynsec::import::Source;
use crate::dynsec::import::import;
use crate::dynsec::initial::Person;
use crate::error::Failure;
use crate::error::Plain;
use crate::passwd::DEFAULT_ITERATIONS;
use crate::provision;
use crate::provision::credentials::must_read;
use crate::ui::Report;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// Turn the password file and the ACL into clients, groups and roles, and let the configuration load the plugin
///
/// Passwords stay as they are. What decides otherwise than before is told with its line; nobody gets more than before
/// without being told.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    making: Making,
    /// The password file [default: the one that the configuration names]
    #[arg(long, value_name = "FILE")]
    passwd: Option<PathBuf>,
    /// The ACL [default: the one that the configuration names]
    #[arg(long, value_name = "FILE")]
    acl: Option<PathBuf>,
    /// There never was an ACL: everybody may publish and read every topic
    #[arg(long, conflicts_with = "acl")]
    without_acl: bool,
    /// Tell what would become of them, and write nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    check_target(&args.making)?;
    let workspace = &context.workspace;
    let conf = provision::dynsec::configuration(workspace)?;
    let plan = if args.dry_run { None } else { Some(Activation::plan(context, &args.making)?) };
    let beside = dynsec::beside(&conf);
    let named = |key: &str, asked: &Option<PathBuf>| match asked {
        Some(path) => Some(path.clone()),
        None => {
            let named = beside.iter().rev().find(|(_, found, _)| found.ends_with(key)).map(|(.., value)| *value)?;
            Some(workspace.path(named.strip_prefix("/mosquitto/").unwrap_or(named)))
        }
    };
    // after `init` the configuration names it no more, and it is still there
    let passwd = named("password_file", &args.passwd).unwrap_or_else(|| workspace.path(layout::PASSWD));
    let acl = match named("acl_file", &args.acl).filter(|_| !args.without_acl) {
        None if !args.without_acl && provision::dynsec::active(workspace)?.is_some() => return Err(acl_unknown()),
        found => found,
    };
    let read = |path: &PathBuf| -> Result<_, Failure> {
        let shown = path.strip_prefix(".").unwrap_or(path).display().to_string();
        let bytes = provision::dynsec::whole(&shown, must_read(path)?)?;
        Ok((shown, zeroize::Zeroizing::new(bytes)))
    };
    let (passwd, acl) = (read(&passwd)?, acl.as_ref().map(read).transpose()?);
    let mut change = Transaction::begin(workspace)?;
    let staff = staff(context, &mut change, args.making.admin.as_ref())?;
    let admin = staff.admin.name.to_string();
    let said = |key: &str| dynsec::is_true(&conf, key);
    let Imported { file, notes } = import(Source {
        passwd: Some((&passwd.0, &passwd.1)),
        acl: acl.as_ref().map(|(path, bytes)| (path.as_str(), bytes.as_slice())),
        anonymous: said("allow_anonymous"),
        identities: said("use_identity_as_username") || said("use_subject_as_username"),
        admin: Person { name: admin.clone(), login: Login::new(&staff.admin.password, DEFAULT_ITERATIONS) },
        target: args.making.target,
    })?;
    let Some(plan) = plan else {
        return Ok(context.ui.report(&Preview { file, notes }));
    };
    let removed = plan.removed.clone();
    let backup = plan.put(context, &mut change, &file)?;
    let changes = change.commit()?;
    Ok(context.ui.report(&Made {
        context,
        schema: "mqsec/dynsec-import/1",
        admin,
        new_admin: staff.is_new,
        clients: file.clients.len(),
        roles: file.roles.len(),
        changes,
        backup: backup.map(|path| workspace.show(path)),
        removed,
        notes: notes.iter().map(shown).collect(),
    }))
}

/// Without an ACL everybody may do everything, and a configuration that loads the plugin tells of none that there was.
fn acl_unknown() -> Failure {
    Plain::new(
        "dynsec-acl-unknown",
        "the configuration loads the plugin already, so it does not tell which ACL there was",
    )
    .hint("name it: mqsec dynsec import --acl FILE")
    .hint("or, where everybody may publish and read every topic: mqsec dynsec import --without-acl")
    .into()
}

/// A note with its place.
fn shown(note: &Note) -> String {
    let line = note.line.map(|line| format!(", line {line}")).unwrap_or_default();
    let weight = if note.is_loss { "decided otherwise than before: " } else { "" };
    format!("{weight}{}{line}: {}", note.path, note.what)
}

/// What would be made.
struct Preview {
    file: dynsec::File,
    notes: Vec<Note>,
}

impl Report for Preview {
    fn text(&self, _fancy: bool) -> String {
        let (clients, roles) = (self.file.clients.len(), self.file.roles.len());
        let mut text = format!("would make {clients} clients and {roles} roles; nothing was written\n");
        self.notes.iter().for_each(|note| text.push_str(&format!("note: {}\n", shown(note))));
        text
    }

    fn json(&self) -> Value {
        let notes: Vec<Value> = self
            .notes
            .iter()
            .map(|note| json!({ "path": note.path, "line": note.line, "loss": note.is_loss, "what": note.what }))
            .collect();
        json!({
            "schema": "mqsec/dynsec-import/1", "dry_run": true, "clients": self.file.clients.len(),
            "roles": self.file.roles.len(), "notes": notes,
        })
    }

    /// A loss is a no to the question whether it converts.
    fn status(&self) -> u8 {
        u8::from(self.notes.iter().any(|note| note.is_loss))
    }
}
