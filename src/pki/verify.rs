//! The judge: what is wrong with a certificate, at a time, in a role, under given names.
//!
//! Chains, signatures, periods, roles and revocation are rustls-webpki's answer. It accepts some things that OpenSSL,
//! and so Mosquitto, refuses (an expired root above all), and puts others badly (`BadSignature` for another authority
//! of the same name); those are looked at here. Every problem is reported, the most useful one first.

use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use time::Duration;
use time::OffsetDateTime;
use webpki::BorrowedCertRevocationList;
use webpki::CertRevocationList;
use webpki::EndEntityCert;
use webpki::ExpirationPolicy;
use webpki::KeyUsage;
use webpki::RevocationOptionsBuilder;
use webpki::UnknownStatusPolicy;
use webpki::anchor_from_trusted_cert;

use super::in_words;
use super::parsed::Certificate;
use super::short_date;

/// What a certificate is judged as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    Authority,
    Server,
    Client,
}

/// What the judge is given.
pub struct Case<'a> {
    pub certificate: &'a Certificate,
    /// The authorities that are trusted.
    pub trust: &'a [Certificate],
    /// CRLs in DER.
    pub crls: &'a [Vec<u8>],
    pub role: As,
    /// Names by which a server is reached.
    pub hosts: &'a [String],
    /// Public key of the private key that lies beside it, in SPKI form.
    pub key: Option<&'a [u8]>,
    pub now: OffsetDateTime,
    /// A period that ends sooner than this is told.
    pub warn: Duration,
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
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Invalid, message: message.into(), hint: None }
    }

    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Warning, message: message.into(), hint: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Every finding, the gravest and most useful first; none is a valid certificate.
