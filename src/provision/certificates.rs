//! The broker's and the clients' certificates: issued once, again only where what is there does not serve.

use std::path::Path;
use std::path::PathBuf;

use rcgen::PublicKeyData;
use time::Duration;
use time::OffsetDateTime;

use super::authority;
use super::authority::Hierarchy;
use super::stamp;
use crate::conf::compose;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::BACKDATE;
use crate::pki::authority::Issued;
use crate::pki::authority::Request;
use crate::pki::authority::Role;
use crate::pki::crl::Crl;
use crate::pki::inventory;
use crate::pki::keys;
use crate::pki::keys::KeyType;
use crate::pki::names::BrokerName;
use crate::pki::names::ClientName;
use crate::pki::names::CommonName;
use crate::pki::parsed::Certificate;
use crate::pki::verify;
use crate::pki::verify::As;
use crate::pki::verify::Severity;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::layout;

pub const DEFAULT_DAYS: u32 = 365;

/// A request for a pair, as its owner sees it.
pub struct Wish {
    pub common_name: CommonName,
    pub role: Role,
    /// None: any period that is not near its end will do, and a new one is [`DEFAULT_DAYS`] long.
    pub days: Option<u32>,
    pub key_type: Option<KeyType>,
}

pub struct Outcome {
    pub certificate: Certificate,
    pub state: State,
    /// Its end was moved to that of the authority.
    pub shortened: bool,
}

pub enum State {
    Issued,
    /// What was there serves.
    Kept,
    /// The old pair is kept in this folder; the reason why it no longer served.
    Replaced {
        backup: PathBuf,
        reason: String,
    },
}

/// The names of a broker's certificate: those asked for, and unless `only`, how it is reached on its own machine.
pub fn broker_names(asked: &[BrokerName], only: bool) -> Vec<BrokerName> {
    let mut names: Vec<BrokerName> = Vec::new();
    let local = ["localhost", "127.0.0.1", "::1", compose::SERVICE];
    let local = local.iter().filter(|_| !only).filter_map(|name| name.parse().ok());
    for name in asked.iter().cloned().chain(local) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The broker's certificate that is there, if it can be read.
pub fn broker_certificate(workspace: &Workspace) -> Result<Option<Certificate>, Failure> {
    let pem = workspace.read(layout::broker::CERT)?;
    Ok(pem.and_then(|pem| Certificate::from_pem(&pem, layout::broker::CERT).ok()))
}

pub fn names_of(certificate: &Certificate) -> Vec<BrokerName> {
    certificate.names().iter().filter_map(|name| name.parse().ok()).collect()
}

/// The files of a pair.
pub(super) struct Files<'a> {
    pub(super) key: &'a Path,
    pub(super) csr: &'a Path,
    pub(super) cert: &'a Path,
    pub(super) chain: Option<&'a Path>,
}

impl Files<'static> {
    pub(super) fn of_broker() -> Self {
        use layout::broker;
        Self { key: Path::new(broker::KEY), csr: Path::new(broker::CSR), cert: Path::new(broker::CERT), chain: None }
    }
}

impl<'a> Files<'a> {
    pub(super) fn of_client(paths: &'a layout::ClientFiles) -> Self {
        Self { key: &paths.key, csr: &paths.csr, cert: &paths.cert, chain: Some(&paths.chain) }
    }
}

pub fn broker(change: &mut Transaction<'_>, wish: &Wish, now: OffsetDateTime) -> Result<Outcome, Failure> {
    let files = Files::of_broker();
    // another authority's pair is replaced by that one's next, and never by ours
    if change.has(layout::broker::EXTERNAL)
        && let Some((certificate, true)) = existing(change, &files)?
    {
        return Ok(Outcome { certificate, state: State::Kept, shortened: false });
    }
    ensure(change, wish, &files, now)
}

pub fn client(
    change: &mut Transaction<'_>,
    name: &ClientName,
    wish: &Wish,
    now: OffsetDateTime,
) -> Result<Outcome, Failure> {
    let paths = layout::client(name);
    ensure(change, wish, &Files::of_client(&paths), now)
}

