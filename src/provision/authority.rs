//! The authority's files: root and signing authority, serial number file, revocation lists, and the broker's copies of the
//! public ones.

use std::path::Path;
use std::path::PathBuf;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::inventory;
use super::revocation;
use super::revocation::Lists;
use super::stamp;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::PkiError;
use crate::pki::authority::Authority;
use crate::pki::constraints::Constraints;
use crate::pki::constraints::Subtree;
use crate::pki::encrypted;
use crate::pki::encrypted::Kept;
use crate::pki::inventory::Role;
use crate::pki::keys::KeyType;
use crate::pki::names::BrokerName;
use crate::pki::names::CommonName;
use crate::pki::parsed::Certificate;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::layout;
use crate::workspace::layout::AuthorityFiles;
use crate::workspace::layout::Generation;
use crate::workspace::layout::broker;

pub struct Request {
    pub common_name: CommonName,
    pub days: u32,
    pub key_type: KeyType,
    /// A signing authority below the root issues, so that the root's key can be kept elsewhere.
    pub intermediate: bool,
    /// Replace an authority that is there, keeping a backup.
    pub force: bool,
    /// The keys are kept under a passphrase.
    pub encrypt: bool,
    /// The parts of the name space that it may issue for; all where none is given.
    pub permitted: Vec<Subtree>,
}

pub const DEFAULT_DAYS: u32 = 3650;
pub const DEFAULT_NAME: &str = "mqsec CA";

impl Default for Request {
    fn default() -> Self {
        let common_name = DEFAULT_NAME.parse().expect("a constant that is a common name");
        Self {
            common_name,
            days: DEFAULT_DAYS,
            key_type: KeyType::default(),
            intermediate: false,
            force: false,
            encrypt: false,
            permitted: Vec::new(),
        }
    }
}

/// A root, and the signing authority below it where there is one: what of them is public.
pub struct Hierarchy {
    pub root: Certificate,
    pub signing: Option<Certificate>,
    pub generation: Generation,
    files: AuthorityFiles,
    root_pem: String,
    signing_pem: Option<String>,
    /// The root as the other root of a rollover issued it.
    cross_pem: Option<String>,
}