pub fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    period(case, &mut findings);
    match case.role {
        As::Authority => authority(case, &mut findings),
        As::Server | As::Client => leaf(case, &mut findings),
    }
    if let Some(key) = case.key
        && key != case.certificate.spki
    {
        findings.push(
            Finding::invalid("key-mismatch", "the private key beside it belongs to another certificate")
                .hint("put the key back that was made with it, or issue the pair anew"),
        );
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

fn period(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Certificate { not_before, not_after, .. } = case.certificate;
    let words = |time| format!("{} ({})", short_date(time), in_words(time, case.now));
    if not_after < not_before {
        // never valid; a clock that went back, or `openssl -days -1`, makes such
        let (begin, end) = (short_date(*not_before), short_date(*not_after));
        findings.push(Finding::invalid(
            "certificate-expired",
            format!("its period ends ({end}) before it begins ({begin})"),
        ));
    } else if case.now > *not_after {
        findings.push(Finding::invalid("certificate-expired", format!("it ended on {}", words(*not_after))));
    } else if case.now < *not_before {
        findings.push(
            Finding::invalid("certificate-not-yet-valid", format!("it begins on {}", words(*not_before)))
                .hint("look at this machine's clock: date"),
        );
    } else if *not_after - case.now < case.warn {
        findings.push(Finding::warning("certificate-expiring", format!("it ends on {}", words(*not_after))));
    }
}

fn authority(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let certificate = case.certificate;
    if !certificate.is_ca {
        findings.push(
            Finding::invalid("ca-not-an-authority", "it is no authority's certificate (no CA:TRUE)")
                .hint("the authority is the certificate that signed this one"),
        );
    }
    if !certificate.may_sign_certificates {
        findings.push(Finding::invalid("ca-not-an-authority", "its keyUsage has no keyCertSign"));
    }
    if certificate.is_self_issued() && !signed_by(certificate, certificate) {
        findings.push(Finding::invalid("certificate-bad-signature", "its own signature does not fit"));
    }
}

fn leaf(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let certificate = case.certificate;
    if certificate.version < 3 {
        findings.push(Finding::invalid(
            "certificate-version",
            format!("it is an X.509 v{} certificate, which modern clients refuse", certificate.version),
        ));
        return;
    }
    let (wanted, has, other) = match case.role {
        As::Server => ("a server", certificate.server_auth, "clients"),
        _ => ("a client", certificate.client_auth, "servers"),
    };
    if !has {
        findings.push(Finding::invalid(
            "certificate-wrong-role",
            format!("it may not be used by {wanted}: its extended key usage names {other} alone"),
        ));
    }
    if certificate.is_ca {
        findings.push(Finding::invalid("certificate-is-authority", "it is an authority's certificate, used as a leaf"));
    }
    chain(case, findings);
    if case.role == As::Server {
        names(case, findings);
    }
}

fn names(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let certificate = case.certificate;
    let names = certificate.names();
    if names.is_empty() {
        findings.push(
            Finding::invalid(
                "certificate-without-names",
                "it has no subject alternative name, so no client can match it",
            )
            .hint("issue it anew: mqsec broker-cert NAME"),
        );
        return;
    }
    for host in case.hosts {
        if !is_valid_for(certificate, host) {
            let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            findings.push(
                Finding::invalid(
                    "tls-name-mismatch",
                    format!("it is not valid for `{host}`; it is valid for: {}", list.join(", ")),
                )
                .hint(format!("add that name to it: mqsec up {host}")),
            );
        }
    }
}

/// Whether a server's certificate may be shown to a client that dials `host`.
pub fn is_valid_for(certificate: &Certificate, host: &str) -> bool {
    let Ok(name) = ServerName::try_from(host) else {
        return false;
    };
    EndEntityCert::try_from(&certificate.der).is_ok_and(|cert| cert.verify_is_valid_for_subject_name(&name).is_ok())
}

fn chain(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let certificate = case.certificate;
    let issuers: Vec<&Certificate> = case.trust.iter().filter(|ca| ca.raw_subject == certificate.raw_issuer).collect();
    if issuers.is_empty() {
        let what = if certificate.is_self_issued() { "it is self-signed" } else { "another authority issued it" };
        findings.push(
            Finding::invalid("certificate-unknown-issuer", format!("{what}: `{}`", certificate.issuer))
                .hint("issue it anew with the authority of this folder, or look in the folder where it was made"),
        );
        return;
    }
    let Some(issuer) = issuers.iter().find(|ca| signed_by(certificate, ca)) else {
        findings.push(
            Finding::invalid(
                "certificate-other-authority",
                format!("another authority of the same name (`{}`) issued it", certificate.issuer),
            )
            .hint("the authority was made anew after it; issue it anew too"),
        );
        return;
    };
    if !issuer.is_ca || !issuer.may_sign_certificates {
        findings
            .push(Finding::invalid("ca-not-an-authority", format!("its issuer `{}` is no authority", issuer.title())));
    }
    if case.now > issuer.not_after {
        findings.push(
            Finding::invalid("ca-expired", format!("its authority ended on {}", short_date(issuer.not_after)))
                .hint("make a new authority, and every certificate anew: mqsec ca init --force"),
        );
    }
    // the period has been judged; what webpki says of it would be a repetition
    let inside = case.now.max(certificate.not_before).min(certificate.not_after);
    if let Err(error) = webpki_answer(case, inside) {
        findings.extend(from_webpki(error, case));
    }
}

fn webpki_answer(case: &Case<'_>, at: OffsetDateTime) -> Result<(), webpki::Error> {
    let end_entity = EndEntityCert::try_from(&case.certificate.der)?;
    let anchors: Vec<_> = case.trust.iter().filter_map(|ca| anchor_from_trusted_cert(&ca.der).ok()).collect();
    let crls: Vec<CertRevocationList<'_>> =
        case.crls.iter().filter_map(|der| BorrowedCertRevocationList::from_der(der).ok()).map(Into::into).collect();
    let crls: Vec<&CertRevocationList<'_>> = crls.iter().collect();
    let revocation = RevocationOptionsBuilder::new(&crls).ok().map(|options| {
        options
            .with_status_policy(UnknownStatusPolicy::Allow)
            // the default lets an old list pass, and Mosquitto refuses everyone who is judged by one
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build()
    });
    let usage = if case.role == As::Server { KeyUsage::server_auth() } else { KeyUsage::client_auth() };
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at.unix_timestamp().max(0).unsigned_abs()));
    end_entity.verify_for_usage(algorithms().all, &anchors, &[], time, usage, revocation, None)?;
    Ok(())
}

fn from_webpki(error: webpki::Error, case: &Case<'_>) -> Option<Finding> {
    use webpki::Error as E;
    Some(match error {
        // told already, in better words
        E::InvalidCertValidity | E::CaUsedAsEndEntity | E::RequiredEkuNotFoundContext(_) | E::EndEntityUsedAsCa => {
            return None;
        }
        E::CertRevoked => Finding::invalid("certificate-revoked", "the authority has revoked it")
            .hint(format!("issue a new one: mqsec client-cert {}", case.certificate.title())),
        E::CrlExpired { .. } => Finding::invalid("crl-expired", "the revocation list is past its end")
            .hint("a broker that is given it refuses every client"),
        E::UnsupportedSignatureAlgorithmContext(_) | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            Finding::invalid(
                "certificate-weak",
                format!("its signature or key ({}) is too weak or of an unknown kind", case.certificate.key),
            )
        }
        other => Finding::invalid("certificate-refused", format!("it does not verify ({other:?})")),
    })
}

