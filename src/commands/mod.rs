//! One file a command: its arguments, its run, its report. No command calls another.

pub mod acl;
pub mod acme;
pub mod bridge;
pub mod broker_cert;
pub mod ca;
pub mod client_cert;
pub mod completions;
pub mod conf;
pub mod crl;
pub mod csr;
pub mod deploy_hook;
pub mod doctor;
pub mod down;
pub mod dynsec;
pub mod explain;
pub mod export;
mod findings;
pub mod fleet;
pub mod list;
pub mod logs;
pub mod man;
pub mod metrics;
mod passphrase;
pub mod passwd;
pub mod probe;
mod refused;
pub mod reload;
pub mod renew;
pub mod restart;
pub mod revoke;
pub mod status;
mod taking_over;
pub mod test_connect;
pub mod trust;
mod unread;
pub mod up;
pub mod verify;
pub mod watch;

use serde_json::Value;
use serde_json::json;

use crate::cli::Cli;
use crate::cli::Command as C;
use crate::context::Context;
use crate::error::Failure;
use crate::pki;
use crate::provision::certificates::Outcome;
use crate::provision::certificates::State;
use crate::ui::Ui;
use crate::workspace::Change;
use crate::workspace::Workspace;

/// Runs the command; gives its exit status.
pub fn run(cli: Cli, ui: &Ui) -> Result<u8, Failure> {
    let passphrase = passphrase::source(cli.global.ca_passphrase_file, ui.json);
    let workspace = Workspace::at(cli.global.dir).with_authority(cli.global.ca_dir.as_deref(), passphrase);
    let context = Context::new(ui, workspace, cli.global.yes);
    let context = &context;
    if context.workspace.recover()? {
        ui.say("finished a change that an earlier mqsec left half done");
    }
    match cli.command {
        C::Up(args) => up::run(context, &args),
        C::Down => down::run(context),
        C::Restart => restart::run(context),
        C::Status => status::run(context),
        C::Logs(args) => logs::run(context, &args),
        C::Ca(args) => ca::run(context, &args),
        C::GenerateCa(args) => ca::init(context, &args),
        C::BrokerCert(args) => broker_cert::run(context, &args),
        C::ClientCert(args) => client_cert::run(context, &args),
        C::Passwd(args) => passwd::run(context, &args),
        C::TestPasswords => passwd::test(context),
        C::Conf(args) => conf::run(context, &args),
        C::Acl(args) => acl::run(context, &args),
        C::Dynsec(args) => dynsec::run(context, &args),
        C::Bridge(args) => bridge::run(context, &args),
        C::Doctor(args) => doctor::run(context, &args),
        C::Csr(args) => csr::run(context, &args),
        C::Fleet(args) => fleet::run(context, &args),
        C::Export(args) => export::run(context, &args),
        C::List(args) => list::run(context, &args),
        C::Metrics(args) => metrics::run(context, &args),
        C::Renew(args) => renew::run(context, &args),
        C::Revoke(args) => revoke::run(context, &args),
        C::Crl(args) => crl::run(context, &args),
        C::Reload(args) => reload::run(context, &args),
        C::Watch(args) => watch::run(context, &args),
        C::Trust(args) => trust::run(context, &args),
        C::Acme(args) => acme::run(context, &args),
        C::DeployHook(args) => deploy_hook::run(context, &args),
        C::Verify(args) => verify::run(context, &args),
        C::Probe(args) => probe::run(context, &args),
        C::TestConnect(args) => test_connect::run(context, &args),
        C::Explain(args) => explain::run(context, &args),
        C::Completions(args) => completions::run(&args),
        C::Man(args) => man::run(&args),
    }
}

/// A number of days that a certificate can have.
fn days(text: &str) -> Result<u32, String> {
    match text.parse::<i64>() {
        Ok(days @ 1..=36500) => Ok(u32::try_from(days).unwrap_or(1)),
        Ok(_) => Err("a certificate lasts from 1 to 36500 days".to_owned()),
        Err(_) => Err("not a whole number of days".to_owned()),
    }
}

/// Tells when other users of the machine can read the passwords in `.env`.
fn warn_of_open_env(context: &Context<'_>) {
    use crate::workspace::layout;
    #[cfg(unix)]
    if let Ok(access) = crate::workspace::fs::access(&context.workspace.path(layout::ENV))
        && access.mode & 0o077 != 0
    {
        let path = context.workspace.show(layout::ENV);
        context.ui.warn(format!("`{path}` can be read by others (mode {:04o}): chmod 600 {path}", access.mode));
    }
    #[cfg(not(unix))]
    let _ = (context, layout::ENV);
}

/// The files of a commit, for a reader.
fn files(context: &Context<'_>, changes: &[Change]) -> String {
    changes
        .iter()
        .map(|change| {
            let how = if change.replaced { "  (replaced)" } else { "" };
            format!("  {}{how}\n", context.workspace.show(&change.path))
        })
        .collect()
}

fn files_json(context: &Context<'_>, changes: &[Change]) -> Value {
    changes
        .iter()
        .map(|change| json!({ "path": context.workspace.show(&change.path), "replaced": change.replaced }))
        .collect()
}

/// The result of `broker-cert` and `client-cert`.
struct Issuance<'a> {
    context: &'a Context<'a>,
    schema: &'static str,
    what: String,
    outcome: Outcome,
    changes: Vec<Change>,
    /// What to do next, where a new pair needs it.
    next: String,
}

impl crate::ui::Report for Issuance<'_> {
    fn text(&self, _fancy: bool) -> String {
        let certificate = &self.outcome.certificate;
        let end = format!(
            "valid until {} ({})",
            pki::short_date(certificate.not_after),
            pki::in_words(certificate.not_after, self.context.now)
        );
        let mut text = match &self.outcome.state {
            State::Kept => format!("{} is there and serves, {end}; nothing was issued\n", self.what),
            State::Issued => format!("{} issued, {end}\n", self.what),
            State::Replaced { reason, .. } => format!("{} issued anew ({reason}), {end}\n", self.what),
        };
        let names = certificate.names();
        if !names.is_empty() {
            text.push_str(&format!("  names: {}\n", names.join(", ")));
        }
        if self.outcome.shortened {
            text.push_str("  it ends with its authority, sooner than asked for; make a new authority in time: ");
            text.push_str(&format!("{} ca rollover\n", self.context.workspace.command()));
        }
        text.push_str(&files(self.context, &self.changes));
        if let State::Replaced { backup, .. } = &self.outcome.state {
            text.push_str(&format!("  the old pair is kept in {}\n", self.context.workspace.show(backup)));
        }
        if !matches!(self.outcome.state, State::Kept) && !self.next.is_empty() {
            text.push_str(&format!("next: {}\n", self.next));
        }
        text
    }

    fn json(&self) -> Value {
        let certificate = &self.outcome.certificate;
        let (state, backup) = match &self.outcome.state {
            State::Kept => ("kept", None),
            State::Issued => ("issued", None),
            State::Replaced { backup, .. } => ("replaced", Some(self.context.workspace.show(backup))),
        };
        json!({
            "schema": self.schema,
            "state": state,
            "subject": certificate.subject,
            "serial": certificate.serial,
            "fingerprint_sha256": certificate.fingerprint(),
            "key": certificate.key,
            "names": certificate.names(),
            "not_before": rfc3339(certificate.not_before),
            "not_after": rfc3339(certificate.not_after),
            "shortened_to_authority": self.outcome.shortened,
            "backup": backup,
            "files": files_json(self.context, &self.changes),
        })
    }
}

fn rfc3339(time: time::OffsetDateTime) -> String {
    time.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}
