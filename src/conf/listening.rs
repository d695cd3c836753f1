//! What mqsec's own commands ask of a configuration: which listeners there are, and what holds for one of them.
//!
//! Answers come from the broker's reading. Included files are not followed here: nobody but the broker's own folder is
//! asked, and its configuration is one file.

use super::reading::Listener as Read;
use super::reading::NoFiles;
use super::reading::Reading;
use super::reading::Value;
use crate::series::Series;

/// A listener, as far as a client needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    pub port: u16,
    pub address: Option<String>,
    pub tls: bool,
    pub require_certificate: bool,
    pub websockets: bool,
}

impl From<&Read> for Listener {
    fn from(read: &Read) -> Self {
        Self {
            port: read.port,
            address: read.address.clone(),
            tls: read.is_tls(),
            require_certificate: read.options.is_true("require_certificate"),
            websockets: read.is_websockets(),
        }
    }
}

fn read(text: &str) -> Reading {
    Reading::read("", text.as_bytes(), &NoFiles, Series::V21)
}

/// The listeners that clients can dial, hidden ones included.
pub fn listeners(text: &str) -> Vec<Listener> {
    read(text).listeners.iter().filter(|listener| listener.unix_path.is_none()).map(Listener::from).collect()
}

/// The listener that mqsec talks to: the first one with MQTT over TLS.
pub fn main_listener(text: &str) -> Option<Listener> {
    read(text).main_listener().map(Listener::from)
}

/// Where the logs go, when the configuration names a file.
pub fn log_file(text: &str) -> Option<String> {
    read(text).log_file().map(|value| value.text.clone())
}

/// The ports of secure websockets with a revocation list: the first reload after a connection to one ends a 2.0 broker,
/// which frees what libwebsockets goes on to use (measured on 2.0.21).
pub fn websockets_with_list(text: &str) -> Vec<u16> {
    let reading = read(text);
    let harmed = reading.listeners.iter().filter(|listener| {
        let options = &listener.options;
        listener.is_websockets()
            && listener.is_tls()
            && options.has("crlfile")
            && options.is_true("require_certificate")
    });
    harmed.map(|listener| listener.port).collect()
}

/// What holds for the clients of one listener: its own options, and the global ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    reading: Reading,
    listener: Read,
}

impl Settings {
    /// The settings of the listener on this port; None when the configuration has no such listener.
    pub fn of_port(text: &str, port: u16) -> Option<Self> {
        let reading = read(text);
        let listener = reading.listener(port)?.clone();
        Some(Self { reading, listener })
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.reading.option(&self.listener, key)
    }

    /// The value that holds.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.value(key).map(|value| value.text.as_str())
    }

    pub fn is_true(&self, key: &str) -> bool {
        self.reading.is_true(&self.listener, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_read_as_the_broker_reads_them() {
        let text = "listener 1883 127.0.0.1\n#listener 9\n  listener 9001\nprotocol websockets\ncertfile x\nlistener 8883\ncertfile a\nkeyfile b\nrequire_certificate true # yes\n";
        let all = listeners(text);
        assert_eq!(all.iter().map(|l| l.port).collect::<Vec<_>>(), [1883, 9001, 8883]);
        assert_eq!(all[0].address.as_deref(), Some("127.0.0.1"));
        assert_eq!(main_listener(text).map(|l| l.port), Some(8883));
        assert_eq!(main_listener("listener 1883\n"), None);
    }

    #[test]
    fn a_listener_has_its_own_options_and_the_global_ones() {
        let text = "password_file p\nlistener 1883\nmax_connections 3\nacl_file a\n# cafile no\nlistener 8883 ::1\ncafile c\nrequire_certificate true\n";
        let tls = Settings::of_port(text, 8883).unwrap();
        assert_eq!(
            (tls.get("password_file"), tls.get("acl_file"), tls.get("cafile")),
            (Some("p"), Some("a"), Some("c"))
        );
        assert!(tls.is_true("require_certificate") && tls.get("max_connections").is_none());
        let plain = Settings::of_port(text, 1883).unwrap();
        assert_eq!((plain.get("max_connections"), plain.get("cafile")), (Some("3"), None));
        assert_eq!(Settings::of_port(text, 9), None);
        let apart = "per_listener_settings true\nlistener 1883\nacl_file a\nlistener 8883 ::1\ncafile c\n";
        let apart = Settings::of_port(apart, 8883).unwrap();
        assert_eq!((apart.get("acl_file"), apart.get("cafile")), (None, Some("c")));
    }
}
