//! What is judged: a name of the folder, else a file, else a host.

use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::names::BrokerName;
use crate::pki::names::ClientName;
use crate::pki::verify::As;
use crate::pki::verify::Finding;
use crate::workspace::fs;
use crate::workspace::layout;

/// Where a certificate lies.
pub(super) enum Source {
    /// In the folder, with its key.
    Pair {
        cert: PathBuf,
        key: PathBuf,
    },
    File(PathBuf),
    Live {
        host: String,
        port: u16,
    },
    /// The broker's own copies: the authorities that it trusts, and the list that it reads.
    Trust(PathBuf),
    List(PathBuf),
    /// Nowhere, and why.
    Nothing(Finding),
}

pub(super) struct Target {
    /// As the reader typed it.
    pub(super) name: String,
    pub(super) source: Source,
    /// None: taken from the certificate.
    pub(super) role: Option<As>,
}

impl Target {
    fn pair(context: &Context<'_>, name: &str, cert: &Path, key: &Path, role: As) -> Self {
        let workspace = &context.workspace;
        let source = Source::Pair { cert: workspace.path(cert), key: workspace.path(key) };
        Self { name: name.to_owned(), source, role: Some(role) }
    }

    fn of_name(context: &Context<'_>, name: &str) -> Option<Self> {
        let pair = |cert: &str, key: &str, role| Some(Self::pair(context, name, Path::new(cert), Path::new(key), role));
        match name {
            "ca" => return pair(layout::CA_CERT, layout::CA_KEY, As::Authority),
            "broker" => return pair(layout::broker::CERT, layout::broker::KEY, As::Server),
            _ => {}
        }
        let client = name.parse::<ClientName>().ok()?;
        let files = layout::client(&client);
        let there = context.workspace.has(Path::new(layout::CLIENT_DIR).join(client.as_str()));
        // below a signing authority the chain is what the client sends
        let chained = signing(context).is_some() && context.workspace.has(&files.chain);
        let cert = if chained { &files.chain } else { &files.cert };
        there.then(|| Self::pair(context, name, cert, &files.key, As::Client))
    }

    /// The signing authority below the folder's root.
    fn signing(context: &Context<'_>) -> Option<Self> {
        let files = signing(context)?;
        let name = context.workspace.show(&files.signing_cert);
        Some(Self::pair(context, &name, &files.signing_cert, &files.signing_key, As::Authority))
    }

