//! What ends a start, in words.

use std::fmt;

use super::Port;
use super::Unreadable;
use crate::conf::reading::What;
use crate::series::Series;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The configuration itself.
    Conf(Box<What>),
    User {
        name: String,
    },
    PidFile {
        path: String,
    },
    Database {
        path: String,
    },
    Plugin {
        path: String,
        why: Why,
    },
    PluginOption {
        plugin: String,
        key: String,
    },
    /// `plugin_load` without a `plugin_use`.
    PluginUnused {
        name: String,
    },
    /// `persistence true` beside a plugin that does it.
    PersistedTwice,
    /// A file of users, of rules or of keys.
    File {
        key: &'static str,
        path: String,
        why: Why,
    },
    /// A line in such a file.
    Line {
        key: &'static str,
        path: String,
        words: String,
    },
    TlsVersion {
        given: String,
    },
    Ciphers {
        key: &'static str,
        given: String,
    },
    Certificate {
        path: String,
        why: Why,
    },
    Key {
        path: String,
        why: Why,
    },
    KeyMismatch {
        key: String,
        certificate: String,
    },
    Authorities {
        path: String,
        why: Why,
    },
    Crl {
        path: String,
        why: Why,
    },
    DhParameters {
        path: String,
    },
    Engine {
        name: String,
    },
    Listen {
        port: u16,
        address: Option<String>,
        why: Port,
    },
    /// Two listeners of the configuration want the same port.
    SamePort {
        port: u16,
        line: usize,
    },
    Socket {
        path: String,
    },
    Interface {
        name: String,
    },
    HttpDir {
        path: String,
    },
    /// No listener that speaks MQTT without websockets.
    OnlyWebsockets,
}

/// Why a file is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    Unreadable(Unreadable),
    /// 2.1 follows no symbolic link here.
    Link,
    /// It holds something else: what.
    Holds(String),
    Encrypted,
    /// Fewer bits than OpenSSL takes.
    KeyTooSmall(usize),
    SignatureTooWeak(String),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(Unreadable::Missing) => f.write_str("is not there"),
            Self::Unreadable(Unreadable::Denied) => f.write_str("may not be read by the broker's user"),
            Self::Unreadable(Unreadable::NoFile) => f.write_str("is no file"),
            Self::Link => f.write_str("is a symbolic link, which 2.1 does not follow here"),
            Self::Holds(words) => write!(f, "cannot be used: {words}"),
            Self::Encrypted => f.write_str("is encrypted, and nobody is there to type the passphrase"),
            Self::KeyTooSmall(bits) => write!(f, "has a key of {bits} bits; OpenSSL wants 2048"),
            Self::SignatureTooWeak(name) => write!(f, "is signed with {name}, which OpenSSL refuses"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = String::new();
        self.words(&mut words)?;
        f.write_str(&crate::error::printable(&words))
    }
}

