//! The chain: who signed what, up to a root, as OpenSSL builds it.

use time::Duration;

use super::As;
use super::Case;
use super::Finding;
use super::Severity;
use crate::pki::parsed::Certificate;
use crate::pki::parsed::KeyKind;
use crate::pki::short_date;
use crate::pki::signature;

/// webpki goes no deeper (`MAX_SUB_CA_COUNT`): the leaf, six authorities below the root, the root.
const DEEPEST: usize = 8;
/// What a hostile file of a thousand certificates of one name may cost.
const SIGNATURES: usize = 100;

/// What was found on the way up.
pub(super) struct Path<'a> {
    /// The certificate, its issuer, and so on.
    pub(super) links: Vec<&'a Certificate>,
    end: End,
}

#[derive(Clone, Copy)]
enum End {
    /// A trusted certificate that signed itself.
    Root,
    /// A trusted certificate whose own issuer is not there.
    TrustedButNoRoot,
    /// A certificate that signed itself, and is not trusted.
    SelfSigned,
    /// There is a certificate of the issuer's name, and another key made the signature.
    OtherKey,
    /// There is the very key that the certificate names, and the signature does not fit.
    Altered,
    /// There is no certificate of the issuer's name.
    NoIssuer,
    TooDeep,
}

impl<'a> Path<'a> {
    pub(super) fn issuer(&self) -> Option<&'a Certificate> {
        self.links.get(1).copied()
    }

    fn last(&self) -> &'a Certificate {
        self.links[self.links.len() - 1]
    }
}

/// The certificate that is judged: the leaf, where a file has it after its authority.
pub fn leaf_of<'a>(case: &Case<'a>) -> &'a Certificate {
    leaf_later(case).map_or(case.certificate, |(_, leaf, _)| leaf)
}

/// The certificate and its issuers, as far as they can be found.
pub fn chain_of<'a>(case: &Case<'a>) -> Vec<&'a Certificate> {
    walk(case).links
}

pub(super) fn walk<'a>(case: &Case<'a>) -> Path<'a> {
    climb(case, &[])
}

/// Climbs with what was sent and what is trusted; `more` are further certificates to try.
fn climb<'a>(case: &Case<'a>, more: &'a [Certificate]) -> Path<'a> {
    let mut path = Path { links: vec![case.certificate], end: End::TooDeep };
    let mut budget = SIGNATURES;
    let mut trusted_on_the_way = false;
    while path.links.len() <= DEEPEST {
        let current = path.last();
        let trusted = case.trust.iter().any(|ca| ca.der == current.der);
        trusted_on_the_way |= trusted;
        if current.is_self_signed() {
            path.end = if trusted { End::Root } else { End::SelfSigned };
            return path;
        }
        let mut named = Vec::new();
        for issuer in case.trust.iter().chain(case.intermediates).chain(more) {
            if issuer.raw_subject == current.raw_issuer && issuer.der != current.der {
                named.push(issuer);
            }
        }
        // the right key identifier first, then those that are in time: one may be the other's successor
        named.sort_by_key(|issuer| {
            let in_time = issuer.not_before <= case.now && case.now <= issuer.not_after;
            (current.names_another_key_than(issuer), !in_time)
        });
        let signer = named.iter().find(|issuer| {
            budget = budget.saturating_sub(1);
            budget > 0 && current.signed_by(issuer)
        });
        if let Some(signer) = signer {
            path.links.push(signer);
            continue;
        }
        path.end = match named.first() {
            _ if budget == 0 => End::TooDeep,
            _ if trusted_on_the_way => End::TrustedButNoRoot,
            Some(issuer) if current.names_the_key_of(issuer) => End::Altered,
            Some(_) => End::OtherKey,
            None if current.is_self_issued() && !current.names_another_key_than(current) => End::Altered,
            None => End::NoIssuer,
        };
        return path;
    }
    path
}

