//! What a client brings to the broker: the authorities that it trusts, its certificate, its key.

use std::path::Path;

use rustls::pki_types::CertificateDer;

use crate::error::Failure;
use crate::error::Plain;
use crate::mqtt::Identity;
use crate::pki::keys;
use crate::pki::names::ClientName;
use crate::pki::parsed::Certificate;
use crate::workspace::Workspace;
use crate::workspace::fs;
use crate::workspace::layout;

/// The files of a connection, by path.
pub struct Paths {
    pub ca: std::path::PathBuf,
    /// Certificate and key; none connects without.
    pub pair: Option<(std::path::PathBuf, std::path::PathBuf)>,
}

impl Paths {
    /// The workspace's authority, and a client's pair.
    pub fn of(workspace: &Workspace, client: Option<&ClientName>) -> Self {
        let pair = client.map(|name| {
            let files = layout::client(name);
            (workspace.path(files.cert), workspace.path(files.key))
        });
        Self { ca: workspace.path(layout::CA_CERT), pair }
    }

    /// The files that are missing.
    pub fn missing(&self) -> Vec<&Path> {
        let pair = self.pair.iter().flat_map(|(cert, key)| [cert.as_path(), key.as_path()]);
        std::iter::once(self.ca.as_path()).chain(pair).filter(|path| !fs::exists(path)).collect()
    }
}

/// The certificates of a file of authorities.
pub fn trust(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let shown = path.display().to_string();
    Ok(Certificate::all_from_pem(&must_read(path)?, &shown)?.into_iter().map(|certificate| certificate.der).collect())
}

/// A client's certificate chain and key.
pub fn identity(cert: &Path, key: &Path) -> Result<Identity, Failure> {
    let chain = Certificate::all_from_pem(&must_read(cert)?, &cert.display().to_string())?;
    let key_pem = zeroize::Zeroizing::new(must_read(key)?);
    let shown = key.display().to_string();
    let parsed = keys::parse(&key_pem, &shown)?;
    if rcgen::PublicKeyData::subject_public_key_info(&parsed) != chain[0].spki {
        return Err(Plain::new("key-mismatch", format!("the key `{shown}` does not belong to `{}`", cert.display()))
            .hint("put the key back that was made with it, or issue the pair anew: mqsec client-cert NAME")
            .into());
    }
    Ok(Identity {
        chain: chain.into_iter().map(|certificate| certificate.der).collect(),
        key: keys::parse_der(&key_pem, &shown)?,
    })
}

fn must_read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path)?.ok_or_else(|| {
        let gone = std::io::Error::from(std::io::ErrorKind::NotFound);
        crate::workspace::FsError::new("read", path, gone).into()
    })
}
