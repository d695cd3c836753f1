//! Where the other broker is: a host, and a port that is 8883 unless told.

use std::fmt;
use std::str::FromStr;

use super::BridgeError;
use crate::conf::DEFAULT_PORT;
use crate::pki::names::BrokerName;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    pub host: BrokerName,
    /// None where the caller left it out.
    port: Option<u16>,
}

impl Remote {
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(DEFAULT_PORT)
    }

    /// The same with this port, unless one was given.
    pub fn or_port(self, port: u16) -> Self {
        Self { port: self.port.or(Some(port)), ..self }
    }
}

impl FromStr for Remote {
    type Err = BridgeError;

    fn from_str(text: &str) -> Result<Self, BridgeError> {
        let refuse = || BridgeError::Remote(crate::error::printable(text));
        // an IPv6 address has colons of its own: it takes brackets to give a port with it
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if host.ends_with(']') || !host.contains(':') => (host, Some(port)),
            _ => (text, None),
        };
        let port = port.map(str::parse).transpose().map_err(|_| refuse())?;
        let host: BrokerName = host.parse().map_err(|_| refuse())?;
        let wild = matches!(&host, BrokerName::Dns(name) if name.starts_with('*'));
        if port == Some(0) || wild { Err(refuse()) } else { Ok(Self { host, port }) }
    }
}

impl Remote {
    /// As `address` wants it: what follows the last colon is the port, and brackets would be part of the address.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port())
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            BrokerName::Ip(ip) if ip.is_ipv6() => write!(f, "[{ip}]:{}", self.port()),
            host => write!(f, "{host}:{}", self.port()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        for (text, read) in [
            ("broker.example", "broker.example:8883"),
            ("broker.example:1", "broker.example:1"),
            ("10.0.0.1:8884", "10.0.0.1:8884"),
            ("::1", "[::1]:8883"),
            ("[::1]:8884", "[::1]:8884"),
        ] {
            let remote: Remote = text.parse().unwrap();
            assert_eq!(remote.to_string(), read);
            assert_eq!(remote.address(), read.replace(['[', ']'], ""));
        }
        for text in ["", ":1", "a:0", "a:x", "a:99999", "mqtts://a", "a b", "*.example"] {
            assert!(text.parse::<Remote>().is_err(), "{text:?}");
        }
    }
}
