//! One row made into a device: key, certificate, password and permissions.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;
use time::Duration;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::office::Office;
use super::plan::Fate;
use super::plan::MOST_TOLD;
use super::plan::Plan;
use super::plan::Rules;
use super::plan::Told;
use super::sink::Blob;
use super::sink::Kind;
use super::sink::Piece;
use super::sink::Pieces;
use super::source::Source;
use crate::error::Failure;
use crate::error::Plain;
use crate::export;
use crate::export::Target;
use crate::fleet::roster;
use crate::fleet::row::Password;
use crate::fleet::row::Row;
use crate::fleet::row::Topic;
use crate::passwd;
use crate::pki::csr::Csr;
use crate::pki::keys::KeyType;
use crate::pki::mint;
use crate::pki::mint::Leaf;
use crate::pki::mint::Mint;
use crate::pki::names::CommonName;
use crate::pki::parsed::KeyKind;
use crate::secret::Secret;
use crate::secret::random_bytes;
use crate::workspace::FsError;
use crate::workspace::fs;
use crate::workspace::fs::bulk;
use crate::workspace::layout;

/// What a run gives to every device.
pub struct Settings {
    pub days: u32,
    pub key_type: KeyType,
    /// The part of its life, in hundredths, by which a certificate may end earlier, so that not all end in one night.
    pub jitter: u32,
    pub iterations: u32,
    /// Where the devices' requests are: they made their keys themselves.
    pub csr_dir: Option<std::path::PathBuf>,
    /// How the broker is reached, for devices with a profile.
    /// Or why that is not known.
    pub broker: Result<export::Broker, String>,
}

/// What the authority adds to every certificate.
pub struct Authorities {
    /// What stands between a certificate and the root; empty where nothing does.
    pub intermediates: String,
    pub roots: String,
}

pub struct Worker<'a> {
    pub office: &'a Office<'a>,
    pub mint: &'a Mint<'a>,
    pub rules: &'a Rules<'a>,
}

/// What some rows were made into.
#[derive(Default)]
pub struct Made {
    pub blob: Blob,
    pub inventory: String,
    pub roster: String,
    pub passwd: Zeroizing<Vec<u8>>,
    pub acl: String,
    pub count: u64,
    pub bad: Vec<Told>,
    /// What devices with a profile will have trouble with; the same sentence for all of them.
    pub warnings: BTreeSet<String>,
    /// A few of them, with all that they need to log in.
    pub samples: Vec<Sample>,
    /// Where the names stand in [`layout::fleet::STARTED`].
    pub started: u64,
}

/// Devices with which the broker is asked in the end.
pub const SAMPLES: usize = 3;

/// A device with which the broker can be asked.
pub struct Sample {
    pub name: String,
    pub user: String,
    pub password: Option<Secret>,
    pub chain_pem: String,
    pub key_pem: Option<Zeroizing<Vec<u8>>>,
    pub topics: Vec<Topic>,
}

