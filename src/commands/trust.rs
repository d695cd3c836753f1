//! `mqsec trust`: the authority in the stores of this machine.

mod other;
mod store;
mod system;

use serde_json::Value;
use serde_json::json;

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::inventory::Keep;
use crate::pki::inventory::Role;
use crate::pki::parsed::Certificate;
use crate::provision::inventory;
use crate::ui::Report;
use crate::workspace::layout;
use crate::workspace::layout::Generation;
use store::Did;
use store::Root;
use store::Store;
use store::Want;
use system::System;

/// Make this machine and its browsers trust the authority
///
/// An authority in the system's store is believed for every name, not for the broker alone: whoever gets its key can pretend to be
/// any site. `ca init --name-constraint` makes one that can sign for your names only.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Put the authority into the stores, and prove that it is in them
    Install(Which),
    /// Take it out of them; what others put there stays
    Uninstall(Which),
    /// Tell in which stores it is
    Status(Which),
}

#[derive(clap::Args)]
struct Which {
    /// The system's store, which most programs ask (needs root)
    #[arg(long)]
    system: bool,
    /// The databases of Firefox and Chromium in your home folder
    #[arg(long)]
    nss: bool,
    /// Java's store [default: all three, where they are]
    #[arg(long)]
    java: bool,
    /// Only what belongs to you: NSS, and on macOS and Windows your own store
    #[arg(long, conflicts_with_all = ["system", "java"])]
    user: bool,
    /// Print the commands that do it, and change nothing
    #[arg(long)]
    print: bool,
    /// Print those of another kind of system
    #[arg(long, value_name = "SYSTEM", requires = "print")]
    r#for: Option<System>,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let (want, which) = match &args.command {
        Command::Install(which) => (Want::Install, which),
        Command::Uninstall(which) => (Want::Uninstall, which),
        Command::Status(which) => (Want::Status, which),
    };
    let roots = roots(context)?;
    let stores = stores(which);
    if which.print {
        let text: String = stores.iter().flat_map(|store| store.commands(want, &roots)).collect();
        crate::ui::raw(text.as_bytes());
        return Ok(0);
    }
    if stores.is_empty() {
        return Err(Plain::new("trust-no-store", "this machine has no store that mqsec knows")
            .hint("see how it is done elsewhere: mqsec trust install --print --for debian")
            .into());
    }
    if want == Want::Install && !roots.iter().all(|root| root.constrained) {
        context.ui.warn(
            "this authority can sign for every name, and every program of this machine will believe it; one for your names alone: \
             mqsec ca init --name-constraint DOMAIN",
        );
    }
    let mut done = Vec::new();
    for store in &stores {
        // what an earlier authority of this folder left is taken out too
        let all = if want == Want::Uninstall { earlier(context, &roots) } else { Vec::new() };
        for root in roots.iter().chain(&all) {
            let did = store.apply(want, root);
            // an earlier one is told only where something was done
            if root.certificate.is_some() || matches!(did, Did::Removed | Did::Failed { .. } | Did::NeedsRoot) {
                done.push((store.name(), root.title.clone(), root.short().to_owned(), did));
            }
        }
    }
    let dir = context.workspace.root().display().to_string();
    Ok(context.ui.report(&Outcome { want, done, dir }))
}

/// The roots that clients are to trust: one, or two during a rollover. Each stands first in a file of its own.
fn roots(context: &Context<'_>) -> Result<Vec<Root>, Failure> {
    let mut roots: Vec<Root> = Vec::new();
    for generation in [Generation::Current, Generation::Next, Generation::Old] {
        let file = layout::authority(generation).cert;
        let path = context.workspace.show(&file);
        let Some(pem) = context.workspace.read(&file)? else { continue };
        let root = Root::of(Certificate::from_pem(&pem, &path)?, path);
        if roots.iter().all(|other| other.fingerprint != root.fingerprint) {
            roots.push(root);
        }
    }
    if roots.is_empty() {
        let path = context.workspace.show(layout::CA_CERT);
        return Err(Plain::new("ca-missing", format!("there is no authority: no `{path}`"))
            .hint("make one: mqsec ca init")
            .into());
    }
    Ok(roots)
}

/// The authorities that the inventory knows beside these.
fn earlier(context: &Context<'_>, roots: &[Root]) -> Vec<Root> {
    let Ok((book, _)) = inventory::read(&context.workspace, Keep::All) else { return Vec::new() };
    let rows = book.rows().iter().filter(|row| row.role == Role::Authority);
    rows.filter_map(|row| book.entry(row))
        .filter(|entry| entry.fingerprint.len() == 64 && roots.iter().all(|root| root.fingerprint != entry.fingerprint))
        .map(|entry| Root::gone(entry.fingerprint, &entry.name()))
        .collect()
}

fn stores(which: &Which) -> Vec<Store> {
    let any = which.system || which.nss || which.java || which.user;
    let mut stores = Vec::new();
    let system = which.r#for.or_else(System::here);
    if let Some(system) = system
        && (which.system || !any || which.user && system.has_user_store())
    {
        stores.push(Store::System { system, user: which.user });
    }
    if which.nss || which.user || !any {
        let found = other::nss_folders();
        match found.is_empty() && which.print {
            true => stores.push(Store::Nss("$HOME/.pki/nssdb".to_owned())),
            false => stores.extend(found.into_iter().map(Store::Nss)),
        }
    }
    if which.java || !any && other::has_java() {
        stores.push(Store::Java);
    }
    stores
}

struct Outcome {
    want: Want,
    done: Vec<(String, String, String, Did)>,
    dir: String,
}

impl Report for Outcome {
    fn text(&self, _fancy: bool) -> String {
        let rows: Vec<Vec<String>> = self
            .done
            .iter()
            .map(|(store, title, short, did)| vec![store.clone(), format!("{title} ({short})"), did.words()])
            .collect();
        let mut text = crate::ui::columns(&rows);
        let word = match self.want {
            Want::Install => "install",
            Want::Uninstall => "uninstall",
            Want::Status => "status",
        };
        if self.done.iter().any(|(.., did)| matches!(did, Did::NeedsRoot)) {
            let dir = crate::error::shell_word(&self.dir);
            text.push_str(&format!("next: sudo mqsec --dir {dir} trust {word} --system\n"));
        } else if self.want == Want::Status && self.status() != 0 {
            let dir = match self.dir.as_str() {
                "." => String::new(),
                dir => format!("--dir {} ", crate::error::shell_word(dir)),
            };
            text.push_str(&format!("next: mqsec {dir}trust install\n"));
        } else if self.want == Want::Install && self.status() == 0 {
            text.push_str("programs that run already read it when they start anew\n");
        }
        text
    }

    fn json(&self) -> Value {
        let stores: Vec<Value> = self
            .done
            .iter()
            .map(|(store, title, short, did)| {
                json!({
                    "store": store, "authority": title, "id": short, "state": did.state(), "code": did.code(),
                    "text": did.words(),
                })
            })
            .collect();
        json!({ "schema": "mqsec/trust/1", "stores": stores })
    }

    /// Yes: it is in all of them, or in none, as was wanted.
    fn status(&self) -> u8 {
        let good = |did: &Did| match self.want {
            Want::Install => matches!(did, Did::Installed { .. } | Did::There),
            Want::Uninstall => matches!(did, Did::Removed | Did::NotThere),
            Want::Status => matches!(did, Did::There),
        };
        u8::from(!self.done.iter().all(|(.., did)| good(did)))
    }
}
