//! The judge: what is wrong with a certificate, at a time, in a role, under given names.
//!
//! Chains, signatures, periods, roles and revocation are rustls-webpki's answer. It stops at the first problem, accepts
//! some things that OpenSSL, and so Mosquitto, refuses (an expired root, an authority that may not sign), and puts
//! others badly (`BadSignature` for another authority of the same name, or for a short RSA key); those are looked at
//! here. Every problem is reported, the most useful one first.

mod answer;
mod chain;
mod leaf;
mod rank;
mod revocation;
#[cfg(test)]
mod tests;

use rustls::pki_types::ServerName;
use time::Duration;
use time::OffsetDateTime;
use webpki::EndEntityCert;

use super::crl::Crl;
use super::in_words;
use super::names::ClientName;
use super::parsed::Certificate;
use super::short_date;
use crate::error::Diagnose;

pub use chain::chain_of;
pub use chain::leaf_of;
pub use revocation::judge_crl;

/// What a certificate is judged as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    Authority,
    Server,
    Client,
}

/// What the judge is given.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    pub certificate: &'a Certificate,
    /// What came with it, in the order of the file or of the connection.
    pub intermediates: &'a [Certificate],
    /// The authorities that are trusted.
    pub trust: &'a [Certificate],
    /// Other certificates at hand, neither sent nor trusted: they tell which one is missing.
    pub others: &'a [Certificate],
    /// None: revocation is not judged. Some, but none of its issuer: Mosquitto then refuses it.
    pub crls: &'a [Crl],
    pub role: As,
    /// Names by which a server is reached.
    pub hosts: &'a [String],
    /// Public key of the private key that lies beside it, in SPKI form.
    pub key: Option<&'a [u8]>,
    pub now: OffsetDateTime,
    /// A period that ends sooner than this is told.
    pub warn: Duration,
}

impl<'a> Case<'a> {
    /// A certificate in a role, with nothing else given. The rest is filled in with `..`.
    pub fn new(certificate: &'a Certificate, role: As, now: OffsetDateTime) -> Self {
        Self {
            certificate,
            intermediates: &[],
            trust: &[],
            others: &[],
            crls: &[],
            role,
            hosts: &[],
            key: None,
            now,
            warn: Duration::ZERO,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Invalid,
    Warning,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub code: &'static str,
    pub severity: Severity,
    pub message: String,
    pub hint: Option<String>,
}

impl Finding {
    pub fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), hint: None }
    }

    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Invalid, code, message)
    }

    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Where it is all that there is to say: a file that cannot be used.
impl Diagnose for Finding {
    fn code(&self) -> &'static str {
        self.code
    }

    fn hints(&self) -> Vec<String> {
        self.hint.iter().cloned().collect()
    }
}

impl std::error::Error for Finding {}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// Every finding, the gravest and most useful first; none is a valid certificate.
pub fn judge(case: &Case<'_>) -> Vec<Finding> {
    if let Some((order, leaf, rest)) = chain::leaf_later(case) {
        let mut findings = judge(&Case { certificate: leaf, intermediates: &rest, ..*case });
        findings.push(order);
        sort(&mut findings);
        return findings;
    }
    let path = chain::walk(case);
    let mut findings = Vec::new();
    period(case, &mut findings);
    match case.role {
        As::Authority => leaf::authority(case, &mut findings),
        As::Server | As::Client => leaf::leaf(case, &mut findings),
    }
    chain::judge(case, &path, &mut findings);
    revocation::judge(case, &path, &mut findings);
    if let Some(key) = case.key
        && key != case.certificate.spki
    {
        findings.push(
            Finding::invalid("key-mismatch", "the private key beside it belongs to another certificate")
                .hint(format!("put the key back that was made with it, or {}", anew(case))),
        );
    }
    if case.role != As::Authority {
        answer::complete(case, &mut findings);
    }
    sort(&mut findings);
    findings
}

/// The gravest and most useful first.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| (finding.severity, rank::of(finding.code)));
}

fn period(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Certificate { not_before, not_after, .. } = case.certificate;
    let words = |time| format!("{} ({})", short_date(time), in_words(time, case.now));
    let remedy = anew(case);
    let expired = if case.role == As::Authority { "ca-expired" } else { "certificate-expired" };
    if not_after < not_before {
        // never valid; a clock that went back, or `openssl -days -1`, makes such
        let (begin, end) = (short_date(*not_before), short_date(*not_after));
        findings.push(
            Finding::invalid(expired, format!("its period ends ({end}) before it begins ({begin})")).hint(remedy),
        );
    } else if case.now > *not_after {
        findings.push(Finding::invalid(expired, format!("it ended on {}", words(*not_after))).hint(remedy));
    } else if case.now < *not_before {
        findings.push(
            Finding::invalid("certificate-not-yet-valid", format!("it begins on {}", words(*not_before)))
                .hint("look at this machine's clock: date"),
        );
    } else if *not_after - case.now < case.warn {
        let message = format!("it ends on {}", words(*not_after));
        findings.push(Finding::warning("certificate-expiring", message).hint(remedy));
    }
}

/// The command that makes such a certificate anew.
fn anew(case: &Case<'_>) -> String {
    match case.role {
        As::Authority => {
            "make a new authority, and every certificate anew: mqsec ca init --force; then: mqsec up".to_owned()
        }
        As::Server => "issue it anew: mqsec up".to_owned(),
        As::Client => {
            let name = case.certificate.title();
            // a stranger's certificate must not write the reader's command line
            let plain = |letter: char| letter.is_alphanumeric() || "._-@+".contains(letter);
            let usable = name.parse::<ClientName>().is_ok() && !name.starts_with('-') && name.chars().all(plain);
            format!("issue it anew: mqsec client-cert {}", if usable { name } else { "NAME" })
        }
    }
}

/// Whether a server's certificate may be shown to a client that dials `host`.
pub fn is_valid_for(certificate: &Certificate, host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let Ok(name) = ServerName::try_from(bare) else {
        return false;
    };
    EndEntityCert::try_from(&certificate.der).is_ok_and(|cert| cert.verify_is_valid_for_subject_name(&name).is_ok())
}