impl Worker<'_> {
    /// Adds a device; a row that cannot be issued is told.
    pub fn issue(&self, line: usize, row: &Row, made: &mut Made) -> Result<(), Failure> {
        match self.device(row, made) {
            Ok(None) => Ok(()),
            Ok(Some(what)) => {
                made.bad.push(Told { line, what });
                Ok(())
            }
            // what stops one stops all
            Err(failure) if failure.cause.is::<FsError>() => Err(failure),
            Err(failure) => {
                made.bad.push(Told { line, what: failure.message() });
                Ok(())
            }
        }
    }

    /// What stands in its way, if something does.
    fn device(&self, row: &Row, made: &mut Made) -> Result<Option<String>, Failure> {
        let name = row.name.as_str();
        let days = row.days.unwrap_or(self.office.settings.days);
        let key_type = row.key_type.unwrap_or(self.office.settings.key_type);
        let common_name: CommonName = name.parse()?;
        let leaf = Leaf { common_name: &common_name, names: &row.names, not_after: self.end(days) };
        let (key_pem, minted) = match &self.office.settings.csr_dir {
            None => {
                let (pem, public) = mint::new_key(key_type)?;
                (Some(pem), self.mint.issue(&leaf, &public)?)
            }
            Some(dir) => {
                let Some(csr) = request(dir, name)? else {
                    return Ok(Some(no_request(dir, name)));
                };
                let is_rsa = matches!(csr.key_kind, KeyKind::Rsa(_));
                (None, self.mint.issue_for(&leaf, &csr.spki, is_rsa)?)
            }
        };
        let mut chain = Vec::with_capacity(1024);
        mint::pem(&mut chain, "CERTIFICATE", &minted.der);
        let leaf_length = chain.len();
        chain.extend_from_slice(self.office.authorities.intermediates.as_bytes());
        let password = self.password(row);
        let file = match self.office.form.kind {
            Kind::Workspace => format!("{}/{name}/{name}.crt", layout::CLIENT_DIR),
            _ => String::new(),
        };
        let note = self.mint.note(&minted, name, &file);
        let mut pieces = Pieces { device: name.to_owned(), files: Vec::with_capacity(4), link: None };
        if self.office.form.kind == Kind::Jsonl {
            let text = json!({
                "name": name, "serial": mint::upper_hex(&minted.serial),
                "not_before": crate::pki::inventory::date(minted.not_before),
                "not_after": crate::pki::inventory::date(minted.not_after),
                "certificate": String::from_utf8_lossy(&chain),
            });
            pieces.files.push(public(String::new(), text.to_string().into_bytes()));
        } else {
            if let Some(target) = row.profile {
                let leaf = String::from_utf8_lossy(&chain[..leaf_length]).into_owned();
                let made_of = (leaf.as_str(), key_pem.as_deref(), key_type);
                let warnings = self.exported(row, target, made_of, password.as_ref(), &mut pieces)?;
                made.warnings.extend(warnings.into_iter().map(|warning| format!("{}: {warning}", target.name())));
            }
            if let Some(password) = &password {
                let text = json!({ "username": row.user(), "password": password.expose() });
                pieces.files.push(secret(format!("{name}.login.json"), format!("{text:#}\n").into_bytes()));
            }
            if let Some(key) = &key_pem {
                pieces.files.push(Piece { name: format!("{name}.key"), bytes: key.clone(), secret: true });
            }
            pieces.files.push(public(format!("{name}.crt"), chain.clone()));
            pieces.link = Some(format!("{name}.chain.crt"));
        }
        if !self.office.form.add(&mut made.blob, &pieces)? {
            let folder = self.office.form.dir.join(name);
            return Ok(Some(format!("`{}` is there already, and is not of this list", folder.display())));
        }
        made.count += 1;
        made.inventory.push_str(&note);
        made.roster.push_str(&roster::line(row, key_type, days, row.digest()));
        if let Some(password) = &password {
            let hash = passwd::Hash::new(password, self.office.settings.iterations);
            made.passwd.extend_from_slice(format!("{}:{hash}\n", row.user()).as_bytes());
        }
        let topics = self.topics(row);
        if !topics.is_empty() {
            made.acl.push_str(&format!("\nuser {}\n", row.user()));
            for topic in &topics {
                made.acl.push_str(&format!("topic {} {}\n", topic.grant.word(), topic.filter));
            }
        }
        if made.samples.len() < SAMPLES {
            made.samples.push(Sample {
                name: name.to_owned(),
                user: row.user().to_owned(),
                password,
                chain_pem: String::from_utf8_lossy(&chain).into_owned(),
                key_pem,
                topics,
            });
        }
        Ok(None)
    }

    /// When a certificate of so many days ends: up to some hundredths of its life earlier.
    fn end(&self, days: u32) -> OffsetDateTime {
        let life = i64::from(days) * 86_400;
        let most = life * i64::from(self.office.settings.jitter) / 100;
        let earlier = match most {
            0 => 0,
            most => i64::try_from(u64::from_le_bytes(random_bytes::<8>()) % most.unsigned_abs()).unwrap_or_default(),
        };
        self.office.now.replace_nanosecond(0).unwrap_or(self.office.now) + Duration::seconds(life - earlier)
    }

    fn password(&self, row: &Row) -> Option<Secret> {
        match &row.password {
            Password::Given(password) => Some(password.clone()),
            Password::Generate => Some(Secret::generate()),
            Password::None => None,
        }
    }

    fn topics(&self, row: &Row) -> Vec<Topic> {
        row.all_topics(self.rules.groups)
    }

    fn exported(
        &self,
        row: &Row,
        target: Target,
        (leaf, key, key_type): (&str, Option<&Vec<u8>>, KeyType),
        password: Option<&Secret>,
        pieces: &mut Pieces,
    ) -> Result<Vec<String>, Failure> {
        let broker = self
            .office
            .settings
            .broker
            .as_ref()
            .map_err(|why| Plain::new("export-unfit", format!("how the broker is reached is not known: {why}")))?;
        let topics = self.topics(row);
        let writable = topics.iter().find(|topic| topic.grant.allows(crate::acl::Access::Write));
        let topic = writable.map(|topic| crate::acl::topic_below(&topic.filter, "test"));
        let device = export::Device {
            name: row.name.as_str(),
            key_pem: key.map(Vec::as_slice),
            key_type,
            certificate_pem: leaf,
            intermediates_pem: &self.office.authorities.intermediates,
            authorities_pem: &self.office.authorities.roots,
            broker,
            user: password.is_some().then(|| row.user()),
            password,
            topic: topic.as_deref(),
        };
        let bundle = export::bundle(&device, target, &export::Options::default())?;
        for file in bundle.files {
            let name = format!("{}/{}", target.name(), file.name);
            pieces.files.push(Piece { name, bytes: file.bytes, secret: file.secret });
        }
        Ok(bundle.warnings)
    }

    /// Makes room for the folders of these devices, and gives those that have it: what is in the way of others is nobody's to
    /// take away, now or after a crash.
    pub(super) fn free<'r>(&self, rows: &'r [(usize, Row)]) -> Result<Vec<&'r str>, Failure> {
        let mut free = Vec::with_capacity(rows.len());
        for name in rows.iter().map(|(_, row)| row.name.as_str()) {
            if self.office.form.kind == Kind::Workspace && self.rules.reissue {
                self.put_away(name)?;
            }
            if !self.is_in_use(name)? {
                free.push(name);
            }
        }
        Ok(free)
    }

    fn is_in_use(&self, name: &str) -> Result<bool, FsError> {
        let folder = self.office.form.dir.join(name);
        Ok(fs::is_dir(&folder) && !fs::is_empty(&folder)?)
    }

    /// Keeps the pair that is there, if one is, in the dated backup.
    fn put_away(&self, name: &str) -> Result<(), Failure> {
        let folder = self.office.form.dir.join(name);
        if self.is_in_use(name)? {
            let backup = Path::new(layout::BACKUP).join(&self.office.stamp).join("client");
            self.office.workspace.make_dir(&backup)?;
            bulk::rename(&folder, &self.office.workspace.path(backup.join(name)))?;
        }
        Ok(())
    }
}

