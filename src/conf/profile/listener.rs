//! A listener as it is asked for: `tls:8883`, `plain@127.0.0.1:1883`, `wss@[::1]:8083`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// What is spoken there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// MQTT in clear
    Plain,
    /// MQTT over TLS
    Tls,
    /// MQTT in websockets, in clear
    Ws,
    /// MQTT in websockets over TLS
    Wss,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Plain, Self::Tls, Self::Ws, Self::Wss];

    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tls => "tls",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    pub fn is_tls(self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }

    pub fn is_websockets(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    pub kind: Kind,
    /// None: every address of the machine.
    pub address: Option<Address>,
    pub port: u16,
}

/// Where a listener is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Ip(IpAddr),
    /// A name, which the broker resolves when it starts.
    Name(String),
}

impl Address {
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Ip(ip) => ip.is_loopback(),
            Self::Name(name) => name == "localhost",
        }
    }

    fn is_every(&self) -> bool {
        matches!(self, Self::Ip(ip) if ip.is_unspecified())
    }
}

/// As mosquitto.conf has it: without brackets.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl Listener {
    pub fn new(kind: Kind, address: Option<IpAddr>, port: u16) -> Self {
        Self { kind, address: address.map(Address::Ip), port }
    }

    /// Whether other machines cannot reach it.
    pub fn is_loopback(&self) -> bool {
        self.address.as_ref().is_some_and(Address::is_loopback)
    }

    /// Whether it is bound to the name that the broker has among the containers of its network.
    pub fn is_for_containers(&self) -> bool {
        matches!(&self.address, Some(Address::Name(name)) if name == crate::conf::compose::SERVICE)
    }

    /// Whether the broker could not open both.
    pub fn collides(&self, other: &Self) -> bool {
        let every = |listener: &Self| listener.address.as_ref().is_none_or(Address::is_every);
        self.port == other.port && (every(self) || every(other) || self.address == other.address)
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, port) = (self.kind.name(), self.port);
        match &self.address {
            None => write!(f, "{kind}:{port}"),
            Some(Address::Ip(IpAddr::V6(ip))) => write!(f, "{kind}@[{ip}]:{port}"),
            Some(address) => write!(f, "{kind}@{address}:{port}"),
        }
    }
}

/// Why a text is no listener.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenerError {
    #[error("it begins with plain, tls, ws or wss")]
    Kind,
    #[error("it ends with `:` and a port from 1 to 65535")]
    Port,
    #[error("an IPv6 address stands in brackets: tls@[::1]:8883")]
    Brackets,
    #[error("behind the @ stands an IP address or a host name")]
    Address,
}

impl FromStr for Listener {
    type Err = ListenerError;

    fn from_str(text: &str) -> Result<Self, ListenerError> {
        let (front, port) = text.rsplit_once(':').ok_or(ListenerError::Port)?;
        let (kind, address) = front.split_once('@').map_or((front, None), |(kind, address)| (kind, Some(address)));
        let kind = Kind::ALL.into_iter().find(|known| known.name() == kind).ok_or(ListenerError::Kind)?;
        let digits = port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|port: &u16| digits && *port > 0).ok_or(ListenerError::Port)?;
        Ok(Self { kind, address: address.map(read_address).transpose()?, port })
    }
}

fn read_address(text: &str) -> Result<Address, ListenerError> {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse().map(|ip| Address::Ip(IpAddr::V6(ip))).map_err(|_| ListenerError::Address);
    }
    if text.contains(':') {
        return Err(ListenerError::Brackets);
    }
    if let Ok(ip) = text.parse() {
        return Ok(Address::Ip(IpAddr::V4(ip)));
    }
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        inner && !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    // what is made of digits alone is an address with a mistake in it
    let number = text.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    match text.len() <= 253 && !number && text.split('.').all(label) {
        true => Ok(Address::Name(text.to_ascii_lowercase())),
        false => Err(ListenerError::Address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_read_and_printed() {
        for text in [
            "tls:8883",
            "plain@127.0.0.1:1883",
            "wss@[::1]:8083",
            "ws@[fe80::1]:1",
            "plain@localhost:65535",
            "tls@mqtt.example.com:8883",
        ] {
            assert_eq!(text.parse::<Listener>().map(|listener| listener.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_none_says_why() {
        use ListenerError as E;
        for (text, why) in [
            ("", E::Port),
            ("tls", E::Port),
            ("tls:", E::Port),
            ("tls:0", E::Port),
            ("tls:65536", E::Port),
            ("tls:+1", E::Port),
            ("tls:1 ", E::Port),
            ("8883", E::Port),
            ("https:443", E::Kind),
            (":1883", E::Kind),
            ("TLS:8883", E::Kind),
            ("tls@::1:8883", E::Brackets),
            ("tls@[::1:8883", E::Brackets),
            ("tls@[127.0.0.1]:8883", E::Address),
            ("tls@:8883", E::Address),
            ("tls@1.2.3:8883", E::Address),
            ("tls@300.1.1.1:8883", E::Address),
            ("tls@a b:8883", E::Address),
            ("tls@a\n:8883", E::Address),
            ("tls@-a:8883", E::Address),
        ] {
            assert_eq!(text.parse::<Listener>(), Err(why), "{text}");
        }
    }

    #[test]
    fn one_port_can_be_opened_once_an_address() {
        let read = |text: &str| text.parse::<Listener>().unwrap();
        for (one, other, collide) in [
            ("tls:1", "wss:1", true),
            ("tls:1", "tls:2", false),
            ("tls@127.0.0.1:1", "plain:1", true),
            ("tls@127.0.0.1:1", "tls@127.0.0.2:1", false),
            ("tls@0.0.0.0:1", "tls@127.0.0.2:1", true),
        ] {
            assert_eq!(read(one).collides(&read(other)), collide, "{one} {other}");
        }
        assert!(read("plain@[::1]:1").is_loopback() && read("plain@localhost:1").is_loopback());
        assert!(!read("plain:1").is_loopback() && !read("plain@0.0.0.0:1").is_loopback());
    }
}
