//! `mqsec deploy-hook`: another program got the certificate; the broker is to have it.

use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;
use zeroize::Zeroizing;

use super::files;
use super::files_json;
use super::rfc3339;
use super::taking_over;
use super::taking_over::Restart;
use super::taking_over::Taken;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki;
use crate::pki::verify;
use crate::provision::certificates;
use crate::provision::credentials;
use crate::provision::external;
use crate::provision::external::Installed;
use crate::provision::external::Origin;
use crate::provision::external::Pair;
use crate::ui::Report;
use crate::workspace::Transaction;
use crate::workspace::fs;
use crate::workspace::layout;

/// Install a certificate that certbot, lego or acme.sh got
///
/// Called as their hook it finds the files by itself: certbot --deploy-hook (RENEWED_LINEAGE), lego --renew-hook or
/// --deploy-hook (LEGO_CERT_PATH, LEGO_HOOK_CERT_PATH), acme.sh --reloadcmd (CERT_FULLCHAIN_PATH). They are judged, copied
/// with the owner and mode that the broker needs, and the broker is reloaded and asked. The same files twice change nothing.
#[derive(clap::Args)]
pub struct Args {
    /// A folder as certbot has it: fullchain.pem and privkey.pem
    #[arg(long, value_name = "DIR", conflicts_with_all = ["cert", "key", "chain"])]
    from: Option<PathBuf>,
    /// The certificate, alone or with its chain
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// The certificates above it, where they are not in --cert
    #[arg(long, value_name = "FILE", requires = "cert")]
    chain: Option<PathBuf>,
}

/// Where the files are, and whose.
struct Source {
    by: &'static str,
    cert: PathBuf,
    key: PathBuf,
    chain: Option<PathBuf>,
}

impl Source {
    fn lineage(by: &'static str, dir: &Path) -> Self {
        let full = dir.join("fullchain.pem");
        let (cert, chain) =
            if fs::exists(&full) { (full, None) } else { (dir.join("cert.pem"), Some(dir.join("chain.pem"))) };
        Self { by, cert, key: dir.join("privkey.pem"), chain }
    }

    /// From the arguments, or from what the three programs tell their hooks.
    fn find(args: &Args) -> Result<Self, Plain> {
        if let Some(dir) = &args.from {
            return Ok(Self::lineage("files", dir));
        }
        if let (Some(cert), Some(key)) = (&args.cert, &args.key) {
            return Ok(Self { by: "files", cert: cert.clone(), key: key.clone(), chain: args.chain.clone() });
        }
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(dir) = variable("RENEWED_LINEAGE") {
            return Ok(Self::lineage("certbot", &dir));
        }
        for prefix in ["LEGO_HOOK", "LEGO"] {
            let of = |name: &str| variable(&format!("{prefix}_{name}"));
            if let (Some(cert), Some(key)) = (of("CERT_PATH"), of("CERT_KEY_PATH")) {
                // lego names files that it did not write, too
                let chain = of("ISSUER_CERT_PATH").filter(|path| fs::exists(path));
                return Ok(Self { by: "lego", cert, key, chain });
            }
        }
        if let (Some(cert), Some(key)) =
            (variable("CERT_FULLCHAIN_PATH").or(variable("CERT_PATH")), variable("CERT_KEY_PATH"))
        {
            let chain = variable("CA_CERT_PATH").filter(|path| fs::exists(path));
            return Ok(Self { by: "acme.sh", cert, key, chain });
        }
        Err(Plain::new("deploy-no-files", "no files were named, and no program that gets certificates calls")
            .hint("certbot: certbot renew --deploy-hook 'mqsec --dir DIR deploy-hook'")
            .hint("lego: --renew-hook (or --deploy-hook) 'mqsec --dir DIR deploy-hook'")
            .hint("acme.sh: --install-cert -d NAME --reloadcmd 'mqsec --dir DIR deploy-hook'")
            .hint("by hand: mqsec deploy-hook --from /etc/letsencrypt/live/NAME"))
    }
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let source = Source::find(args)?;
    let key = Zeroizing::new(credentials::must_read(&source.key)?);
    let cert = credentials::must_read(&source.cert)?;
    let chain = source.chain.as_deref().map(credentials::must_read).transpose()?;
    let pair = Pair::read(&cert, chain.as_deref(), key, &source.cert.display().to_string())?;
    pair.judge(&[], context.now)?;
    check_names(context, &pair)?;
    let notes = replaced(context, &pair)?;
    let installed = if pair.is_installed(workspace)? { None } else { Some(install(context, &source, &pair)?) };
    workspace.give_to_broker()?;
    let taken = taking_over::after_a_change(context, Restart::Ask)?;
    Ok(context.ui.report(&Done { context, source: &source, pair: &pair, installed, taken, notes }))
}

