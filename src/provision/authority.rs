//! The authority's files: key, certificate, serial number file, CRL, and the broker's copies of the public ones.

use std::path::PathBuf;

use time::OffsetDateTime;

use super::stamp;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::authority::Authority;
use crate::pki::keys::KeyType;
use crate::pki::names::CommonName;
use crate::workspace::Transaction;
use crate::workspace::layout;
use crate::workspace::layout::broker;

pub struct Request {
    pub common_name: CommonName,
    pub days: u32,
    pub key_type: KeyType,
    /// Replace an authority that is there, keeping a backup.
    pub force: bool,
}

pub const DEFAULT_DAYS: u32 = 3650;
pub const DEFAULT_NAME: &str = "mqsec CA";

impl Default for Request {
    fn default() -> Self {
        let common_name = DEFAULT_NAME.parse().expect("a constant that is a common name");
        Self { common_name, days: DEFAULT_DAYS, key_type: KeyType::default(), force: false }
    }
}

pub struct Outcome {
    pub authority: Authority,
    /// Whether it was made now.
    pub created: bool,
    /// Where the replaced one is kept.
    pub backup: Option<PathBuf>,
}

/// The authority that is there, completed, or a new one.
pub fn ensure(change: &mut Transaction<'_>, request: &Request, now: OffsetDateTime) -> Result<Outcome, Failure> {
    let (key, cert) = (change.has(layout::CA_KEY), change.has(layout::CA_CERT));
    let mut backup = None;
    if request.force {
        for path in [layout::CA_KEY, layout::CA_CERT, layout::CA_SERIAL, layout::CA_CRL] {
            if let Some(copy) = change.back_up(path, &stamp(now))? {
                backup = copy.parent().map(PathBuf::from);
            }
        }
    } else if key || cert {
        let authority = load(change, now)?;
        complete(change, &authority, now)?;
        return Ok(Outcome { authority, created: false, backup });
    }
    let (authority, cert_pem, key_pem) = Authority::create(&request.common_name, request.days, request.key_type, now)?;
    change.put(layout::CA_KEY, key_pem.to_vec());
    change.put(layout::CA_CERT, cert_pem.clone());
    change.put(layout::CA_SERIAL, format!("{}\n", authority.certificate.serial));
    let crl = authority.empty_crl(now)?;
    change.put(layout::CA_CRL, crl.clone());
    change.put(broker::TRUST, cert_pem);
    change.put(broker::CRL, crl);
    Ok(Outcome { authority, created: true, backup })
}

/// The authority, ready to issue.
pub fn load(change: &Transaction<'_>, now: OffsetDateTime) -> Result<Authority, Failure> {
    let workspace = change.workspace();
    let (key, cert) = (change.read(layout::CA_KEY)?, change.read(layout::CA_CERT)?);
    let missing = |there: &str, missing: &str| {
        Plain::new(
            "ca-incomplete",
            format!("`{}` is there and `{}` is not", workspace.show(there), workspace.show(missing)),
        )
        .hint("put the missing file back, or move the other one away and make a new authority: mqsec ca init")
    };
    match (key, cert) {
        (Some(key), Some(cert)) => {
            let (key_path, cert_path) = (workspace.show(layout::CA_KEY), workspace.show(layout::CA_CERT));
            Ok(Authority::load(&cert, &cert_path, &key, &key_path, now)?)
        }
        (Some(_), None) => Err(missing(layout::CA_KEY, layout::CA_CERT).into()),
        (None, Some(_)) => Err(missing(layout::CA_CERT, layout::CA_KEY).into()),
        (None, None) => {
            Err(Plain::new("ca-missing", format!("there is no authority in `{}` yet", workspace.show("certs")))
                .hint("make one: mqsec ca init")
                .into())
        }
    }
}

/// Adds the public files that are missing; those that are there are left alone.
fn complete(change: &mut Transaction<'_>, authority: &Authority, now: OffsetDateTime) -> Result<(), Failure> {
    if !change.has(layout::CA_SERIAL) {
        change.put(layout::CA_SERIAL, format!("{}\n", authority.certificate.serial));
    }
    if !change.has(layout::CA_CRL) && authority.certificate.may_sign_crls {
        change.put(layout::CA_CRL, authority.empty_crl(now)?);
    }
    for (source, copy) in [(layout::CA_CERT, broker::TRUST), (layout::CA_CRL, broker::CRL)] {
        if !change.has(copy)
            && let Some(bytes) = change.read(source)?
        {
            change.put(copy, bytes.to_vec());
        }
    }
    Ok(())
}