/// The chain's findings: its end, then each link of it, then what the file has beside it.
pub(super) fn judge(case: &Case<'_>, path: &Path<'_>, findings: &mut Vec<Finding>) {
    findings.extend(end(case, path));
    if path.links.len() > 1 && case.certificate.is_self_issued() {
        findings.push(same_subject(case.certificate));
    }
    for (at, link) in path.links.iter().enumerate() {
        strength(at, link, findings);
        if at > 0 {
            issuer(case, at, link, findings);
        }
        if let Some(issuer) = path.links.get(at + 1)
            // made on one day for equal periods is no matter
            && link.not_after > issuer.not_after.saturating_add(Duration::DAY)
        {
            let (own, theirs) = (short_date(link.not_after), short_date(issuer.not_after));
            let message = format!("{} ends on {own}, after its issuer ({theirs})", whom(at, link));
            findings.push(
                Finding::warning("certificate-outlives-issuer", message)
                    .hint("it is worth nothing after its issuer's end; note that day"),
            );
        }
    }
    if case.role != As::Authority {
        beside(case, path, findings);
    }
}

/// Why the chain does not reach a trusted root.
fn end(case: &Case<'_>, path: &Path<'_>) -> Option<Finding> {
    let last = path.last();
    let at = path.links.len() - 1;
    let name = &last.issuer;
    Some(match path.end {
        End::Root => return None,
        End::TooDeep => Finding::invalid(
            "chain-too-long",
            format!("its chain has more than {} authorities, or too many of the same name", DEEPEST - 2),
        )
        .hint("send the leaf and the authorities that are needed, and nothing else"),
        End::Altered => Finding::invalid(
            "certificate-bad-signature",
            format!("{} does not fit: it was damaged or altered", part(at, last, "signature")),
        )
        .hint("put a good copy back (certs/backup/ may have one), or issue it anew"),
        End::OtherKey => other_authority(at, last),
        End::SelfSigned => return self_signed(case, at, last),
        End::TrustedButNoRoot => {
            if at == 0 && !last.is_ca {
                return Some(holds_leaf(last));
            }
            let message = format!(
                "the trusted `{}` is no root, and its issuer `{name}` is not there: OpenSSL, so Mosquitto, refuses it",
                last.title()
            );
            Finding::invalid("ca-root-missing", message)
                .hint("append the root to the CA file: cat ROOT.crt >> CA-FILE; then restart what reads it")
        }
        End::NoIssuer => return Some(no_issuer(case, at, last)),
    })
}

fn other_authority(at: usize, last: &Certificate) -> Finding {
    let (it, name) = (whom(at, last), &last.issuer);
    Finding::invalid(
        "certificate-other-authority",
        format!("another authority of the same name (`{name}`) issued {it}"),
    )
    .hint("the authority was made anew after it; issue it anew too, or trust the old one as well")
}

fn self_signed(case: &Case<'_>, at: usize, last: &Certificate) -> Option<Finding> {
    // a renewed certificate of a trusted root has its key
    let same_name = |ca: &&Certificate| ca.raw_subject == last.raw_subject;
    let twin = case.trust.iter().find(same_name);
    let renewed = twin.is_some_and(|ca| ca.spki == last.spki);
    if case.role == As::Authority && at == 0 {
        let message = format!("it is not the trusted authority of its name (`{}`): its key is another", last.subject);
        let finding = Finding::invalid("certificate-other-authority", message)
            .hint("put the authority there that issued the certificates, or issue them anew: mqsec up");
        return (twin.is_some() && !renewed).then_some(finding);
    }
    if twin.is_some() {
        // a root is not issued by another one: what stands below it was
        return Some(other_authority(if at == 1 { 0 } else { at }, last));
    }
    Some(if at == 0 {
        Finding::invalid("certificate-self-signed", "it is self-signed: no authority stands behind it")
            .hint("issue it with the authority: mqsec broker-cert NAME; or trust that certificate itself: --ca FILE")
    } else {
        unknown_issuer(&format!("its root `{}` is not trusted", last.subject))
    })
}