/// Whether the issuer's key made the certificate's signature, whatever their names say.
fn signed_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    use x509_parser::prelude::FromDer;
    use x509_parser::prelude::X509Certificate;
    let Ok((_, parsed)) = X509Certificate::from_der(&certificate.der) else {
        return false;
    };
    let Ok((_, issuer)) = X509Certificate::from_der(&issuer.der) else {
        return false;
    };
    let signature = parsed.signature_value.as_ref();
    let message = parsed.tbs_certificate.as_ref();
    let key = issuer.public_key().subject_public_key.as_ref();
    algorithms().all.iter().any(|algorithm| algorithm.verify_signature(key, message, signature).is_ok())
}

fn algorithms() -> rustls::crypto::WebPkiSupportedAlgorithms {
    rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::pki::authority::Authority;
    use crate::pki::authority::Request;
    use crate::pki::authority::Role;
    use crate::pki::keys::KeyType;

    const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

    fn authority(name: &str, key_type: KeyType) -> Authority {
        Authority::create(&name.parse().unwrap(), 3650, key_type, NOW).unwrap().0
    }

    fn issue(ca: &Authority, role: Role) -> Certificate {
        ca.issue(&Request { common_name: "x".parse().unwrap(), role, days: 100, key_type: KeyType::P256 }, NOW)
            .unwrap()
            .certificate
    }

    fn broker() -> Role {
        Role::Broker { names: vec!["b.lan".parse().unwrap(), "10.0.0.1".parse().unwrap()] }
    }

    fn codes(
        certificate: &Certificate,
        trust: &Certificate,
        role: As,
        hosts: &[&str],
        now: OffsetDateTime,
    ) -> Vec<&'static str> {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let trust = [trust.clone()];
        let case = Case {
            certificate,
            trust: &trust,
            crls: &[],
            role,
            hosts: &hosts,
            key: None,
            now,
            warn: Duration::days(30),
        };
        judge(&case).into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn what_mqsec_issues_is_valid_with_every_key_type() {
        for kind in [KeyType::P256, KeyType::P384, KeyType::Ed25519, KeyType::Rsa2048] {
            let ca = authority("CA", kind);
            let none: &[&str] = &[];
            assert_eq!(codes(&issue(&ca, broker()), &ca.certificate, As::Server, &["b.lan", "10.0.0.1"], NOW), none);
            assert_eq!(codes(&issue(&ca, Role::Client), &ca.certificate, As::Client, &[], NOW), none);
            assert_eq!(codes(&ca.certificate, &ca.certificate, As::Authority, &[], NOW), none);
        }
    }

    #[test]
    fn a_period_that_ends_before_it_begins_is_a_finding() {
        let ca = authority("CA", KeyType::P256);
        let mut backwards = issue(&ca, broker());
        backwards.not_after = backwards.not_before - Duration::days(1);
        for at in [backwards.not_after, NOW, NOW + Duration::days(1000)] {
            assert_eq!(codes(&backwards, &ca.certificate, As::Server, &[], at)[0], "certificate-expired");
        }
    }

    #[test]
    fn each_fault_has_its_code() {
        let (ca, twin, other) =
            (authority("CA", KeyType::P256), authority("CA", KeyType::P256), authority("B", KeyType::P256));
        let (server, client) = (issue(&ca, broker()), issue(&ca, Role::Client));
        let ca = &ca.certificate;
        let day = Duration::days(1);
        assert_eq!(codes(&server, ca, As::Server, &[], NOW + 101 * day), ["certificate-expired"]);
        assert_eq!(codes(&server, ca, As::Server, &[], NOW + 90 * day), ["certificate-expiring"]);
        assert_eq!(codes(&server, ca, As::Server, &[], NOW - 2 * day), ["certificate-not-yet-valid"]);
        assert_eq!(codes(&server, ca, As::Server, &["c.lan", "10.0.0.2"], NOW), ["tls-name-mismatch"; 2]);
        assert_eq!(codes(&server, ca, As::Client, &[], NOW), ["certificate-wrong-role"]);
        assert_eq!(codes(&client, ca, As::Server, &[], NOW), ["certificate-wrong-role", "certificate-without-names"]);
        assert_eq!(codes(&client, &twin.certificate, As::Client, &[], NOW), ["certificate-other-authority"]);
        assert_eq!(codes(&client, &other.certificate, As::Client, &[], NOW), ["certificate-unknown-issuer"]);
        assert_eq!(codes(&client, ca, As::Authority, &[], NOW), ["ca-not-an-authority"; 2]);
        assert!(codes(ca, ca, As::Server, &[], NOW).contains(&"certificate-is-authority"));
        assert!(codes(&server, ca, As::Server, &[], NOW + 4000 * day).contains(&"ca-expired"));
    }
}
