//! What the broker reads of the authority: its own copies in `certs/broker/`, which nobody brings up to date by itself.

use time::OffsetDateTime;

use super::Args;
use super::evidence;
use super::evidence::Evidence;
use super::examine::Judged;
use super::examine::MOST_IN_ONE_FILE;
use super::target::Source;
use crate::pki::crl::Crl;
use crate::pki::parsed::Certificate;
use crate::pki::short_date;
use crate::pki::verify::As;
use crate::pki::verify::Case;
use crate::pki::verify::Finding;
use crate::pki::verify::Severity;
use crate::pki::verify::judge;
use crate::pki::verify::judge_crl;

const COPY_CA: &str = "copy the authority again: cp certs/ca.crt certs/broker/ca.crt; then: mqsec restart";
const COPY_LIST: &str = "copy the list again: cp certs/ca.crl certs/broker/ca.crl; then: mqsec restart";

/// The authorities whose clients the broker accepts.
pub(super) fn trust(args: &Args, evidence: &Evidence, judged: &mut Judged, now: OffsetDateTime) -> Result<(), Finding> {
    let Source::Trust(path) = &judged.target.source else { return Ok(()) };
    let found = evidence::certificates(path)?;
    let (copies, mut findings) = (found.list, found.odd);
    let own = evidence.own.first();
    let has_own = own.is_some_and(|own| copies.iter().any(|copy| copy.der == own.der));
    for copy in copies.iter().take(MOST_IN_ONE_FILE) {
        let case =
            Case { intermediates: &copies, trust: &copies, warn: args.warn(), ..Case::new(copy, As::Authority, now) };
        for mut finding in judge(&case) {
            // beside the one that counts, an old one does no harm
            if has_own && own.is_some_and(|own| own.der != copy.der) {
                finding.severity = Severity::Warning;
            }
            findings.push(finding);
        }
    }
    if let Some(own) = own
        && !has_own
    {
        findings.push(other_authority(own, &copies));
    }
    judged.findings = findings;
    judged.leaf = copies.first().cloned();
    (judged.sent, judged.role) = (copies, Some(As::Authority));
    Ok(())
}

fn other_authority(own: &Certificate, copies: &[Certificate]) -> Finding {
    let twin = copies.iter().find(|copy| copy.raw_subject == own.raw_subject);
    let finding = match twin {
        Some(twin) if twin.spki == own.spki => Finding::warning(
            "broker-copy-differs",
            "the broker trusts another certificate of the same authority and key than `certs/ca.crt`",
        ),
        Some(_) => Finding::invalid(
            "certificate-other-authority",
            format!(
                "the broker trusts another authority of the name `{}`: it refuses every client of this folder",
                own.subject
            ),
        ),
        None => Finding::invalid(
            "broker-copy-differs",
            format!(
                "the broker does not trust `{}`, the authority of this folder, and refuses its clients",
                own.subject
            ),
        ),
    };
    finding.hint(COPY_CA)
}

/// The revocation lists that the broker reads.
pub(super) fn list(args: &Args, evidence: &Evidence, judged: &mut Judged, now: OffsetDateTime) -> Result<(), Finding> {
    let Source::List(path) = &judged.target.source else { return Ok(()) };
    let lists = evidence::revocation_lists(path)?;
    // several may stand in the file; those of this folder's authorities are the ones that count
    let ours = |list: &&Crl| evidence.issuers.iter().any(|own| list.is_named_by(own) && list.signed_by(own));
    let mut counts: Vec<&Crl> = lists.iter().filter(ours).collect();
    if counts.is_empty() {
        counts.extend(lists.first());
    }
    for list in &counts {
        judged.findings.extend(judge_crl(list, &evidence.issuers, now, args.warn()));
        let same_issuer = |newer: &&Crl| {
            newer.raw_issuer == list.raw_issuer
                && newer.authority_key_id == list.authority_key_id
                && newer.der != list.der
        };
        if let Some(newer) = evidence.newer.iter().find(same_issuer) {
            let message = format!(
                "the broker reads another list (of {}, {} revoked) than `certs/ca.crl` (of {}, {} revoked)",
                short_date(list.this_update),
                list.len(),
                short_date(newer.this_update),
                newer.len()
            );
            judged.findings.push(Finding::warning("broker-copy-differs", message).hint(COPY_LIST));
        }
    }
    judged.list = counts.first().map(|list| (*list).clone());
    Ok(())
}
