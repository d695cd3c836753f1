//! The folder that mqsec manages: its names, its owners, and the one way to change it.

pub mod env_file;
pub mod fs;
pub mod layout;
mod transaction;

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Failure;
use crate::error::Plain;
use crate::secret::Secret;

pub use fs::FsError;
pub use transaction::Change;
pub use transaction::Transaction;

/// Four million certificates.
const LARGEST_INVENTORY: u64 = 1 << 30;

/// A user of the system, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

impl Owner {
    /// The user `mosquitto` of the stock image: who runs the broker when root runs mqsec.
    pub const MOSQUITTO: Self = Self { uid: 1883, gid: 1883 };

    pub fn current() -> Self {
        #[cfg(unix)]
        return Self { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw() };
        #[cfg(not(unix))]
        Self { uid: 1000, gid: 1000 }
    }
}

/// Where the passphrase of the authority's key comes from: told what it is for, and whether it is a new one.
pub type Passphrase = Arc<dyn Fn(&str, bool) -> Result<Secret, Failure> + Send + Sync>;

#[derive(Clone)]
pub struct Workspace {
    root: PathBuf,
    /// The folder of the authorities' keys, where it is not `certs/`.
    ca_dir: Option<PathBuf>,
    passphrase: Option<Passphrase>,
    /// Who the broker runs as.
    broker: Owner,
    /// Who owns the rest.
    operator: Owner,
    /// Only root can give files away.
    root_user: bool,
}

impl Workspace {
    /// Looks at a folder, which need not exist yet. Root works for the folder's owner; in a folder of its own it runs
    /// the broker as 1883:1883, the stock image's user.
    pub fn at(root: PathBuf) -> Self {
        let me = Owner::current();
        let root_user = cfg!(unix) && me.uid == 0;
        let mut operator = me;
        #[cfg(unix)]
        if root_user && let Ok(found) = fs::access(&root) {
            operator = Owner { uid: found.uid, gid: found.gid };
        }
        let broker = if operator.uid == 0 { Owner::MOSQUITTO } else { operator };
        let ca_dir = fs::read(&root.join(layout::CA_DIR)).ok().flatten();
        let ca_dir = ca_dir.map(|bytes| PathBuf::from(String::from_utf8_lossy(&bytes).trim_end_matches('\n')));
        let ca_dir = ca_dir.filter(|dir| !dir.as_os_str().is_empty());
        Self { root, ca_dir, passphrase: None, broker, operator, root_user }
    }

