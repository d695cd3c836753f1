//! What the broker has read: digests of its options and files, noted at each start and reload, so that a later run knows
//! what it has not seen yet, and whether a reload is enough for that.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use crate::checks::Subject;
use crate::conf::keyword::Effect;
use crate::conf::keyword::keyword;
use crate::conf::reading::Listener;
use crate::conf::reading::Options;
use crate::conf::reading::Reading;
use crate::error::Failure;
use crate::series::Series;
use crate::workspace::FsError;
use crate::workspace::Workspace;
use crate::workspace::layout;

/// Digests by what they are of: a kind, the listener (or bridge, or plugin), an option, with tabs between.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    entries: BTreeMap<String, String>,
}

/// Something that the broker has not read, and what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    entry: String,
    /// The file, or the option and where it stands.
    pub what: String,
    pub helps: Helps,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Helps {
    /// The broker has no use for it.
    Nothing,
    Reload,
    /// Why a reload does not do.
    Restart(String),
}

/// Files that belong to a listener, or to all of them.
const FILES: [&str; 9] =
    ["acl_file", "cafile", "capath", "certfile", "crlfile", "dhparamfile", "keyfile", "password_file", "psk_file"];
const OF_PLUGINS: [&str; 2] = ["plugin_opt_acl_file", "plugin_opt_password_file"];
const OF_BRIDGES: [&str; 3] = ["bridge_cafile", "bridge_certfile", "bridge_keyfile"];

impl Loaded {
    /// What a broker of this series would read now.
    pub fn now(subject: &Subject, series: Series) -> Self {
        let mut entries = BTreeMap::new();
        if subject.runtime.container {
            let compose = subject.folder.bytes(layout::COMPOSE).unwrap_or_default();
            entries.insert("compose".to_owned(), digest(compose));
        }
        let Some(reading) = subject.reading(series) else { return Self { entries } };
        let mut gather = Gather { subject, entries };
        gather.options("", &reading.global);
        gather.files("", &reading.global, &FILES);
        for listener in &reading.listeners {
            let id = name_of(listener);
            gather.put(&["listener", &id], b"");
            gather.options(&id, &listener.options);
            gather.files(&id, &listener.options, &FILES);
            let plugins = format!("{:?}", listener.plugins);
            gather.put(&["option", &id, "plugin"], plugins.as_bytes());
        }
        for bridge in &reading.bridges {
            gather.put(&["bridge", &bridge.name], &joined(&bridge.options));
            gather.files(&bridge.name, &bridge.options, &OF_BRIDGES);
        }
        for plugin in &reading.plugins {
            gather.put(&["plugin", &plugin.path, plugin.name.as_deref().unwrap_or_default()], &joined(&plugin.options));
            gather.files("", &plugin.options, &OF_PLUGINS);
        }
        Self { entries: gather.entries }
    }

