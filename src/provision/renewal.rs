//! Certificates issued anew before they end: the same name, the same role and, unless it is to be another, the same key.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use rcgen::KeyPair;
use rcgen::PublicKeyData;
use time::Duration;
use time::OffsetDateTime;

use super::authority::Hierarchy;
use super::certificates;
use super::certificates::Files;
use super::external;
use super::inventory;
use super::revocation;
use super::revocation::Revocations;
use super::stamp;
use crate::error::Failure;
use crate::error::Plain;
use crate::error::shell_word;
use crate::pki::authority::Authority;
use crate::pki::authority::Request;
use crate::pki::authority::Role;
use crate::pki::inventory::Issued;
use crate::pki::inventory::Role as Noted;
use crate::pki::keys;
use crate::pki::keys::KeyType;
use crate::pki::names::ClientName;
use crate::pki::parsed::Certificate;
use crate::pki::parsed::KeyKind;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// Whose certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Broker,
    Client(ClientName),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broker => f.write_str("broker"),
            Self::Client(name) => name.fmt(f),
        }
    }
}

/// When a certificate is due.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    Always,
    /// Less than a third of its life is left.
    Third,
    /// It ends within so many days.
    Within(u32),
    /// So many hundredths of its life are over.
    Percent(u32),
}

impl Limit {
    pub fn reached(self, certificate: &Certificate, now: OffsetDateTime) -> bool {
        self.reached_between(certificate.not_before, certificate.not_after, now)
    }

    /// The same of a certificate of which the period alone is known.
    pub fn reached_between(self, begin: OffsetDateTime, end: OffsetDateTime, now: OffsetDateTime) -> bool {
        match self {
            Self::Always => true,
            Self::Third => end - now < (end - begin) / 3,
            Self::Within(days) => end - now < Duration::days(i64::from(days)),
            Self::Percent(part) => now - begin >= (end - begin) * part / 100,
        }
    }
}

pub struct Wish {
    pub limit: Limit,
    pub rekey: bool,
    /// None: as long as the one before.
    pub days: Option<u32>,
}

/// A certificate that is to be issued anew.
pub struct Due {
    pub target: Target,
    pub serial: String,
    pub not_after: OffsetDateTime,
    /// The kind of its new key, where it gets one.
    new_key: Option<KeyType>,
}

pub enum Verdict {
    Due(Due),
    /// Not yet, and when it ends.
    Fresh(OffsetDateTime),
    /// It is not for this command, and why.
    Left(String),
    Failed(Failure),
}

pub struct Renewed {
    pub target: Target,
    pub old_serial: String,
    pub certificate: Certificate,
    pub rekeyed: bool,
    /// The key is the device's own, and not in the folder.
    pub key_elsewhere: bool,
    pub file: PathBuf,
    pub backup: PathBuf,
    pub shortened: bool,
}

/// What is known of the authorities, read once for many certificates.
pub struct Office {
    pub hierarchy: Hierarchy,
    others: Vec<Hierarchy>,
    revoked: Revocations,
}

impl Office {
    pub fn open(change: &Transaction<'_>, now: OffsetDateTime) -> Result<Self, Failure> {
        let mut others = revocation::live(change, now)?;
        let hierarchy = others.remove(0);
        Ok(Self { hierarchy, others, revoked: Revocations::read(change)? })
    }

    /// The same in a later change, where what is revoked is read anew only if it can be other than it was.
    pub fn again(self, change: &Transaction<'_>, now: OffsetDateTime) -> Result<Self, Failure> {
        let mut others = revocation::live(change, now)?;
        let hierarchy = others.remove(0);
        Ok(Self { hierarchy, others, revoked: self.revoked.again(change)? })
    }

    /// These are added to the inventory by this process itself.
    pub fn noted(&mut self, renewed: &[Renewed]) {
        let line = |one: &Renewed| {
            let role = if one.target == Target::Broker { Noted::Broker } else { Noted::Client };
            Issued::new(&one.certificate, role, &one.file.to_string_lossy()).line().len()
        };
        self.revoked.grows(renewed.iter().map(line).sum());
    }

    /// Whether one of the folder's authorities issued it.
    fn issued(&self, certificate: &Certificate) -> bool {
        let all = std::iter::once(&self.hierarchy).chain(&self.others);
        all.flat_map(|one| std::iter::once(&one.root).chain(&one.signing)).any(|issuer| certificate.is_from(issuer))
    }
}

