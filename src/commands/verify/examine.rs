//! One target, from its bytes to its findings.

use std::path::Path;

use time::OffsetDateTime;

use super::Args;
use super::broker_files;
use super::evidence;
use super::evidence::Evidence;
use super::evidence::Place;
use super::live;
use super::live::Live;
use super::target::Source;
use super::target::Target;
use crate::error::Diagnose;
use crate::pki::advice;
use crate::pki::advice::Advice;
use crate::pki::crl::Crl;
use crate::pki::input;
use crate::pki::parsed::Certificate;
use crate::pki::parsed::KeyKind;
use crate::pki::verify;
use crate::pki::verify::As;
use crate::pki::verify::Case;
use crate::pki::verify::Finding;
use crate::pki::verify::Severity;
use crate::pki::verify::judge;
use crate::pki::verify::judge_crl;
use crate::pki::verify::leaf_of;
use crate::workspace::fs;

pub(super) struct Judged {
    pub(super) target: Target,
    pub(super) role: Option<As>,
    /// What the file holds or the broker sent, in its order.
    pub(super) sent: Vec<Certificate>,
    /// The one of them that was judged.
    pub(super) leaf: Option<Certificate>,
    pub(super) list: Option<Crl>,
    pub(super) live: Option<Live>,
    pub(super) findings: Vec<Finding>,
    pub(super) advice: Vec<Advice>,
    /// Whether it could be judged at all.
    pub(super) answered: bool,
}

impl Judged {
    pub(super) fn new(target: Target) -> Self {
        let (sent, findings, advice) = (Vec::new(), Vec::new(), Vec::new());
        Self { target, role: None, sent, leaf: None, list: None, live: None, findings, advice, answered: true }
    }

    pub(super) fn unanswered(target: Target, finding: Finding) -> Self {
        Self { findings: vec![finding], answered: false, ..Self::new(target) }
    }
}

pub(super) fn examine(args: &Args, evidence: &Evidence, target: Target, now: OffsetDateTime) -> Judged {
    let mut judged = Judged::new(target);
    if let Err(finding) = look(args, evidence, &mut judged, now) {
        return Judged { live: judged.live, ..Judged::unanswered(judged.target, finding) };
    }
    verify::sort(&mut judged.findings);
    judged
}

fn look(args: &Args, evidence: &Evidence, judged: &mut Judged, now: OffsetDateTime) -> Result<(), Finding> {
    let mut key = None;
    match &judged.target.source {
        Source::Pair { cert, key: file } => {
            let found = evidence::certificates(cert)?;
            (judged.sent, judged.findings) = (found.list, found.odd);
            key = read_key(file, &judged.sent[0], &mut judged.findings);
            if judged.target.role == Some(As::Authority) {
                // with a signing authority below it, a root's key is meant to be elsewhere; an encrypted one is well kept
                let below = |other: &Certificate| other.raw_issuer == judged.sent[0].raw_subject;
                let two_tiers = evidence.issuers.iter().any(|other| !other.is_self_issued() && below(other));
                let away = two_tiers || evidence.keys_elsewhere;
                let meant = |code| code == "key-encrypted" || away && code == "key-not-here";
                judged.findings.retain(|finding| !meant(finding.code));
            }
        }
        Source::File(path) => {
            let bytes = evidence::read(path)?;
            if args.role.is_none() && input::is_revocation_list(&bytes) {
                return list(args, evidence, &bytes, judged, now);
            }
            let found = input::certificates(&bytes, &path.display().to_string())?;
            (judged.sent, judged.findings) = (found.list, found.odd);
            let file = args.key.as_deref().or(found.with_key.then_some(path));
            key = file.and_then(|file| read_key(file, &judged.sent[0], &mut judged.findings));
        }
        Source::Live { host, port } => {
            let (live, sent) = live::fetch(args, host, *port)?;
            (judged.live, judged.sent) = (Some(live), sent);
        }
        Source::Nothing(finding) => return Err(finding.clone()),
        Source::Trust(_) => return broker_files::trust(args, evidence, judged, now),
        Source::List(_) => return broker_files::list(args, evidence, judged, now),
    }
    certificates(args, evidence, judged, key.as_deref(), now);
    Ok(())
}

/// Judges what was read in its role.
fn certificates(args: &Args, evidence: &Evidence, judged: &mut Judged, key: Option<&[u8]>, now: OffsetDateTime) {
    let role = args.role().or(judged.target.role).unwrap_or_else(|| match judged.target.source {
        Source::Live { .. } => As::Server,
        _ => role_of(&judged.sent, args),
    });
    let hosts = match (&judged.target.source, role) {
        (_, As::Authority | As::Client) => Vec::new(),
        (Source::Live { host, .. }, As::Server) if args.host.is_empty() => vec![host.clone()],
        _ => args.host.clone(),
    };
    let sent = std::mem::take(&mut judged.sent);
    // without an authority the chain's own end stands for it, so that all the rest can be judged
    let unknown = evidence.trust.is_empty() && role != As::Authority;
    let external = role == As::Server && evidence.external.as_ref().is_some_and(|own| own.der == sent[0].der);
    let trust = if unknown || external { &sent[sent.len() - 1..] } else { evidence.trust.as_slice() };
    let case = Case {
        intermediates: &sent[1..],
        trust,
        others: &evidence.others,
        crls: if unknown || external { &[] } else { &evidence.crls },
        hosts: &hosts,
        key,
        warn: args.warn(),
        ..Case::new(&sent[0], role, now)
    };
    let mut findings = match role {
        As::Authority => authorities(&case, &sent),
        As::Server | As::Client => judge(&case),
    };
    if role == As::Server && !evidence.lists_given {
        // what is wrong with the broker's list is no matter of its own certificate
        findings.retain(|finding| !finding.code.starts_with("crl-") && finding.code != "ca-cannot-sign-crl");
    }
    if unknown || external {
        findings.retain(|finding| !OF_THE_AUTHORITY.contains(&finding.code));
    }
    if unknown {
        findings.push(no_authority("give the one that issued it: --ca FILE; or make one: mqsec ca init"));
        judged.answered = false;
    }
    if role == As::Authority && evidence.without_list && matches!(judged.target.source, Source::Pair { .. }) {
        findings.push(
            Finding::warning(
                "crl-missing",
                "there is no revocation list of it, which the broker's configuration needs",
            )
            .hint("mqsec writes an empty one: mqsec up"),
        );
    }
    if !findings.iter().any(|finding| finding.code == "certificate-revoked") {
        let later = judge(&Case { crls: &evidence.newer, ..case });
        findings.extend(later.into_iter().filter(|finding| finding.code == "certificate-revoked"));
    }
    let leaf = leaf_of(&case);
    findings.extend(serial_twice(evidence, leaf));
    judged.advice = advice::advise(&Case { certificate: leaf, intermediates: &sent, ..case });
    judged.findings.append(&mut findings);
    judged.leaf = Some(leaf.clone());
    (judged.sent, judged.role) = (sent, Some(role));
}

