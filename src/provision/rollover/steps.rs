//! The steps that change what is trusted: prepare, cancel, drop.

use std::path::Path;
use std::path::PathBuf;

use time::OffsetDateTime;

use super::Phase;
use super::State;
use super::publish::publish;
use super::publish::text;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki;
use crate::pki::encrypted;
use crate::pki::encrypted::Kept;
use crate::pki::inventory::Inventory;
use crate::pki::inventory::Role;
use crate::pki::keys::KeyType;
use crate::pki::names::CommonName;
use crate::pki::parsed::Certificate;
use crate::provision::authority;
use crate::provision::authority::Hierarchy;
use crate::provision::inventory;
use crate::provision::stamp;
use crate::workspace::Transaction;
use crate::workspace::layout;
use crate::workspace::layout::AuthorityFiles;
use crate::workspace::layout::Generation;

/// What the next authority is to be.
pub struct Prepare {
    /// None: the current one's name with a number.
    pub common_name: Option<CommonName>,
    pub days: u32,
    /// None: the kind of the current one.
    pub key_type: Option<KeyType>,
    /// The root stays, and the signing authority below it is replaced.
    pub signing_only: bool,
    /// No cross certificates, for a root whose key is gone.
    pub without_cross: bool,
}

/// Makes the next authority and lets it be trusted. Gives warnings.
pub fn prepare(change: &mut Transaction<'_>, wish: &Prepare, now: OffsetDateTime) -> Result<Vec<String>, Failure> {
    let state = State::load(change)?;
    let current = state.current;
    let mut warnings = Vec::new();
    match state.phase {
        Phase::None => {}
        // again: what is missing is made, for instance after a list was lost
        Phase::Prepared { next } => return publish(change, &[&current, &next], &[], now),
        Phase::Reissued { old } => {
            return Err(Plain::no(
                "rollover-unfinished",
                format!("the last rollover is not finished: `{}` is trusted still", old.root.title()),
            )
            .hint("see who needs it: mqsec ca rollover status")
            .hint("finish it: mqsec ca rollover drop")
            .into());
        }
    }
    if wish.signing_only {
        new_signing(change, wish, &current, now)?;
    } else {
        warnings = new_root(change, wish, &current, now)?;
    }
    let (Some(current), Some(next)) =
        (Hierarchy::load(change, Generation::Current)?, Hierarchy::load(change, Generation::Next)?)
    else {
        return Ok(warnings);
    };
    warnings.extend(publish(change, &[&current, &next], &[], now)?);
    Ok(warnings)
}

fn new_root(
    change: &mut Transaction<'_>,
    wish: &Prepare,
    current: &Hierarchy,
    now: OffsetDateTime,
) -> Result<Vec<String>, Failure> {
    let mut warnings = Vec::new();
    let common_name = name(change, wish, &current.root)?;
    let expired = current.root.not_after <= now;
    let crosses = !wish.without_cross && !expired;
    // its key may be kept elsewhere: that is told before anything is made
    let root = if crosses { Some(current.unlock_root(change, now)?) } else { None };
    // where keys are encrypted, `make` encrypts the next ones as it does the first ones
    let request = authority::Request {
        common_name,
        days: wish.days,
        key_type: wish.key_type.unwrap_or_else(|| KeyType::like(&current.root)),
        intermediate: current.signing.is_some(),
        ..authority::Request::default()
    };
    authority::make(change, &request, Generation::Next, now)?;
    let Some(next) = Hierarchy::load(change, Generation::Next)? else { return Ok(warnings) };
    if expired {
        warnings.push(format!(
            "`{}` ended on {}: its clients are cut off already, until they have the new certs/ca.crt and a new certificate",
            current.root.title(),
            pki::short_date(current.root.not_after)
        ));
    } else if wish.without_cross {
        warnings.push("no cross certificates: every client needs the new certs/ca.crt before `reissue`".to_owned());
    }
    let Some(root) = root else { return Ok(warnings) };
    let back = next.unlock_root(change, now)?.cross_sign(&current.root, now);
    put_cross(change, Generation::Current, back, &mut warnings);
    // the certificates between the current root and a leaf of the next one
    let depth = if next.signing.is_some() { 2 } else { 1 };
    if current.root.path_length.is_some_and(|allowed| allowed < depth) {
        warnings.push(format!(
            "`{}` allows no authority below it (path length): clients that trust it alone cannot follow; give every client \
             the new certs/ca.crt before `reissue`",
            current.root.title()
        ));
    } else {
        put_cross(change, Generation::Next, root.cross_sign(&next.root, now), &mut warnings);
    }
    Ok(warnings)
}

/// Writes a root's certificate as the other root issued it.
fn put_cross(
    change: &mut Transaction<'_>,
    generation: Generation,
    made: Result<String, pki::PkiError>,
    warnings: &mut Vec<String>,
) {
    let path = layout::authority(generation).cross;
    match made.and_then(|pem| Certificate::from_pem(pem.as_bytes(), "cross").map(|read| (pem, read))) {
        Ok((pem, certificate)) => {
            inventory::issued(change, &certificate, Role::Authority, &path);
            change.put(path, pem);
        }
        Err(error) => warnings
            .push(format!("no cross certificate ({error}): every client needs the new certs/ca.crt before `reissue`")),
    }
}

