//! Every certificate of the workspace before the judge, once: the rules of certificates share the answers out by code.

use std::collections::BTreeMap;
use std::collections::HashSet;

use time::Duration;
use time::OffsetDateTime;

use super::Found;
use super::Severity;
use super::Subject;
use crate::pki::input;
use crate::pki::inventory::Inventory;
use crate::pki::parsed::Certificate;
use crate::pki::parsed::KeyKind;
use crate::pki::verify;
use crate::pki::verify::As;
use crate::pki::verify::Case;
use crate::pki::verify::leaf_of;
use crate::workspace::layout;

/// A period that ends sooner is told.
pub const WARN: Duration = Duration::days(30);

/// One file of certificates and what is wrong with it.
#[derive(Debug)]
pub struct Judged {
    pub path: String,
    pub role: As,
    /// `the authority`, `the broker's certificate`, `the certificate of client ...`.
    pub what: String,
    pub findings: Vec<verify::Finding>,
    /// Of the leaf; none where the file cannot be read.
    pub facts: Option<Facts>,
}

/// What rules ask of a certificate beside the judge's findings: a whole one of ten thousand would need too much memory.
#[derive(Debug)]
pub struct Facts {
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    pub serial: String,
    pub issuer: String,
}

/// Judges all of them.
pub(super) fn all(subject: &Subject) -> Vec<Judged> {
    let own = list(subject, layout::CA_CERT);
    let mut all = Vec::new();
    let mut authorities = vec![layout::CA_CERT.to_owned()];
    let (mut servers, mut trust_of_clients) = (Vec::new(), Vec::new());
    for named in subject.named() {
        match named.key.as_str() {
            "cafile" if !authorities.contains(&named.path) => {
                trust_of_clients.extend(list(subject, &named.path));
                // a copy says nothing new
                if subject.folder.bytes(&named.path) != subject.folder.bytes(layout::CA_CERT) {
                    authorities.push(named.path);
                }
            }
            "certfile" if !servers.iter().any(|(path, _): &(String, _)| *path == named.path) => {
                servers.push((named.path, named.at));
            }
            _ => {}
        }
    }
    for path in authorities {
        all.extend(authority(subject, &path, &own));
    }
    for (path, _) in &servers {
        all.extend(server(subject, path, &own));
    }
    if trust_of_clients.is_empty() {
        // clients send the signing authority that issued them behind their own
        trust_of_clients = own;
        trust_of_clients.extend(list(subject, "certs/signing/ca.crt"));
    }
    let noted = Inventory::parse(subject.folder.bytes(layout::INVENTORY).unwrap_or_default());
    for mut one in clients(subject, &trust_of_clients) {
        // one that was revoked may be of an authority that is gone by now
        if one.facts.as_ref().is_some_and(|facts| noted.revocation(&facts.serial).is_some()) {
            one.findings.retain(|finding| !OF_AN_ISSUER.contains(&finding.code));
        }
        all.push(one);
    }
    all
}

fn list(subject: &Subject, path: &str) -> Vec<Certificate> {
    let read = subject.certificates(path);
    read.and_then(|read| read.as_ref().as_ref().ok().map(|found| found.list.clone())).unwrap_or_default()
}

fn facts(certificate: &Certificate) -> Facts {
    let Certificate { not_before, not_after, serial, issuer, .. } = certificate;
    Facts { not_before: *not_before, not_after: *not_after, serial: serial.clone(), issuer: issuer.clone() }
}

fn authority(subject: &Subject, path: &str, own: &[Certificate]) -> Option<Judged> {
    let what = if path == layout::CA_CERT { "the authority" } else { "the authority that the broker trusts" };
    let judged =
        Judged { path: path.to_owned(), role: As::Authority, what: what.to_owned(), findings: Vec::new(), facts: None };
    let read = subject.certificates(path)?;
    let found = match read.as_ref() {
        Ok(found) => found,
        Err(finding) => return Some(Judged { findings: vec![finding.clone()], ..judged }),
    };
    let mut findings = found.odd.clone();
    for certificate in found.list.iter().take(200) {
        let case =
            Case { trust: &found.list, others: own, warn: WARN, ..Case::new(certificate, As::Authority, subject.now) };
        findings.extend(verify::judge(&case));
    }
    // a bundle of intermediates is judged with its root, which may stand there too
    findings.retain(|finding| finding.code != "certificate-unknown-issuer");
    Some(Judged { findings, facts: found.list.first().map(facts), ..judged })
}