    /// A digest of all that a broker of any series reads, and of the configuration's own text, with its errors.
    pub fn fingerprint(subject: &Subject) -> String {
        let mut all = Sha256::new();
        for series in Series::RELEASED {
            all.update(serde_json::to_vec(&Self::now(subject, *series)).unwrap_or_default());
            for path in subject.reading(*series).into_iter().flat_map(|reading| &reading.files) {
                all.update(subject.folder.bytes(&subject.key_of(path)).unwrap_or_default());
            }
        }
        all.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What was noted; nothing when there is no readable note.
    pub fn then(workspace: &Workspace) -> Result<Option<Self>, Failure> {
        Ok(workspace.read(layout::LOADED)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    pub fn note(&self, workspace: &Workspace) -> Result<(), FsError> {
        workspace.note(layout::LOADED, &serde_json::to_string(self).unwrap_or_default())
    }

    /// What a broker that has read `then` has not seen.
    pub fn since(&self, then: &Self, subject: &Subject, reading: &Reading) -> Vec<Difference> {
        let keys = self.entries.keys().chain(then.entries.keys().filter(|key| !self.entries.contains_key(*key)));
        let differs = |key: &&String| self.entries.get(*key) != then.entries.get(*key);
        let judge = Judge { now: self, then, subject, reading };
        keys.filter(differs).map(|key| judge.difference(key)).collect()
    }

    /// What a broker that has read `then` knows after a reload: not what needs a restart.
    pub fn after_reload(mut self, then: &Self, differences: &[Difference]) -> Self {
        for Difference { entry, .. } in differences.iter().filter(|one| matches!(one.helps, Helps::Restart(_))) {
            match then.entries.get(entry) {
                Some(old) => self.entries.insert(entry.clone(), old.clone()),
                None => self.entries.remove(entry),
            };
        }
        self
    }

    /// Whether the listener of this name is among them.
    pub fn has_listener(&self, name: &str) -> bool {
        self.entries.contains_key(&format!("listener\t{name}"))
    }

    /// Whether there is a listener on this port, whatever its address.
    pub fn has_port(&self, port: u16) -> bool {
        let names = self.entries.keys().filter_map(|key| key.strip_prefix("listener\t"));
        names.filter_map(|name| name.split(' ').next()).any(|name| name.parse() == Ok(port))
    }
}

/// `8883`, `8883 127.0.0.1`, or the path of a socket.
pub(super) fn name_of(listener: &Listener) -> String {
    match (&listener.unix_path, &listener.address) {
        (Some(path), _) => path.clone(),
        (None, Some(address)) => format!("{} {address}", listener.port),
        (None, None) => listener.port.to_string(),
    }
}

struct Gather<'s> {
    subject: &'s Subject,
    entries: BTreeMap<String, String>,
}

impl Gather<'_> {
    fn put(&mut self, key: &[&str], bytes: &[u8]) {
        self.entries.insert(key.join("\t"), digest(bytes));
    }

    fn options(&mut self, of: &str, options: &Options) {
        let mut names: Vec<&str> = options.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let values: Vec<&str> = options.all(name).map(|value| value.text.as_str()).collect();
            self.put(&["option", of, name], values.join("\n").as_bytes());
        }
    }

    /// The contents of the files that the options name.
    fn files(&mut self, of: &str, options: &Options, keys: &[&str]) {
        for key in keys {
            let Some(value) = options.last(key) else { continue };
            let path = self.subject.resolve(&value.text);
            let folder = &self.subject.folder;
            let text = match folder.file(&path) {
                Some(file) => match &file.bytes {
                    Some(bytes) => digest(bytes),
                    None => {
                        let inner: Vec<u8> =
                            folder.under(&path).flat_map(|(_, file)| file.bytes.clone()).flatten().collect();
                        format!("{} {}", file.size, digest(&inner))
                    }
                },
                None => "-".to_owned(),
            };
            self.entries.insert(["file", of, key].join("\t"), text);
        }
    }
}

fn joined(options: &Options) -> Vec<u8> {
    let lines: Vec<String> = options.iter().map(|(name, value)| format!("{name} {}", value.text)).collect();
    lines.join("\n").into_bytes()
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

struct Judge<'a> {
    now: &'a Loaded,
    then: &'a Loaded,
    subject: &'a Subject,
    reading: &'a Reading,
}

