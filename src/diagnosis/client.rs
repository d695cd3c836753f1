//! The broker refuses our certificate. OpenSSL's alert is one for several causes; the certificate, and the broker's
//! authorities and CRL where they are at hand, tell which it is.
//!
//! Measured on 2.0.11, 2.0.21 and 2.1.2: 40 and 116 no certificate; 42 not yet valid (certificate or CRL), weak; 43 wrong
//! role; 44 revoked; 45 expired (certificate or CRL); 48 unknown authority, intermediate not sent, no CRL for the issuer;
//! 51 a signature that does not fit.

use rustls::AlertDescription as Alert;

use super::Case;
use super::Diagnosis;
use super::port;
use crate::mqtt;
use crate::mqtt::Attempt;
use crate::mqtt::Stage;
use crate::mqtt::Tls;
use crate::mqtt::TlsVersion;
use crate::mqtt::Trouble;
use crate::pki::crl::Crl;
use crate::pki::parsed::Certificate;
use crate::pki::short_date;
use crate::pki::verify;
use crate::pki::verify::As;
use crate::pki::verify::Finding;
use crate::pki::verify::Severity;

pub(super) fn refused(case: &Case<'_>, trouble: &Trouble) -> Option<Diagnosis> {
    let (alert, repeated) = match trouble {
        Trouble::ClientRefused { asked: false, .. } => return Some(before_the_request(case, trouble)),
        Trouble::ClientRefused { alert, .. } => (Some(*alert), false),
        _ => (ask_with_tls12(case), true),
    };
    let found = match case.own.first() {
        None => missing(case),
        Some(own) => alert.and_then(|alert| cause(case, own, alert)).or_else(|| match case.attempt.websocket {
            // nothing is said against the certificate: then it may not be that
            _ if !repeated => None,
            Some(_) => port::no_websockets(case),
            None => port::no_mqtt(case, trouble),
        }),
    }?;
    Some(match alert {
        Some(alert) if repeated => found.evidence(format!(
            "TLS alert {}: {alert:?} (with TLS 1.3 it was lost; asked again with TLS 1.2)",
            u8::from(alert)
        )),
        _ => found,
    })
}

/// TLS 1.2 tells inside the handshake what 1.3 tells after it, where a reset may overtake it.
fn ask_with_tls12(case: &Case<'_>) -> Option<Alert> {
    let tls = Tls { version: Some(TlsVersion::V12), ..case.attempt.tls? };
    match mqtt::attempt(&Attempt { tls: Some(tls), login: None, ..case.again() }).result {
        Err(Trouble::ClientRefused { alert, .. }) => Some(alert),
        _ => None,
    }
}

fn missing(case: &Case<'_>) -> Option<Diagnosis> {
    let found = Diagnosis::no(
        Stage::Tls,
        "tls-client-certificate-missing",
        "the broker demands a client certificate, and none was given",
    );
    Some(match case.client {
        Some(name) => found.hint(format!("show another client's: mqsec test-connect USER --client {name}")),
        None => found.hint(
            "issue one: mqsec client-cert NAME; or show one that is there: mqsec test-connect USER --client NAME",
        ),
    })
}

/// The handshake broke before a certificate was asked for: the broker's own side.
fn before_the_request(case: &Case<'_>, trouble: &Trouble) -> Diagnosis {
    let plain = Diagnosis::of(trouble);
    if let Some(folder) = case.folder
        && let (Some(certificate), Some(key)) = (folder.broker.first(), &folder.broker_key)
        && certificate.spki != *key
    {
        return Diagnosis::no(
            Stage::Tls,
            "broker-key-mismatch",
            "the broker's key does not belong to its certificate, so it can agree on no cipher",
        )
        .hint("put the pair right that belongs together, or issue it anew: mqsec broker-cert NAME; then: mqsec up");
    }
    Diagnosis {
        code: "tls-failed",
        message: format!(
            "{}: no cipher in common, or a broker whose key does not belong to its certificate",
            plain.message
        ),
        ..plain
    }
}