/// Codes that say nothing of a certificate that is revoked.
const OF_AN_ISSUER: [&str; 3] =
    ["certificate-other-authority", "certificate-unknown-issuer", "chain-intermediate-missing"];

/// Codes that say nothing where the authority is unknown, or not ours.
const OF_THE_AUTHORITY: [&str; 6] = [
    "ca-file-holds-leaf",
    "ca-not-an-authority",
    "ca-root-missing",
    "certificate-refused",
    "certificate-unknown-issuer",
    "chain-intermediate-missing",
];

const OF_LEAVES: [&str; 3] = ["certificate-common-name-only", "certificate-without-names", "certificate-wrong-role"];

fn server(subject: &Subject, path: &str, own: &[Certificate]) -> Option<Judged> {
    let (what, role) = ("the broker's certificate".to_owned(), As::Server);
    let judged = Judged { path: path.to_owned(), role, what, findings: Vec::new(), facts: None };
    let read = subject.certificates(path)?;
    let found = match read.as_ref() {
        Ok(found) => found,
        Err(finding) => return Some(Judged { findings: vec![finding.clone()], ..judged }),
    };
    let sent = &found.list;
    let mut findings = found.odd.clone();
    let key = key_of(subject, path).and_then(|key| public_key(subject, &key, &sent[0], &mut findings));
    let others = others(subject);
    let last = &sent[sent.len() - 1..];
    let external = path == layout::broker::CERT && subject.folder.file(layout::broker::EXTERNAL).is_some();
    let foreign = own.is_empty() || external || is_public(&last[0].issuer);
    let case = Case {
        intermediates: &sent[1..],
        trust: if foreign { last } else { own },
        others: &others,
        key: key.as_deref(),
        warn: WARN,
        ..Case::new(&sent[0], role, subject.now)
    };
    findings.extend(verify::judge(&case));
    if foreign {
        findings.retain(|finding| !OF_THE_AUTHORITY.contains(&finding.code));
    }
    if findings.iter().any(|finding| finding.code == "certificate-is-authority") {
        // it has no names and another role because it is what it is
        findings.retain(|finding| !OF_LEAVES.contains(&finding.code));
    } else if findings.iter().any(|finding| finding.code == "certificate-wrong-role") {
        // a client's certificate has no names
        findings.retain(|finding| finding.code != "certificate-without-names");
    }
    Some(Judged { findings, facts: Some(facts(leaf_of(&case))), ..judged })
}

/// The keyfile of the listener that has this certfile.
fn key_of(subject: &Subject, certfile: &str) -> Option<String> {
    let reading = subject.any_reading()?;
    reading.listeners.iter().find_map(|listener| {
        let cert = reading.option(listener, "certfile")?;
        (subject.resolve(&cert.text) == certfile)
            .then(|| reading.option(listener, "keyfile"))?
            .map(|key| subject.resolve(&key.text))
    })
}

fn public_key(
    subject: &Subject,
    path: &str,
    leaf: &Certificate,
    findings: &mut Vec<verify::Finding>,
) -> Option<Vec<u8>> {
    match input::public_key(subject.folder.bytes(path)?, path) {
        Ok(key) => Some(key),
        // a kind of key that no TLS program takes is told for the certificate
        Err(_) if matches!(leaf.key_kind, KeyKind::Other | KeyKind::Rsa(..2048)) => None,
        Err(finding) => {
            findings.push(finding);
            None
        }
    }
}

/// Certificates that lie in `certs/` itself: one of them may be the intermediate that was not sent.
fn others(subject: &Subject) -> Vec<Certificate> {
    let paths = subject.folder.under("certs").map(|(path, _)| path);
    let beside = |path: &str| path.matches('/').count() == 1 || path.starts_with("certs/signing/");
    let near = paths.filter(|path| beside(path) && (path.ends_with(".crt") || path.ends_with(".pem")));
    near.flat_map(|path| list(subject, path)).collect()
}

/// Whether a public authority stands behind it, whose certificates anybody can have.
pub fn is_public(issuer: &str) -> bool {
    const KNOWN: &[&str] = &[
        "Amazon",
        "Buypass",
        "Certum",
        "DigiCert",
        "Digital Signature Trust",
        "Entrust",
        "GlobalSign",
        "GoDaddy",
        "Google Trust Services",
        "Internet Security Research Group",
        "Let's Encrypt",
        "Sectigo",
        "SSL.com",
        "SSL Corporation",
        "USERTRUST",
        "ZeroSSL",
    ];
    KNOWN.iter().any(|known| issuer.contains(&format!("O={known}")) || issuer.contains(&format!("O=\"{known}")))
}