fn ensure(
    change: &mut Transaction<'_>,
    wish: &Wish,
    files: &Files<'_>,
    now: OffsetDateTime,
) -> Result<Outcome, Failure> {
    let authority = authority::current(change, now)?;
    let mut state = State::Issued;
    if let Some((certificate, key_matches)) = existing(change, files)? {
        let refused = revoked(change, &authority, &certificate)?;
        match refused.or_else(|| refusal(&certificate, key_matches, &authority, wish, now)) {
            None => {
                let chain = files.chain.filter(|chain| !change.has(chain));
                if let Some(chain) = chain {
                    let leaf = change.read(files.cert)?.unwrap_or_default();
                    let leaf = String::from_utf8_lossy(&leaf).into_owned();
                    change.put(chain, leaf + authority.client_chain());
                }
                if files.chain.is_none()
                    && let Some(pem) = change.read(files.cert)?
                    && let Some(completed) = authority.completed(&String::from_utf8_lossy(&pem))
                {
                    change.put(files.cert, completed);
                }
                return Ok(Outcome { certificate, state: State::Kept, shortened: false });
            }
            Some(reason) => state = State::Replaced { backup: keep(change, files, now)?, reason },
        }
    }
    let request = Request {
        common_name: wish.common_name.clone(),
        role: wish.role.clone(),
        days: wish.days.unwrap_or(DEFAULT_DAYS),
        key_type: wish.key_type.unwrap_or_default(),
    };
    let issued = authority.unlock(change, now)?.issue(&request, now)?;
    Ok(put(change, files, &authority, &request, issued, state, now))
}

/// Keeps the pair that is there in a dated folder; gives the folder.
fn keep(change: &mut Transaction<'_>, files: &Files<'_>, now: OffsetDateTime) -> Result<PathBuf, Failure> {
    let mut backup = PathBuf::new();
    for path in [Some(files.key), Some(files.csr), Some(files.cert), files.chain].into_iter().flatten() {
        if let Some(copy) = change.back_up(path, &stamp(now))? {
            backup = copy.parent().map(PathBuf::from).unwrap_or_default();
        }
    }
    Ok(backup)
}

/// Writes a pair that was issued, and notes it in the inventory.
fn put(
    change: &mut Transaction<'_>,
    files: &Files<'_>,
    authority: &Hierarchy,
    request: &Request,
    issued: Issued,
    state: State,
    now: OffsetDateTime,
) -> Outcome {
    let Issued { certificate, certificate_pem, csr_pem, key_pem } = issued;
    change.put(files.key, key_pem.to_vec());
    change.put(files.csr, csr_pem);
    let role = match request.role {
        Role::Broker { .. } => inventory::Role::Broker,
        Role::Client => inventory::Role::Client,
    };
    super::inventory::issued(change, &certificate, role, files.cert);
    match files.chain {
        Some(chain) => {
            change.put(chain, format!("{certificate_pem}{}", authority.client_chain()));
            change.put(files.cert, certificate_pem);
        }
        // the broker has one file for both
        None => change.put(files.cert, certificate_pem + &authority.broker_chain()),
    }
    let asked = now.replace_nanosecond(0).unwrap_or(now) + Duration::days(i64::from(request.days));
    let shortened = certificate.not_after < asked;
    Outcome { certificate, state, shortened }
}

/// The pair that is there, and whether key and certificate belong together; half a pair is an error.
fn existing(change: &Transaction<'_>, files: &Files<'_>) -> Result<Option<(Certificate, bool)>, Failure> {
    let workspace = change.workspace();
    let half = |there: &Path, missing: &Path| {
        Plain::new(
            "pair-incomplete",
            format!("`{}` is there and `{}` is not", workspace.show(there), workspace.show(missing)),
        )
        .hint(format!("put the missing file back, or move the other one away: mv {0} {0}.old", workspace.show(there)))
    };
    match (change.read(files.key)?, change.read(files.cert)?) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(half(files.key, files.cert).into()),
        (None, Some(_)) if files.chain.is_some() && change.has(files.csr) => {
            let (cert, csr) = (workspace.show(files.cert), workspace.show(files.csr));
            Err(Plain::no("key-elsewhere", format!("`{cert}` is there, and its key is not"))
                .detail("its device has it alone (mqsec csr sign), or it was lost here")
                .hint(format!("issue it anew for the key that the device has: mqsec csr sign {csr}"))
                .hint("if it was lost, put it back from a copy, or move the folder away and run this again")
                .into())
        }
        (None, Some(_)) => Err(half(files.cert, files.key).into()),
        (Some(key), Some(cert)) => {
            let certificate = Certificate::from_pem(&cert, &workspace.show(files.cert))?;
            let key = keys::parse(&key, &workspace.show(files.key))?;
            let matches = key.subject_public_key_info() == certificate.spki;
            Ok(Some((certificate, matches)))
        }
    }
}

