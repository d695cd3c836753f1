//! What clients and the broker are given of the authorities that are live.

use time::OffsetDateTime;

use super::bundle;
use super::is_from;
use crate::error::Failure;
use crate::pki::crl::Crl;
use crate::pki::inventory::Inventory;
use crate::pki::parsed::Certificate;
use crate::provision::authority::Hierarchy;
use crate::provision::revocation;
use crate::provision::revocation::Lists;
use crate::workspace::Transaction;
use crate::workspace::layout;
use crate::workspace::layout::Generation;
use crate::workspace::layout::broker;

/// Writes trust, lists and the broker's chain for the live authorities, the one that issues first. Gives warnings.
pub(super) fn publish(
    change: &mut Transaction<'_>,
    live: &[&Hierarchy],
    gone: &[&Hierarchy],
    now: OffsetDateTime,
) -> Result<Vec<String>, Failure> {
    let mut warnings = Vec::new();
    let roots = |of: &[&Hierarchy]| of.iter().map(|one| one.root_pem().to_owned()).collect::<Vec<_>>();
    let made = bundle::bundle(&text(change, layout::CA_CERT)?, &roots(live), &roots(gone));
    change.put(layout::CA_CERT, made);

    let trusted = |of: &[&Hierarchy]| {
        let all: String = of.iter().map(|one| one.trusted()).collect();
        bundle::blocks(&all, "CERTIFICATE")
    };
    let there = text(change, broker::TRUST)?;
    let made = bundle::bundle(&there, &trusted(live), &trusted(gone));
    // an order is no reason to make the broker read it again
    if !bundle::is_same_set(&there, &made) {
        change.put(broker::TRUST, made);
    }
    match lists(change, live, gone, now)? {
        Ok(lists) => {
            change.put(layout::CA_CRL, lists.clone());
            change.put(broker::CRL, lists);
        }
        Err(title) => {
            let name = change.workspace().show(layout::CA_CRL);
            warnings.push(format!("`{title}` has no revocation list and cannot sign one: `{name}` was left as it is"));
        }
    }
    match pair_of(change, live)? {
        PairOf::Ours(leaf, generation) => {
            let Some(issuer) = Hierarchy::load(change, generation)? else { return Ok(warnings) };
            change.put(broker::CERT, leaf + &issuer.broker_chain());
        }
        PairOf::Foreign(title) => warnings.push(format!(
            "the broker's certificate `{title}` is another authority's, and was left alone; give its clients that trust"
        )),
        PairOf::External | PairOf::Missing => {}
    }
    Ok(warnings)
}

/// Who issued the broker's pair.
pub enum PairOf {
    /// One of these authorities; with the certificate alone, in PEM.
    Ours(String, Generation),
    /// Another one, and it is noted that its pairs come from there.
    External,
    /// Another one.
    Foreign(String),
    Missing,
}

pub fn pair_of(change: &Transaction<'_>, live: &[&Hierarchy]) -> Result<PairOf, Failure> {
    if change.has(broker::EXTERNAL) {
        return Ok(PairOf::External);
    }
    let Some(leaf) = bundle::blocks(&text(change, broker::CERT)?, "CERTIFICATE").into_iter().next() else {
        return Ok(PairOf::Missing);
    };
    let certificate = Certificate::from_pem(leaf.as_bytes(), &change.workspace().show(broker::CERT))?;
    Ok(match live.iter().find(|one| is_from(&certificate, one.issuer())) {
        Some(issuer) => PairOf::Ours(leaf, issuer.generation),
        None => PairOf::Foreign(certificate.title().to_owned()),
    })
}

pub(super) fn text(change: &Transaction<'_>, path: &str) -> Result<String, Failure> {
    Ok(change.read(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default())
}

/// The lists of all live authorities, and those of strangers behind them; or the name of an authority that has none, and
/// whose clients a broker that is given the others' lists would refuse.
fn lists(
    change: &Transaction<'_>,
    live: &[&Hierarchy],
    gone: &[&Hierarchy],
    now: OffsetDateTime,
) -> Result<Result<String, String>, Failure> {
    let mut there: Vec<(String, Crl)> = Vec::new();
    for path in [layout::CA_CRL, broker::CRL] {
        for block in bundle::blocks(&text(change, path)?, "X509 CRL") {
            let known = |(_, crl): &(String, Crl), new: &Crl| crl.der == new.der;
            if let Some(crl) = Crl::all_from_pem(block.as_bytes(), path)?.into_iter().next()
                && !there.iter().any(|one| known(one, &crl))
            {
                there.push((block, crl));
            }
        }
    }
    let is_of = |crl: &Crl, one: &Hierarchy| crl.is_named_by(one.issuer()) && !crl.names_another_key_than(one.issuer());
    let noted = change.read(layout::INVENTORY)?.unwrap_or_default();
    let inventory = Inventory::parse(&noted);
    let mut made = String::new();
    for one in live {
        let newest =
            there.iter().filter(|(_, crl)| is_of(crl, one)).max_by_key(|(_, crl)| (crl.this_update, crl.len()));
        match newest {
            Some((block, _)) => made.push_str(block),
            // what it issued is refused as expired, with a list and without
            None if one.end() <= now => {}
            None if one.issuer().may_sign_crls && one.has_key(change) => {
                // it was lost: what is noted as revoked stays revoked
                let mut list = Lists::default();
                revocation::make(change, &mut list, one, &inventory, &[], None, now)?;
                made.push_str(&list.text());
            }
            None => return Ok(Err(one.issuer().title().to_owned())),
        }
    }
    let ours = |crl: &Crl| live.iter().chain(gone).any(|one| is_of(crl, one));
    there.iter().filter(|(_, crl)| !ours(crl)).for_each(|(block, _)| made.push_str(block));
    Ok(if made.is_empty() { Err(live[0].issuer().title().to_owned()) } else { Ok(made) })
}
