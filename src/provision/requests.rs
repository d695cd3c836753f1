//! Certificates for keys that devices made themselves: the request is kept in the key's place.

use std::path::PathBuf;

use time::OffsetDateTime;

use super::authority;
use super::certificates::DEFAULT_DAYS;
use super::inventory;
use super::stamp;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::authority::Request;
use crate::pki::authority::Role;
use crate::pki::csr::Csr;
use crate::pki::inventory::Role as Noted;
use crate::pki::keys::KeyType;
use crate::pki::names::ClientName;
use crate::pki::names::CommonName;
use crate::pki::parsed::Certificate;
use crate::pki::parsed::KeyKind;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::layout;

/// Whose certificate it becomes.
pub enum Whose {
    /// Kept in the client's folder.
    Client(ClientName),
    /// Of a broker on another machine; kept nowhere.
    Broker(Role, CommonName),
}

pub struct Signed {
    pub certificate: Certificate,
    /// The certificate and what its owner sends behind it.
    pub chain_pem: String,
    /// Where the certificate that was replaced is kept.
    pub backup: Option<PathBuf>,
    /// Its end was moved to that of the authority.
    pub shortened: bool,
}

/// Whether the device alone has the client's key: there is a certificate, the request that it was issued for, and no key.
pub fn has_own_key(workspace: &Workspace, name: &ClientName) -> bool {
    let files = layout::client(name);
    workspace.has(&files.cert) && workspace.has(&files.csr) && !workspace.has(&files.key)
}

/// Issues for the key of a request.
pub fn sign(
    change: &mut Transaction<'_>,
    csr: &Csr,
    whose: &Whose,
    days: Option<u32>,
    force: bool,
    now: OffsetDateTime,
) -> Result<Signed, Failure> {
    let (role, common_name) = match whose {
        Whose::Client(name) => (Role::Client, name.as_str().parse()?),
        Whose::Broker(role, name) => (role.clone(), name.clone()),
    };
    if let Whose::Client(name) = whose {
        free(change, name, csr, force)?;
    }
    let hierarchy = authority::current(change, now)?;
    let days = days.unwrap_or(DEFAULT_DAYS);
    let request = Request { common_name, role, days, key_type: KeyType::default() };
    let is_rsa = matches!(csr.key_kind, KeyKind::Rsa(_));
    let issuer = hierarchy.unlock(change, now)?;
    let (certificate, pem) = issuer.issue_for_public(&request, &csr.spki, is_rsa, now)?;
    let shortened = certificate.not_after < now + time::Duration::days(i64::from(days)) - time::Duration::MINUTE;
    let mut backup = None;
    let chain_pem = match whose {
        Whose::Broker(..) => {
            inventory::issued(change, &certificate, Noted::Broker, "".as_ref());
            pem + &hierarchy.broker_chain()
        }
        Whose::Client(name) => {
            let files = layout::client(name);
            for path in [&files.key, &files.csr, &files.cert, &files.chain] {
                if let Some(copy) = change.back_up(path, &stamp(now))? {
                    backup = copy.parent().map(PathBuf::from);
                }
            }
            change.remove(files.key);
            inventory::issued(change, &certificate, Noted::Client, &files.cert);
            let chain = format!("{pem}{}", hierarchy.client_chain());
            change.put(files.cert, pem);
            change.put(files.chain, chain.clone());
            change.put(files.csr, csr.pem.clone());
            chain
        }
    };
    Ok(Signed { certificate, chain_pem, backup, shortened })
}

/// That nobody else has the name: a certificate for another key would let two devices be the same user.
fn free(change: &Transaction<'_>, name: &ClientName, csr: &Csr, force: bool) -> Result<(), Failure> {
    let files = layout::client(name);
    let workspace = change.workspace();
    let Some(pem) = change.read(&files.cert)? else { return Ok(()) };
    let same_key = Certificate::from_pem(&pem, "").is_ok_and(|there| there.spki == csr.spki);
    if same_key && !change.has(&files.key) || force {
        return Ok(());
    }
    let whose = if change.has(&files.key) { "a pair that was made here" } else { "a certificate for another key" };
    Err(Plain::no("csr-name-taken", format!("`{name}` has {whose}: `{}`", workspace.show(&files.cert)))
        .detail("two keys with one name are one user to the broker".to_owned())
        .hint(format!("give the device another name: mqsec csr sign FILE --name {name}-2"))
        .hint("or replace it (what was there is kept in certs/backup/): mqsec csr sign FILE --force")
        .into())
}
