//! What a client brings to the broker: the authorities that it trusts, its certificate, its key.

use std::path::Path;

use rustls::pki_types::CertificateDer;

use super::external;
use crate::error::Failure;
use crate::error::Plain;
use crate::mqtt::Identity;
use crate::pki::input;
use crate::pki::keys;
use crate::pki::names::ClientName;
use crate::pki::parsed::Certificate;
use crate::pki::parsed::KeyKind;
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
            // a broker that knows the root alone needs what stands between
            let chained = workspace.has(layout::authority(layout::Generation::Current).signing_cert);
            let cert = if chained && workspace.has(&files.chain) { files.chain } else { files.cert };
            (workspace.path(cert), workspace.path(files.key))
        });
        Self { ca: workspace.path(layout::CA_CERT), pair }
    }

    /// The files that are missing.
    pub fn missing(&self) -> Vec<&Path> {
        let pair = self.pair.iter().flat_map(|(cert, key)| [cert.as_path(), key.as_path()]);
        std::iter::once(self.ca.as_path()).chain(pair).filter(|path| !fs::exists(path)).collect()
    }
}

/// The certificates of a file: authorities, or a chain.
pub fn certificates(path: &Path) -> Result<Vec<Certificate>, Failure> {
    Ok(input::certificates(&must_read(path)?, &path.display().to_string())?.list)
}

/// The same, for those who need no more of them.
pub fn trust_der(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    Ok(certificates(path)?.into_iter().map(|certificate| certificate.der).collect())
}

/// What a client trusts, to know this folder's broker by: its authority, and where another one issued the broker's
/// certificate, what stands above that.
pub fn broker_trust(workspace: &Workspace, ca: &Path) -> Result<Vec<Certificate>, Failure> {
    let mut trust = certificates(ca)?;
    trust.extend(external::trust(workspace)?);
    Ok(trust)
}

/// Certificates of the folder among which one that is missing elsewhere may be.
pub fn nearby(workspace: &Workspace) -> Vec<Certificate> {
    let signing = fs::files(&workspace.path("certs/signing"));
    let files = fs::files(&workspace.path("certs")).into_iter().chain(signing);
    let own = [layout::broker::CERT, layout::broker::TRUST].map(|name| workspace.path(name));
    let backups = workspace.path(layout::BACKUP);
    let old = fs::folders(&backups).unwrap_or_default().into_iter().flat_map(|name| fs::files(&backups.join(name)));
    files
        .chain(own)
        .chain(old)
        .filter(|path| path.extension().is_some_and(|end| end == "crt" || end == "pem"))
        .filter_map(|path| Some(input::certificates(&fs::read(&path).ok()??, "").ok()?.list))
        .flatten()
        .collect()
}

/// A client's certificate chain and key, for TLS and for a reader.
pub fn identity(cert: &Path, key: &Path) -> Result<(Identity, Vec<Certificate>), Failure> {
    let chain = certificates(cert)?;
    // no TLS library signs with it, so it would be a mystery later
    if matches!(chain[0].key_kind, KeyKind::Rsa(bits) if bits < 2048) {
        return Err(Plain::no(
            "tls-client-weak",
            format!("the key of `{}` ({}) is too weak to be used", cert.display(), chain[0].key),
        )
        .hint("issue the pair anew: mqsec client-cert NAME")
        .into());
    }
    let key_pem = zeroize::Zeroizing::new(must_read(key)?);
    let shown = key.display().to_string();
    let parsed = keys::parse(&key_pem, &shown)?;
    if rcgen::PublicKeyData::subject_public_key_info(&parsed) != chain[0].spki {
        return Err(Plain::new("key-mismatch", format!("the key `{shown}` does not belong to `{}`", cert.display()))
            .hint("put the key back that was made with it, or issue the pair anew: mqsec client-cert NAME")
            .into());
    }
    let identity = Identity {
        chain: chain.iter().map(|certificate| certificate.der.clone()).collect(),
        key: keys::parse_der(&key_pem, &shown)?,
    };
    Ok((identity, chain))
}

/// The contents of a file that has to be there.
pub fn must_read(path: &Path) -> Result<Vec<u8>, Failure> {
    if fs::is_dir(path) {
        return Err(is_a_folder(path));
    }
    fs::read(path)?.ok_or_else(|| {
        let gone = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        crate::workspace::FsError::new("read", path, gone).into()
    })
}

/// A folder that the reader named in place of a file; unlike those in the workspace it is theirs, and stays.
pub fn is_a_folder(path: &Path) -> Failure {
    let folder = std::io::Error::from(std::io::ErrorKind::IsADirectory);
    let mut failure = Failure::from(crate::workspace::FsError::new("read", path, folder));
    failure.hints = vec![format!("name a file; what is in it: ls -la {}", path.display())];
    failure
}
