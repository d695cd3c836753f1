//! `mqsec ca`: the authority.

mod rollover;

use serde_json::Value;
use serde_json::json;

use super::files;
use super::files_json;
use super::rfc3339;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::in_words;
use crate::pki::keys::KeyType;
use crate::pki::names::CommonName;
use crate::pki::parsed::Certificate;
use crate::pki::short_date;
use crate::provision::authority;
use crate::ui::Report;
use crate::workspace::Change;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// Make and look at the certificate authority
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Init(InitArgs),
    /// Tell what the authority is
    Show,
    Rollover(rollover::Args),
}

/// Make an authority: certs/ca.key, ca.crt, ca.srl and an empty, signed ca.crl
///
/// An authority that is there is never replaced without --force, and then a dated backup is kept.
#[derive(clap::Args)]
pub struct InitArgs {
    /// The authority's common name
    #[arg(long, default_value = authority::DEFAULT_NAME, value_name = "NAME")]
    cn: CommonName,
    /// How long it lasts
    #[arg(long, default_value_t = authority::DEFAULT_DAYS, value_parser = super::days, allow_negative_numbers = true)]
    days: u32,
    #[arg(long, default_value = "p256", value_name = "TYPE")]
    key_type: KeyType,
    /// Make a signing authority below the root; the root's key is then needed for no daily work and can be kept offline
    #[arg(long)]
    intermediate: bool,
    /// Replace the authority that is there; every certificate must then be issued anew
    #[arg(long)]
    force: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    match &args.command {
        Command::Init(args) => init(context, args),
        Command::Show => show(context),
        Command::Rollover(args) => rollover::run(context, args),
    }
}

pub fn init(context: &Context<'_>, args: &InitArgs) -> Result<u8, Failure> {
    let request = authority::Request {
        common_name: args.cn.clone(),
        days: args.days,
        key_type: args.key_type,
        intermediate: args.intermediate,
        force: args.force,
    };
    let mut change = Transaction::begin(&context.workspace)?;
    let outcome = authority::ensure(&mut change, &request, context.now)?;
    let changes = change.commit()?;
    let certificate = outcome.hierarchy.root;
    if !outcome.created && changes.is_empty() {
        return Err(Plain::no("ca-exists", format!("there is an authority already: `{}`", certificate.title()))
            .detail(format!("it lasts until {}; nothing was changed", short_date(certificate.not_after)))
            .hint("look at it: mqsec ca show")
            .hint("replace it (every certificate must then be issued anew): mqsec ca init --force")
            .into());
    }
    let backup = outcome.backup.map(|path| context.workspace.show(path));
    Ok(context.ui.report(&Shown { context, certificate, made: Some((outcome.created, changes, backup)) }))
}

fn show(context: &Context<'_>) -> Result<u8, Failure> {
    let path = context.workspace.show(layout::CA_CERT);
    let Some(pem) = context.workspace.read(layout::CA_CERT)? else {
        return Err(Plain::new("ca-missing", format!("there is no authority: no `{path}`"))
            .hint("make one: mqsec ca init")
            .into());
    };
    let certificate = Certificate::from_pem(&pem, &path)?;
    Ok(context.ui.report(&Shown { context, certificate, made: None }))
}

struct Shown<'a> {
    context: &'a Context<'a>,
    certificate: Certificate,
    /// Whether it is new, the files that were written, and where the old one is kept.
    made: Option<(bool, Vec<Change>, Option<String>)>,
}

impl Report for Shown<'_> {
    fn text(&self, _fancy: bool) -> String {
        let c = &self.certificate;
        let end = format!("{} ({})", short_date(c.not_after), in_words(c.not_after, self.context.now));
        match &self.made {
            Some((created, changes, backup)) => {
                let did = if *created { "made" } else { "completed" };
                let mut text = format!("authority `{}` {did}, {}, valid until {end}\n", c.title(), c.key);
                text.push_str(&files(self.context, changes));
                if let Some(backup) = backup {
                    text.push_str(&format!("  the old authority is kept in {backup}\n"));
                }
                let command = self.context.workspace.command();
                text.push_str(&format!(
                    "  {} is secret: who has it can make certificates; {} is for every client\nnext: {command} broker-cert NAME\n",
                    self.context.workspace.show(layout::CA_KEY),
                    self.context.workspace.show(layout::CA_CERT),
                ));
                text
            }
            None => format!(
                "authority `{}`\n  valid from  {}\n  valid until {end}\n  key         {}\n  serial      {}\n  SHA-256     {}\n  file        {}\n",
                c.title(),
                short_date(c.not_before),
                c.key,
                c.serial,
                c.fingerprint(),
                self.context.workspace.show(layout::CA_CERT),
            ),
        }
    }

    fn json(&self) -> Value {
        let c = &self.certificate;
        let mut value = json!({
            "schema": if self.made.is_some() { "mqsec/ca-init/1" } else { "mqsec/ca-show/1" },
            "subject": c.subject,
            "serial": c.serial,
            "fingerprint_sha256": c.fingerprint(),
            "key": c.key,
            "not_before": rfc3339(c.not_before),
            "not_after": rfc3339(c.not_after),
        });
        if let Some((created, changes, backup)) = &self.made {
            value["created"] = json!(created);
            value["files"] = files_json(self.context, changes);
            value["backup"] = json!(backup);
        }
        value
    }
}
