//! Names that go into certificates and paths, parsed once and then trusted.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::error::Diagnose;

/// RFC 5280, appendix A.1: `ub-common-name`.
const MAX_COMMON_NAME: usize = 64;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NameError(String);

impl NameError {
    pub(super) fn new(what: String) -> Self {
        Self(what)
    }
}

impl Diagnose for NameError {
    fn code(&self) -> &'static str {
        "name-invalid"
    }
}

fn refuse<T>(what: impl Into<String>) -> Result<T, NameError> {
    Err(NameError(what.into()))
}

/// The subject's common name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommonName(String);

impl FromStr for CommonName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let letters = name.chars().count();
        match name {
            _ if name.trim().is_empty() => refuse("the common name is empty"),
            _ if letters > MAX_COMMON_NAME => {
                refuse(format!("the common name has {letters} characters; X.509 allows {MAX_COMMON_NAME}"))
            }
            _ if name.chars().any(char::is_control) => refuse("the common name has a control character"),
            _ => Ok(Self(name.to_owned())),
        }
    }
}

impl CommonName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name by which clients reach the broker: a DNS name or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokerName {
    Dns(String),
    Ip(IpAddr),
}

impl FromStr for BrokerName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(Self::Ip(ip));
        }
        if name.is_empty() {
            return refuse("the broker's name is empty");
        }
        if name.contains("://") || name.contains('/') {
            return refuse(format!("`{name}` is not a host name; give the name alone, without a scheme or a path"));
        }
        let dns = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        if dns.len() > 253 {
            return refuse(format!("the name has {} characters; DNS allows 253", dns.len()));
        }
        if dns.split('.').all(|label| label.bytes().all(|byte| byte.is_ascii_digit())) {
            return refuse(format!("`{name}` looks like an IPv4 address and is none"));
        }
        let labels = dns.strip_prefix("*.").unwrap_or(&dns);
        for label in labels.split('.') {
            let fits = (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                // an underscore is no host name's, yet containers and Windows machines have them
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
            if !fits {
                return refuse(format!(
                    "`{name}` is neither a DNS name nor an IP address (letters, digits, `-` and `.`; other scripts in their xn-- form)"
                ));
            }
        }
        Ok(Self::Dns(dns))
    }
}

impl fmt::Display for BrokerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(ip) => ip.fmt(f),
        }
    }
}

/// A client's name: the common name of its certificate and the name of its folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientName(String);

impl FromStr for ClientName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let letters = name.chars().count();
        let stem = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
        match name {
            "" => refuse("the client's name is empty"),
            _ if name.chars().any(char::is_control) => refuse("the client's name has a control character"),
            _ if letters > MAX_COMMON_NAME => {
                refuse(format!("the client's name has {letters} characters; X.509 allows {MAX_COMMON_NAME}"))
            }
            // a file's name, with its longest ending, has at most 255 bytes
            _ if name.len() > 200 => {
                refuse(format!("the client's name has {} bytes; file names allow 200", name.len()))
            }
            _ if name.contains(['/', '\\']) => refuse(format!("the client's name `{name}` would leave its folder")),
            _ if name.contains(['*', '?', '"', '<', '>', '|', ':']) => refuse(format!(
                "the client's name `{name}` has a character that file names cannot have (* ? \" < > | :)"
            )),
            _ if name.starts_with(['.', '-', ' ']) => {
                refuse(format!("the client's name `{name}` starts with a dot, a dash or a space"))
            }
            _ if name.ends_with(['.', ' ']) => refuse(format!("the client's name `{name}` ends with a dot or a space")),
            _ if is_windows_device(&stem) => refuse(format!("`{name}` is the name of a device on Windows")),
            _ => Ok(Self(name.to_owned())),
        }
    }
}

fn is_windows_device(stem: &str) -> bool {
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    matches!(stem, "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

impl ClientName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_name_cannot_leave_its_folder() {
        let long = "a".repeat(300);
        for name in [
            "",
            ".",
            "..",
            "../../evil",
            "/etc/x",
            "a/b",
            "a\\b",
            "a\0b",
            "a\nb",
            ".hidden",
            "-x",
            "x.",
            "x ",
            "*",
            "a*",
            "CON",
            "nul.txt",
            "com1",
            "a:b",
            &long,
        ] {
            assert!(name.parse::<ClientName>().is_err(), "{name:?}");
        }
        for name in ["anderson", "sensor-1", "a b", "Küche", "a.b", "console", "192.168.0.7"] {
            assert!(name.parse::<ClientName>().is_ok(), "{name:?}");
        }
    }

    #[test]
    fn broker_names_are_dns_names_or_addresses() {
        for (name, shown) in [
            ("mqtt.example.com", "mqtt.example.com"),
            ("Broker.LAN.", "broker.lan"),
            ("192.168.0.10", "192.168.0.10"),
            ("[fe80::1]", "fe80::1"),
            ("::1", "::1"),
            ("*.example.com", "*.example.com"),
            ("my_broker", "my_broker"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(name.parse::<BrokerName>().unwrap().to_string(), shown);
        }
        for name in ["", " ", "a b", "mqtt://x", "x/y", "-a", "a-.b", "a..b", "256.1.1.1", "bücher.example", "*", "a.*"]
        {
            assert!(name.parse::<BrokerName>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn common_names_have_one_to_sixty_four_characters() {
        assert!("x".repeat(64).parse::<CommonName>().is_ok());
        for name in ["", "  ", "a\nb", &"x".repeat(65)] {
            assert!(name.parse::<CommonName>().is_err(), "{name:?}");
        }
    }
}