/// Looks at the requests of all that would be issued, before anything is.
pub fn check_requests(dir: &Path, source: &Source, rules: &Rules<'_>, plan: &mut Plan) -> Result<(), Failure> {
    const CHUNK: usize = 4096;
    let mut lines = source.lines()?;
    while let Some(chunk) = lines.next(CHUNK)? {
        for (at, line) in chunk.lines().enumerate() {
            let index = chunk.first + at;
            let Some(fate) = plan.fates.get_mut(index).filter(|fate| **fate == Fate::New) else { continue };
            let Ok(Some(row)) = rules.row(&source.form, line) else { continue };
            let what = match request(dir, row.name.as_str()) {
                Ok(Some(_)) => continue,
                Ok(None) => no_request(dir, row.name.as_str()),
                Err(failure) => failure.message(),
            };
            *fate = Fate::Bad;
            if plan.bad.len() < MOST_TOLD {
                plan.bad.push(Told { line: source.line_number(index), what });
            }
        }
    }
    plan.bad.sort_by_key(|told| told.line);
    Ok(())
}

fn no_request(dir: &Path, name: &str) -> String {
    format!("`{}` is not there", dir.join(format!("{name}.csr")).display())
}

/// A device's request; nothing where there is none.
fn request(dir: &Path, name: &str) -> Result<Option<Csr>, Failure> {
    let path = dir.join(format!("{name}.csr"));
    let Some(bytes) = fs::read(&path)? else { return Ok(None) };
    Ok(Some(Csr::read(&bytes, &path.display().to_string())?))
}

fn public(name: String, bytes: Vec<u8>) -> Piece {
    Piece { name, bytes: Zeroizing::new(bytes), secret: false }
}

fn secret(name: String, bytes: Vec<u8>) -> Piece {
    Piece { name, bytes: Zeroizing::new(bytes), secret: true }
}