fn new_signing(
    change: &mut Transaction<'_>,
    wish: &Prepare,
    current: &Hierarchy,
    now: OffsetDateTime,
) -> Result<(), Failure> {
    let Some(signing) = &current.signing else {
        return Err(Plain::no("rollover-no-signing", "there is no signing authority: the root itself issues")
            .hint("replace the root: mqsec ca rollover prepare")
            .into());
    };
    let name = name(change, wish, signing)?;
    let key_type = wish.key_type.unwrap_or_else(|| KeyType::like(signing));
    let (made, cert_pem, key_pem) =
        current.unlock_root(change, now)?.create_signing(&name, wish.days, key_type, now)?;
    let files = layout::authority(Generation::Next);
    inventory::issued(change, &made.certificate, Role::Authority, &files.signing_cert);
    change.put(files.cert, current.root_pem());
    change.put(files.signing_cert, cert_pem);
    // it is kept as the one that it replaces
    let replaced = change.read(layout::authority(Generation::Current).signing_key)?;
    let encrypt = replaced.is_some_and(|key| encrypted::kept(&key) != Kept::Open);
    authority::remember(change);
    let key = authority::kept(change, &files.signing_key, &key_pem, encrypt)?;
    change.put(files.signing_key, key);
    Ok(())
}

/// The name asked for, or the replaced one's with the next number that no authority had.
fn name(change: &Transaction<'_>, wish: &Prepare, replaced: &Certificate) -> Result<CommonName, Failure> {
    if let Some(name) = &wish.common_name {
        if name.as_str() == replaced.title() {
            return Err(Plain::new(
                "rollover-same-name",
                format!("the authority that is there is called `{name}` too"),
            )
            .detail("clients tell authorities by their names: two of one name are taken for one")
            .hint("leave the name to mqsec: mqsec ca rollover prepare")
            .into());
        }
        return Ok(name.clone());
    }
    let known = text(change, layout::INVENTORY)?;
    let known = Inventory::parse(known.as_bytes());
    let taken = |name: &str| known.issued.iter().any(|one| one.role == Role::Authority && one.name == name);
    let title = match replaced.title().parse::<CommonName>() {
        Ok(_) => replaced.title(),
        Err(_) => authority::DEFAULT_NAME,
    };
    let (base, number) = match title.rsplit_once(" G").map(|(base, number)| (base, number.parse::<u32>())) {
        Some((base, Ok(number))) => (base, number),
        _ => (title, 1),
    };
    let base: String = base.chars().take(52).collect();
    let mut number = number.saturating_add(1);
    while taken(&format!("{base} G{number}")) {
        number = number.saturating_add(1);
    }
    Ok(format!("{base} G{number}").parse()?)
}

/// Takes the preparation back; gives where its authority is kept, or nothing when there was none.
pub fn cancel(change: &mut Transaction<'_>, now: OffsetDateTime) -> Result<Option<PathBuf>, Failure> {
    let state = State::load(change)?;
    let next = match state.phase {
        Phase::None => return Ok(None),
        Phase::Prepared { next } => next,
        Phase::Reissued { .. } => {
            return Err(Plain::no(
                "rollover-too-late",
                "the new authority has issued certificates: there is no way back",
            )
            .hint("go on: mqsec ca rollover status")
            .into());
        }
    };
    put_away(change, Generation::Next, now)?;
    Ok(Some(end(change, &next, now)?.0))
}

/// Takes the old authority out of trust and lists; gives where it is kept, or nothing when there was none.
pub fn discard(change: &mut Transaction<'_>, now: OffsetDateTime) -> Result<Option<(PathBuf, Vec<String>)>, Failure> {
    let state = State::load(change)?;
    let old = match state.phase {
        Phase::None => return Ok(None),
        Phase::Reissued { old } => old,
        Phase::Prepared { .. } => {
            return Err(Plain::no("rollover-not-reissued", "the current authority still issues: it cannot be dropped")
                .hint("issue the certificates of the next one: mqsec ca rollover reissue")
                .hint("or take the preparation back: mqsec ca rollover cancel")
                .into());
        }
    };
    // the lists of what it revoked stay with it
    change.back_up(layout::CA_CRL, &stamp(now))?;
    put_away(change, Generation::Old, now)?;
    end(change, &old, now).map(Some)
}

/// Copies an authority to the backups and removes it.
fn put_away(change: &mut Transaction<'_>, generation: Generation, now: OffsetDateTime) -> Result<(), Failure> {
    let AuthorityFiles { key, cert, signing_key, signing_cert, cross } = layout::authority(generation);
    for path in [key, cert, signing_key, signing_cert, cross] {
        if change.back_up(&path, &stamp(now))?.is_some() {
            change.remove(path);
        }
    }
    Ok(())
}

/// One authority is left.
fn end(change: &mut Transaction<'_>, gone: &Hierarchy, now: OffsetDateTime) -> Result<(PathBuf, Vec<String>), Failure> {
    let cross = layout::authority(Generation::Current).cross;
    if change.back_up(&cross, &stamp(now))?.is_some() {
        change.remove(cross);
    }
    let warnings = match Hierarchy::load(change, Generation::Current)? {
        Some(current) => publish(change, &[&current], &[gone], now)?,
        None => Vec::new(),
    };
    Ok((Path::new(layout::BACKUP).join(stamp(now)), warnings))
}
