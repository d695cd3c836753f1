//! The switch to the next authority, and what is issued anew.

use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use rcgen::KeyPair;
use time::OffsetDateTime;

use super::Phase;
use super::State;
use super::publish::PairOf;
use super::publish::pair_of;
use super::publish::publish;
use super::publish::text;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki;
use crate::pki::authority::Authority;
use crate::pki::authority::Request;
use crate::pki::authority::Role;
use crate::pki::keys::KeyType;
use crate::pki::names::ClientName;
use crate::pki::parsed::Certificate;
use crate::pki::parsed::KeyKind;
use crate::provision::authority;
use crate::provision::authority::Hierarchy;
use crate::provision::certificates;
use crate::provision::inventory;
use crate::provision::revocation::Revocations;
use crate::provision::stamp;
use crate::workspace::Transaction;
use crate::workspace::layout;
use crate::workspace::layout::AuthorityFiles;
use crate::workspace::layout::Generation;
use crate::workspace::layout::broker;

/// How certificates are issued anew.
#[derive(Clone, Copy, Default)]
pub struct Reissue {
    /// None: as long as the one that is replaced.
    pub days: Option<u32>,
    pub keep_key: bool,
    /// Although clients that trust the old root alone cannot follow.
    pub force: bool,
}

/// Certificates that one change issues: few enough that other commands need not wait long.
const BATCH: usize = 100;
/// RSA keys take their time.
const PATIENCE_OF_OTHERS: Duration = Duration::from_secs(4);

/// Makes the next authority the one that issues, with the broker's pair; done already, it does nothing. Gives warnings.
pub fn switch(change: &mut Transaction<'_>, how: Reissue, now: OffsetDateTime) -> Result<Vec<String>, Failure> {
    let state = State::load(change)?;
    let expired = state.current.end() <= now;
    match &state.phase {
        Phase::None => {
            return Err(Plain::no("rollover-not-prepared", "there is no next authority")
                .hint("make one, and let it be trusted first: mqsec ca rollover prepare")
                .into());
        }
        Phase::Reissued { .. } => {}
        Phase::Prepared { next } => {
            if !state.is_crossed(change) && !expired && !how.force {
                return Err(Plain::no(
                    "rollover-no-cross",
                    format!("clients that trust `{}` alone would refuse the broker", state.current.root.title()),
                )
                .detail(format!("it has not certified `{}`", next.root.title()))
                .hint("give every client the new certs/ca.crt, which has both; then: mqsec ca rollover reissue --force")
                .into());
            }
            if !next.has_key(change) {
                next.unlock(change, now)?;
            }
            let anchors = text(change, layout::CA_CERT)?;
            let with_root = !state.signing_only();
            shift(change, Generation::Current, Generation::Old, with_root)?;
            shift(change, Generation::Next, Generation::Current, with_root)?;
            // with what somebody else may have added
            change.put(layout::CA_CERT, next.root_pem().to_owned() + &anchors);
        }
    }
    let (Some(current), Some(old)) =
        (Hierarchy::load(change, Generation::Current)?, Hierarchy::load(change, Generation::Old)?)
    else {
        return Ok(Vec::new());
    };
    change.put(layout::CA_SERIAL, format!("{}\n", current.root.serial));
    if let PairOf::Ours(leaf, Generation::Old) = pair_of(change, &[&current, &old])? {
        let replaced = Certificate::from_pem(leaf.as_bytes(), broker::CERT)?;
        let names = certificates::names_of(&replaced);
        let role = Role::Broker { names };
        let request = request(&replaced, role, how, &old)?;
        let authority = current.unlock(change, now)?;
        for path in [broker::KEY, broker::CSR, broker::CERT] {
            change.back_up(path, &stamp(now))?;
        }
        let (certificate, pem) = certify(change, &authority, &request, &replaced, how, Path::new(broker::KEY), now)?;
        inventory::issued(change, &certificate, pki::inventory::Role::Broker, Path::new(broker::CERT));
        change.put(broker::CERT, pem);
    }
    publish(change, &[&current, &old], &[], now)
}

/// Moves an authority's files from one generation to another. A root that stays keeps its key where it is.
fn shift(change: &mut Transaction<'_>, from: Generation, to: Generation, with_root: bool) -> Result<(), Failure> {
    let root = Hierarchy::load(change, from)?.map(|hierarchy| hierarchy.root_pem().to_owned());
    let list = |generation| {
        let AuthorityFiles { key, signing_key, signing_cert, cross, .. } = layout::authority(generation);
        let of_root = if with_root { vec![key, cross] } else { Vec::new() };
        [vec![signing_key, signing_cert], of_root].concat()
    };
    for (from, to) in list(from).into_iter().zip(list(to)) {
        match change.read(&from)? {
            Some(bytes) => change.put(to, bytes.to_vec()),
            None => change.remove(to),
        }
        change.remove(from);
    }
    // certs/ca.crt had the other root behind its own
    if let Some(root) = root {
        change.remove(layout::authority(from).cert);
        change.put(layout::authority(to).cert, root);
    }
    Ok(())
}

