//! `mqsec verify`: are these certificates good?

mod report;

use std::path::Path;
use std::path::PathBuf;

use rcgen::PublicKeyData;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use time::Duration;

use self::report::Verdicts;
use crate::context::Context;
use crate::error::Diagnose;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::keys;
use crate::pki::names::ClientName;
use crate::pki::parsed::Certificate;
use crate::pki::verify::As;
use crate::pki::verify::Case;
use crate::pki::verify::Finding;
use crate::pki::verify::judge;
use crate::workspace::fs;
use crate::workspace::layout;

/// Verify certificates: period, chain, key, role, names and file modes
///
/// A target is `ca`, `broker`, a client's name, or a PEM file; without one, everything in the folder.
#[derive(clap::Args)]
pub struct Args {
    #[arg(value_name = "NAME|FILE")]
    targets: Vec<String>,
    /// Warn when a period ends within so many days
    #[arg(long, default_value_t = 30, value_name = "DAYS")]
    warn: u32,
    /// A name by which the broker is reached (repeatable)
    #[arg(long, value_name = "NAME|IP")]
    host: Vec<String>,
    /// Authorities to trust [default: certs/ca.crt]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// A certificate to judge, and where it and its key lie.
struct Target {
    name: String,
    cert: PathBuf,
    key: Option<PathBuf>,
    /// None: taken from the certificate.
    role: Option<As>,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let targets = match args.targets.as_slice() {
        [] => everything(context)?,
        names => names.iter().map(|name| target(context, name)).collect::<Result<_, _>>()?,
    };
    let ca = args.ca.clone().unwrap_or_else(|| context.workspace.path(layout::CA_CERT));
    let trust = match fs::read(&ca)? {
        Some(pem) => Certificate::all_from_pem(&pem, &ca.display().to_string())?,
        None => {
            return Err(Plain::new("ca-missing", format!("there is no authority to judge by: no `{}`", ca.display()))
                .hint("make one: mqsec ca init; or give one: --ca FILE")
                .into());
        }
    };
    let crls: Vec<Vec<u8>> = match context.workspace.read(layout::CA_CRL)? {
        Some(pem) => CertificateRevocationListDer::pem_slice_iter(&pem).flatten().map(|der| der.to_vec()).collect(),
        None => Vec::new(),
    };
    let judged = targets.into_iter().map(|target| examine(context, args, target, &trust, &crls)).collect();
    Ok(context.ui.report(&Verdicts { judged, now: context.now }))
}

fn everything(context: &Context<'_>) -> Result<Vec<Target>, Failure> {
    let mut found = Vec::new();
    for name in ["ca", "broker"] {
        let target = target(context, name)?;
        if fs::exists(&target.cert) || target.key.as_deref().is_some_and(fs::exists) {
            found.push(target);
        }
    }
    for name in context.workspace.clients()? {
        if name.parse::<ClientName>().is_ok() {
            found.push(target(context, &name)?);
        }
    }
    if found.is_empty() {
        let certs = context.workspace.show("certs");
        return Err(Plain::new("nothing-to-verify", format!("there are no certificates in `{certs}`"))
            .hint("make them: mqsec up")
            .into());
    }
    Ok(found)
}

fn target(context: &Context<'_>, name: &str) -> Result<Target, Failure> {
    let workspace = &context.workspace;
    let of = |cert: &Path, key: &Path, role| Target {
        name: name.to_owned(),
        cert: workspace.path(cert),
        key: Some(workspace.path(key)),
        role: Some(role),
    };
    match name {
        "ca" => return Ok(of(Path::new(layout::CA_CERT), Path::new(layout::CA_KEY), As::Authority)),
        "broker" => {
            return Ok(of(Path::new(layout::broker::CERT), Path::new(layout::broker::KEY), As::Server));
        }
        _ => {}
    }
    if let Ok(client) = name.parse::<ClientName>()
        && workspace.has(Path::new(layout::CLIENT_DIR).join(client.as_str()))
    {
        let files = layout::client(&client);
        return Ok(of(&files.cert, &files.key, As::Client));
    }
    let path = PathBuf::from(name);
    if fs::exists(&path) {
        return Ok(Target { name: name.to_owned(), cert: path, key: None, role: None });
    }
    Err(Plain::new("certificate-not-found", format!("`{name}` is neither a certificate of this folder nor a file"))
        .hint("see what there is: mqsec verify")
        .into())
}

struct Judged {
    target: Target,
    /// What could be read.
    certificate: Option<Certificate>,
    findings: Vec<Finding>,
}

fn examine(context: &Context<'_>, args: &Args, target: Target, trust: &[Certificate], crls: &[Vec<u8>]) -> Judged {
    let mut findings = Vec::new();
    let certificate = match read_certificate(&target.cert) {
        Ok(certificate) => certificate,
        Err(finding) => {
            return Judged { target, certificate: None, findings: vec![finding] };
        }
    };
    let key = target.key.as_deref().and_then(|path| read_key(path, &mut findings));
    let role = target.role.unwrap_or(match &certificate {
        c if c.is_ca => As::Authority,
        c if c.server_auth && !c.names().is_empty() => As::Server,
        _ => As::Client,
    });
    let mut all = judge(&Case {
        certificate: &certificate,
        trust,
        crls,
        role,
        hosts: if role == As::Server { &args.host } else { &[] },
        key: key.as_deref(),
        now: context.now,
        warn: Duration::days(i64::from(args.warn)),
    });
    all.append(&mut findings);
    all.sort_by_key(|finding| finding.severity);
    for finding in &mut all {
        finding.hint = finding.hint.take().map(|hint| context.ui.with_folder(&hint));
    }
    Judged { target, certificate: Some(certificate), findings: all }
}

fn read_certificate(path: &Path) -> Result<Certificate, Finding> {
    let shown = path.display().to_string();
    match fs::read(path) {
        Ok(Some(pem)) => {
            Certificate::from_pem(&pem, &shown).map_err(|error| Finding::invalid(error.code(), error.to_string()))
        }
        Ok(None) => Err(Finding::invalid("file-not-found", format!("there is no `{shown}`"))),
        Err(error) => Err(Finding::invalid(error.code(), format!("{error}: {}", error.source))),
    }
}

/// The key's public part; what is wrong with its file becomes a finding.
fn read_key(path: &Path, findings: &mut Vec<Finding>) -> Option<Vec<u8>> {
    let shown = path.display().to_string();
    let pem = match fs::read(path) {
        Ok(Some(pem)) => zeroize::Zeroizing::new(pem),
        Ok(None) => {
            findings.push(Finding::warning("key-not-here", format!("its key is not here: no `{shown}`")));
            return None;
        }
        Err(error) => {
            findings.push(Finding::warning(error.code(), format!("its key cannot be read: {error}: {}", error.source)));
            return None;
        }
    };
    #[cfg(unix)]
    if let Ok(access) = fs::access(path)
        && access.mode & 0o077 != 0
    {
        let mode = access.mode;
        findings.push(
            Finding::invalid("key-readable-by-others", format!("its key can be read by others (mode {mode:04o})"))
                .hint(format!("chmod 600 {shown}")),
        );
    }
    match keys::parse(&pem, &shown) {
        Ok(key) => Some(key.subject_public_key_info()),
        Err(error) => {
            findings.push(Finding::invalid(error.code(), error.to_string()));
            None
        }
    }
}
