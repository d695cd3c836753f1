//! What the rules look at: the snapshot, and what follows from it, worked out once.

use std::sync::Arc;
use std::sync::OnceLock;

use time::OffsetDateTime;

use super::File;
use super::Folder;
use super::Kind;
use super::compose::Compose;
use super::compose::MountKind;
use super::compose::Service;
use super::judged;
use super::judged::Judged;
use super::kept::Acl;
use super::kept::Dynsec;
use super::kept::Kept;
use super::observation::Observation;
use crate::conf::reading::Files;
use crate::conf::reading::Reading;
use crate::passwd;
use crate::pki::crl::Crl;
use crate::pki::input;
use crate::pki::input::Certificates;
use crate::pki::verify;
use crate::series::Series;
use crate::workspace::env_file::EnvError;
use crate::workspace::env_file::EnvFile;
use crate::workspace::layout;

/// Where the stock image has the broker's configuration.
const CONF_IN_IMAGE: &str = "/mosquitto/config/mosquitto.conf";

/// Who the broker is when it opens its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    pub uid: u32,
    pub gid: u32,
    /// Runs in a container, where the workspace's folders are mounted on `/mosquitto`.
    pub container: bool,
}

pub struct Subject {
    pub folder: Folder,
    pub now: OffsetDateTime,
    /// The series for which the workspace is meant; rules speak of these alone.
    pub targets: Vec<Series>,
    pub runtime: Runtime,
    /// The workspace's absolute path, without links; empty where it is nowhere.
    pub root: String,
    /// Whether the broker's group has a name in this machine's or the image's list; none where nobody knows.
    pub group_named: Option<bool>,
    /// Further groups of the broker's user.
    pub groups: Vec<u32>,
    /// What `--live` saw of the running broker.
    pub observed: Option<Observation>,
    cache: Cache,
}

/// What was read, or the judge's words of why it cannot be.
pub type Read<T> = Arc<Result<T, verify::Finding>>;

#[derive(Default)]
struct Cache {
    readings: [OnceLock<Option<Reading>>; 3],
    compose: OnceLock<Option<Compose>>,
    env: OnceLock<Option<Result<EnvFile, EnvError>>>,
    certificates: Kept<String, Result<Certificates, verify::Finding>>,
    lists: Kept<String, Result<Vec<Crl>, verify::Finding>>,
    judged: OnceLock<Vec<Judged>>,
    passwords: Kept<(String, Series), passwd::Reading>,
    acls: Kept<(String, Series), Acl>,
    dynsec: Kept<String, Dynsec>,
}

/// A file that the configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The option: `keyfile`, `password_file`, `plugin_opt_acl_file`.
    pub key: String,
    /// As the configuration has it.
    pub text: String,
    /// In the folder.
    pub path: String,
    /// Where the configuration names it.
    pub at: (String, usize, usize),
}

/// The files of one client's certificate, by their paths in the folder.
#[derive(Clone, Copy, Debug)]
pub struct ClientPaths<'a> {
    pub name: &'a str,
    pub cert: &'a str,
}

impl Subject {
    pub fn new(folder: Folder, now: OffsetDateTime, targets: Vec<Series>, runtime: Runtime) -> Self {
        let (root, group_named, groups, observed) = (String::new(), None, Vec::new(), None);
        Self { folder, now, targets, runtime, root, group_named, groups, observed, cache: Cache::default() }
    }

    pub fn targets(&self, series: Series) -> bool {
        self.targets.contains(&series)
    }

    /// New contents of a file. One that was not there gets mode 0600 and the runtime's owner.
    pub fn write(&mut self, path: &str, bytes: Vec<u8>) {
        let (uid, gid, size) = (self.runtime.uid, self.runtime.gid, bytes.len() as u64);
        match self.folder.file_mut(path) {
            Some(file) => (file.bytes, file.unread, file.size) = (Some(bytes), None, size),
            None => {
                let file = File { kind: Kind::File, bytes: Some(bytes), unread: None, mode: 0o600, uid, gid, size };
                self.folder.put(path, file);
            }
        }
        self.forget();
    }

    /// Drops what was worked out of the files, after one of them changed.
    pub fn forget(&mut self) {
        self.cache = Cache::default();
    }

    /// The configuration's path in the folder: mqsec's own, or what the compose file mounts where the image looks.
    pub fn conf_path(&self) -> &str {
        if self.folder.file(layout::CONF).is_some() {
            return layout::CONF;
        }
        let mounted = self.resolve_in_container(CONF_IN_IMAGE);
        mounted.and_then(|path| self.folder.key(&path)).unwrap_or(layout::CONF)
    }

    /// What a broker of the series makes of the configuration; none where there is no file.
    pub fn reading(&self, series: Series) -> Option<&Reading> {
        let cell = &self.cache.readings[series as usize];
        cell.get_or_init(|| {
            let path = self.conf_path();
            Some(Reading::read(path, self.folder.bytes(path)?, self, series))
        })
        .as_ref()
    }

    /// The reading for the oldest series that is meant.
    pub fn any_reading(&self) -> Option<&Reading> {
        self.reading(self.targets.first().copied().unwrap_or(Series::V21))
    }