fn install(context: &Context<'_>, source: &Source, pair: &Pair) -> Result<Installed, Failure> {
    let mut change = Transaction::begin(&context.workspace)?;
    let names = certificates::names_of(pair.leaf());
    let mut origin = Origin::new(source.by, &names, context.now);
    let path = std::path::absolute(&source.cert).unwrap_or_else(|_| source.cert.clone());
    origin.source = Some(path.display().to_string());
    let backup = external::put(&mut change, pair, None, &origin, context.now)?;
    Ok(Installed { changes: change.commit()?, backup })
}

/// A hook may be called for every certificate of a machine: one for other names is not the broker's.
fn check_names(context: &Context<'_>, pair: &Pair) -> Result<(), Failure> {
    let workspace = &context.workspace;
    let names = pair.leaf().names();
    let covers = |name: &String| verify::is_valid_for(pair.leaf(), name);
    let other = |wanted: &str| {
        Plain::no("deploy-other-names", format!("the certificate is for {}, and not for {wanted}", names.join(", ")))
            .detail("nothing was changed")
            .hint(format!(
                "the broker's name stands in BROKER_CN of `{}`; correct it, or get a certificate for it",
                workspace.show(layout::ENV)
            ))
    };
    let wanted = external::wanted_names(workspace)?;
    if let Some(missing) = wanted.iter().find(|name| !covers(name)) {
        return Err(other(&format!("`{missing}`")).into());
    }
    // the names of a wildcard are compared as they are
    let served = external::origin(workspace)?.map(|origin| origin.domains).filter(|domains| !domains.is_empty());
    match served.filter(|_| wanted.is_empty()) {
        Some(served) if !served.iter().any(|name| covers(name) || names.contains(name)) => {
            Err(other(&format!("the broker's {}", served.join(", "))).into())
        }
        _ => Ok(()),
    }
}

/// What the reader should know of the pair that goes.
fn replaced(context: &Context<'_>, pair: &Pair) -> Result<Vec<String>, Failure> {
    let workspace = &context.workspace;
    let mut notes = Vec::new();
    if external::origin(workspace)?.is_none() && workspace.has(layout::broker::CERT) {
        notes.push(
            "until now it was the own authority's: clients need the public roots from now on, and these names"
                .to_owned(),
        );
    }
    if let Some(found) =
        certificates::broker_certificate(workspace)?.filter(|found| found.not_after > pair.leaf().not_after)
    {
        notes.push(format!("the one before lasted longer, until {}", pki::short_date(found.not_after)));
    }
    Ok(notes)
}

struct Done<'a> {
    context: &'a Context<'a>,
    source: &'a Source,
    pair: &'a Pair,
    /// None where the broker's files were these already.
    installed: Option<Installed>,
    taken: Taken,
    notes: Vec<String>,
}

impl Report for Done<'_> {
    fn text(&self, _fancy: bool) -> String {
        let own = self.pair.leaf();
        let end = format!(
            "valid until {} ({})",
            pki::short_date(own.not_after),
            pki::in_words(own.not_after, self.context.now)
        );
        let names = own.names().join(", ");
        let mut text = match &self.installed {
            Some(_) => format!("certificate for {names} installed (from {}), {end}\n", self.source.by),
            None => format!("the certificate for {names} is installed already, {end}; nothing was changed\n"),
        };
        if let Some(installed) = &self.installed {
            text.push_str(&files(self.context, &installed.changes));
            if let Some(backup) = &installed.backup {
                text.push_str(&format!("  the old pair is kept in {}\n", self.context.workspace.show(backup)));
            }
        }
        text.push_str(&self.taken.text());
        for note in self.notes.iter().filter(|_| self.installed.is_some()) {
            text.push_str(&format!("note: {note}\n"));
        }
        text
    }

    fn json(&self) -> Value {
        let own = self.pair.leaf();
        let installed = self.installed.as_ref();
        json!({
            "schema": "mqsec/deploy-hook/1",
            "state": if installed.is_some() { "installed" } else { "same" },
            "by": self.source.by,
            "source": self.source.cert.display().to_string(),
            "names": own.names(),
            "issuer": own.issuer,
            "serial": own.serial,
            "fingerprint_sha256": own.fingerprint(),
            "not_after": rfc3339(own.not_after),
            "backup": installed.and_then(|installed| installed.backup.as_ref()).map(|path| self.context.workspace.show(path)),
            "files": installed.map(|installed| files_json(self.context, &installed.changes)),
            "broker": self.taken.json(),
            "notes": self.notes,
        })
    }

    fn status(&self) -> u8 {
        u8::from(!self.taken.holds())
    }
}