    /// The same with another folder for the authorities' keys (the one that was remembered, where none is given), and
    /// with what gives their passphrase.
    pub fn with_authority(mut self, ca_dir: Option<&Path>, passphrase: Passphrase) -> Self {
        if let Some(dir) = ca_dir {
            self.ca_dir = Some(std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned()));
        }
        self.passphrase = Some(passphrase);
        self
    }

    /// The passphrase of this key of the authority; typed twice when it is a new one.
    pub fn passphrase(&self, key: &str, new: bool) -> Result<Secret, Failure> {
        match &self.passphrase {
            Some(ask) => ask(key, new),
            None => Err(Plain::new("ca-passphrase-needed", format!("`{key}` is encrypted"))
                .hint("give its passphrase: mqsec --ca-passphrase-file FILE up")
                .into()),
        }
    }

    /// The folder of the authorities' keys, where it is not `certs/`.
    pub fn ca_dir(&self) -> Option<&Path> {
        self.ca_dir.as_deref()
    }

    /// That the folder of the authorities' keys is not there: a stick that is not plugged in.
    pub fn ca_dir_missing(&self) -> Option<Failure> {
        let dir = self.ca_dir.as_deref().filter(|dir| !fs::is_dir(dir))?;
        let message = format!("the authority's key lies in `{}`, which is not there", dir.display());
        let failure = Plain::new("ca-dir-missing", message)
            .hint("bring it back (plug it in, mount it); a broker that runs does not need it")
            .hint(format!("if it lies elsewhere now: {} --ca-dir DIR ca show", self.command()));
        Some(failure.into())
    }

    /// Makes the folder for a key of an authority that lies elsewhere; gives it.
    fn make_key_dir(&self, relative: &Path) -> Result<Option<PathBuf>, Failure> {
        let (Some(dir), Some(inner)) = (&self.ca_dir, layout::authority_key(relative)) else { return Ok(None) };
        // the folder itself is made for a first key alone: later it is one that went away
        if self.has(layout::CA_CERT)
            && let Some(missing) = self.ca_dir_missing()
        {
            return Err(missing);
        }
        let owner = self.owner(layout::Whose::Operator);
        fs::create_dir(dir, 0o700, owner)?;
        let mut folder = dir.clone();
        for part in inner.parent().into_iter().flat_map(Path::iter) {
            folder.push(part);
            fs::create_dir(&folder, 0o700, owner)?;
        }
        fs::check_writable(&folder)?;
        Ok(Some(folder))
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        match (&self.ca_dir, layout::authority_key(relative.as_ref())) {
            (Some(dir), Some(inner)) => dir.join(inner),
            _ => self.root.join(relative),
        }
    }

    /// A path as the reader would type it.
    pub fn show(&self, relative: impl AsRef<Path>) -> String {
        let relative = relative.as_ref();
        let elsewhere = self.ca_dir.is_some() && layout::authority_key(relative).is_some();
        let plain = self.root == Path::new(".") && !elsewhere;
        let path = if plain { relative.to_owned() } else { self.path(relative) };
        path.display().to_string()
    }

    /// `mqsec`, with the folder when it is not the current one: the start of every hint.
    pub fn command(&self) -> String {
        if self.root == Path::new(".") { "mqsec".to_owned() } else { format!("mqsec --dir {}", self.root.display()) }
    }

    /// The user as which the broker runs, in a container or not.
    pub fn broker_user(&self) -> Owner {
        self.broker
    }

    /// Who owns what the broker does not.
    pub fn operator(&self) -> Owner {
        self.operator
    }

    /// Whether this process can start programs as another user and give files away.
    pub fn is_root(&self) -> bool {
        self.root_user
    }

    /// Who a new file is given to; nobody where that is the process's own user already.
    pub fn owner(&self, whose: layout::Whose) -> Option<(u32, u32)> {
        let owner = match whose {
            layout::Whose::Operator => self.operator,
            layout::Whose::Broker => self.broker,
        };
        (self.root_user && owner.uid != 0).then_some((owner.uid, owner.gid))
    }

    pub fn read(&self, relative: impl AsRef<Path>) -> Result<Option<Vec<u8>>, FsError> {
        let path = self.path(&relative);
        match relative.as_ref() == Path::new(layout::INVENTORY) {
            true => fs::read_long(&path, LARGEST_INVENTORY),
            false => fs::read(&path),
        }
    }

    pub fn has(&self, relative: impl AsRef<Path>) -> bool {
        fs::exists(&self.path(relative))
    }

    /// Names that have a folder below `certs/client/` with something in it: an issuance that was interrupted, or found
    /// the disk full, leaves an empty one.
    pub fn clients(&self) -> Result<Vec<String>, FsError> {
        let dir = self.path(layout::CLIENT_DIR);
        let names = fs::folders(&dir)?.into_iter();
        Ok(names.filter(|name| !fs::is_empty(&dir.join(name)).unwrap_or(false)).collect())
    }

    /// Finishes a change that an earlier process committed but did not complete.
    pub fn recover(&self) -> Result<bool, Failure> {
        let first = self.path(layout::STAGED).join("0");
        if !fs::has_content(&self.path(layout::MANIFEST)) && !fs::exists(&first) {
            return Ok(false);
        }
        Transaction::begin(self).map(|change| change.recovered)
    }

    /// Creates the folder itself and `relative` inside it, with the modes and owners of the layout.
    pub fn make_dir(&self, relative: impl AsRef<Path>) -> Result<(), FsError> {
        let relative = relative.as_ref();
        let shared = self.broker != self.operator;
        let make = |path: &Path| {
            let (mode, whose) = layout::dir_policy(path, shared);
            fs::create_dir(&self.path(path), mode, self.owner(whose))
        };
        if fs::is_dir(&self.path(relative)) {
            return make(relative);
        }
        fs::create_dir(&self.root, 0o755, None)?;
        let mut path = PathBuf::new();
        for part in relative.components() {
            path.push(part);
            make(&path)?;
        }
        Ok(())
    }

    /// Writes one of mqsec's own notes, which may be lost without harm.
    pub fn note(&self, relative: &str, text: &str) -> Result<(), FsError> {
        let path = self.path(relative);
        fs::remove_file(&path)?;
        fs::create(&path, text.as_bytes(), 0o644, self.owner(layout::Whose::Operator)).map(drop)
    }

    /// An empty file for what a broker says while it starts.
    pub fn start_log(&self) -> Result<std::fs::File, FsError> {
        fs::output(&self.path(layout::START_LOG), self.owner(layout::Whose::Broker))
    }

    /// Makes what the broker reads and writes its own: needed when root finds files that another user or tool made.
    #[cfg(unix)]
    pub fn give_to_broker(&self) -> Result<(), FsError> {
        if !self.root_user {
            return Ok(());
        }
        for dir in ["config", layout::broker::DIR, layout::LOG_DIR, layout::DATA_DIR] {
            self.make_dir(dir)?;
        }
        if self.broker != self.operator {
            let certs = self.path("certs");
            fs::set_dir_access(&certs, fs::access(&certs)?.mode | 0o011, None)?;
        }
        use layout::broker;
        let files = [
            layout::CONF,
            layout::PASSWD,
            layout::ACL,
            layout::DYNSEC,
            broker::KEY,
            broker::CERT,
            broker::CSR,
            broker::TRUST,
            broker::CRL,
            layout::LOG,
        ];
        for path in ["config", broker::DIR, layout::LOG_DIR, layout::DATA_DIR].iter().chain(&files) {
            let path = self.path(path);
            if !fs::exists(&path) {
                continue;
            }
            let found = fs::access(&path)?;
            if (found.uid, found.gid) != (self.broker.uid, self.broker.gid) {
                fs::change_owner(&path, self.broker.uid, self.broker.gid)?;
            }
        }
        Ok(())
    }

    #[cfg(not(unix))]
    pub fn give_to_broker(&self) -> Result<(), FsError> {
        Ok(())
    }
}

/// The contents of a file as text.
pub fn utf8(bytes: Vec<u8>, path: &str) -> Result<String, Plain> {
    String::from_utf8(bytes).map_err(|error| {
        Plain::new("file-not-text", format!("`{path}` is not UTF-8 text (byte {})", error.utf8_error().valid_up_to()))
    })
}