    pub fn compose(&self) -> Option<&Compose> {
        let read = || {
            let text = self.folder.text(layout::COMPOSE)?;
            Some(Compose::parse(text, &|name| self.variable(name)))
        };
        self.cache.compose.get_or_init(read).as_ref()
    }

    /// The service of the compose file that is the broker.
    pub fn service(&self) -> Option<&Service> {
        self.compose()?.broker()
    }

    /// A variable of `.env`, as compose takes it.
    fn variable(&self, name: &str) -> Option<String> {
        let text = self.folder.text(layout::ENV)?;
        let line = text.lines().rev().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))?;
        Some(line.trim().trim_matches(['"', '\'']).to_owned())
    }

    pub fn env(&self) -> Option<&Result<EnvFile, EnvError>> {
        let read = || Some(EnvFile::parse(self.folder.text(layout::ENV)?, layout::ENV));
        self.cache.env.get_or_init(read).as_ref()
    }

    /// The certificates of a file, kept for the next rule. None where there is no such file, or it could not be read.
    pub fn certificates(&self, path: &str) -> Option<Read<Certificates>> {
        let bytes = self.folder.bytes(path)?;
        Some(self.cache.certificates.or(path.to_owned(), || input::certificates(bytes, path)))
    }

    /// The revocation lists of a file, kept for the next rule.
    pub fn revocation_lists(&self, path: &str) -> Option<Read<Vec<Crl>>> {
        let bytes = self.folder.bytes(path)?;
        Some(self.cache.lists.or(path.to_owned(), || input::revocation_lists(bytes, path)))
    }

    /// Every certificate of the workspace with what the judge says of it.
    pub fn judged(&self) -> &[Judged] {
        self.cache.judged.get_or_init(|| judged::all(self))
    }

    /// What a broker of the series makes of a password file, kept for the next rule.
    pub fn passwords(&self, path: &str, series: Series) -> Option<Arc<passwd::Reading>> {
        let bytes = self.folder.bytes(path)?;
        Some(self.cache.passwords.or((path.to_owned(), series), || passwd::read(bytes, series)))
    }

    /// An ACL file as a broker of the series reads it, kept for the next rule.
    pub fn acl(&self, path: &str, series: Series) -> Option<Arc<Acl>> {
        let bytes = self.folder.bytes(path)?;
        Some(self.cache.acls.or((path.to_owned(), series), || Acl::of(bytes, series)))
    }

    /// A file of the dynamic security plugin, kept for the next rule.
    pub fn dynsec(&self, path: &str) -> Option<Arc<Dynsec>> {
        let bytes = self.folder.bytes(path)?;
        Some(self.cache.dynsec.or(path.to_owned(), || Dynsec::of(bytes)))
    }

    /// Every client's certificate below `certs/client/`, in the order of names.
    pub fn clients(&self) -> impl Iterator<Item = ClientPaths<'_>> {
        self.folder.under(layout::CLIENT_DIR).filter_map(|(cert, _)| {
            let (name, file) = cert.strip_prefix(layout::CLIENT_DIR)?.strip_prefix('/')?.split_once('/')?;
            (file.strip_suffix(".crt")? == name).then_some(ClientPaths { name, cert })
        })
    }

    /// A path as the configuration names it: in a container through its mounts, elsewhere in the workspace.
    pub fn resolve(&self, named: &str) -> String {
        let mounted = (self.runtime.container || named.starts_with("/mosquitto/"))
            .then(|| self.resolve_in_container(named))
            .flatten();
        mounted.unwrap_or_else(|| self.in_folder(named))
    }

    /// The path of the host behind a path of the container; none where nothing is mounted there.
    pub fn resolve_in_container(&self, named: &str) -> Option<String> {
        let service = self.service()?;
        let named = if named.starts_with('/') {
            named.to_owned()
        } else {
            // a broker that was started by the image's own command stands in `/`
            let working = service.working_dir.as_ref().map_or("/", |text| text.value.as_str());
            format!("{}/{named}", working.trim_end_matches('/'))
        };
        let named = normal(&named);
        let mount = service.mount_of(&named)?;
        let source = mount.source.as_ref().filter(|_| mount.kind == MountKind::Bind)?;
        let rest = named.strip_prefix(mount.target.as_str()).unwrap_or_default();
        Some(self.in_folder(&format!("{}{rest}", source.trim_end_matches('/'))))
    }

    /// The folder's name for a file that a reading speaks of: an included one is named as the configuration names it.
    pub fn key_of(&self, path: &str) -> String {
        if self.folder.file(path).is_some() { path.to_owned() } else { self.resolve(path) }
    }

    /// A path of this machine, relative where it lies in the workspace.
    pub fn in_folder(&self, path: &str) -> String {
        let path = normal(path);
        let inside = path.strip_prefix(&self.root).and_then(|rest| rest.strip_prefix('/'));
        match inside {
            Some(inside) if !self.root.is_empty() => inside.to_owned(),
            _ if path == self.root || path.is_empty() => ".".to_owned(),
            _ => path,
        }
    }

    pub fn acl_files(&self) -> Vec<String> {
        self.paths_of(&["acl_file", "plugin_opt_acl_file"])
    }

    pub fn password_files(&self) -> Vec<String> {
        self.paths_of(&["password_file", "plugin_opt_password_file"])
    }

    pub fn dynsec_files(&self) -> Vec<String> {
        let of_plugin = |named: &Named| named.key == "plugin_opt_config_file" && named.text.ends_with(".json");
        let mut paths: Vec<String> = self.named().into_iter().filter(of_plugin).map(|named| named.path).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    fn paths_of(&self, keys: &[&str]) -> Vec<String> {
        let mut paths: Vec<String> = Vec::new();
        for named in self.named().into_iter().filter(|named| keys.contains(&named.key.as_str())) {
            if !paths.contains(&named.path) {
                paths.push(named.path);
            }
        }
        paths
    }

    /// Every file and folder that the configuration names, for every series that is meant, each once.
    pub fn named(&self) -> Vec<Named> {
        const KEYS: &[&str] = &[
            "acl_file",
            "bridge_cafile",
            "bridge_certfile",
            "bridge_keyfile",
            "cafile",
            "certfile",
            "crlfile",
            "dhparamfile",
            "keyfile",
            "password_file",
            "persistence_location",
            "psk_file",
        ];
        const OF_PLUGINS: &[&str] = &["acl_file", "config_file", "password_file", "password_init_file"];
        let mut found: Vec<Named> = Vec::new();
        for reading in self.targets.iter().filter_map(|series| self.reading(*series)) {
            let groups = [&reading.global]
                .into_iter()
                .chain(reading.listeners.iter().map(|listener| &listener.options))
                .chain(reading.bridges.iter().map(|bridge| &bridge.options))
                .chain(reading.plugins.iter().map(|plugin| &plugin.options));
            for options in groups {
                let keys = KEYS.iter().map(|key| (*key).to_owned());
                let of_plugins =
                    OF_PLUGINS.iter().flat_map(|key| [format!("plugin_opt_{key}"), format!("auth_opt_{key}")]);
                for key in keys.chain(of_plugins) {
                    let Some(value) = options.last(&key) else { continue };
                    let path = self.resolve(&value.text);
                    let at = (self.key_of(&value.place.path), value.place.line, value.place.column);
                    let named = Named { key, text: value.text.clone(), path, at };
                    if !found.contains(&named) {
                        found.push(named);
                    }
                }
            }
        }
        found
    }
}

