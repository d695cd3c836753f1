//! webpki's own answer, for what nobody else has told.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::UnixTime;
use webpki::EndEntityCert;
use webpki::Error;
use webpki::KeyUsage;
use webpki::anchor_from_trusted_cert;

use super::As;
use super::Case;
use super::Finding;
use super::Severity;
use crate::pki::signature::algorithms;

/// Adds what webpki refuses and no finding explains yet.
pub(super) fn complete(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Err(error) = ask(case) else { return };
    let explained = findings.iter().any(|finding| finding.severity == Severity::Invalid);
    let (own, message) = told(&error);
    if matches!(error, Error::NameConstraintViolation) {
        let hint = "issue it for names that its authority permits; which these are: mqsec ca show";
        findings.push(Finding::invalid("name-outside-constraints", message).hint(hint));
    } else if own || !explained {
        let hint = "openssl verify tells OpenSSL's view of it; issue it anew, or look at the tool that made it";
        findings.push(Finding::invalid("certificate-refused", message).hint(hint));
    }
}

fn ask(case: &Case<'_>) -> Result<(), Error> {
    let end_entity = EndEntityCert::try_from(&case.certificate.der)?;
    let anchors: Vec<_> = case.trust.iter().filter_map(|ca| anchor_from_trusted_cert(&ca.der).ok()).collect();
    let intermediates: Vec<CertificateDer<'_>> =
        case.intermediates.iter().map(|certificate| CertificateDer::from(certificate.der.as_ref())).collect();
    let usage = if case.role == As::Server { KeyUsage::server_auth() } else { KeyUsage::client_auth() };
    // the period has been judged; what webpki says of it would be a repetition
    let at = case.now.max(case.certificate.not_before).min(case.certificate.not_after);
    let at = std::time::Duration::from_secs(at.unix_timestamp().max(0).unsigned_abs());
    let at = UnixTime::since_unix_epoch(at);
    end_entity.verify_for_usage(algorithms().all, &anchors, &intermediates, at, usage, None, None)?;
    Ok(())
}

/// The error in words, and whether it is one that no other finding can have told.
fn told(error: &Error) -> (bool, String) {
    use Error as E;
    let (own, text) = match error {
        E::NameConstraintViolation => (true, "its authority may not issue for its names (name constraints)"),
        E::UnsupportedCriticalExtension => (true, "it, or its authority, has a critical extension of an unknown kind"),
        E::PathLenConstraintViolated => (false, "an authority of its chain may have no such long chain below it"),
        E::EmptyEkuExtension => (true, "its extended key usage is empty"),
        E::InvalidSerialNumber => (true, "its serial number is negative, zero or too long"),
        E::SignatureAlgorithmMismatch => (true, "the algorithm that it names is not the one of its signature"),
        E::ExtensionValueInvalid | E::MalformedExtensions | E::BadDer | E::BadDerTime | E::TrailingData(_) => {
            (false, "it is not well formed: strict clients cannot read it")
        }
        other => return (false, format!("it does not verify ({other:?})")),
    };
    (own, text.to_owned())
}
