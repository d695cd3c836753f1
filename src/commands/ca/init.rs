//! `mqsec ca init`: an authority of one tier or two.

use serde_json::Value;
use serde_json::json;

use crate::commands::files;
use crate::commands::files_json;
use crate::commands::rfc3339;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::constraints;
use crate::pki::constraints::Constraints;
use crate::pki::constraints::Subtree;
use crate::pki::in_words;
use crate::pki::keys::KeyType;
use crate::pki::names::CommonName;
use crate::pki::short_date;
use crate::provision::authority;
use crate::provision::authority::Hierarchy;
use crate::ui::Report;
use crate::workspace::Change;
use crate::workspace::Transaction;
use crate::workspace::layout;
use crate::workspace::layout::Generation;

/// Make an authority: certs/ca.key, ca.crt, ca.srl and an empty, signed ca.crl
///
/// An authority that is there is never replaced without --force, and then a dated backup is kept.
#[derive(clap::Args)]
pub struct InitArgs {
    /// The authority's common name
    #[arg(long, default_value = authority::DEFAULT_NAME, value_name = "NAME")]
    cn: CommonName,
    /// How long it lasts
    #[arg(long, default_value_t = authority::DEFAULT_DAYS, value_parser = crate::commands::days, allow_negative_numbers = true)]
    days: u32,
    #[arg(long, default_value = "p256", value_name = "TYPE")]
    key_type: KeyType,
    /// Make a signing authority below the root; the root's key is then needed for no daily work and can be kept offline
    #[arg(long)]
    intermediate: bool,
    /// Keep the keys under a passphrase (PKCS#8 with scrypt and AES-256)
    #[arg(long)]
    encrypt: bool,
    /// A domain or network that it may issue for, and for no other (repeatable); this machine's own names always
    #[arg(long, value_name = "DOMAIN|CIDR")]
    name_constraint: Vec<Subtree>,
    /// Replace the authority that is there; every certificate must then be issued anew
    #[arg(long)]
    force: bool,
}

pub fn init(context: &Context<'_>, args: &InitArgs) -> Result<u8, Failure> {
    let mut permitted = args.name_constraint.clone();
    if !permitted.is_empty() {
        permitted.extend(constraints::local());
        permitted.dedup();
    }
    let request = authority::Request {
        common_name: args.cn.clone(),
        days: args.days,
        key_type: args.key_type,
        intermediate: args.intermediate,
        force: args.force,
        encrypt: args.encrypt,
        permitted,
    };
    let workspace = &context.workspace;
    // asked for before the folder is locked, which others may be waiting for
    if args.encrypt && (args.force || !workspace.has(layout::CA_CERT)) {
        workspace.passphrase(&workspace.show(layout::CA_KEY), true)?;
    }
    let mut change = Transaction::begin(workspace)?;
    let outcome = authority::ensure(&mut change, &request, context.now)?;
    if workspace.ca_dir_missing().is_none() && !outcome.hierarchy.has_key(&change) {
        // half of it is there, which this tells
        outcome.hierarchy.unlock(&change, context.now)?;
    }
    let changes = change.commit()?;
    let hierarchy = outcome.hierarchy;
    if !outcome.created && changes.is_empty() {
        return Err(exists(&hierarchy, "ca init --force"));
    }
    let backup = outcome.backup.map(|path| workspace.show(path));
    let encrypted = outcome.created && args.encrypt;
    Ok(context.ui.report(&Made { context, hierarchy, created: outcome.created, encrypted, changes, backup }))
}

pub(super) fn exists(hierarchy: &Hierarchy, replace: &str) -> Failure {
    let root = &hierarchy.root;
    Plain::no("ca-exists", format!("there is an authority already: `{}`", root.title()))
        .detail(format!("it lasts until {}; nothing was changed", short_date(root.not_after)))
        .hint("look at it: mqsec ca show")
        .hint("replace it step by step, so that nobody is cut off: mqsec ca rollover")
        .hint(format!("replace it (every certificate must then be issued anew): mqsec {replace}"))
        .into()
}

struct Made<'a> {
    context: &'a Context<'a>,
    hierarchy: Hierarchy,
    created: bool,
    encrypted: bool,
    changes: Vec<Change>,
    backup: Option<String>,
}

impl Report for Made<'_> {
    fn text(&self, _fancy: bool) -> String {
        let (workspace, root) = (&self.context.workspace, &self.hierarchy.root);
        let end = format!("{} ({})", short_date(root.not_after), in_words(root.not_after, self.context.now));
        let did = if self.created { "made" } else { "completed" };
        let mut text = format!("authority `{}` {did}, {}, valid until {end}\n", root.title(), root.key);
        if let Some(signing) = &self.hierarchy.signing {
            text.push_str(&format!("  below it `{}`, which issues all certificates\n", signing.title()));
        }
        if let Some(found) = Constraints::of(root) {
            text.push_str(&format!("  it may issue for these names alone: {}\n", found.list()));
        }
        text.push_str(&files(self.context, &self.changes));
        if let Some(backup) = &self.backup {
            text.push_str(&format!("  the old authority is kept in {backup}\n"));
        }
        let key = workspace.show(layout::CA_KEY);
        let how =
            if self.encrypted { "encrypted (without its passphrase it is lost) and still secret" } else { "secret" };
        text.push_str(&format!(
            "  {key} is {how}: who has it can make certificates; {} is for every client\n",
            workspace.show(layout::CA_CERT),
        ));
        if self.created && self.hierarchy.signing.is_some() {
            text.push_str(&format!(
                "  daily work does not need {key}: move it to a stick or a safe, and bring it back for `ca rollover`\n"
            ));
            let signing = layout::authority(Generation::Current).signing_key;
            text.push_str(&format!("  {} issues, and stays\n", workspace.show(signing)));
        }
        let next = match self.backup {
            Some(_) => "up (it issues the broker's certificate anew; then each client's: client-cert NAME)",
            None => "broker-cert NAME",
        };
        text.push_str(&format!("next: {} {next}\n", workspace.command()));
        text
    }

    fn json(&self) -> Value {
        let c = &self.hierarchy.root;
        json!({
            "schema": "mqsec/ca-init/1",
            "subject": c.subject,
            "serial": c.serial,
            "fingerprint_sha256": c.fingerprint(),
            "key": c.key,
            "not_before": rfc3339(c.not_before),
            "not_after": rfc3339(c.not_after),
            "intermediate": self.hierarchy.signing.as_ref().map(|signing| signing.subject.clone()),
            "encrypted": self.encrypted,
            "created": self.created,
            "files": files_json(self.context, &self.changes),
            "backup": self.backup,
        })
    }
}