impl Judge<'_> {
    fn difference(&self, entry: &str) -> Difference {
        let mut parts = entry.split('\t');
        let (kind, of, key) =
            (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let is_new = !self.then.entries.contains_key(entry);
        let (what, helps) = match kind {
            "compose" => {
                let why = format!("`{}` changed: the container is made anew", layout::COMPOSE);
                (layout::COMPOSE.to_owned(), Helps::Restart(why))
            }
            "listener" => {
                let how = if is_new { "is new" } else { "was taken out" };
                let why = format!("the listener {of} {how}: listeners are opened at the start alone");
                (format!("listener {of}"), Helps::Restart(why))
            }
            "plugin" => {
                let why = format!("the plugin `{of}` came, went or has other options: plugins are loaded at the start");
                (format!("plugin {of}"), Helps::Restart(why))
            }
            "bridge" => self.bridge(of),
            "file" if OF_BRIDGES.contains(&key) => self.bridge(of),
            "file" => (self.path(of, key), self.file(of, key)),
            _ => {
                let place = if of.is_empty() { String::new() } else { format!(" of listener {of}") };
                (format!("{key}{place}"), self.option(of, key, is_new))
            }
        };
        Difference { entry: entry.to_owned(), what, helps }
    }

    fn bridge(&self, name: &str) -> (String, Helps) {
        let why = format!("the bridge `{name}` came, went or changed: a reload neither starts nor ends a bridge");
        (format!("bridge {name}"), Helps::Restart(why))
    }

    /// The file that the option names, as the folder has it.
    fn path(&self, of: &str, key: &str) -> String {
        let of_listener = self.listener(of).and_then(|listener| listener.options.last(key));
        let of_plugin = || self.reading.plugins.iter().find_map(|plugin| plugin.options.last(key));
        let value = of_listener.or_else(|| self.reading.global.last(key)).or_else(of_plugin);
        value.map_or_else(|| key.to_owned(), |value| self.subject.resolve(&value.text))
    }

    fn listener(&self, name: &str) -> Option<&Listener> {
        self.reading.listeners.iter().find(|listener| name_of(listener) == name)
    }

    /// A listener that came or went is told by itself; what belongs to it comes and goes with it.
    fn goes_with_its_listener(&self, of: &str) -> bool {
        !(of.is_empty() || self.now.has_listener(of) && self.then.has_listener(of))
    }

    fn option(&self, of: &str, key: &str, is_new: bool) -> Helps {
        if self.goes_with_its_listener(of) {
            return Helps::Nothing;
        }
        let series = self.reading.series;
        let place = if of.is_empty() { String::new() } else { format!(" of listener {of}") };
        let restart = |why: &str| Helps::Restart(format!("`{key}`{place} changed: {why}"));
        let Some(known) = keyword(key) else { return restart("it is read at the start alone") };
        let is_gone = !is_new && self.listener(of).is_some_and(|listener| !listener.options.has(key));
        match known.reload.of(series) {
            Effect::None => Helps::Nothing,
            // what is not there any more is set back by some versions, and kept by others
            _ if is_gone => restart("whether a reload sets it back is not sure"),
            Effect::Applied | Effect::NewConnections | Effect::NextReconnect => Helps::Reload,
            Effect::WithCrl if series != Series::V20 && self.listener(of).is_some_and(renews_context) => Helps::Reload,
            Effect::WithCrl | Effect::ContentOnly => {
                restart("the broker goes on with the file that it was started with")
            }
            Effect::NotApplied => restart("a reload reads it and does not apply it"),
            Effect::Reset => restart("a reload throws it away"),
            Effect::Restart => restart("it is read at the start alone"),
        }
    }

    fn file(&self, of: &str, key: &str) -> Helps {
        if self.goes_with_its_listener(of) {
            return Helps::Nothing;
        }
        let series = self.reading.series;
        let Some(listener) = self.listener(of) else { return Helps::Reload };
        let asks = listener.options.is_true("require_certificate");
        match key {
            "certfile" | "keyfile" | "cafile" if is_stuck(listener, series) => Helps::Restart(format!(
                "Mosquitto 2.0 reads the TLS files of secure websockets at its start alone (listener {of})"
            )),
            "cafile" | "capath" if !asks => Helps::Nothing,
            "cafile" | "capath" if !renews_context(listener) => Helps::Restart(format!(
                "the authorities in `{}` changed, and without a `crlfile` a reload does not read them (listener {of})",
                self.path(of, key)
            )),
            "crlfile" if !asks || is_stuck(listener, series) => Helps::Nothing,
            "dhparamfile" => Helps::Nothing,
            _ => Helps::Reload,
        }
    }
}

/// With both, a reload makes the whole TLS context anew.
fn renews_context(listener: &Listener) -> bool {
    listener.options.has("crlfile") && listener.options.is_true("require_certificate")
}

