//! What a configuration comes to: for each port that is really opened, who gets in, with what, as whom, and what they
//! may do there. Nothing here is said of what stands in the files; those that it names are told.

mod entry;
mod words;

use std::net::IpAddr;

use super::reading::Listener;
use super::reading::Plugin;
use super::reading::Reading;
use crate::series::Series;

pub use entry::Certificate;
pub use entry::Entry;
pub use entry::Knock;
pub use entry::Nobody;
pub use entry::Passwords;
pub use entry::Shown;

/// Where other programs find the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// On every address of the machine.
    Everywhere,
    /// On every address of the machine, although this one was written: websockets of 2.0 take no notice of IPv4.
    EverywhereInSpiteOf(String),
    /// At the network interface of this name, and nowhere if there is none: websockets of 2.0 know no host names.
    Interface(String),
    /// On this address, or those of this name.
    Address(String),
    /// On 127.0.0.1 and ::1, because the configuration has no `listener`.
    LocalOnly,
    Unix(String),
}

impl Bound {
    /// Whether other machines cannot reach it.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Everywhere | Self::EverywhereInSpiteOf(_) => false,
            Self::Address(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
            Self::Interface(name) => matches!(name.as_str(), "lo" | "localhost"),
            Self::LocalOnly | Self::Unix(_) => true,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Mqtt,
    Websockets,
    /// The pages and numbers of 2.1's own web server.
    Http,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// In clear.
    None,
    /// TLS: the versions that are spoken, and the certificate that is shown.
    Tls { versions: Vec<&'static str>, certificate: String },
    /// TLS with shared keys.
    SharedKeys { versions: Vec<&'static str> },
}

/// What clients may read and write once they are in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rights {
    /// What this ACL file says.
    File(String),
    /// What these plugins say.
    Plugins(Vec<String>),
    /// Everything.
    Everything,
}

/// One limit of the listener or of the whole broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    pub key: &'static str,
    pub value: String,
    /// Not written anywhere: the broker's own.
    pub default: bool,
    /// Of this listener, and not of the whole broker.
    pub of_listener: bool,
    /// 2.0 forgets it at the first reload.
    pub lost_at_reload: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    pub port: u16,
    pub bound: Bound,
    /// Opened by options above the first `listener`, and not by a `listener`.
    pub hidden: bool,
    /// The line of its `listener`, or of what opened it; none in local only mode.
    pub line: Option<usize>,
    pub protocol: Protocol,
    pub encryption: Encryption,
    pub entry: Entry,
    pub rights: Rights,
    /// Put before every topic.
    pub mount_point: Option<String>,
    pub limits: Vec<Limit>,
}

/// Every port that the broker opens, in the order of the configuration.
pub fn effective(reading: &Reading) -> Vec<Effective> {
    if reading.local_only || reading.listeners.is_empty() {
        let listener = Listener { port: 1883, ..Listener::default() };
        let mut only = one(reading, &listener);
        only.bound = Bound::LocalOnly;
        only.line = None;
        return vec![only];
    }
    reading.listeners.iter().map(|listener| one(reading, listener)).collect()
}

fn one(reading: &Reading, listener: &Listener) -> Effective {
    let protocol = match () {
        () if listener.is_websockets() => Protocol::Websockets,
        () if listener.is_http_api() => Protocol::Http,
        () => Protocol::Mqtt,
    };
    Effective {
        port: listener.port,
        bound: bound(reading.series, listener),
        hidden: listener.hidden,
        line: Some(listener.place.line),
        protocol,
        encryption: encryption(reading, listener),
        entry: Entry::of(reading, listener),
        rights: rights(reading, listener),
        mount_point: listener.options.text("mount_point").map(str::to_owned),
        limits: LIMITS.iter().filter_map(|key| limit(reading, listener, key)).collect(),
    }
}

fn bound(series: Series, listener: &Listener) -> Bound {
    match (&listener.unix_path, &listener.address) {
        (Some(path), _) => Bound::Unix(path.clone()),
        // measured on Debian's 2.0.11 and 2.0.21, whose libwebsockets has IPv6
        (None, Some(address)) if series == Series::V20 && listener.is_websockets() => match address.parse() {
            Ok(IpAddr::V4(_)) => Bound::EverywhereInSpiteOf(address.clone()),
            Ok(IpAddr::V6(ip)) if ip.is_unspecified() => Bound::Everywhere,
            Ok(IpAddr::V6(_)) => Bound::Address(address.clone()),
            Err(_) => Bound::Interface(address.clone()),
        },
        (None, Some(address)) if !matches!(address.as_str(), "0.0.0.0" | "::") => Bound::Address(address.clone()),
        _ => Bound::Everywhere,
    }
}

fn encryption(reading: &Reading, listener: &Listener) -> Encryption {
    let oldest = listener.options.text("tls_version").unwrap_or("tlsv1.2");
    // a psk_file turns TLS 1.3 off, for every listener while there is one for all
    let no_13 = reading.option(listener, "psk_file").is_some();
    let versions = ["1.1", "1.2", "1.3"]
        .into_iter()
        .filter(|version| oldest.strip_prefix("tlsv").is_some_and(|oldest| *version >= oldest))
        .filter(|version| !(*version == "1.3" && no_13))
        .collect();
    match listener.options.text("certfile") {
        Some(certificate) if listener.is_tls() => Encryption::Tls { versions, certificate: certificate.to_owned() },
        _ if listener.is_psk() => Encryption::SharedKeys { versions },
        _ => Encryption::None,
    }
}

fn rights(reading: &Reading, listener: &Listener) -> Rights {
    let plugins: Vec<&Plugin> = reading.plugins_of(listener).collect();
    if let Some(file) = reading.option(listener, "acl_file") {
        return Rights::File(file.text.clone());
    }
    let file =
        plugins.iter().find(|plugin| plugin.file_stem() == ACL_PLUGIN).and_then(|plugin| plugin.option("acl_file"));
    if let Some(file) = file {
        return Rights::File(file.text.clone());
    }
    let deciding = plugins.iter().filter(|plugin| decides(plugin)).map(|plugin| plugin.file_stem().to_owned());
    match deciding.collect::<Vec<_>>() {
        none if none.is_empty() => Rights::Everything,
        some => Rights::Plugins(some),
    }
}

/// The plugins that 2.1 brings for passwords and ACL, and those that decide nothing.
const PASSWORD_PLUGIN: &str = "mosquitto_password_file";
const ACL_PLUGIN: &str = "mosquitto_acl_file";
const OTHERS: [&str; 2] = ["mosquitto_persist_sqlite", "mosquitto_sparkplug_aware"];

/// Whether only the plugin itself knows who gets in and who may do what.
fn decides(plugin: &Plugin) -> bool {
    let name = plugin.file_stem();
    name != PASSWORD_PLUGIN && name != ACL_PLUGIN && !OTHERS.contains(&name)
}

const LIMITS: &[&str] = &[
    "max_connections",
    "max_qos",
    "max_packet_size",
    "message_size_limit",
    "max_keepalive",
    "max_inflight_messages",
    "max_queued_messages",
    "max_queued_bytes",
    "memory_limit",
    "global_max_clients",
    "global_max_connections",
    "persistent_client_expiration",
];

/// What is written, or the broker's own where that sets a bound.
fn limit(reading: &Reading, listener: &Listener, key: &'static str) -> Option<Limit> {
    use super::keyword::Effect;
    let known = super::keyword::keyword(key)?;
    let written = reading.option(listener, key).map(|value| value.text.clone());
    let lost = written.is_some() && known.reload.of(reading.series) == Effect::Reset;
    let default = written.is_none();
    let value = written.unwrap_or_else(|| known.default_of(reading.series).to_owned());
    let unlimited = matches!(value.as_str(), "" | "0" | "-1") || (key == "max_qos" && value == "2");
    let of_listener = known.scope == super::keyword::Scope::Listener;
    (known.known_to(reading.series) && !unlimited).then_some(Limit {
        key,
        value,
        default,
        of_listener,
        lost_at_reload: lost,
    })
}
