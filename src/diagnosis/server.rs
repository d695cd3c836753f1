//! The broker's certificate is not accepted: the judge says why.

use super::Case;
use super::Diagnosis;
use crate::mqtt::Stage;
use crate::pki::parsed::Certificate;
use crate::pki::verify;
use crate::pki::verify::As;
use crate::pki::verify::Finding;
use crate::pki::verify::Severity;

pub(super) fn certificate(case: &Case<'_>) -> Diagnosis {
    let chain: Vec<Certificate> = case.seen.chain.iter().filter_map(|der| Certificate::from_der(der.clone())).collect();
    let refused = || Diagnosis::no(Stage::Tls, "tls-broker-refused", "the broker's certificate cannot be read");
    let Some((own, rest)) = chain.split_first() else { return refused() };
    let finding = judge(case, own, rest);
    let sent: Vec<String> = chain.iter().map(|certificate| format!("`{}`", certificate.subject)).collect();
    let trusted: Vec<String> = case.trust.iter().map(|certificate| format!("`{}`", certificate.subject)).collect();
    let about = |found: Diagnosis| {
        found
            .evidence(format!("it sent {}, issued by `{}`", sent.join(" and "), own.issuer))
            .evidence(format!("trusted here: {}", trusted.join(", ")))
    };
    let Some(finding) = finding else {
        return about(Diagnosis::no(Stage::Tls, "tls-broker-refused", "the broker's certificate is not accepted"));
    };
    // the file is good and was not read: what the certificate says is then not the cause
    if let Some(folder) = case.folder
        && let Some((file, others)) = folder.broker.split_first()
        && file.der != own.der
        && is_ours(case, own)
        && judge(case, file, others).is_none()
    {
        return about(Diagnosis::no(
            Stage::Tls,
            "broker-not-reloaded",
            format!("the broker still shows an older certificate ({}); the file holds a good one", finding.message),
        ))
        .hint("let the broker read it: mqsec up (a websockets listener of 2.0 needs: mqsec restart)");
    }
    let code = code(finding.code);
    let found =
        Diagnosis::no(Stage::Tls, code, format!("the broker's certificate is not accepted: {}", finding.message));
    let found = about(found);
    match hint(code, &finding) {
        Some(hint) => found.hint(hint),
        None => found,
    }
}

/// Whether the certificate was once this folder's, and not that of a stranger on the same port.
fn is_ours(case: &Case<'_>, own: &Certificate) -> bool {
    case.trust.iter().any(|ca| own.signed_by(ca)) || case.nearby.iter().any(|other| other.der == own.der)
}

fn judge(case: &Case<'_>, own: &Certificate, rest: &[Certificate]) -> Option<Finding> {
    let name = case.attempt.tls.and_then(|tls| tls.name).unwrap_or(case.attempt.host);
    let hosts = [name.trim_start_matches('[').trim_end_matches(']').to_owned()];
    let findings = verify::judge(&verify::Case {
        intermediates: rest,
        trust: case.trust,
        others: case.nearby,
        hosts: &hosts,
        ..verify::Case::new(own, As::Server, case.now)
    });
    findings.into_iter().find(|finding| finding.severity == Severity::Invalid)
}

fn code(finding: &str) -> &'static str {
    match finding {
        "certificate-expired" => "tls-broker-expired",
        "certificate-not-yet-valid" => "tls-broker-not-yet-valid",
        "tls-name-mismatch" => "tls-name-mismatch",
        "certificate-without-names" | "certificate-common-name-only" => "tls-broker-without-names",
        "certificate-wrong-role" => "tls-broker-wrong-role",
        "certificate-is-authority" => "tls-broker-is-authority",
        "certificate-self-signed" => "tls-broker-self-signed",
        "certificate-unknown-issuer" => "tls-broker-unknown-authority",
        "certificate-other-authority" => "tls-broker-other-authority",
        "chain-intermediate-missing" => "tls-broker-intermediate-missing",
        "certificate-weak-key" | "certificate-weak-signature" => "tls-broker-weak",
        "chain-wrong-order" => "chain-wrong-order",
        "certificate-same-subject-as-issuer" => "certificate-same-subject-as-issuer",
        "ca-file-holds-leaf" => "ca-file-holds-leaf",
        "ca-not-an-authority" => "ca-not-an-authority",
        "ca-expired" => "ca-expired",
        _ => "tls-broker-refused",
    }
}

fn hint(code: &str, finding: &Finding) -> Option<String> {
    Some(match code {
        "tls-broker-unknown-authority" => {
            "give the authority that issued it: --ca FILE; or let this folder's authority issue it: mqsec up".to_owned()
        }
        "tls-broker-other-authority" => {
            "the authority was made anew: bring its new certificate to this client, or issue the broker's anew: mqsec up"
                .to_owned()
        }
        "tls-broker-self-signed" => {
            "let an authority issue it: mqsec broker-cert NAME; or trust this one alone: --ca FILE".to_owned()
        }
        "tls-broker-intermediate-missing" => {
            "put the intermediate behind the broker's certificate in certfile (broker first), then: mqsec restart".to_owned()
        }
        "tls-broker-not-yet-valid" => "look at both clocks: date -u".to_owned(),
        _ => return finding.hint.clone().or_else(|| Some("issue it again: mqsec up".to_owned())),
    })
}
