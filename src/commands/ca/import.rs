//! `mqsec ca import`: an authority that another program made.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::init;
use crate::commands::files;
use crate::commands::files_json;
use crate::context::Context;
use crate::error::Failure;
use crate::pki::advice::Advice;
use crate::pki::encrypted;
use crate::pki::encrypted::Kept;
use crate::pki::in_words;
use crate::pki::input;
use crate::pki::short_date;
use crate::provision::authority;
use crate::provision::authority::Hierarchy;
use crate::provision::credentials;
use crate::provision::import;
use crate::provision::import::Fit;
use crate::provision::import::Import;
use crate::ui::Report;
use crate::workspace::Change;
use crate::workspace::Transaction;
use crate::workspace::layout;
use crate::workspace::layout::Generation;

/// Take an authority that openssl, mkcert, easy-rsa, minica or another program made
///
/// Certificate and key are copied, never moved; a key under a passphrase stays under it. One that cannot serve is
/// refused with the reason, before anything changes.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The authority's certificate, in PEM or DER (mkcert: rootCA.pem; easy-rsa: pki/ca.crt; minica: minica.pem)
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// Its key: PKCS#8, PKCS#1 or SEC 1 (mkcert: rootCA-key.pem; easy-rsa: pki/private/ca.key; minica: minica-key.pem)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The root above it, where it is a signing authority
    #[arg(long, value_name = "FILE")]
    chain: Option<PathBuf>,
    /// The list of what it revoked so far, which stays revoked (easy-rsa: pki/crl.pem)
    #[arg(long, value_name = "FILE")]
    crl: Option<PathBuf>,
    /// Keep the key under a passphrase from now on
    #[arg(long)]
    encrypt: bool,
    /// Replace the authority that is there; every certificate must then be issued anew
    #[arg(long)]
    force: bool,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let cert_path = args.cert.display().to_string();
    let mut above = input::certificates(&credentials::must_read(&args.cert)?, &cert_path)?.list;
    let certificate = above.remove(0);
    if let Some(path) = &args.chain {
        above.extend(credentials::certificates(path)?);
    }
    let key_path = args.key.display().to_string();
    let key = zeroize::Zeroizing::new(credentials::must_read(&args.key)?);
    let encrypt = args.encrypt || encrypted::kept(&key) == Kept::Encrypted;
    let key_pem = authority::open(workspace, &key, &key_path)?;
    let list = match &args.crl {
        Some(path) => {
            let shown = path.display().to_string();
            let mut lists = input::revocation_lists(&credentials::must_read(path)?, &shown)?;
            Some((lists.swap_remove(0), shown))
        }
        None => None,
    };
    let import = Import { certificate, cert_path, key_pem, key_path, above, encrypt, list };
    let fit = import::examine(import, context.now)?;
    if encrypt {
        workspace.passphrase(&workspace.show(layout::CA_KEY), true)?;
    }
    let mut change = Transaction::begin(workspace)?;
    if !args.force
        && change.has(layout::CA_CERT)
        && let Some(there) = Hierarchy::load(&change, Generation::Current)?
    {
        return Err(init::exists(&there, "ca import --cert FILE --key FILE --force"));
    }
    let (hierarchy, backup) = import::take(&mut change, &fit, context.now)?;
    let changes = change.commit()?;
    let backup = backup.map(|path| workspace.show(path));
    Ok(context.ui.report(&Imported { context, args, hierarchy, fit: &fit, changes, backup }))
}

struct Imported<'a> {
    context: &'a Context<'a>,
    args: &'a Args,
    hierarchy: Hierarchy,
    fit: &'a Fit,
    changes: Vec<Change>,
    backup: Option<String>,
}

impl Report for Imported<'_> {
    fn text(&self, _fancy: bool) -> String {
        let (command, issuer) = (self.context.workspace.command(), self.hierarchy.issuer());
        let end = format!("{} ({})", short_date(issuer.not_after), in_words(issuer.not_after, self.context.now));
        let mut text = format!("authority `{}` imported, {}, valid until {end}\n", issuer.title(), issuer.key);
        if self.hierarchy.signing.is_some() {
            let root = self.hierarchy.root.title();
            text.push_str(&format!("  it stands below `{root}`, which clients trust; that root's key is not needed\n"));
        }
        if self.fit.renewed {
            text.push_str(
                "  its certificate did not let it sign revocation lists, so one was made that does, with its name, key and\n  \
                 period: clients that trust the old one need nothing new\n",
            );
        }
        for Advice { family, reason } in &self.fit.advice {
            text.push_str(&format!("  {family} refuses what it issues: {reason}\n"));
        }
        text.push_str(&files(self.context, &self.changes));
        if let Some(backup) = &self.backup {
            text.push_str(&format!("  the old authority is kept in {backup}\n"));
        }
        text.push_str(&format!("  {} is still there: it is as good as the copy\n", self.args.key.display()));
        text.push_str(&format!("next: {command} up\n"));
        text
    }

    fn json(&self) -> Value {
        let issuer = self.hierarchy.issuer();
        json!({
            "schema": "mqsec/ca-import/1",
            "subject": issuer.subject,
            "root": self.hierarchy.root.subject,
            "fingerprint_sha256": issuer.fingerprint(),
            "key": issuer.key,
            "not_after": crate::commands::rfc3339(issuer.not_after),
            "certificate_made_anew": self.fit.renewed,
            "refused_by": self.fit.advice.iter().map(|one| json!({ "family": one.family, "reason": one.reason })).collect::<Vec<_>>(),
            "files": files_json(self.context, &self.changes),
            "backup": self.backup,
        })
    }
}