/// Nothing has the issuer's name: is it an intermediate that was forgotten, or a stranger?
fn no_issuer(case: &Case<'_>, at: usize, last: &Certificate) -> Finding {
    let found = climb(case, case.others);
    if let (End::Root | End::TrustedButNoRoot, Some(missing)) = (found.end, found.links.get(at + 1)) {
        let message = format!(
            "the intermediate `{}`, which issued {}, is missing: it was not sent",
            missing.title(),
            whom(at, last)
        );
        return Finding::invalid("chain-intermediate-missing", message)
            .hint("append it to the certificate's file, after the leaf: cat INTERMEDIATE.crt >> FILE");
    }
    if let Some(leaf) = case.trust.iter().find(|ca| !ca.is_ca && ca.version >= 3 && !ca.is_self_issued())
        && !case.trust.iter().any(|ca| ca.is_ca)
    {
        return holds_leaf(leaf);
    }
    let what = match at {
        0 => format!("another authority issued it: `{}`", last.issuer),
        _ => format!("another authority issued its issuer `{}`: `{}`", last.title(), last.issuer),
    };
    unknown_issuer(&what)
}

fn unknown_issuer(what: &str) -> Finding {
    Finding::invalid("certificate-unknown-issuer", what)
        .hint("issue it anew with the authority of this folder: mqsec up, mqsec client-cert NAME; or judge it by its own: mqsec verify TARGET --ca FILE")
}

fn holds_leaf(leaf: &Certificate) -> Finding {
    let message = format!(
        "the CA file holds a leaf (`{}`): a certificate is trusted by its authority, not by itself",
        leaf.title()
    );
    Finding::invalid("ca-file-holds-leaf", message)
        .hint(format!("put the authority's certificate there (`{}`), often called ca.crt or rootCA.pem", leaf.issuer))
}

/// OpenSSL (`ossl_x509v3_cache_extensions`) takes a certificate with equal names for self-signed, unless its two key
/// identifiers say otherwise.
fn same_subject(certificate: &Certificate) -> Finding {
    let told_apart = certificate.names_another_key_than(certificate);
    let severity = if told_apart { Severity::Warning } else { Severity::Invalid };
    let effect = if told_apart { "some clients take it" } else { "OpenSSL, so Mosquitto, takes it" };
    let message =
        format!("it has the same name as its authority (`{}`): {effect} for self-signed", certificate.subject);
    Finding::new(severity, "certificate-same-subject-as-issuer", message)
        .hint("issue it anew under a name of its own: mqsec broker-cert NAME, mqsec client-cert NAME")
}

/// Keys and signatures that OpenSSL's security level 2 (Debian, the stock images) refuses.
fn strength(at: usize, link: &Certificate, findings: &mut Vec<Finding>) {
    let weak = match link.key_kind {
        KeyKind::Rsa(bits) if bits < 2048 => Some("too short: 2048 bits are the least"),
        KeyKind::Other => Some("of a kind that TLS programs do not take"),
        _ => None,
    };
    let anew = "issue it anew with mqsec, which makes ECDSA P-256 with SHA-256 unless told otherwise";
    if let Some(weak) = weak {
        let message = format!("{} ({}) is {weak}", part(at, link, "key"), link.key);
        findings.push(Finding::invalid("certificate-weak-key", message).hint(anew));
    }
    // nobody checks a root's signature: it is trusted as it is
    if signature::is_weak(&link.signature_oid) && !link.is_self_issued() {
        let message = format!("{} ({}) is broken", part(at, link, "signature"), link.signature_name());
        findings.push(Finding::invalid("certificate-weak-signature", message).hint(anew));
    }
}