fn cause(case: &Case<'_>, own: &Certificate, alert: Alert) -> Option<Diagnosis> {
    let findings = judge(case, own);
    let find = |codes: &[&str]| findings.iter().find(|finding| codes.contains(&finding.code));
    let client = |code, finding: &Finding, hint: String| {
        Some(
            Diagnosis::no(
                Stage::Tls,
                code,
                format!("the broker refused the client's certificate: {}", finding.message),
            )
            .hint(hint),
        )
    };
    let anew = match case.client {
        Some(name) => format!("issue it anew: mqsec client-cert {name}"),
        None => "issue it anew: mqsec client-cert NAME".to_owned(),
    };
    match alert {
        Alert::CertificateExpired => {
            if let Some(finding) = find(&["certificate-expired"]) {
                return client("tls-client-expired", finding, anew);
            }
            if let Some(finding) = find(&["ca-expired"]) {
                return client(
                    "ca-expired",
                    finding,
                    "make a new authority, and every certificate anew: mqsec ca init --force".to_owned(),
                );
            }
            list_expired(case, own)
        }
        Alert::BadCertificate => {
            if let Some(finding) = find(&["certificate-not-yet-valid"]) {
                return client(
                    "tls-client-not-yet-valid",
                    finding,
                    "look at the clocks of broker and client: date -u".to_owned(),
                );
            }
            if let Some(finding) = find(&["certificate-weak-key", "certificate-weak-signature"]) {
                return client("tls-client-weak", finding, anew);
            }
            let crl = find(&["crl-not-yet-valid"])?;
            Some(list("broker-crl-not-yet-valid", &crl.message))
        }
        Alert::UnsupportedCertificate => {
            let finding = find(&["certificate-wrong-role", "certificate-is-authority"])?;
            client("tls-client-wrong-role", finding, anew)
        }
        Alert::CertificateRevoked => {
            let found = Diagnosis::no(
                Stage::Tls,
                "tls-client-revoked",
                "the broker refused the client's certificate: it is revoked",
            );
            let when = crls(case)
                .iter()
                .find_map(|crl| (crl.raw_issuer == own.raw_issuer).then(|| crl.revoked(&own.serial))?);
            let found = match when {
                Some(when) => {
                    found.evidence(format!("the CRL has its serial {} since {}", own.serial, short_date(when)))
                }
                None => found.evidence(format!("its serial is {}", own.serial)),
            };
            Some(found.hint(anew))
        }
        Alert::DecryptError => {
            if let Some(finding) = find(&["certificate-other-authority"]) {
                return client("tls-client-other-authority", finding, anew);
            }
            let crl = find(&["crl-bad-signature"])?;
            Some(list("broker-crl-other-issuer", &crl.message))
        }
        Alert::UnknownCA => unknown_authority(case, own, &findings, anew),
        _ => None,
    }
}

/// Alert 45, and the certificate is within its period: then it is the broker's list.
fn list_expired(case: &Case<'_>, own: &Certificate) -> Option<Diagnosis> {
    let end = crls(case).iter().filter(|crl| crl.raw_issuer == own.raw_issuer).find_map(|crl| crl.next_update);
    match end {
        Some(end) if end < case.now => Some(list("broker-crl-expired", &format!("it ended on {}", short_date(end)))),
        Some(end) => Some(
            not_reloaded()
                .evidence(format!(
                    "the client's certificate ends on {}, and the CRL in the folder on {}",
                    short_date(own.not_after),
                    short_date(end)
                ))
                .evidence("the broker says that one of them is over: it has read an older CRL, or its clock is wrong"),
        ),
        None => Some(
            list("broker-crl-expired", "the client's certificate is within its period, so the list is not")
                .evidence(format!("the certificate is valid until {}", short_date(own.not_after)))
                .evidence("a broker whose clock runs ahead says the same: look at it with date -u"),
        ),
    }
}

