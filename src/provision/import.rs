//! An authority that another program made: whether it can serve here, and its place in the folder.

use rcgen::RevocationReason;
use rcgen::RevokedCertParams;
use rcgen::SerialNumber;
use time::OffsetDateTime;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;
use zeroize::Zeroizing;

use super::authority;
use super::authority::Hierarchy;
use super::inventory;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::PkiError;
use crate::pki::advice;
use crate::pki::advice::Advice;
use crate::pki::authority::Authority;
use crate::pki::authority::Request;
use crate::pki::authority::Role;
use crate::pki::crl::Crl;
use crate::pki::inventory::Reason;
use crate::pki::inventory::Revoked;
use crate::pki::inventory::Role as Noted;
use crate::pki::inventory::date;
use crate::pki::inventory::hex;
use crate::pki::keys;
use crate::pki::keys::KeyType;
use crate::pki::parsed::Certificate;
use crate::pki::parsed::KeyKind;
use crate::pki::parsed::serial_text;
use crate::pki::short_date;
use crate::pki::signature;
use crate::pki::verify;
use crate::pki::verify::As;
use crate::pki::verify::Case;
use crate::pki::verify::Severity;
use crate::workspace::Transaction;
use crate::workspace::layout;
use crate::workspace::layout::Generation;

/// What is to be imported: the authority that issues, its key without a passphrase, and those above it.
pub struct Import {
    pub certificate: Certificate,
    pub cert_path: String,
    pub key_pem: Zeroizing<Vec<u8>>,
    pub key_path: String,
    pub above: Vec<Certificate>,
    /// Keep the key under a passphrase.
    pub encrypt: bool,
    /// The list of what it revoked so far, with its path.
    pub list: Option<(Crl, String)>,
}

/// An authority that was found to serve.
pub struct Fit {
    authority: Authority,
    /// Its certificate in PEM; one of its own making where the one that there was may not sign revocation lists.
    cert_pem: String,
    key_pem: Zeroizing<Vec<u8>>,
    /// The root above it.
    root: Option<Certificate>,
    /// Whether its certificate was made anew.
    pub renewed: bool,
    /// Which clients refuse what it issues all the same, by the certificate that they have.
    pub advice: Vec<Advice>,
    /// What it revoked so far, and the number that the next list has.
    revoked: Vec<RevokedCertParams>,
    number: u64,
    encrypt: bool,
}

fn unfit(path: &str, reason: impl std::fmt::Display) -> Failure {
    Plain::no("ca-unfit", format!("`{path}` cannot serve as the authority: {reason}"))
        .hint("make an authority that can: mqsec ca init")
        .into()
}

fn refused(path: &str, error: &PkiError) -> Failure {
    match error {
        PkiError::NotAnAuthority { reason, .. } => unfit(path, reason),
        other => unfit(path, other),
    }
}

/// Whether it can serve, proven by what it issues.
pub fn examine(import: Import, now: OffsetDateTime) -> Result<Fit, Failure> {
    let Import { certificate, cert_path, key_pem, key_path, above, encrypt, list } = import;
    let path = cert_path.as_str();
    if certificate.not_before > now {
        return Err(unfit(path, format!("it begins on {}", short_date(certificate.not_before))));
    }
    if matches!(certificate.key_kind, KeyKind::Rsa(..2048) | KeyKind::Other) {
        return Err(unfit(
            path,
            format!("its key ({}) is too weak, or of a kind that TLS programs do not take", certificate.key),
        ));
    }
    let mut cert_pem = keys::certificate_pem(&certificate.der);
    let mut authority = Authority::load(cert_pem.as_bytes(), path, &key_pem, &key_path, now).map_err(|error| {
        let mut failure = Failure::from(error);
        failure.hints =
            vec!["name an authority's certificate and its own key: mqsec ca import --cert FILE --key FILE".to_owned()];
        failure
    })?;
    if signature::is_weak(&certificate.signature_oid) {
        return Err(unfit(path, format!("its signature ({}) is broken", certificate.signature_name())));
    }
    let root = root_of(&certificate, above, path)?;
    let mut renewed = false;
    if !certificate.may_sign_crls {
        if root.is_some() {
            return Err(unfit(path, "it may not sign revocation lists (its keyUsage has no cRLSign)"));
        }
        // mkcert and minica make such roots; name and key stay, so clients that trust the old certificate follow
        cert_pem =
            authority.with_crl_sign(&keys::parse(&key_pem, &key_path)?).map_err(|error| refused(path, &error))?;
        authority = Authority::load(cert_pem.as_bytes(), path, &key_pem, &key_path, now)?;
        renewed = true;
    }
    if let Some(root) = &root {
        authority = authority.below(root);
    }
    let advice = prove(&authority, &certificate, root.as_ref(), path, now)?;
    let (revoked, number) = match &list {
        Some((list, path)) => entries(list, path, &certificate)?,
        None => (Vec::new(), 1),
    };
    let key_pem = keys::to_pem(&keys::parse(&key_pem, &key_path)?);
    Ok(Fit { authority, cert_pem, key_pem, root, renewed, advice, revoked, number, encrypt })
}

/// The root above it; nothing where it is one.
fn root_of(certificate: &Certificate, above: Vec<Certificate>, path: &str) -> Result<Option<Certificate>, Failure> {
    if certificate.is_self_signed() {
        return Ok(None);
    }
    let Some(issuer) = above.into_iter().find(|root| root.is_ca && certificate.signed_by(root)) else {
        return Err(Plain::no(
            "ca-root-needed",
            format!(
                "`{path}` is a signing authority below `{}`, and that root's certificate is not given",
                certificate.issuer
            ),
        )
        .hint("give it too: mqsec ca import --cert FILE --key FILE --chain ROOT")
        .into());
    };
    if !issuer.is_self_signed() {
        let reason = format!("its issuer `{}` is no root: mqsec has two tiers, and this one has more", issuer.title());
        return Err(unfit(path, reason));
    }
    Ok(Some(issuer))
}