/// What an issuer must be, `at` steps above the leaf.
fn issuer(case: &Case<'_>, at: usize, link: &Certificate, findings: &mut Vec<Finding>) {
    let title = link.title();
    let new = "make a new authority, and every certificate anew: mqsec ca init --force";
    if case.now > link.not_after {
        let message = format!("its authority `{title}` ended on {}", short_date(link.not_after));
        findings.push(Finding::invalid("ca-expired", message).hint(new));
    } else if case.now < link.not_before && case.now >= case.certificate.not_before {
        let message = format!("its authority `{title}` begins on {}", short_date(link.not_before));
        findings
            .push(Finding::invalid("certificate-not-yet-valid", message).hint("look at this machine's clock: date"));
    }
    // OpenSSL's `check_ca`: a root of version 1 passes, and one without basicConstraints if its keyUsage says so
    let old_root = link.version < 3 && link.is_self_issued();
    let tolerated = !link.basic_constraints && link.key_usage && link.may_sign_certificates && link.is_self_issued();
    let lack = match link {
        _ if !link.may_sign_certificates => Some("its keyUsage has no keyCertSign"),
        _ if !link.is_ca && !old_root && !tolerated => Some("its basicConstraints has no CA:TRUE"),
        _ => None,
    };
    if let Some(lack) = lack {
        let message = format!("its issuer `{title}` is no authority: {lack}");
        findings.push(Finding::invalid("ca-not-an-authority", message).hint(new));
    }
    let may = if case.role == As::Client { link.client_auth } else { link.server_auth };
    if !may && case.role != As::Authority {
        let message = format!("its authority `{title}` may not issue for this role (its extended key usage)");
        findings.push(Finding::invalid("certificate-wrong-role", message).hint(new));
    }
    if let Some(most) = link.path_length
        && at - 1 > most as usize
    {
        let message = format!("its authority `{title}` allows {most} authorities below it, and there are {}", at - 1);
        findings
            .push(Finding::invalid("chain-too-long", message).hint("issue it with an authority nearer to the root"));
    }
}

/// What the file holds beside the chain, and in which order.
fn beside(case: &Case<'_>, path: &Path<'_>, findings: &mut Vec<Finding>) {
    let place = |certificate: &Certificate| path.links.iter().position(|link| link.der == certificate.der);
    let places: Vec<Option<usize>> = case.intermediates.iter().map(place).collect();
    let known: Vec<usize> = places.iter().copied().flatten().collect();
    if !known.is_sorted() {
        let message = "its file has the authorities in another order than the chain: TLS 1.2 wants each after the one \
                       that it issued";
        let hint = "put the leaf first, then its issuer, then that one's issuer";
        findings.push(Finding::warning("chain-wrong-order", message).hint(hint));
    }
    // a root as another root certified it, for clients that know that one alone
    let known = |other: &Certificate| {
        let is_same = |link: &&Certificate| link.raw_subject == other.raw_subject && link.spki == other.spki;
        other.is_ca && path.links.iter().any(is_same)
    };
    let strangers: Vec<&Certificate> = case
        .intermediates
        .iter()
        .zip(&places)
        .filter(|(other, place)| place.is_none() && !known(other))
        .map(|(other, _)| other)
        .collect();
    if let Some(first) = strangers.first() {
        let more = match strangers.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let message = format!("its file also has `{}`{more}, which is no part of its chain", first.title());
        let hint = "one file, one leaf and its authorities; remove the others";
        findings.push(Finding::warning("chain-unrelated", message).hint(hint));
    }
}

/// A file that begins with an authority and has its leaf later: the leaf, what is left, and the finding.
pub(super) fn leaf_later<'a>(case: &Case<'a>) -> Option<(Finding, &'a Certificate, Vec<Certificate>)> {
    if case.role == As::Authority || !case.certificate.is_ca {
        return None;
    }
    let names: Vec<&[u8]> = std::iter::once(case.certificate)
        .chain(case.intermediates.iter().filter(|other| other.is_ca))
        .map(|ca| ca.raw_subject.as_slice())
        .collect();
    let is_leaf = |other: &Certificate| !other.is_ca && names.contains(&other.raw_issuer.as_slice());
    let at = case.intermediates.iter().position(is_leaf)?;
    let leaf = &case.intermediates[at];
    let mut rest = vec![case.certificate.clone()];
    rest.extend(
        case.intermediates.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other.clone()),
    );
    let message = format!(
        "its file begins with the authority `{}`, and the leaf `{}` comes later: the leaf must be first (Mosquitto does \
         not start with it and says: key values mismatch)",
        case.certificate.title(),
        leaf.title()
    );
    let hint = "write the leaf first, then its issuer: cat LEAF.crt INTERMEDIATE.crt > FILE";
    Some((Finding::invalid("chain-wrong-order", message).hint(hint), leaf, rest))
}

fn whom(at: usize, link: &Certificate) -> String {
    if at == 0 { "it".to_owned() } else { format!("its authority `{}`", link.title()) }
}

fn part(at: usize, link: &Certificate, what: &str) -> String {
    if at == 0 { format!("its {what}") } else { format!("the {what} of its authority `{}`", link.title()) }
}