/// Alert 48: many causes, most of them on the broker's side.
fn unknown_authority(case: &Case<'_>, own: &Certificate, findings: &[Finding], anew: String) -> Option<Diagnosis> {
    let find = |code: &str| findings.iter().find(|finding| finding.code == code);
    let client = |code, message: &str| {
        Diagnosis::no(Stage::Tls, code, format!("the broker refused the client's certificate: {message}"))
    };
    let trust = case.folder.and_then(|folder| folder.trust.as_ref());
    let issued = format!("it was issued by `{}`", own.issuer);
    if let Some(finding) = find("certificate-self-signed") {
        return Some(client("tls-client-self-signed", &finding.message).hint(anew));
    }
    if let Some(folder) = case.folder {
        let roots = trust.is_some_and(|trust| trust.iter().any(Certificate::is_self_issued));
        if !roots {
            let file = folder.settings.get("cafile");
            let message = match file {
                Some(file) => {
                    format!("the broker's `{file}` has no self-signed root, so it accepts no client certificate")
                }
                None => "the broker's configuration has no cafile, so it accepts no client certificate".to_owned(),
            };
            return Some(
                Diagnosis::no(Stage::Tls, "broker-trust-incomplete", message)
                    .evidence("OpenSSL wants the whole chain up to a root in cafile")
                    .hint("put the root's certificate into cafile, then: mqsec restart"),
            );
        }
    }
    if let Some(finding) = find("chain-intermediate-missing") {
        return Some(
            client("tls-client-intermediate-missing", &finding.message)
                .evidence(issued)
                .hint("send the chain: the client's certificate and the intermediate in one file, as --cert FILE"),
        );
    }
    if let Some(finding) = find("certificate-other-authority") {
        return Some(client("tls-client-other-authority", &finding.message).hint(anew));
    }
    if let Some(finding) = find("certificate-unknown-issuer") {
        let trusted =
            trust.map(|trust| trust.iter().map(|ca| format!("`{}`", ca.subject)).collect::<Vec<_>>().join(", "));
        let found = client("tls-client-unknown-authority", &finding.message).evidence(issued);
        let found = match trusted {
            Some(trusted) => found.evidence(format!("the broker trusts {trusted}")),
            None => found,
        };
        return Some(found.hint(anew));
    }
    let folder = case.folder?;
    if let Some(lists) = &folder.crls
        && !lists.iter().any(|crl| crl.raw_issuer == own.raw_issuer)
    {
        let known = |crl: &Crl| trust.is_some_and(|trust| trust.iter().any(|ca| ca.raw_subject == crl.raw_issuer));
        let issuers: Vec<String> = lists.iter().map(|crl| format!("`{}`", crl.issuer)).collect();
        let found = if !lists.is_empty() && !lists.iter().any(known) {
            list("broker-crl-other-issuer", "it is the list of another authority")
        } else {
            list("broker-crl-missing", "it has none of the authority that issued the client's certificate")
        };
        let found = found.evidence(issued);
        return Some(match issuers.is_empty() {
            true => found.evidence("crlfile has no CRL"),
            false => found.evidence(format!("crlfile has the lists of {}", issuers.join(", "))),
        });
    }
    Some(
        not_reloaded()
            .evidence("the certificate, cafile and crlfile of this folder fit together, and the broker refuses")
            .hint("a cafile is read at the start alone, unless there is a crlfile: mqsec restart"),
    )
}

fn list(code: &'static str, why: &str) -> Diagnosis {
    Diagnosis::no(Stage::Tls, code, format!("the broker refuses every client, because of its CRL: {why}"))
        .hint("bring the list that the authority signed to crlfile: mqsec up (makes certs/broker/ca.crl)")
}

fn not_reloaded() -> Diagnosis {
    Diagnosis::no(Stage::Tls, "broker-not-reloaded", "the files are right, but the running broker has read older ones")
        .hint("let the broker read them: mqsec up")
}

fn crls<'a>(case: &'a Case<'_>) -> &'a [Crl] {
    case.folder.and_then(|folder| folder.crls.as_deref()).unwrap_or_default()
}

fn judge(case: &Case<'_>, own: &Certificate) -> Vec<Finding> {
    let trust = case.folder.and_then(|folder| folder.trust.as_deref()).unwrap_or(case.trust);
    let mut findings = verify::judge(&verify::Case {
        intermediates: &case.own[1..],
        trust,
        others: case.nearby,
        crls: crls(case),
        ..verify::Case::new(own, As::Client, case.now)
    });
    findings.retain(|finding| finding.severity == Severity::Invalid);
    findings
}