fn no_authority(hint: &str) -> Finding {
    let message = "there is no authority to judge it by: `certs/ca.crt` is not there, or cannot be read";
    Finding::invalid("ca-missing", message).hint(hint)
}

/// Codes that say nothing where no authority is known.
const OF_THE_AUTHORITY: [&str; 5] = [
    "ca-file-holds-leaf",
    "ca-not-an-authority",
    "ca-root-missing",
    "certificate-refused",
    "certificate-unknown-issuer",
];

/// How many authorities of one file are judged: more than a system's own store has.
pub(super) const MOST_IN_ONE_FILE: usize = 200;

/// A file of authorities: each of them is one.
fn authorities(case: &Case<'_>, sent: &[Certificate]) -> Vec<Finding> {
    let mut findings = judge(case);
    for other in sent[1..].iter().take(MOST_IN_ONE_FILE) {
        for mut finding in judge(&Case { certificate: other, intermediates: sent, key: None, ..*case }) {
            finding.message = format!("`{}` in the same file: {}", other.title(), finding.message);
            findings.push(finding);
        }
    }
    findings
}

/// What a certificate says that it is for; a leaf that comes later in the file speaks for the file.
fn role_of(sent: &[Certificate], args: &Args) -> As {
    let issued_here =
        |leaf: &&Certificate| !leaf.is_ca && sent.iter().any(|ca| ca.is_ca && ca.raw_subject == leaf.raw_issuer);
    let certificate = match sent.iter().find(issued_here) {
        Some(leaf) if sent[0].is_ca => leaf,
        _ => &sent[0],
    };
    match certificate {
        c if c.is_ca => As::Authority,
        c if c.server_auth && (!c.client_auth || !c.names().is_empty() || !args.host.is_empty()) => As::Server,
        c if !c.client_auth && !c.names().is_empty() => As::Server,
        _ => As::Client,
    }
}

fn list(
    args: &Args,
    evidence: &Evidence,
    bytes: &[u8],
    judged: &mut Judged,
    now: OffsetDateTime,
) -> Result<(), Finding> {
    let lists = input::revocation_lists(bytes, &judged.target.place())?;
    let issuers = if args.ca.is_some() { &evidence.trust } else { &evidence.issuers };
    for list in &lists {
        let mut findings = judge_crl(list, issuers, now, args.warn());
        if evidence.trust.is_empty() {
            findings.retain(|finding| finding.code != "crl-other-issuer");
            findings.push(no_authority("give the one that signed it: --ca FILE"));
            judged.answered = false;
        }
        judged.findings.append(&mut findings);
    }
    judged.list = lists.into_iter().next();
    Ok(())
}

/// Another certificate of the same authority with the same number: to revoke one is to revoke both.
fn serial_twice(evidence: &Evidence, certificate: &Certificate) -> Option<Finding> {
    let same = |other: &Certificate| {
        other.serial == certificate.serial && other.raw_issuer == certificate.raw_issuer && other.der != certificate.der
    };
    let twins = || evidence.nearby.iter().filter(|near| near.place != Place::Beside && same(&near.certificate));
    let twin = twins().find(|near| near.place == Place::Folder).or_else(|| twins().next())?;
    let severity = if twin.place == Place::Folder { Severity::Invalid } else { Severity::Warning };
    let message = format!(
        "`{}` has the same serial number ({}) from the same authority: to revoke one is to revoke both",
        twin.path, certificate.serial
    );
    Some(
        Finding::new(severity, "certificate-serial-twice", message)
            .hint("issue one of them anew: mqsec client-cert NAME"),
    )
}

/// The key's public half; what is wrong with its file becomes a finding.
fn read_key(path: &Path, certificate: &Certificate, findings: &mut Vec<Finding>) -> Option<Vec<u8>> {
    let shown = path.display().to_string();
    let bytes = match fs::read_at_most(path, input::LARGEST as u64) {
        Ok(Some(bytes)) => zeroize::Zeroizing::new(bytes),
        Ok(None) => {
            findings.push(
                Finding::warning("key-not-here", format!("its key is not here: no `{shown}`"))
                    .hint("nothing is wrong if the device alone has it; else issue the pair anew"),
            );
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
    match input::public_key(&bytes, &shown) {
        Ok(key) => Some(key),
        // that kind of key is told for the certificate
        Err(_) if matches!(certificate.key_kind, KeyKind::Other | KeyKind::Rsa(..2048)) => None,
        Err(finding) => {
            findings.push(finding);
            None
        }
    }
}
