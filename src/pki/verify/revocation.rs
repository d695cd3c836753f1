//! Revocation lists: the right one, whether it counts, and whether it lists the certificate.
//!
//! Mosquitto sets OpenSSL's CRL_CHECK alone (2.0 and 2.1): the list of the leaf's issuer is needed, must be in time and
//! signed, and no other list matters. One that is missing or past its end makes it refuse every client of that issuer.

use time::Duration;
use time::OffsetDateTime;

use super::As;
use super::Case;
use super::Finding;
use super::Severity;
use super::anew;
use super::chain::Path;
use super::sort;
use crate::pki::crl::Crl;
use crate::pki::in_words;
use crate::pki::parsed::Certificate;
use crate::pki::short_date;

/// How a current list comes about: from the lists in place and the inventory, so that nobody gets in again.
const RENEW: &str = "have it signed anew, with all that was revoked: mqsec crl renew; or put a current one there";

pub(super) fn judge(case: &Case<'_>, path: &Path<'_>, findings: &mut Vec<Finding>) {
    if case.crls.is_empty() {
        return;
    }
    // a broker's list is about its clients; what is wrong with it does not make other certificates invalid
    let severity = if case.role == As::Client { Severity::Invalid } else { Severity::Warning };
    let issuer = match (case.role, path.issuer()) {
        (As::Authority, _) => case.certificate,
        (_, Some(issuer)) => issuer,
        (_, None) => return,
    };
    let named: Vec<&Crl> = case.crls.iter().filter(|crl| crl.is_named_by(issuer)).collect();
    let signed: Vec<&Crl> = named.iter().copied().filter(|crl| crl.signed_by(issuer)).collect();
    if case.role != As::Authority {
        for (at, link) in path.links.iter().enumerate() {
            let Some(issuer) = path.links.get(at + 1) else { break };
            let by_it = |crl: &&Crl| crl.is_named_by(issuer) && crl.signed_by(issuer);
            let date = case.crls.iter().filter(by_it).find_map(|crl| crl.revoked(&link.serial));
            findings.extend(date.map(|date| revoked(case, at, link, date)));
        }
    }
    match (named.first(), best(&signed, case.now)) {
        (_, Some(crl)) => {
            if !issuer.may_sign_crls {
                findings.push(cannot_sign(severity, issuer));
            }
            in_time(crl, severity, case.now, case.warn, findings);
        }
        (Some(crl), None) => findings.push(not_by(crl, issuer, severity)),
        (None, None) if case.role == As::Authority => {}
        (None, None) => findings.push(none_of(case, path, issuer, severity)),
    }
}

/// A revocation list by itself, against the authorities that may have signed it.
pub fn judge_crl(crl: &Crl, authorities: &[Certificate], now: OffsetDateTime, warn: Duration) -> Vec<Finding> {
    let mut findings = Vec::new();
    let severity = Severity::Invalid;
    let named: Vec<&Certificate> = authorities.iter().filter(|ca| crl.is_named_by(ca)).collect();
    match (named.iter().find(|ca| crl.signed_by(ca)), named.first()) {
        (Some(issuer), _) if !issuer.may_sign_crls => findings.push(cannot_sign(severity, issuer)),
        (Some(_), _) => {}
        (None, Some(issuer)) => findings.push(not_by(crl, issuer, severity)),
        (None, None) => {
            let names: Vec<String> = authorities.iter().map(|ca| format!("`{}`", ca.subject)).collect();
            let which = if names.is_empty() { "none is given".to_owned() } else { names.join(", ") };
            let message = format!("it is of `{}`, which is not the authority ({which})", crl.issuer);
            findings.push(Finding::new(severity, "crl-other-issuer", message).hint(RENEW));
        }
    }
    in_time(crl, severity, now, warn, &mut findings);
    sort(&mut findings);
    findings
}

/// The list that counts: one that is in time, else the newest.
fn best<'a>(signed: &[&'a Crl], now: OffsetDateTime) -> Option<&'a Crl> {
    let counts = |crl: &Crl| crl.this_update <= now && crl.next_update.is_none_or(|end| now <= end);
    signed.iter().copied().max_by_key(|crl| (counts(crl), crl.this_update))
}

fn in_time(crl: &Crl, severity: Severity, now: OffsetDateTime, warn: Duration, findings: &mut Vec<Finding>) {
    let words = |time| format!("{} ({})", short_date(time), in_words(time, now));
    let (code, message) = match crl.next_update {
        Some(end) if now > end => (
            "crl-expired",
            format!("the revocation list ended on {}: a broker that reads it refuses every client", words(end)),
        ),
        _ if now < crl.this_update => (
            "crl-not-yet-valid",
            format!(
                "the revocation list begins on {}: until then a broker refuses every client",
                words(crl.this_update)
            ),
        ),
        Some(end) if end - now < warn => {
            let message = format!("the revocation list ends on {}: then every client is refused", words(end));
            findings.push(Finding::warning("crl-expiring", message).hint(RENEW));
            return;
        }
        _ => return,
    };
    findings.push(Finding::new(severity, code, message).hint(RENEW));
}

/// A list with the issuer's name that the issuer's key did not sign.
fn not_by(crl: &Crl, issuer: &Certificate, severity: Severity) -> Finding {
    if crl.names_the_key_of(issuer) {
        let message =
            format!("the revocation list of `{}` was damaged or altered: its signature does not fit", crl.issuer);
        return Finding::new(severity, "crl-bad-signature", message).hint(RENEW);
    }
    let message = format!("the revocation list is of another authority of the same name (`{}`)", crl.issuer);
    Finding::new(severity, "crl-other-issuer", message).hint(RENEW)
}

/// There are lists, and none for the issuer: of a stranger, or of another link of the chain.
fn none_of(case: &Case<'_>, path: &Path<'_>, issuer: &Certificate, severity: Severity) -> Finding {
    let known = |crl: &Crl| case.trust.iter().chain(path.links.iter().copied()).any(|ca| crl.is_named_by(ca));
    let title = issuer.title();
    if let Some(stranger) = case.crls.iter().find(|crl| !known(crl)) {
        let message = format!("the revocation list is of `{}`, not of its issuer `{title}`", stranger.issuer);
        return Finding::new(severity, "crl-other-issuer", message).hint(RENEW);
    }
    let message = format!("there is no revocation list of its issuer `{title}`: a broker that has others refuses it");
    Finding::new(severity, "crl-missing", message)
        .hint("append that authority's list to the broker's crlfile (PEM, one after the other)")
}

fn cannot_sign(severity: Severity, issuer: &Certificate) -> Finding {
    let message = format!("`{}` may not sign revocation lists (its keyUsage has no cRLSign)", issuer.title());
    Finding::new(severity, "ca-cannot-sign-crl", message)
        .hint("make a new authority, and every certificate anew: mqsec ca init --force")
}

fn revoked(case: &Case<'_>, at: usize, link: &Certificate, date: OffsetDateTime) -> Finding {
    let day = short_date(date);
    if at > 0 {
        // OpenSSL's CRL_CHECK looks at the leaf alone, so Mosquitto lets it pass
        let message = format!("its issuer `{}` was revoked on {day}; Mosquitto does not look there", link.title());
        return Finding::invalid("certificate-revoked", message).hint("issue it anew with another authority");
    }
    Finding::invalid("certificate-revoked", format!("its authority revoked it on {day}")).hint(anew(case))
}
