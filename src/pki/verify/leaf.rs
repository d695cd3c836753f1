//! What a certificate itself must be for its role: version, usages, names.

use std::net::IpAddr;

use super::As;
use super::Case;
use super::Finding;
use super::is_valid_for;
use crate::pki::names::BrokerName;

/// An authority's certificate.
pub(super) fn authority(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let certificate = case.certificate;
    let mut lacks = Vec::new();
    if !certificate.is_ca {
        lacks.push("its basicConstraints has no CA:TRUE");
    }
    if !certificate.may_sign_certificates {
        lacks.push("its keyUsage has no keyCertSign");
    }
    if !lacks.is_empty() {
        findings.push(
            Finding::invalid("ca-not-an-authority", format!("it is no authority's certificate: {}", lacks.join(", ")))
                .hint("the authority is the certificate that signed this one; or make a new one: mqsec ca init"),
        );
    }
}

/// A broker's or a client's certificate.
pub(super) fn leaf(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let certificate = case.certificate;
    if certificate.version < 3 {
        findings.push(
            Finding::invalid(
                "certificate-version",
                format!(
                    "it is an X.509 v{} certificate: rustls refuses it, though OpenSSL, so Mosquitto, takes it",
                    certificate.version
                ),
            )
            .hint("openssl makes such without -extfile; issue it anew: mqsec broker-cert NAME, mqsec client-cert NAME"),
        );
    }
    role(case, findings);
    if certificate.is_ca {
        findings.push(
            Finding::invalid(
                "certificate-is-authority",
                "it is an authority's certificate (CA:TRUE), used as a leaf: rustls and Node refuse it",
            )
            .hint("issue a leaf with it: mqsec broker-cert NAME, mqsec client-cert NAME"),
        );
    }
    if case.role == As::Server {
        names(case, findings);
    }
}

fn role(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let certificate = case.certificate;
    let (wanted, may, other, usage) = match case.role {
        As::Server => ("a server", certificate.server_auth, certificate.client_auth, certificate.may_serve),
        _ => ("a client", certificate.client_auth, certificate.server_auth, certificate.may_sign),
    };
    let why = match (may, other) {
        (false, true) => "its extended key usage names the other side alone",
        (false, false) => "its extended key usage names neither servers nor clients",
        // OpenSSL looks at it (`check_purpose_ssl_client`), webpki does not
        (true, _) if !usage => "its keyUsage has no digitalSignature",
        _ => return,
    };
    let command = if case.role == As::Server { "mqsec broker-cert NAME" } else { "mqsec client-cert NAME" };
    findings.push(
        Finding::invalid("certificate-wrong-role", format!("it may not be used by {wanted}: {why}"))
            .hint(format!("issue one for that role: {command}")),
    );
}

fn names(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let certificate = case.certificate;
    let names = certificate.names();
    if names.is_empty() {
        findings.push(without_names(case));
        return;
    }
    for host in case.hosts.iter().filter(|host| !is_valid_for(certificate, host)) {
        let as_text = host.parse::<IpAddr>().is_ok() && certificate.dns_names.iter().any(|name| name == host);
        let why = if as_text { " (that address stands in it as a DNS name, where no client looks for it)" } else { "" };
        findings.push(
            Finding::invalid(
                "tls-name-mismatch",
                format!("it is not valid for `{host}`{why}; it is valid for: {}", list(&names)),
            )
            .hint(format!("add that name to it: mqsec up {host}")),
        );
    }
}

/// No subject alternative name: is there at least an old-style common name?
fn without_names(case: &Case<'_>) -> Finding {
    let common_name = case.certificate.common_name.as_deref().unwrap_or_default();
    let host = common_name.parse::<BrokerName>();
    let dialled = |host: &String| host.eq_ignore_ascii_case(common_name);
    let finding = if host.is_ok() && (case.hosts.is_empty() || case.hosts.iter().any(dialled)) {
        Finding::invalid(
            "certificate-common-name-only",
            format!(
                "its name `{common_name}` stands in the common name alone: OpenSSL, so mosquitto_pub, takes that; Go, \
                 rustls and browsers refuse it"
            ),
        )
    } else {
        Finding::invalid("certificate-without-names", "it has no subject alternative name, so no client can match it")
    };
    finding.hint("issue it anew with its names: mqsec broker-cert NAME")
}

/// A few names in words, and how many more there are.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
