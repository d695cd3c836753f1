//! `mqsec acme issue`.

use std::path::PathBuf;

use super::Done;
use super::State;
use crate::acme;
use crate::acme::Binding;
use crate::acme::Challenge;
use crate::acme::Purpose;
use crate::acme::Settings;
use crate::commands::taking_over;
use crate::commands::taking_over::Restart;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::keys::KeyType;
use crate::pki::names::BrokerName;
use crate::pki::parsed::Certificate;
use crate::provision::certificates;
use crate::provision::external;
use crate::workspace::env_file;

/// Prove that the names are yours, get a certificate for them, have the broker serve it, and prove that
///
/// DOMAIN, EMAIL and TESTCERT of the environment or of .env stand in for --domain, --email and --staging. A certificate
/// that is there, has these names and is not near its end is kept. The account stays in certs/acme/, for the renewal.
#[derive(clap::Args)]
pub(super) struct Args {
    /// A name for the certificate, repeatable; the clients dial it [default: DOMAIN]
    #[arg(long = "domain", short, value_name = "NAME")]
    domains: Vec<BrokerName>,
    /// Where the authority writes to when something is wrong [default: EMAIL]
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Agree to the authority's terms
    #[arg(long)]
    agree_tos: bool,
    /// Ask Let's Encrypt's authority for trials, whose certificates nobody trusts [default: if TESTCERT is set]
    #[arg(long, conflicts_with = "directory")]
    staging: bool,
    /// Do all of it, with the authority for trials where there is one, and install nothing
    #[arg(long)]
    dry_run: bool,
    /// How the names are proven [default: http-01]
    #[arg(long, value_name = "KIND", help_heading = "Proof")]
    challenge: Option<Challenge>,
    /// The port for http-01; the authority asks on 80, so another one needs a forward
    #[arg(long, default_value_t = 80, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Proof")]
    http_port: u16,
    /// The port for tls-alpn-01; the authority asks on 443
    #[arg(long, default_value_t = 443, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Proof")]
    tls_port: u16,
    /// The program for dns-01, called with: add|remove NAME VALUE; it ends when the record is visible
    #[arg(long, value_name = "PROGRAM", help_heading = "Proof")]
    dns_hook: Option<PathBuf>,
    /// The authority's directory [default: Let's Encrypt]
    #[arg(long, value_name = "URL", help_heading = "Authority")]
    directory: Option<String>,
    /// Roots to trust for the directory itself, where the system does not
    #[arg(long, value_name = "FILE", help_heading = "Authority")]
    acme_ca: Option<PathBuf>,
    /// Key id of an account that you have with the authority (external account binding)
    #[arg(long, value_name = "KID", requires = "eab_key_file", help_heading = "Authority")]
    eab_kid: Option<String>,
    /// The file with its key
    #[arg(long, value_name = "FILE", requires = "eab_kid", help_heading = "Authority")]
    eab_key_file: Option<PathBuf>,
    /// One of the authority's profiles, such as shortlived
    #[arg(long, value_name = "NAME", help_heading = "Authority")]
    profile: Option<String>,
    /// [default: p256]
    #[arg(long, value_name = "TYPE", help_heading = "Key")]
    key_type: Option<KeyType>,
    /// Keep the key at each renewal, for clients that pin it
    #[arg(long, help_heading = "Key")]
    reuse_key: bool,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let asked = settings(context, args)?;
    asked.check()?;
    if let Some(certificate) = serving(context, &asked)?.filter(|_| !args.dry_run) {
        // an earlier run may have died between the files and the broker
        let taken = taking_over::after_a_change(context, Restart::Ask)?;
        let again = format!("another one all the same: {} acme renew --force", workspace.command());
        return Ok(report(context, &asked, &certificate, State::Kept, Some(&taken), vec![again]));
    }
    let settings = if args.dry_run { asked.clone().rehearsal() } else { asked };
    let agreed = |terms: Option<&str>| {
        let Some(terms) = terms else { return true };
        args.agree_tos || context.yes || context.ui.confirm(&format!("The authority's terms are at {terms}. Agree?"))
    };
    context.ui.say(format!("asking {} for a certificate for {}", settings.directory, settings.names()));
    let purpose = if args.dry_run { Purpose::Trial } else { Purpose::Serve };
    let obtained = acme::obtain(workspace, &settings, purpose, &agreed, context.now)?;
    let mut notes = obtained.notes(workspace);
    let certificate = obtained.certificate();
    if args.dry_run {
        notes.push("next: the same without --dry-run".to_owned());
        return Ok(report(context, &settings, certificate, State::Rehearsed, None, notes));
    }
    let installed = acme::install(workspace, &settings, &obtained, context.now)?;
    workspace.give_to_broker()?;
    let taken = taking_over::after_a_change(&context.later(), Restart::Ask)?;
    notes.push(match settings.directory.as_str() {
        acme::STAGING => "it is for trials, and no client trusts it; then the same without --staging".to_owned(),
        acme::PRODUCTION => "clients trust it with their system's roots, and without certs/ca.crt".to_owned(),
        _ => format!("clients need the root of {}, and no longer certs/ca.crt", certificate.issuer),
    });
    notes.push(format!("next: {} renew --install-timer", workspace.command()));
    Ok(report(context, &settings, certificate, State::Installed(&installed), Some(&taken), notes))
}