impl Cause {
    fn words(&self, f: &mut impl fmt::Write) -> fmt::Result {
        match self {
            Self::Conf(what) => write!(f, "{what}"),
            Self::User { name } => write!(f, "there is no user `{name}` to run as"),
            Self::PidFile { path } => write!(f, "the pid file `{path}` cannot be written"),
            Self::Database { path } => write!(f, "the database `{path}` is damaged or none of Mosquitto's"),
            Self::Plugin { path, why } => write!(f, "the plugin `{path}` {why}"),
            Self::PluginOption { plugin, key } => write!(f, "the plugin `{plugin}` has no option `{key}`"),
            Self::PluginUnused { name } => {
                write!(f, "no `plugin_use` uses the plugin `{name}`, and 2.1 ends without a word because of it")
            }
            Self::PersistedTwice => f.write_str("`persistence true` cannot go with a plugin that persists"),
            Self::File { key, path, why } => write!(f, "the {key} `{path}` {why}"),
            Self::Line { key, path, words } => write!(f, "the {key} `{path}` has a line that ends the start: {words}"),
            Self::TlsVersion { given } => {
                write!(f, "`tls_version` is tlsv1.3, tlsv1.2 or tlsv1.1, not `{given}`")
            }
            Self::Ciphers { key, given } => write!(f, "OpenSSL knows none of the `{key}`: `{given}`"),
            Self::Certificate { path, why } => write!(f, "the certificate `{path}` {why}"),
            Self::Key { path, why } => write!(f, "the key `{path}` {why}"),
            Self::KeyMismatch { key, certificate } => {
                write!(f, "the key `{key}` does not belong to the first certificate of `{certificate}`")
            }
            Self::Authorities { path, why } => write!(f, "the cafile `{path}` {why}"),
            Self::Crl { path, why } => write!(f, "the crlfile `{path}` {why}"),
            Self::DhParameters { path } => write!(f, "the dhparamfile `{path}` cannot be used"),
            Self::Engine { name } => write!(f, "OpenSSL has no engine `{name}`"),
            Self::Listen { port, address, why } => {
                let at = address.as_deref().unwrap_or("all addresses");
                match why {
                    Port::Taken => write!(f, "another program listens on port {port} ({at})"),
                    Port::NotHere => write!(f, "this machine does not have the address {at}"),
                    Port::NotPermitted => write!(f, "the broker's user may not open port {port}"),
                    Port::Unresolved => write!(f, "`{at}` is no address, and no name of one"),
                    Port::Free => write!(f, "port {port} cannot be opened"),
                }
            }
            Self::SamePort { port, line } => write!(f, "line {line} has opened port {port} before"),
            Self::Socket { path } => write!(f, "the socket `{path}` cannot be made"),
            Self::Interface { name } => write!(f, "there is no network interface `{name}`"),
            Self::HttpDir { path } => write!(f, "the http_dir `{path}` is not there"),
            Self::OnlyWebsockets => {
                f.write_str("no listener speaks MQTT without websockets, and this broker needs one")
            }
        }
    }
}

impl Cause {
    /// The line that the broker itself writes about it, where that is known.
    pub fn broker_line(&self, series: Series) -> Option<String> {
        let old = series == Series::V20;
        Some(match self {
            Self::Conf(what) => what.broker_line(series)?,
            Self::PidFile { .. } => "Error: Unable to write pid file.".to_owned(),
            Self::Database { .. } => "Error: Couldn't open database.".to_owned(),
            Self::Plugin { path, .. } if old => format!("Error: Unable to load auth plugin \"{path}\"."),
            Self::Plugin { path, .. } => format!("Error: Unable to load plugin \"{path}\"."),
            Self::File { key: "acl_file", path, .. } => format!("Error: Unable to open acl_file \"{path}\"."),
            Self::File { path, .. } if old => format!("Error: Unable to open pwfile \"{path}\"."),
            Self::File { path, .. } => format!("password-file: Error: Unable to open pwfile \"{path}\"."),
            Self::TlsVersion { given } => format!("Error: Unsupported tls_version \"{given}\"."),
            Self::Ciphers { key: "ciphers", given } => {
                format!("Error: Unable to set TLS ciphers. Check cipher list \"{given}\".")
            }
            Self::Certificate { path, .. } => {
                format!("Error: Unable to load server certificate \"{path}\". Check certfile.")
            }
            Self::Key { path, .. } | Self::KeyMismatch { key: path, .. } => {
                format!("Error: Unable to load server key file \"{path}\". Check keyfile.")
            }
            Self::Authorities { path, .. } => {
                format!("Error: Unable to load CA certificates. Check cafile \"{path}\".")
            }
            Self::Crl { path, .. } => {
                format!("Error: Unable to load certificate revocation file \"{path}\". Check crlfile.")
            }
            Self::Listen { why: Port::Taken, .. } | Self::SamePort { .. } => "Error: Address already in use".to_owned(),
            Self::Listen { why: Port::NotHere, .. } => "Error: Cannot assign requested address".to_owned(),
            Self::Listen { why: Port::NotPermitted, .. } => "Error: Permission denied".to_owned(),
            Self::OnlyWebsockets => "Error: Unable to start any listening sockets, exiting.".to_owned(),
            _ => return None,
        })
    }
}