/// What a list of this authority revoked, and the number that follows on its own.
fn entries(list: &Crl, path: &str, issuer: &Certificate) -> Result<(Vec<RevokedCertParams>, u64), Failure> {
    let other = || {
        Plain::no(
            "ca-list-other",
            format!("the revocation list `{path}` is not signed by the authority that is imported"),
        )
        .hint("give the authority's own list: mqsec ca import --cert FILE --key FILE --crl FILE")
    };
    if !list.is_named_by(issuer) || !list.signed_by(issuer) {
        return Err(other().into());
    }
    let (_, parsed) = CertificateRevocationList::from_der(&list.der).map_err(|_| other())?;
    let number = parsed.crl_number().and_then(|number| number.to_string().parse::<u64>().ok()).unwrap_or(0);
    let entries = parsed.iter_revoked_certificates().map(|entry| RevokedCertParams {
        serial_number: SerialNumber::from_slice(entry.raw_serial()),
        revocation_time: entry.revocation_date.to_datetime(),
        reason_code: entry.reason_code().and_then(|(_, code)| reason(code.0)),
        invalidity_date: None,
    });
    Ok((entries.collect(), number.saturating_add(1)))
}

fn reason(code: u8) -> Option<RevocationReason> {
    use RevocationReason as R;
    let known =
        [R::KeyCompromise, R::AffiliationChanged, R::Superseded, R::CessationOfOperation, R::PrivilegeWithdrawn];
    known.into_iter().find(|reason| *reason as u8 == code)
}

/// Issues a client's certificate and a list in memory, and lets the judge look at them as every client and broker will.
fn prove(
    authority: &Authority,
    given: &Certificate,
    root: Option<&Certificate>,
    path: &str,
    now: OffsetDateTime,
) -> Result<Vec<Advice>, Failure> {
    let request = Request { common_name: "probe".parse()?, role: Role::Client, days: 1, key_type: KeyType::P256 };
    let leaf = authority.issue(&request, now).map_err(|error| refused(path, &error))?.certificate;
    authority.empty_crl(now).map_err(|_| unfit(path, "it cannot sign a revocation list"))?;
    let own = std::slice::from_ref(&authority.certificate);
    let trust = root.map_or(own, std::slice::from_ref);
    let intermediates = if root.is_some() { own } else { &[] };
    let mut cases = vec![Case { trust, intermediates, ..Case::new(&leaf, As::Client, now) }];
    cases.extend(root.map(|root| Case { trust, ..Case::new(root, As::Authority, now) }));
    for case in cases {
        if let Some(finding) = verify::judge(&case).into_iter().find(|found| found.severity == Severity::Invalid) {
            return Err(unfit(path, format!("what it issues is refused: {}", finding.message)));
        }
    }
    let known = root.unwrap_or(given);
    let case = Case { trust: std::slice::from_ref(known), intermediates, ..Case::new(&leaf, As::Client, now) };
    Ok(advice::advise(&case))
}

/// Puts it in its place; gives the hierarchy, and where one that was replaced is kept.
pub fn take(
    change: &mut Transaction<'_>,
    fit: &Fit,
    now: OffsetDateTime,
) -> Result<(Hierarchy, Option<std::path::PathBuf>), Failure> {
    let backup = authority::put_away(change, now)?;
    let files = layout::authority(Generation::Current);
    let (key, cert) = match fit.root {
        Some(_) => (&files.signing_key, &files.signing_cert),
        None => (&files.key, &files.cert),
    };
    authority::remember(change);
    let kept = authority::kept(change, key, &fit.key_pem, fit.encrypt)?;
    change.put(key, kept);
    change.put(cert, fit.cert_pem.clone());
    inventory::issued(change, &fit.authority.certificate, Noted::Authority, cert);
    let root = fit.root.as_ref().unwrap_or(&fit.authority.certificate);
    if let Some(root) = &fit.root {
        change.put(files.cert.clone(), keys::certificate_pem(&root.der));
        inventory::issued(change, root, Noted::Authority, &files.cert);
    }
    change.put(layout::CA_SERIAL, format!("{}\n", root.serial));
    let own = &fit.authority.certificate;
    for entry in &fit.revoked {
        let reason = entry.reason_code.map_or(Reason::Unspecified, |code| match code {
            RevocationReason::KeyCompromise => Reason::KeyCompromise,
            RevocationReason::AffiliationChanged => Reason::AffiliationChanged,
            RevocationReason::Superseded => Reason::Superseded,
            RevocationReason::CessationOfOperation => Reason::CessationOfOperation,
            RevocationReason::PrivilegeWithdrawn => Reason::PrivilegeWithdrawn,
            _ => Reason::Unspecified,
        });
        let revoked = Revoked {
            serial: serial_text(entry.serial_number.as_ref()).into(),
            issuer: own.subject_key_id.as_deref().map(hex).unwrap_or_default().into(),
            date: date(entry.revocation_time).into(),
            reason,
        };
        inventory::revoked(change, &revoked);
    }
    let list = fit.authority.crl(fit.number, fit.revoked.clone(), own.not_after, now)?;
    let hierarchy = authority::publish(change, list)?;
    Ok((hierarchy, backup))
}