/// Runs `with` on the files of a target.
fn with_files<T>(target: &Target, with: impl FnOnce(&Files<'_>) -> T) -> T {
    match target {
        Target::Broker => with(&Files::of_broker()),
        Target::Client(name) => with(&Files::of_client(&layout::client(name))),
    }
}

/// What is to be done with a certificate.
pub fn judge(change: &Transaction<'_>, office: &Office, target: &Target, wish: &Wish, now: OffsetDateTime) -> Verdict {
    match with_files(target, |files| look(change, office, target, files, wish, now)) {
        Ok(verdict) => verdict,
        Err(failure) => Verdict::Failed(failure),
    }
}

fn look(
    change: &Transaction<'_>,
    office: &Office,
    target: &Target,
    files: &Files<'_>,
    wish: &Wish,
    now: OffsetDateTime,
) -> Result<Verdict, Failure> {
    let shown = change.workspace().show(files.cert);
    let Some(pem) = change.read(files.cert)? else {
        let make = match target {
            Target::Broker => "mqsec broker-cert".to_owned(),
            Target::Client(name) => format!("mqsec client-cert {}", shell_word(name.as_str())),
        };
        let error = Plain::new("certificate-missing", format!("there is no `{shown}`"));
        return Err(match target {
            Target::Client(name) if name.as_str() == "ca" => {
                error.hint("an authority is not renewed, it is replaced: mqsec ca rollover prepare")
            }
            _ => error.hint(format!("issue it: {make}")),
        }
        .into());
    };
    if *target == Target::Broker && change.has(layout::broker::EXTERNAL) {
        let by = external::origin(change.workspace())?.map(|origin| origin.by).unwrap_or_default();
        return Ok(Verdict::Left(match by.as_str() {
            "certbot" | "lego" | "acme.sh" => format!("{by} renews it, and hands it over: mqsec deploy-hook"),
            "files" => "another authority issues it; hand over a new one: mqsec deploy-hook".to_owned(),
            _ => "another authority issues it: mqsec acme renew".to_owned(),
        }));
    }
    let certificate = Certificate::from_pem(&pem, &shown)?;
    if !office.issued(&certificate) {
        return Ok(Verdict::Left(format!("`{}` issued it, which is not this folder's authority", certificate.issuer)));
    }
    let forced = matches!(wish.limit, Limit::Always);
    if office.revoked.has(&certificate) && !(forced && wish.rekey) {
        return Ok(Verdict::Left(match target {
            Target::Broker => "it is revoked, and so is its key: mqsec renew broker --rekey".to_owned(),
            Target::Client(name) => {
                format!("it is revoked, and so is its key: mqsec client-cert {}", shell_word(name.as_str()))
            }
        }));
    }
    if !wish.limit.reached(&certificate, now) {
        return Ok(Verdict::Fresh(certificate.not_after));
    }
    if !forced && certificates::is_shortened(&certificate, &office.hierarchy) {
        return Ok(Verdict::Left("it ends with its authority, and a new one would too".to_owned()));
    }
    if wish.rekey && !change.has(files.key) {
        return Err(Plain::new("renew-key-elsewhere", format!("the key of `{shown}` is not in this folder"))
            .detail("the device made it, so the device alone can make a new one")
            .hint("have the device make a new request, and sign that: mqsec csr sign FILE")
            .hint("keep its key: the same command without --rekey")
            .into());
    }
    Ok(Verdict::Due(Due {
        target: target.clone(),
        not_after: certificate.not_after,
        new_key: wish.rekey.then(|| KeyType::like(&certificate)),
        serial: certificate.serial,
    }))
}

impl Due {
    /// The new key, which may take a second: made before the folder is locked.
    pub fn make_key(&self) -> Result<Option<KeyPair>, Failure> {
        Ok(self.new_key.map(KeyType::generate).transpose()?)
    }
}

/// Issues it anew; nothing when another process has done it in the meantime.
pub fn renew(
    change: &mut Transaction<'_>,
    (office, issuer): (&Office, &Authority),
    due: &Due,
    new_key: Option<&KeyPair>,
    wish: &Wish,
    now: OffsetDateTime,
) -> Result<Option<Renewed>, Failure> {
    let signed = sign(change, (office, issuer), due, new_key, (wish.days, Duration::ZERO), now)?;
    signed.map(|signed| write(change, office, signed, now)).transpose()
}

/// A new certificate that stands nowhere yet.
pub struct Signed {
    target: Target,
    old_serial: String,
    certificate: Certificate,
    pem: String,
    /// The key and its request, where they are to be written.
    key: Option<zeroize::Zeroizing<Vec<u8>>>,
    csr: Option<String>,
    key_elsewhere: bool,
}

/// Makes the new certificate, which several processors can do for as many devices; nothing when another process has done it
/// in the meantime. It lasts so many days, or as long as the one before, and ends so much sooner.
pub fn sign(
    change: &Transaction<'_>,
    (office, issuer): (&Office, &Authority),
    due: &Due,
    new_key: Option<&KeyPair>,
    (days, sooner): (Option<u32>, Duration),
    now: OffsetDateTime,
) -> Result<Option<Signed>, Failure> {
    with_files(&due.target, |files| {
        let shown = change.workspace().show(files.cert);
        let old = Certificate::from_pem(&change.read(files.cert)?.unwrap_or_default(), &shown)?;
        if old.serial != due.serial {
            return Ok(None);
        }
        let role = match &due.target {
            Target::Broker => Role::Broker { names: certificates::names_of(&old) },
            Target::Client(_) => Role::Client,
        };
        let request = Request {
            common_name: old.common_name.as_deref().unwrap_or_default().parse()?,
            role,
            days: days.unwrap_or_else(|| certificates::days_like(&old, &office.hierarchy)),
            key_type: KeyType::default(),
        };
        let kept_key = if new_key.is_none() { kept_key(change, files, &old)? } else { None };
        let key_elsewhere = new_key.is_none() && kept_key.is_none();
        let (certificate, pem, key, csr) = match (new_key, &kept_key) {
            (Some(key), _) => {
                let made = issuer.issue_for_sooner(&request, key, now, sooner)?;
                (made.certificate, made.certificate_pem, Some(made.key_pem), Some(made.csr_pem))
            }
            (None, Some(key)) if !change.has(files.csr) => {
                let made = issuer.issue_for_sooner(&request, key, now, sooner)?;
                (made.certificate, made.certificate_pem, None, Some(made.csr_pem))
            }
            _ => {
                let is_rsa = matches!(old.key_kind, KeyKind::Rsa(_));
                let (certificate, pem) = issuer.issue_for_public_sooner(&request, &old.spki, is_rsa, now, sooner)?;
                (certificate, pem, None, None)
            }
        };
        if certificate.raw_subject != old.raw_subject || certificate.names() != old.names() {
            return Err(Plain::new("renew-names-lost", format!("`{shown}` has a subject or names that would be lost"))
                .detail(format!("it is for {} {}", old.subject, old.names().join(" ")))
                .hint("sign its request again, with the profile that it was made with: mqsec csr sign FILE")
                .into());
        }
        let (target, old_serial) = (due.target.clone(), old.serial);
        Ok(Some(Signed { target, old_serial, certificate, pem, key, csr, key_elsewhere }))
    })
}

/// The key in the folder, if it is there.
fn kept_key(change: &Transaction<'_>, files: &Files<'_>, old: &Certificate) -> Result<Option<KeyPair>, Failure> {
    let Some(pem) = change.read(files.key)? else { return Ok(None) };
    let shown = change.workspace().show(files.key);
    let key = keys::parse(&pem, &shown)?;
    if key.subject_public_key_info() != old.spki {
        return Err(Plain::new("key-mismatch", format!("the key `{shown}` does not belong to its certificate"))
            .hint("put the key back that was made with it (certs/backup/ may have it), or give it a new one: --rekey")
            .into());
    }
    Ok(Some(key))
}

/// Puts it in the place of the one before, of which a copy is kept, and notes it.
pub fn write(
    change: &mut Transaction<'_>,
    office: &Office,
    signed: Signed,
    now: OffsetDateTime,
) -> Result<Renewed, Failure> {
    let Signed { target, old_serial, certificate, pem, key, csr, key_elsewhere } = signed;
    let rekeyed = key.is_some();
    let stamp = stamp(now);
    with_files(&target, |files| {
        let replaced = [Some(files.cert), files.chain, rekeyed.then_some(files.key), rekeyed.then_some(files.csr)];
        for path in replaced.into_iter().flatten() {
            change.back_up(path, &stamp)?;
        }
        if let Some(key) = key {
            change.put(files.key, key.to_vec());
        }
        if let Some(csr) = csr {
            change.put(files.csr, csr);
        }
        let (noted, text) = match files.chain {
            Some(chain) => {
                change.put(chain, format!("{pem}{}", office.hierarchy.client_chain()));
                (Noted::Client, pem)
            }
            None => (Noted::Broker, pem + &office.hierarchy.broker_chain()),
        };
        change.put(files.cert, text);
        inventory::issued(change, &certificate, noted, files.cert);
        Ok(Renewed {
            target: target.clone(),
            old_serial,
            rekeyed,
            key_elsewhere,
            file: files.cert.to_owned(),
            backup: Path::new(layout::BACKUP).join(&stamp),
            shortened: certificates::is_shortened(&certificate, &office.hierarchy),
            certificate,
        })
    })
}

/// Puts the broker's pair of before back, from its backup.
pub fn put_back(change: &mut Transaction<'_>, backup: &Path) -> Result<(), Failure> {
    let files = Files::of_broker();
    for path in [files.cert, files.key, files.csr] {
        let copy = backup.join(path.strip_prefix("certs").unwrap_or(path));
        if let Some(bytes) = change.read(&copy)? {
            change.put(path, bytes.to_vec());
        }
    }
    Ok(())
}
