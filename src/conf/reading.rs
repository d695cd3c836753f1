//! `mosquitto.conf` as the broker of a series understands it: what it takes from the lines, and what it objects to.
//!
//! Follows `src/conf.c` of 2.0.21 and 2.1.2, and is compared with these brokers by `tests/it/agreement/conf.rs`. What is
//! read here is what the broker reads before it opens any of the files that the options name; [`super::start`] goes on
//! from there. Reading does not end at what ends the broker's start: everything that is wrong is told at once.

mod apply;
mod bridges;
mod lines;
mod plugins;
mod problem;
mod state;
mod values;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::conf::keyword::Scope;
use crate::conf::keyword::keyword;
use crate::series::Series;

pub use problem::Problem;
pub use problem::What;

/// What a configuration may ask of the disk and the network while it is read.
pub trait Files {
    /// The contents of a file; None where there is none, or where it cannot be read.
    fn read(&self, path: &str) -> Option<Vec<u8>>;

    /// The names in a folder; None where there is no such folder, or where it cannot be read.
    fn list(&self, folder: &str) -> Option<Vec<String>>;

    /// Whether a host name means an address (`bind_address` must).
    fn resolves(&self, host: &str) -> bool {
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok()
    }
}

/// No files at all: a configuration by itself.
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn list(&self, _: &str) -> Option<Vec<String>> {
        None
    }
}

/// Where something stands: a file as it was named, and line and column from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub path: String,
    pub line: usize,
    pub column: usize,
}

/// What the broker takes as an option's value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    pub text: String,
    pub place: Place,
}

/// Options that hold together, in the order in which they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    list: Vec<(Cow<'static, str>, Value)>,
    /// Where in the list the last value of each option stands.
    last: BTreeMap<Cow<'static, str>, usize>,
}

