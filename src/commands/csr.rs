//! `mqsec csr`: certificates for keys that devices made themselves.

use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::Value;
use serde_json::json;

use super::files;
use super::files_json;
use super::rfc3339;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::authority::Role;
use crate::pki::csr::Csr;
use crate::pki::in_words;
use crate::pki::names::BrokerName;
use crate::pki::names::ClientName;
use crate::pki::parsed::KeyKind;
use crate::pki::short_date;
use crate::provision::credentials;
use crate::provision::requests;
use crate::provision::requests::Signed;
use crate::provision::requests::Whose;
use crate::ui::Report;
use crate::workspace::Change;
use crate::workspace::Transaction;
use crate::workspace::fs;

/// Issue a certificate for a key that a device made itself
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Sign(SignArgs),
}

/// Sign a device's request: its key never leaves it
///
/// Of the request no more is taken than the key and the name: a client's common name, a broker's DNS names and
/// addresses. What it asks for beyond that (to be an authority, other extensions, other parts of the subject) is told
/// and not given. A client's certificate, its chain and the request are kept in certs/client/NAME/.
#[derive(clap::Args)]
struct SignArgs {
    /// The request, in PEM or DER; `-` reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the certificate is for
    #[arg(long = "as", value_name = "ROLE", default_value = "client")]
    role: As,
    /// How long it lasts [default: 365]
    #[arg(long, value_parser = super::days, allow_negative_numbers = true)]
    days: Option<u32>,
    /// The name in place of those of the request (for a broker repeatable)
    #[arg(long, value_name = "NAME")]
    name: Vec<String>,
    /// Write the certificate with its chain to this file too; a broker's is written nowhere else
    #[arg(long, value_name = "FILE", required_if_eq("role", "broker"))]
    out: Option<PathBuf>,
    /// Replace what another key has under this name; it is kept in certs/backup/
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum As {
    Client,
    Broker,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let Command::Sign(args) = &args.command;
    let (bytes, shown) = read(&args.file)?;
    let csr = Csr::read(&bytes, &shown)?;
    let (whose, ignored) = match args.role {
        As::Client => client(&csr, args)?,
        As::Broker => broker(&csr, args)?,
    };
    let mut change = Transaction::begin(&context.workspace)?;
    let signed = requests::sign(&mut change, &csr, &whose, args.days, args.force, context.now)?;
    let changes = change.commit()?;
    if let Some(out) = &args.out {
        fs::sync(&[fs::overwrite(out, signed.chain_pem.as_bytes(), 0o644, None)?])?;
    }
    Ok(context.ui.report(&Issued { context, args, csr, whose, signed, ignored, changes }))
}

fn read(path: &Path) -> Result<(Vec<u8>, String), Failure> {
    if path != Path::new("-") {
        return Ok((credentials::must_read(path)?, path.display().to_string()));
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(1 << 20).read_to_end(&mut bytes);
    read.map_err(|error| {
        Plain::new("csr-unreadable", format!("standard input cannot be read: {error}"))
            .hint("name a file: mqsec csr sign FILE")
    })?;
    Ok((bytes, "standard input".to_owned()))
}

fn no_name(csr: &Csr, why: String) -> Failure {
    let found = csr.common_name.as_deref().map(|name| format!("its common name is `{name}`"));
    let mut error = Plain::no("csr-name-refused", why);
    error = match found {
        Some(found) => error.detail(found),
        None => error.detail("it has no common name"),
    };
    error.hint("give the name: mqsec csr sign FILE --name NAME").into()
}

/// The client's name, and what is not taken over.
fn client(csr: &Csr, args: &SignArgs) -> Result<(Whose, Vec<String>), Failure> {
    let name: ClientName = match (args.name.as_slice(), &csr.common_name) {
        ([name], _) => name.parse()?,
        ([], Some(name)) => name
            .parse()
            .map_err(|error| no_name(csr, format!("no client can have the name of the request: {error}")))?,
        ([], None) => return Err(no_name(csr, "the request names nobody".to_owned())),
        _ => {
            return Err(Plain::new("usage", "a client has one name").hint("mqsec csr sign FILE --name NAME").into());
        }
    };
    let mut ignored = csr.further.clone();
    if !csr.names.is_empty() {
        ignored.push(format!("the names {} (a client's certificate has none)", csr.names.join(", ")));
    }
    if let Some(asked) = csr.common_name.as_deref().filter(|asked| *asked != name.as_str()) {
        ignored.push(format!("the common name `{asked}`"));
    }
    Ok((Whose::Client(name), ignored))
}

/// The broker's names, and what is not taken over.
fn broker(csr: &Csr, args: &SignArgs) -> Result<(Whose, Vec<String>), Failure> {
    let mut names: Vec<BrokerName> = Vec::new();
    let asked = if args.name.is_empty() { &csr.names } else { &args.name };
    for name in asked {
        let name =
            name.parse().map_err(|error| no_name(csr, format!("no broker can have a name of the request: {error}")))?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut ignored = csr.further.clone();
    let common_name = csr.common_name.as_deref().and_then(|name| name.parse::<BrokerName>().ok());
    match common_name {
        // old requests have the name there alone
        Some(name) if names.is_empty() => names.push(name),
        Some(name) if names.contains(&name) => {}
        _ => ignored.extend(csr.common_name.as_deref().map(|name| format!("the common name `{name}`"))),
    }
    let Some(first) = names.first() else {
        return Err(no_name(csr, "the request has no DNS name and no address".to_owned()));
    };
    let common_name = first.to_string().parse()?;
    Ok((Whose::Broker(Role::Broker { names }, common_name), ignored))
}

struct Issued<'a> {
    context: &'a Context<'a>,
    args: &'a SignArgs,
    csr: Csr,
    whose: Whose,
    signed: Signed,
    ignored: Vec<String>,
    changes: Vec<Change>,
}

impl Report for Issued<'_> {
    fn text(&self, _fancy: bool) -> String {
        let (certificate, command) = (&self.signed.certificate, self.context.workspace.command());
        let what = match &self.whose {
            Whose::Client(name) => format!("client certificate `{name}`"),
            Whose::Broker(..) => "broker certificate".to_owned(),
        };
        let end = in_words(certificate.not_after, self.context.now);
        let mut text = format!(
            "{what} issued for the device's own key ({}), valid until {} ({end})\n",
            self.csr.key,
            short_date(certificate.not_after)
        );
        if !certificate.names().is_empty() {
            text.push_str(&format!("  names: {}\n", certificate.names().join(", ")));
        }
        for ignored in &self.ignored {
            text.push_str(&format!("  asked for and not given: {ignored}\n"));
        }
        if self.csr.key_kind == KeyKind::P521 {
            text.push_str("  keys on P-521 are refused by many devices and by browsers; P-256 is taken by all\n");
        }
        if self.signed.shortened {
            text.push_str(&format!("  it ends with its authority, sooner than asked for; make a new authority in time: {command} ca rollover\n"));
        }
        text.push_str(&files(self.context, &self.changes));
        if let Some(out) = &self.args.out {
            text.push_str(&format!("  {}\n", out.display()));
        }
        if let Some(backup) = &self.signed.backup {
            text.push_str(&format!("  what was there is kept in {}\n", self.context.workspace.show(backup)));
        }
        match &self.whose {
            Whose::Client(name) => text.push_str(&format!(
                "next: give the device its .chain.crt and certs/ca.crt; {command} passwd add {name}\n"
            )),
            Whose::Broker(..) => text.push_str("next: put it beside the key over there, as certfile\n"),
        }
        text
    }

    fn json(&self) -> Value {
        let certificate = &self.signed.certificate;
        json!({
            "schema": "mqsec/csr-sign/1",
            "role": match self.whose { Whose::Client(_) => "client", Whose::Broker(..) => "broker" },
            "subject": certificate.subject,
            "serial": certificate.serial,
            "fingerprint_sha256": certificate.fingerprint(),
            "key": certificate.key,
            "names": certificate.names(),
            "not_before": rfc3339(certificate.not_before),
            "not_after": rfc3339(certificate.not_after),
            "shortened_to_authority": self.signed.shortened,
            "not_given": self.ignored,
            "chain_pem": self.signed.chain_pem,
            "out": self.args.out.as_ref().map(|out| out.display().to_string()),
            "backup": self.signed.backup.as_ref().map(|path| self.context.workspace.show(path)),
            "files": files_json(self.context, &self.changes),
        })
    }
}
