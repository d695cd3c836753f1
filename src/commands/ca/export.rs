//! `mqsec ca export`: what a client needs of the authority.

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::Value;
use serde_json::json;

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::keys;
use crate::pki::parsed::Certificate;
use crate::ui;
use crate::ui::Report;
use crate::workspace::fs;
use crate::workspace::layout;
use crate::workspace::layout::Generation;

/// Print the authority's public certificates, as clients want them; no key is ever among them
///
/// Clients need the root alone: what stands between, the broker sends.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The form
    #[arg(long, value_name = "FORM", default_value = "pem")]
    format: Format,
    /// Write to a file in place of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The root; during a rollover both roots
    Pem,
    /// The current root alone, in DER, as Windows, Android and Java import it
    Der,
    /// The roots and the signing authorities, for programs that want every tier in one file
    Bundle,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let path = workspace.show(layout::CA_CERT);
    let Some(pem) = workspace.read(layout::CA_CERT)? else { return Err(super::missing(context)) };
    let mut list = Certificate::all_from_pem(&pem, &path)?;
    if args.format == Format::Bundle {
        for generation in [Generation::Current, Generation::Next, Generation::Old] {
            let file = layout::authority(generation).signing_cert;
            if let Some(pem) = workspace.read(&file)? {
                list.extend(Certificate::all_from_pem(&pem, &workspace.show(&file))?);
            }
        }
    }
    if args.format == Format::Der {
        list.truncate(1);
    }
    let bytes = match args.format {
        Format::Der => list[0].der.to_vec(),
        _ => list.iter().map(|one| keys::certificate_pem(&one.der)).collect::<String>().into_bytes(),
    };
    match &args.out {
        Some(out) => {
            let written = fs::overwrite(out, &bytes, 0o644, None)?;
            fs::sync(&[written])?;
        }
        // the report has it
        None if context.ui.json => {}
        None if args.format == Format::Der && std::io::IsTerminal::is_terminal(&std::io::stdout()) => {
            return Err(Plain::new("binary-to-terminal", "DER is binary, and would disturb this terminal")
                .hint("write it to a file: mqsec ca export --format der --out ca.der")
                .into());
        }
        None => {
            ui::binary(&bytes);
            return Ok(0);
        }
    }
    Ok(context.ui.report(&Exported { context, args, list, bytes }))
}

struct Exported<'a> {
    context: &'a Context<'a>,
    args: &'a Args,
    list: Vec<Certificate>,
    bytes: Vec<u8>,
}

impl Report for Exported<'_> {
    fn text(&self, _fancy: bool) -> String {
        let out = self.args.out.as_ref().map(|out| out.display().to_string()).unwrap_or_default();
        let names: Vec<String> = self.list.iter().map(|one| format!("`{}`", one.title())).collect();
        format!(
            "{} written to {out}\nnext: {} verify HOST:PORT --ca {out} (on the client's machine)\n",
            names.join(", "),
            self.context.workspace.command()
        )
    }

    fn json(&self) -> Value {
        let certificates: Vec<Value> = self
            .list
            .iter()
            .map(|one| json!({ "subject": one.subject, "fingerprint_sha256": one.fingerprint(), "pem": keys::certificate_pem(&one.der) }))
            .collect();
        json!({
            "schema": "mqsec/ca-export/1",
            "file": self.args.out.as_ref().map(|out| out.display().to_string()),
            "bytes": self.bytes.len(),
            "certificates": certificates,
        })
    }
}