impl Options {
    /// The name under which an option is kept: the newest of its names.
    fn slot(key: &str) -> Cow<'_, str> {
        match (key.strip_prefix("auth_opt_"), keyword(key)) {
            (Some(rest), _) => Cow::Owned(format!("plugin_opt_{rest}")),
            (None, Some(known)) if !known.name.ends_with('*') => Cow::Borrowed(known.slot()),
            (None, _) => Cow::Borrowed(key),
        }
    }

    /// The value that holds: the last one.
    pub fn last(&self, key: &str) -> Option<&Value> {
        self.last.get(&*Self::slot(key)).map(|at| &self.list[*at].1)
    }

    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Value> {
        let slot = Self::slot(key);
        self.list.iter().filter(move |(name, _)| *name == slot).map(|(_, value)| value)
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.last(key).map(|value| value.text.as_str())
    }

    pub fn has(&self, key: &str) -> bool {
        self.last(key).is_some()
    }

    pub fn is_true(&self, key: &str) -> bool {
        matches!(self.text(key), Some("true" | "1"))
    }

    /// Every option with its name (of an option with several names, the newest).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.list.iter().map(|(name, value)| (name.as_ref(), value))
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn push(&mut self, slot: impl Into<Cow<'static, str>>, value: Value) {
        let slot = slot.into();
        self.last.insert(slot.clone(), self.list.len());
        self.list.push((slot, value));
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listener {
    /// 0 for a Unix socket.
    pub port: u16,
    pub address: Option<String>,
    pub unix_path: Option<String>,
    pub place: Place,
    /// Nobody asked for it: options before the first `listener` opened it.
    pub hidden: bool,
    pub options: Options,
    /// The plugins that were named below it: indexes into [`Reading::plugins`].
    pub plugins: Vec<usize>,
}

impl Listener {
    /// TLS with certificates.
    pub fn is_tls(&self) -> bool {
        self.options.has("certfile") && self.options.has("keyfile")
    }

    /// TLS with shared keys.
    pub fn is_psk(&self) -> bool {
        self.options.has("psk_hint")
    }

    pub fn is_websockets(&self) -> bool {
        self.options.text("protocol") == Some("websockets")
    }

    pub fn is_http_api(&self) -> bool {
        self.options.text("protocol") == Some("http_api")
    }

    /// Speaks MQTT without websockets.
    pub fn is_mqtt(&self) -> bool {
        !self.is_websockets() && !self.is_http_api()
    }

    /// Reached from this machine alone.
    pub fn is_local(&self) -> bool {
        let local = |address: &str| {
            address == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        };
        self.unix_path.is_some() || self.address.as_deref().is_some_and(local)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bridge {
    pub name: String,
    pub place: Place,
    pub options: Options,
}

impl Bridge {
    /// Host and port of each address.
    pub fn addresses(&self) -> Vec<(String, u16)> {
        let text = self.options.text("address").unwrap_or_default();
        text.split(' ').filter(|word| !word.is_empty()).map(bridges::address).collect()
    }

    /// Port 8883 alone does not do it, nor does `bridge_insecure`.
    pub fn is_tls(&self) -> bool {
        ["bridge_cafile", "bridge_capath", "bridge_psk"].iter().any(|key| self.options.has(key))
            || self.options.is_true("bridge_tls_use_os_certs")
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plugin {
    /// Of `plugin_load`.
    pub name: Option<String>,
    pub path: String,
    pub place: Place,
    /// Under `plugin_opt_KEY`.
    pub options: Options,
    /// The keyword that named it: `plugin`, `global_plugin` or `plugin_load`.
    pub by: &'static str,
}

impl Plugin {
    /// The value of `plugin_opt_KEY`.
    pub fn option(&self, key: &str) -> Option<&Value> {
        self.options.last(&format!("plugin_opt_{key}"))
    }

    /// The file's name without folder and ending, such as `mosquitto_dynamic_security`.
    pub fn file_stem(&self) -> &str {
        let name = self.path.trim().rsplit('/').next().unwrap_or_default();
        name.split(".so").next().unwrap_or_default()
    }
}

/// What became of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub series: Series,
    /// In the order in which the broker meets them; of a file that is wrong throughout, the first thousand.
    pub problems: Vec<Problem>,
    /// Index of the problem that ends the broker's start, if one does.
    pub stop: Option<usize>,
    pub global: Options,
    /// Empty in local only mode, whatever options a listener would have had.
    pub listeners: Vec<Listener>,
    pub bridges: Vec<Bridge>,
    pub plugins: Vec<Plugin>,
    pub per_listener_settings: bool,
    /// Without a `listener` the broker opens 127.0.0.1 and ::1 on port 1883, for clients on this machine.
    pub local_only: bool,
    /// In local only mode: what options made of a listener that is never opened.
    pub unopened: Vec<Listener>,
    /// The files that were read: the main one, then those of `include_dir`.
    pub files: Vec<String>,
}

impl Reading {
    /// What a broker makes of a configuration. `path` is how it was named to the broker.
    pub fn read(path: &str, bytes: &[u8], files: &dyn Files, series: Series) -> Self {
        state::read(path, bytes, files, series)
    }

    /// The problem that ends the start.
    pub fn stopped(&self) -> Option<&Problem> {
        self.problems.get(self.stop?)
    }

    /// The option as it holds for the listener: its own, or the global one, as `per_listener_settings` says.
    pub fn option<'a>(&'a self, listener: &'a Listener, key: &str) -> Option<&'a Value> {
        match keyword(key)?.scope {
            Scope::Listener => listener.options.last(key),
            Scope::Security if self.per_listener_settings => listener.options.last(key),
            Scope::Security | Scope::Global => self.global.last(key),
            Scope::Bridge | Scope::Plugin => None,
        }
    }

    pub fn is_true(&self, listener: &Listener, key: &str) -> bool {
        self.option(listener, key).is_some_and(|value| matches!(value.text.as_str(), "true" | "1"))
    }

    /// The plugins that decide about the listener's clients.
    pub fn plugins_of<'a>(&'a self, listener: &'a Listener) -> impl Iterator<Item = &'a Plugin> {
        self.plugins.iter().enumerate().filter_map(move |(at, plugin)| {
            let everywhere = plugin.by == "global_plugin" || (plugin.by == "plugin" && !self.per_listener_settings);
            (everywhere || listener.plugins.contains(&at)).then_some(plugin)
        })
    }

    /// Whether a client without a user name gets in (20:conf.c:632, 21:plugin_basic_auth.c:89).
    pub fn allows_anonymous(&self, listener: &Listener) -> bool {
        let general = self.is_true(listener, "allow_anonymous");
        match self.option(listener, "listener_allow_anonymous") {
            Some(value) => matches!(value.text.as_str(), "true" | "1"),
            None => general,
        }
    }

    /// Whether passwords or a plugin decide about the listener's clients.
    pub fn authenticates(&self, listener: &Listener) -> bool {
        self.option(listener, "password_file").is_some()
            || (listener.is_psk() && self.option(listener, "psk_file").is_some())
            || self.plugins_of(listener).next().is_some()
    }

    /// The listener that mqsec talks to: the first one with MQTT over TLS.
    pub fn main_listener(&self) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.is_tls() && listener.is_mqtt())
    }

    /// The first listener on this port.
    pub fn listener(&self, port: u16) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.port == port && listener.unix_path.is_none())
    }

    /// Where the log goes, when the configuration names a file.
    pub fn log_file(&self) -> Option<&Value> {
        self.global.last("log_file")
    }
}

#[cfg(test)]
mod tests;