    /// The file that is read, or the host that is dialled.
    pub(super) fn place(&self) -> String {
        match &self.source {
            Source::Pair { cert: path, .. } | Source::File(path) | Source::Trust(path) | Source::List(path) => {
                path.display().to_string()
            }
            Source::Nothing(_) => self.name.clone(),
            Source::Live { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Source::Live { host, port } => format!("{host}:{port}"),
        }
    }
}

/// The authority's files, where it has two tiers.
fn signing(context: &Context<'_>) -> Option<layout::AuthorityFiles> {
    let files = layout::authority(layout::Generation::Current);
    context.workspace.has(&files.signing_cert).then_some(files)
}

/// What a reader names. One name that means nothing is an error; among several it must not stop the others.
pub(super) fn all_named(context: &Context<'_>, names: &[String]) -> Result<Vec<Target>, Failure> {
    let one = |name: &String| match named(context, name) {
        Err(failure) if names.len() > 1 => {
            let mut finding = Finding::invalid(failure.code, failure.message());
            finding.hint = failure.hints.into_iter().next();
            Ok(Target { name: name.clone(), source: Source::Nothing(finding), role: None })
        }
        other => other,
    };
    let mut targets: Vec<Target> = names.iter().map(one).collect::<Result<_, Failure>>()?;
    if let Some(at) = names.iter().position(|name| name == "ca") {
        // both tiers are the authority
        targets.splice(at + 1..at + 1, Target::signing(context));
    }
    Ok(targets)
}

fn named(context: &Context<'_>, name: &str) -> Result<Target, Failure> {
    if let Some(target) = Target::of_name(context, name) {
        return Ok(target);
    }
    let path = PathBuf::from(name);
    let target = |source| Ok(Target { name: name.to_owned(), source, role: None });
    if fs::exists(&path) {
        return target(Source::File(path));
    }
    match host(name) {
        Some(Ok((host, port))) => target(Source::Live { host, port }),
        Some(Err(why)) => Err(Plain::new("usage", format!("`{name}`: {why}")).into()),
        None => Err(Plain::new(
            "certificate-not-found",
            format!("`{name}` is neither a certificate of this folder nor a file nor a host"),
        )
        .hint("see what there is: mqsec verify; a host without a dot needs its port: NAME:8883")
        .into()),
    }
}

/// Everything in the folder, and what the broker reads of it.
pub(super) fn everything(context: &Context<'_>) -> Result<Vec<Target>, Failure> {
    let workspace = &context.workspace;
    let mut found = Vec::new();
    for name in ["ca", "broker"] {
        let Some(target) = Target::of_name(context, name) else { continue };
        if let Source::Pair { cert, key } = &target.source
            && (fs::exists(cert) || fs::exists(key))
        {
            found.push(target);
        }
        if name == "ca" {
            found.extend(Target::signing(context));
        }
    }
    let clients = workspace.clients()?;
    found.extend(clients.iter().filter_map(|name| Target::of_name(context, name)));
    if found.is_empty() {
        let certs = workspace.show("certs");
        return Err(Plain::new("nothing-to-verify", format!("there are no certificates in `{certs}`"))
            .hint("make them: mqsec up")
            .into());
    }
    for (file, source) in
        [(layout::broker::TRUST, Source::Trust as fn(PathBuf) -> Source), (layout::broker::CRL, Source::List)]
    {
        // a folder that was never given to a broker has neither
        if workspace.has(file) {
            found.push(Target { name: workspace.show(file), source: source(workspace.path(file)), role: None });
        }
    }
    Ok(found)
}

/// Host and port, if it looks like a host; and why not, if it looks like one and is none.
fn host(name: &str) -> Option<Result<(String, u16), &'static str>> {
    const DEFAULT: u16 = 8883;
    const ENDINGS: [&str; 11] = ["crt", "pem", "cer", "der", "key", "csr", "crl", "p12", "pfx", "p7b", "txt"];
    let rest = ["mqtts://", "ssl://", "tls://"].iter().find_map(|scheme| name.strip_prefix(scheme));
    let bare = rest.map_or(name, |rest| rest.trim_end_matches('/'));
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Some(Ok((ip.to_string(), DEFAULT)));
    }
    let (host, port) = match bare.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, "")) => (inside, None),
        Some((inside, after)) => (inside, Some(after.strip_prefix(':')?)),
        None => match bare.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (bare, None),
        },
    };
    let is_file = port.is_none() && host.rsplit_once('.').is_some_and(|(_, end)| ENDINGS.contains(&end));
    let is_host = port.is_some() || host == "localhost" || host.contains('.') || bare.starts_with('[');
    if is_file || !is_host || host.contains(['/', '\\']) || host.parse::<BrokerName>().is_err() {
        return None;
    }
    let port = match port.map(str::parse::<u16>) {
        None => DEFAULT,
        Some(Ok(port)) if port > 0 => port,
        Some(_) => return Some(Err("the port is no number from 1 to 65535")),
    };
    Some(Ok((host.to_owned(), port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_from_names_and_files() {
        for (text, expected) in [
            ("localhost", Some(("localhost", 8883))),
            ("broker.lan", Some(("broker.lan", 8883))),
            ("broker:1", Some(("broker", 1))),
            ("10.0.0.1", Some(("10.0.0.1", 8883))),
            ("10.0.0.1:8884", Some(("10.0.0.1", 8884))),
            ("::1", Some(("::1", 8883))),
            ("[::1]", Some(("::1", 8883))),
            ("[fe80::1]:443", Some(("fe80::1", 443))),
            ("mqtts://broker:8884/", Some(("broker", 8884))),
            ("anderson", None),
            ("broker.crt", None),
            ("certs/ca.crt", None),
            ("a/b:1", None),
            ("[::1", None),
            ("", None),
            (":8883", None),
        ] {
            let found = host(text).and_then(Result::ok);
            assert_eq!(found, expected.map(|(host, port)| (host.to_owned(), port)), "{text}");
        }
        for text in ["localhost:0", "localhost:65536", "[::1]:x", "broker.lan:"] {
            assert!(host(text).is_some_and(|found| found.is_err()), "{text}");
        }
    }
}