impl Hierarchy {
    /// The hierarchy of a generation; nothing when it has none.
    pub fn load(change: &Transaction<'_>, generation: Generation) -> Result<Option<Self>, Failure> {
        let workspace = change.workspace();
        let files = layout::authority(generation);
        let text = |path: &PathBuf| -> Result<Option<String>, Failure> {
            Ok(change.read(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
        };
        let (Some(anchors), signing_pem) = (text(&files.cert)?, text(&files.signing_cert)?) else { return Ok(None) };
        let root = Certificate::from_pem(anchors.as_bytes(), &workspace.show(&files.cert))?;
        let signing = match &signing_pem {
            Some(pem) => Some(Certificate::from_pem(pem.as_bytes(), &workspace.show(&files.signing_cert))?),
            None => None,
        };
        let (root_pem, cross_pem) = (first_block(&anchors), text(&files.cross)?);
        Ok(Some(Self { root, signing, generation, files, root_pem, signing_pem, cross_pem }))
    }

    /// The authority that issues.
    pub fn issuer(&self) -> &Certificate {
        self.signing.as_ref().unwrap_or(&self.root)
    }

    /// The last moment of what is issued now.
    pub fn end(&self) -> OffsetDateTime {
        self.issuer().not_after.min(self.root.not_after)
    }

    /// The end of what is issued now for so many days.
    pub fn end_of(&self, days: u32, now: OffsetDateTime) -> OffsetDateTime {
        let asked = now.replace_nanosecond(0).unwrap_or(now) + time::Duration::days(i64::from(days));
        asked.min(self.end())
    }

    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// What the broker sends behind its own certificate, so that every client finds its way to a root that it trusts.
    pub fn broker_chain(&self) -> String {
        [&self.signing_pem, &self.cross_pem].into_iter().flatten().map(String::as_str).collect()
    }

    /// The broker's file with what is to stand behind its certificate; nothing where that is there.
    pub fn completed(&self, broker_pem: &str) -> Option<String> {
        let chain = self.broker_chain();
        (!broker_pem.contains(chain.trim_end())).then(|| first_block(broker_pem) + &chain)
    }

    /// What stands between a certificate and the root; empty where nothing does.
    pub fn intermediates(&self) -> &str {
        self.signing_pem.as_deref().unwrap_or_default()
    }

    /// What stands behind a client's certificate in its chain file.
    pub fn client_chain(&self) -> &str {
        self.signing_pem.as_ref().unwrap_or(&self.root_pem)
    }

    /// What a broker must know of it to accept its clients: OpenSSL wants the root, and clients that send no chain exist.
    pub fn trusted(&self) -> String {
        let signing = self.signing_pem.as_deref().unwrap_or_default();
        format!("{}{signing}", self.root_pem)
    }

    /// The files of key and certificate of the authority that issues.
    fn pair(&self) -> (&PathBuf, &PathBuf) {
        match self.signing {
            Some(_) => (&self.files.signing_key, &self.files.signing_cert),
            None => (&self.files.key, &self.files.cert),
        }
    }

    /// The authority that issues, with its key.
    pub fn unlock(&self, change: &Transaction<'_>, now: OffsetDateTime) -> Result<Authority, Failure> {
        let (key, cert) = self.pair();
        let authority = unlock(change, key, cert, now)?;
        Ok(if self.signing.is_some() { authority.below(&self.root) } else { authority })
    }

    /// The root, with its key.
    pub fn unlock_root(&self, change: &Transaction<'_>, now: OffsetDateTime) -> Result<Authority, Failure> {
        unlock(change, &self.files.key, &self.files.cert, now)
    }

    pub fn has_key(&self, change: &Transaction<'_>) -> bool {
        change.has(self.pair().0)
    }
}

/// The first PEM block of a file.
fn first_block(pem: &str) -> String {
    const END: &str = "-----END CERTIFICATE-----";
    match pem.find(END) {
        Some(at) => format!("{}\n", &pem[..at + END.len()]),
        None => pem.to_owned(),
    }
}

fn unlock(
    change: &Transaction<'_>,
    key_path: &PathBuf,
    cert_path: &PathBuf,
    now: OffsetDateTime,
) -> Result<Authority, Failure> {
    let workspace = change.workspace();
    let (shown_key, shown_cert) = (workspace.show(key_path), workspace.show(cert_path));
    let Some(cert) = change.read(cert_path)? else { return Err(missing(change)) };
    let Some(key) = change.read(key_path)? else {
        if let Some(missing) = workspace.ca_dir_missing() {
            return Err(missing);
        }
        let root_is_away = *key_path == layout::authority(Generation::Current).key
            && change.has(layout::authority(Generation::Current).signing_cert);
        let error = match root_is_away {
            true => Plain::new("ca-root-offline", format!("this needs the root's key, and `{shown_key}` is not there"))
                .hint(format!("bring it back for the moment: cp KEY {shown_key}")),
            false => Plain::new("ca-incomplete", format!("`{shown_cert}` is there and `{shown_key}` is not"))
                .hint("put the missing file back, or move the other one away and make a new authority: mqsec ca init"),
        };
        return Err(error.into());
    };
    Ok(Authority::load(&cert, &shown_cert, &open(workspace, &key, &shown_key)?, &shown_key, now)?)
}

/// A key in PEM, without the passphrase that it may have.
pub fn open(workspace: &Workspace, key: &[u8], shown: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match encrypted::kept(key) {
        Kept::Open => Ok(Zeroizing::new(key.to_vec())),
        Kept::OldForm => Err(PkiError::OldEncryption { path: shown.to_owned() }.into()),
        Kept::Encrypted => Ok(encrypted::decrypt(key, shown, &workspace.passphrase(shown, false)?)?),
    }
}

/// A key as it is to be kept.
pub(super) fn kept(change: &Transaction<'_>, path: &Path, pem: &[u8], encrypt: bool) -> Result<Vec<u8>, Failure> {
    if !encrypt {
        return Ok(pem.to_vec());
    }
    let shown = change.workspace().show(path);
    let passphrase = change.workspace().passphrase(&shown, true)?;
    Ok(encrypted::encrypt(pem, &shown, &passphrase)?.to_vec())
}

fn missing(change: &Transaction<'_>) -> Failure {
    Plain::new("ca-missing", format!("there is no authority in `{}` yet", change.workspace().show("certs")))
        .hint("make one: mqsec ca init")
        .into()
}

/// The hierarchy that issues.
pub fn current(change: &Transaction<'_>, now: OffsetDateTime) -> Result<Hierarchy, Failure> {
    let workspace = change.workspace();
    let Some(hierarchy) = Hierarchy::load(change, Generation::Current)? else {
        if change.has(layout::CA_KEY) {
            let (there, gone) = (workspace.show(layout::CA_KEY), workspace.show(layout::CA_CERT));
            return Err(Plain::new("ca-incomplete", format!("`{there}` is there and `{gone}` is not"))
                .hint("put the missing file back, or move the other one away and make a new authority: mqsec ca init")
                .into());
        }
        return Err(missing(change));
    };
    let issuer = hierarchy.issuer();
    if issuer.not_after <= now {
        let path = workspace.show(hierarchy.pair().1);
        return Err(PkiError::AuthorityExpired { path, on: issuer.not_after }.into());
    }
    Ok(hierarchy)
}

pub struct Outcome {
    pub hierarchy: Hierarchy,
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
        backup = put_away(change, now)?;
    } else if key || cert {
        let hierarchy = current(change, now)?;
        complete(change, &hierarchy, now)?;
        return Ok(Outcome { hierarchy, created: false, backup });
    }
    let issuer = make(change, request, Generation::Current, now)?;
    let root = Certificate::from_pem(&change.read(layout::CA_CERT)?.unwrap_or_default(), layout::CA_CERT)?;
    change.put(layout::CA_SERIAL, format!("{}\n", root.serial));
    let hierarchy = publish(change, issuer.empty_crl(now)?)?;
    Ok(Outcome { hierarchy, created: true, backup })
}

/// The public files of an authority that is new here: its first list, and the broker's copies.
pub(super) fn publish(change: &mut Transaction<'_>, crl: String) -> Result<Hierarchy, Failure> {
    change.put(layout::CA_CRL, crl.clone());
    change.put(broker::CRL, crl);
    let Some(hierarchy) = Hierarchy::load(change, Generation::Current)? else { return Err(missing(change)) };
    change.put(broker::TRUST, hierarchy.trusted());
    Ok(hierarchy)
}

/// Makes the authorities of a generation; gives the one that issues.
pub fn make(
    change: &mut Transaction<'_>,
    request: &Request,
    generation: Generation,
    now: OffsetDateTime,
) -> Result<Authority, Failure> {
    let files = layout::authority(generation);
    let Request { common_name, days, key_type, .. } = request;
    let (mut encrypt, mut permitted) = (request.encrypt, request.permitted.clone());
    if generation == Generation::Next
        && let Some(before) = Hierarchy::load(change, Generation::Current)?
    {
        // its successor is kept and held as it is
        encrypt |= change.read(before.pair().0)?.is_some_and(|key| encrypted::kept(&key) != Kept::Open);
        permitted.extend(Constraints::of(&before.root).into_iter().flat_map(|found| found.permitted));
    }
    remember(change);
    let (root, cert_pem, key_pem) = Authority::create_constrained(common_name, *days, *key_type, &permitted, now)?;
    inventory::issued(change, &root.certificate, Role::Authority, &files.cert);
    let key = kept(change, &files.key, &key_pem, encrypt)?;
    change.put(files.key, key);
    change.put(files.cert, cert_pem);
    if !request.intermediate {
        return Ok(root);
    }
    let name = signing_name(common_name)?;
    let (signing, cert_pem, key_pem) = root.create_signing(&name, *days, *key_type, now)?;
    inventory::issued(change, &signing.certificate, Role::Authority, &files.signing_cert);
    let key = kept(change, &files.signing_key, &key_pem, encrypt)?;
    change.put(files.signing_key, key);
    change.put(files.signing_cert, cert_pem);
    Ok(signing)
}

/// Notes where the keys lie, when that is not `certs/`.
pub(super) fn remember(change: &mut Transaction<'_>) {
    if let Some(dir) = change.workspace().ca_dir() {
        let text = format!("{}\n", dir.display());
        change.put(layout::CA_DIR, text);
    }
}

/// The names among these that the folder's authority may issue for.
pub fn only_permitted(workspace: &Workspace, names: Vec<BrokerName>) -> Result<Vec<BrokerName>, Failure> {
    let files = layout::authority(Generation::Current);
    let mut names = names;
    for path in [&files.cert, &files.signing_cert] {
        let Some(pem) = workspace.read(path)? else { continue };
        if let Some(constraints) = Certificate::from_pem(&pem, "").ok().and_then(|found| Constraints::of(&found)) {
            names.retain(|name| constraints.permits(name));
        }
    }
    Ok(names)
}

/// `mqsec CA` → `mqsec CA signing`, within the 64 characters of a common name.
fn signing_name(root: &CommonName) -> Result<CommonName, Failure> {
    let short: String = root.as_str().chars().take(56).collect();
    Ok(format!("{} signing", short.trim_end()).parse()?)
}

/// Copies every file of the authority to the backups and takes it out of the way.
pub(super) fn put_away(change: &mut Transaction<'_>, now: OffsetDateTime) -> Result<Option<PathBuf>, Failure> {
    let mut backup = None;
    let mut files: Vec<PathBuf> = [layout::CA_SERIAL, layout::CA_CRL].map(PathBuf::from).to_vec();
    for generation in [Generation::Current, Generation::Next, Generation::Old] {
        let AuthorityFiles { key, cert, signing_key, signing_cert, cross } = layout::authority(generation);
        files.extend([key, cert, signing_key, signing_cert, cross]);
    }
    for path in files {
        if let Some(copy) = change.back_up(&path, &stamp(now))? {
            backup.get_or_insert_with(|| PathBuf::from(layout::BACKUP).join(stamp(now)));
            debug_assert!(copy.starts_with(layout::BACKUP));
            change.remove(path);
        }
    }
    Ok(backup)
}

/// Adds the public files that are missing; those that are there are left alone.
fn complete(change: &mut Transaction<'_>, hierarchy: &Hierarchy, now: OffsetDateTime) -> Result<(), Failure> {
    if !change.has(layout::CA_SERIAL) {
        change.put(layout::CA_SERIAL, format!("{}\n", hierarchy.root.serial));
    }
    if hierarchy.has_key(change) {
        remember(change);
    }
    if !change.has(layout::CA_CRL) {
        let live = revocation::live(change, now)?;
        let live: Vec<&Hierarchy> = live.iter().collect();
        let mut lists = Lists::read(change)?;
        let lacking = lists.complete(change, &live, now)?;
        // without the key the error tells what is missing
        if lacking.is_some() && hierarchy.issuer().may_sign_crls {
            hierarchy.unlock(change, now)?;
        }
        if !lists.is_empty() {
            lists.arrange(&live);
            lists.put(change);
        }
    }
    if !change.has(broker::TRUST) {
        change.put(broker::TRUST, hierarchy.trusted());
    }
    if !change.has(broker::CRL)
        && let Some(bytes) = change.read(layout::CA_CRL)?
    {
        change.put(broker::CRL, bytes.to_vec());
    }
    Ok(())
}