/// The clients' certificates, on several threads where they are many.
fn clients(subject: &Subject, trust: &[Certificate]) -> Vec<Judged> {
    let paths: Vec<_> = subject.clients().collect();
    let judge = |some: &[super::subject::ClientPaths<'_>]| {
        some.iter().filter_map(|client| one_client(subject, client, trust)).collect::<Vec<_>>()
    };
    if paths.len() < 64 {
        return judge(&paths);
    }
    let workers = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 8);
    std::thread::scope(|scope| {
        let chunks = paths.chunks(paths.len().div_ceil(workers));
        let threads: Vec<_> = chunks.map(|chunk| scope.spawn(move || judge(chunk))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    })
}

fn one_client(subject: &Subject, client: &super::subject::ClientPaths<'_>, trust: &[Certificate]) -> Option<Judged> {
    let path = client.cert.to_owned();
    let (what, role) = (format!("the certificate of client `{}`", client.name), As::Client);
    let judged = Judged { path, role, what, findings: Vec::new(), facts: None };
    // not kept: ten thousand of them would be
    let found = match input::certificates(subject.folder.bytes(client.cert)?, client.cert) {
        Ok(found) => found,
        Err(finding) => return Some(Judged { findings: vec![finding], ..judged }),
    };
    let mut findings = found.odd;
    let key = format!("{}.key", client.cert.strip_suffix(".crt")?);
    let key = public_key(subject, &key, &found.list[0], &mut findings);
    let unknown = trust.is_empty();
    let case = Case {
        intermediates: &found.list[1..],
        trust: if unknown { &found.list[found.list.len() - 1..] } else { trust },
        key: key.as_deref(),
        warn: WARN,
        ..Case::new(&found.list[0], role, subject.now)
    };
    findings.extend(verify::judge(&case));
    if unknown {
        findings.retain(|finding| !OF_THE_AUTHORITY.contains(&finding.code));
    }
    let facts = Some(facts(leaf_of(&case)));
    Some(Judged { findings, facts, ..judged })
}

/// How many clients are told by name for one cause.
const BY_NAME: usize = 3;

/// Tells what the judge found under these codes: authorities and brokers one by one, clients together where they are many.
pub fn tell(subject: &Subject, found: &mut Found<'_>, codes: &[&str]) {
    let mut clients: BTreeMap<&str, Vec<(&Judged, &verify::Finding)>> = BTreeMap::new();
    let mut said: HashSet<(&str, &str)> = HashSet::new();
    for judged in subject.judged() {
        for finding in judged.findings.iter().filter(|finding| codes.contains(&finding.code)) {
            if judged.role == As::Client {
                clients.entry(finding.code).or_default().push((judged, finding));
            } else if said.insert((&judged.path, &finding.message)) {
                one(found, judged, finding);
            }
        }
    }
    for (_, told) in clients {
        if told.len() <= BY_NAME {
            told.iter().for_each(|(judged, finding)| one(found, judged, finding));
            continue;
        }
        let names: Vec<&str> = told.iter().take(BY_NAME).map(|(judged, _)| name(judged)).collect();
        let (_, first) = told[0];
        let message = format!(
            "{} client certificates have the same fault ({} and {} more); the first one: {}",
            told.len(),
            names.join(", "),
            told.len() - BY_NAME,
            first.message
        );
        let told = found.file(layout::CLIENT_DIR, message);
        told.weighs(weight(first)).hint.clone_from(&first.hint);
    }
}

fn one(found: &mut Found<'_>, judged: &Judged, finding: &verify::Finding) {
    let told = found.file(judged.path.as_str(), format!("{}: {}", judged.what, finding.message));
    told.weighs(weight(finding)).hint.clone_from(&finding.hint);
}

fn weight(finding: &verify::Finding) -> Severity {
    match finding.severity {
        verify::Severity::Invalid => Severity::Error,
        verify::Severity::Warning => Severity::Warning,
    }
}

/// The client's folder.
pub fn name(judged: &Judged) -> &str {
    judged.path.rsplit('/').nth(1).unwrap_or(&judged.path)
}