/// What `include_dir` and the broker's files are read from.
impl Files for Subject {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.folder.bytes(&self.key_of(path)).map(<[u8]>::to_vec)
    }

    fn list(&self, dir: &str) -> Option<Vec<String>> {
        let dir = self.resolve(dir);
        let names: Vec<String> = self
            .folder
            .under(&dir)
            .filter_map(|(path, _)| path.strip_prefix(dir.as_str())?.strip_prefix('/'))
            .filter(|name| !name.contains('/'))
            .map(str::to_owned)
            .collect();
        (self.folder.file(&dir).is_some_and(|file| file.kind == Kind::Folder) || !names.is_empty()).then_some(names)
    }
}

/// Without `.`, `..`, and double slashes.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let start = if path.starts_with('/') { "/" } else { "" };
    format!("{start}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn subject(container: bool, compose: &str) -> Subject {
        let (now, runtime) = (datetime!(2026-11-21 12:00 UTC), Runtime { uid: 1, gid: 1, container });
        let mut subject = Subject::new(Folder::default(), now, Series::RELEASED.to_vec(), runtime);
        let conf = "acl_file /mosquitto/config/acl\npassword_file config/p\nlistener 1\n";
        subject.write(layout::COMPOSE, compose.into());
        subject.write(layout::CONF, conf.into());
        subject.root = "/srv/mqtt".to_owned();
        subject
    }

    #[test]
    fn names_lead_through_the_mounts_of_the_container() {
        let compose = "services:\n  mosquitto:\n    working_dir: /mosquitto\n    volumes: ['./config:/mosquitto/config', '/srv/mqtt/x:/y', 'data:/mosquitto/data']\n";
        let inside = subject(true, compose);
        for (named, path) in [
            ("/mosquitto/config/a", "config/a"),
            ("config/../config//a", "config/a"),
            ("/y/z", "x/z"),
            ("/etc/ssl/ca", "/etc/ssl/ca"),
            ("/mosquitto/data/db", "/mosquitto/data/db"),
        ] {
            assert_eq!(inside.resolve(named), path, "{named}");
        }
        assert_eq!(inside.acl_files(), ["config/acl"]);
        assert_eq!(inside.password_files(), ["config/p"]);
    }

    #[test]
    fn elsewhere_they_are_of_the_workspace() {
        let outside = subject(false, "services:\n  mosquitto:\n    volumes: ['./config:/mosquitto/config']\n");
        for (named, path) in
            [("config/a", "config/a"), ("/srv/mqtt/config/a", "config/a"), ("./a", "a"), ("../a", "../a")]
        {
            assert_eq!(outside.resolve(named), path, "{named}");
        }
        assert_eq!(outside.acl_files(), ["config/acl"]);
    }
}