/// Clients that `reissue` has to do with.
#[derive(Default)]
pub struct Left {
    /// Certificates of the old authority that are to be issued anew.
    pub pending: Vec<ClientName>,
    /// Those that are not, and why.
    pub passed: Vec<(String, String)>,
    /// How many the new authority has issued.
    pub done: usize,
}

/// Which clients of `certs/client` have a certificate of the old authority.
pub fn left(change: &Transaction<'_>, old: &Hierarchy, new: &Hierarchy) -> Result<Left, Failure> {
    let workspace = change.workspace();
    let revoked = Revocations::read(change)?;
    let mut left = Left::default();
    for name in workspace.clients()? {
        let Ok(client) = name.parse::<ClientName>() else { continue };
        let path = layout::client(&client).cert;
        let Some(pem) = change.read(&path)? else { continue };
        let certificate = match Certificate::from_pem(&pem, &workspace.show(&path)) {
            Ok(certificate) => certificate,
            Err(error) => {
                left.passed.push((name, error.to_string()));
                continue;
            }
        };
        if certificate.is_from(new.issuer()) {
            left.done += 1;
        } else if !certificate.is_from(old.issuer()) {
            left.passed.push((name, "another authority issued it".to_owned()));
        } else if revoked.has(&certificate) {
            left.passed.push((name, "it is revoked".to_owned()));
        } else {
            left.pending.push(client);
        }
    }
    Ok(left)
}

/// Issues the first of the clients that are left anew. Each call is a change of its own, so a run that is cut short loses
/// nothing, and the next one goes on. Gives how many were looked at, and how many issued.
pub fn reissue_clients(
    change: &mut Transaction<'_>,
    pending: &[ClientName],
    how: Reissue,
    now: OffsetDateTime,
) -> Result<(usize, usize), Failure> {
    let current = authority::current(change, now)?;
    let Some(old) = Hierarchy::load(change, Generation::Old)? else { return Ok((pending.len(), 0)) };
    let authority = current.unlock(change, now)?;
    let (mut seen, mut issued) = (0, 0);
    let begun = Instant::now();
    for name in pending.iter().take(BATCH) {
        if begun.elapsed() > PATIENCE_OF_OTHERS {
            break;
        }
        seen += 1;
        let paths = layout::client(name);
        let Some(pem) = change.read(&paths.cert)? else { continue };
        let replaced = Certificate::from_pem(&pem, &change.workspace().show(&paths.cert))?;
        // another command was faster
        if !replaced.is_from(old.issuer()) {
            continue;
        }
        let request = request(&replaced, Role::Client, how, &old)?;
        for path in [&paths.key, &paths.csr, &paths.cert, &paths.chain] {
            change.back_up(path, &stamp(now))?;
        }
        let (certificate, pem) = certify(change, &authority, &request, &replaced, how, &paths.key, now)?;
        inventory::issued(change, &certificate, pki::inventory::Role::Client, &paths.cert);
        change.put(paths.chain, format!("{pem}{}", current.client_chain()));
        change.put(paths.cert, pem);
        issued += 1;
    }
    Ok((seen, issued))
}

/// A certificate like the one that is replaced, for a new key or for the one that it has. A key that was never here
/// (`csr sign`) is kept: its device has it.
fn certify(
    change: &mut Transaction<'_>,
    authority: &Authority,
    request: &Request,
    replaced: &Certificate,
    how: Reissue,
    key_path: &Path,
    now: OffsetDateTime,
) -> Result<(Certificate, String), Failure> {
    if how.keep_key || !change.has(key_path) {
        let is_rsa = matches!(replaced.key_kind, KeyKind::Rsa(_));
        return Ok(authority.issue_for_public(request, &replaced.spki, is_rsa, now)?);
    }
    let key: KeyPair = request.key_type.generate()?;
    let issued = authority.issue_for(request, &key, now)?;
    change.put(key_path, issued.key_pem.to_vec());
    change.put(key_path.with_extension("csr"), issued.csr_pem);
    Ok((issued.certificate, issued.certificate_pem))
}

fn request(replaced: &Certificate, role: Role, how: Reissue, old: &Hierarchy) -> Result<Request, Failure> {
    Ok(Request {
        common_name: replaced.title().parse()?,
        role,
        days: how.days.unwrap_or_else(|| certificates::days_like(replaced, old)),
        key_type: KeyType::like(replaced),
    })
}