/// The websockets of 2.0 (libwebsockets) keep their TLS context until the broker is started anew.
pub(super) fn is_stuck(listener: &Listener, series: Series) -> bool {
    listener.is_websockets() && series == Series::V20
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::checks::Folder;
    use crate::checks::Runtime;

    const CONF: &str = "max_packet_size 100\nallow_anonymous false\nlistener 8883\ncertfile c\nkeyfile k\ncafile a\ncrlfile l\n\
                        require_certificate true\nlistener 8083\nprotocol websockets\ncertfile c\nkeyfile k\n";

    fn subject(conf: &str, certificate: &str, authority: &str) -> Subject {
        let (now, runtime) = (datetime!(2026-11-21 12:00 UTC), Runtime { uid: 1, gid: 1, container: false });
        let mut subject = Subject::new(Folder::default(), now, Series::RELEASED.to_vec(), runtime);
        subject.write(layout::CONF, conf.into());
        subject.write("c", certificate.into());
        subject.write("a", authority.into());
        subject
    }

    /// What a broker that has read the first must do for the second: `reload`, or the reasons of a restart.
    fn needs(series: Series, conf: &str, certificate: &str, authority: &str) -> Vec<String> {
        let (old, new) = (subject(CONF, "", ""), subject(conf, certificate, authority));
        let (then, now) = (Loaded::now(&old, series), Loaded::now(&new, series));
        let differences = now.since(&then, &new, new.reading(series).unwrap());
        let after = now.clone().after_reload(&then, &differences);
        let mut found: Vec<String> = Vec::new();
        for difference in &differences {
            match &difference.helps {
                Helps::Nothing => {}
                Helps::Reload => found.push("reload".to_owned()),
                Helps::Restart(why) => found.push(why.clone()),
            }
        }
        // what needs a restart is not forgotten by a reload, and nothing else is told again
        let left = now.since(&after, &new, new.reading(series).unwrap());
        assert_eq!(left.len(), found.iter().filter(|one| *one != "reload").count(), "{left:?}");
        found.sort();
        found.dedup();
        found
    }

    #[test]
    fn a_reload_is_known_from_a_restart_by_series() {
        use Series::V20;
        use Series::V21;
        assert!(needs(V20, CONF, "", "").is_empty());
        assert!(needs(V21, &format!("# x\n{CONF}"), "", "").is_empty());
        // a new certificate: the websockets of 2.0 keep the old one
        assert_eq!(needs(V21, CONF, "new", ""), ["reload"]);
        let found = needs(V20, CONF, "new", "");
        assert!(found.len() == 2 && found[0].contains("listener 8083") && found[1] == "reload", "{found:?}");
        // authorities, with a list and without one
        assert_eq!(needs(V20, CONF, "", "new"), ["reload"]);
        let found = needs(V21, &CONF.replace("crlfile l\n", ""), "", "new");
        assert!(found.iter().any(|why| why.contains("without a `crlfile`")), "{found:?}");
        for series in [V20, V21] {
            for (from, to, words) in [
                ("max_packet_size 100", "max_packet_size 101", "`max_packet_size` changed"),
                ("listener 8883", "listener 8884", "the listener 8884 is new"),
                ("listener 8883", "listener 8883 127.0.0.1", "the listener 8883 was taken out"),
                ("keyfile k\ncafile", "keyfile k\ntls_version tlsv1.3\ncafile", "`tls_version` of listener 8883"),
            ] {
                let found = needs(series, &CONF.replacen(from, to, 1), "", "");
                assert!(found.iter().any(|why| why.contains(words)), "{series} {to}: {found:?}");
            }
            assert_eq!(needs(series, &CONF.replace("anonymous false", "anonymous true"), "", ""), ["reload"]);
        }
        let lax = CONF.replace("require_certificate true", "require_certificate false");
        assert_eq!(needs(V21, &lax, "", ""), ["reload"]);
        assert!(needs(V20, &lax, "", "")[0].contains("`require_certificate` of listener 8883"));
    }
}