fn report(
    context: &Context<'_>,
    settings: &Settings,
    certificate: &Certificate,
    state: State<'_>,
    taken: Option<&taking_over::Taken>,
    notes: Vec<String>,
) -> u8 {
    context.ui.report(&Done { context, schema: "mqsec/acme-issue/1", settings, certificate, state, taken, notes })
}

/// The arguments, and what stands in for them.
fn settings(context: &Context<'_>, args: &Args) -> Result<Settings, Failure> {
    let variable = |name: &str| -> Result<Option<String>, Failure> {
        let found = match std::env::var(name) {
            Ok(value) => Some(value),
            Err(_) => env_file::single(&context.workspace, name)?,
        };
        Ok(found.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()))
    };
    let mut domains = args.domains.clone();
    if domains.is_empty() {
        let named = variable("DOMAIN")?.unwrap_or_default();
        for name in named.split([',', ' ']).filter(|name| !name.is_empty()) {
            domains.push(name.parse()?);
        }
    }
    domains.dedup();
    let email = match &args.email {
        Some(email) => Some(email.clone()),
        None => variable("EMAIL")?,
    };
    let staging = args.staging || variable("TESTCERT")?.is_some();
    let directory = match &args.directory {
        Some(directory) => directory.clone(),
        None if staging => acme::STAGING.to_owned(),
        None => acme::PRODUCTION.to_owned(),
    };
    if args.key_type == Some(KeyType::Ed25519) {
        return Err(Plain::new("acme-key-refused", "no public authority issues for Ed25519 keys")
            .hint("take one that every client takes: --key-type p256")
            .into());
    }
    let binding = args.eab_kid.clone().zip(args.eab_key_file.clone());
    Ok(Settings {
        directory,
        acme_ca: args.acme_ca.clone(),
        domains,
        email,
        // a hook is for nothing else
        challenge: args.challenge.unwrap_or(if args.dns_hook.is_some() { Challenge::Dns01 } else { Challenge::Http01 }),
        http_port: args.http_port,
        tls_port: args.tls_port,
        dns_hook: args.dns_hook.clone(),
        binding: binding.map(|(kid, key_file)| Binding { kid, key_file }),
        profile: args.profile.clone(),
        key_type: args.key_type.unwrap_or_default(),
        reuse_key: args.reuse_key,
    }
    .absolute())
}

/// The certificate that is there, where it is what is asked for, and not near its end.
fn serving(context: &Context<'_>, asked: &Settings) -> Result<Option<Certificate>, Failure> {
    let workspace = &context.workspace;
    let ours = external::origin(workspace)?.is_some_and(|origin| origin.by == acme::BY);
    let same = |kept: Settings| {
        let names = |settings: &Settings| {
            let mut names: Vec<String> = settings.domains.iter().map(ToString::to_string).collect();
            names.sort();
            names
        };
        let facts =
            |settings: &Settings| (settings.directory.clone(), settings.profile.clone(), settings.key_type.to_string());
        names(&kept) == names(asked) && facts(&kept) == facts(asked)
    };
    if !ours || !acme::kept_settings(workspace)?.is_some_and(same) {
        return Ok(None);
    }
    let found = certificates::broker_certificate(workspace)?;
    Ok(found.filter(|own| own.not_after - context.now > (own.not_after - own.not_before) / 3))
}
