//! `mqsec acme`: the broker's certificate from Let's Encrypt or another ACME authority.

mod issue;
mod renew;

use serde_json::Value;
use serde_json::json;

use super::files;
use super::files_json;
use super::rfc3339;
use super::taking_over::Taken;
use crate::acme::Settings;
use crate::context::Context;
use crate::error::Failure;
use crate::pki;
use crate::pki::parsed::Certificate;
use crate::provision::external::Installed;
use crate::ui::Report;

/// Get the broker's certificate from Let's Encrypt or another ACME authority
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Issue(issue::Args),
    Renew(renew::Args),
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    match &args.command {
        Command::Issue(args) => issue::run(context, args),
        Command::Renew(args) => renew::run(context, args),
    }
}

/// What came of it.
struct Done<'a> {
    context: &'a Context<'a>,
    schema: &'static str,
    settings: &'a Settings,
    certificate: &'a Certificate,
    state: State<'a>,
    taken: Option<&'a Taken>,
    /// What else there is to say, a line each.
    notes: Vec<String>,
}

enum State<'a> {
    Installed(&'a Installed),
    /// All was asked and proven, and nothing installed.
    Rehearsed,
    /// What is there serves.
    Kept,
}

impl Report for Done<'_> {
    fn text(&self, _fancy: bool) -> String {
        let (own, now) = (self.certificate, self.context.now);
        let end = format!("valid until {} ({})", pki::short_date(own.not_after), pki::in_words(own.not_after, now));
        let names = own.names().join(", ");
        let mut text = match &self.state {
            State::Installed(_) => format!("certificate for {names} issued and installed, {end}\n"),
            State::Rehearsed => format!("certificate for {names} issued for the trial, and not installed\n"),
            State::Kept => format!("the certificate for {names} is there and serves, {end}; nothing was issued\n"),
        };
        text.push_str(&format!("  authority: {}\n", own.issuer));
        text.push_str(&format!("  directory: {}\n", self.settings.directory));
        if let State::Installed(installed) = &self.state {
            text.push_str(&files(self.context, &installed.changes));
            if let Some(backup) = &installed.backup {
                text.push_str(&format!("  the old pair is kept in {}\n", self.context.workspace.show(backup)));
            }
        }
        if let Some(taken) = self.taken {
            text.push_str(&taken.text());
        }
        for note in &self.notes {
            text.push_str(note);
            text.push('\n');
        }
        text
    }

    fn json(&self) -> Value {
        let own = self.certificate;
        let (state, installed) = match &self.state {
            State::Installed(installed) => ("installed", Some(*installed)),
            State::Rehearsed => ("rehearsed", None),
            State::Kept => ("kept", None),
        };
        json!({
            "schema": self.schema,
            "state": state,
            "directory": self.settings.directory,
            "challenge": self.settings.challenge,
            "names": own.names(),
            "issuer": own.issuer,
            "serial": own.serial,
            "fingerprint_sha256": own.fingerprint(),
            "not_before": rfc3339(own.not_before),
            "not_after": rfc3339(own.not_after),
            "backup": installed.and_then(|installed| installed.backup.as_ref()).map(|path| self.context.workspace.show(path)),
            "files": installed.map(|installed| files_json(self.context, &installed.changes)),
            "broker": self.taken.map(Taken::json),
            "notes": self.notes,
        })
    }

    fn status(&self) -> u8 {
        u8::from(!self.taken.is_none_or(Taken::holds))
    }
}