/// Whether the authority's list has it. A list that cannot be read is told by `verify`, and stops nobody here.
fn revoked(
    change: &Transaction<'_>,
    authority: &Hierarchy,
    certificate: &Certificate,
) -> Result<Option<String>, Failure> {
    let Some(pem) = change.read(layout::CA_CRL)? else { return Ok(None) };
    let lists = Crl::all_from_pem(&pem, layout::CA_CRL).unwrap_or_default();
    let has = |crl: &Crl| crl.is_named_by(authority.issuer()) && crl.revoked(&certificate.serial).is_some();
    Ok(lists.iter().any(has).then(|| "it was revoked".to_owned()))
}

/// Less than a third of its life is left.
pub fn is_near_end(certificate: &Certificate, now: OffsetDateTime) -> bool {
    certificate.not_after - now < (certificate.not_after - certificate.not_before) / 3
}

/// Whether it ends with its authority, so that a new one would not last longer.
pub fn is_shortened(certificate: &Certificate, authority: &Hierarchy) -> bool {
    certificate.not_after == authority.end()
}

/// How long its successor lasts: as long as it; what it lost to its authority's end comes back.
pub(super) fn days_like(old: &Certificate, hierarchy: &Hierarchy) -> u32 {
    let life = old.not_after - old.not_before - BACKDATE;
    match u32::try_from(life.whole_days()) {
        Ok(days @ 1..) if !is_shortened(old, hierarchy) => days,
        _ => DEFAULT_DAYS,
    }
}

/// Why a certificate that is there does not serve the wish; nothing when it does.
fn refusal(
    certificate: &Certificate,
    key_matches: bool,
    authority: &Hierarchy,
    wish: &Wish,
    now: OffsetDateTime,
) -> Option<String> {
    if !key_matches {
        return Some("its key did not belong to it".to_owned());
    }
    let role = match wish.role {
        Role::Broker { .. } => As::Server,
        Role::Client => As::Client,
    };
    let case = verify::Case {
        trust: std::slice::from_ref(&authority.root),
        intermediates: authority.signing.as_slice(),
        ..verify::Case::new(certificate, role, now)
    };
    // the gravest is the first; a warning is no reason to issue anew
    if let Some(finding) = verify::judge(&case).into_iter().find(|finding| finding.severity == Severity::Invalid) {
        return Some(finding.message);
    }
    let life = certificate.not_after - certificate.not_before;
    if is_near_end(certificate, now) && !is_shortened(certificate, authority) {
        return Some("it was near its end".to_owned());
    }
    if let Some(days) = wish.days
        && (life - BACKDATE).whole_days() != i64::from(days)
        && certificate.not_after != authority.end_of(days, now)
    {
        return Some(format!("it had another period than {days} days"));
    }
    if let Some(key_type) = wish.key_type
        && certificate.key != key_type.to_string()
    {
        return Some(format!("its key was {}", certificate.key));
    }
    if certificate.common_name.as_deref() != Some(wish.common_name.as_str()) {
        return Some(format!("its common name was `{}`", certificate.title()));
    }
    if let Role::Broker { names } = &wish.role {
        let (mut has, mut wanted): (Vec<String>, Vec<String>) =
            (certificate.names(), names.iter().map(ToString::to_string).collect());
        has.sort();
        wanted.sort();
        if has != wanted {
            return Some("it was for other names".to_owned());
        }
    }
    None
}
