//! What the broker objects to in a configuration, and in which words it does.

use std::fmt;

use super::Place;
use crate::series::Series;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub place: Place,
    pub what: What,
    /// The broker does not start because of it (exit status 3). Only the first of these is what it tells.
    pub fatal: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Unknown {
        key: String,
    },
    Empty {
        key: &'static str,
    },
    NotABool {
        key: &'static str,
        given: String,
    },
    NotANumber {
        key: &'static str,
        given: String,
    },
    OutOfRange {
        key: &'static str,
        given: String,
        min: i64,
        max: i64,
    },
    NotADuration {
        key: &'static str,
        given: String,
    },
    NoChoice {
        key: &'static str,
        given: String,
        allowed: &'static [&'static str],
    },
    NotUtf8 {
        key: &'static str,
        given: String,
    },
    TooLong {
        key: &'static str,
        length: usize,
    },
    Duplicate {
        key: &'static str,
        first: Place,
    },
    NeedsListener {
        key: &'static str,
    },
    NeedsBridge {
        key: &'static str,
    },
    NeedsPlugin {
        key: &'static str,
    },
    /// `per_listener_settings true` below an option whose place it decides.
    PerListenerLate,
    /// Port 0 without the path of a socket.
    SocketWithoutPath,
    /// Certificates and shared keys in one listener or bridge.
    PskAndCertificate {
        key: &'static str,
    },
    MountPoint {
        given: String,
    },
    /// `http_dir` of 2.1, which must be there when the configuration is read.
    NoFolder {
        key: &'static str,
        path: String,
    },
    Unresolved {
        host: String,
    },
    NotHex {
        key: &'static str,
    },
    PluginUnknown {
        name: String,
    },
    PluginTwice {
        name: String,
    },
    PluginOptionName {
        key: String,
    },
    IncludeUnreadable {
        path: String,
    },
    IncludeIsFolder {
        path: String,
    },
    IncludeNested,
    BridgeTwice {
        name: String,
    },
    BridgePort {
        given: String,
    },
    BridgeTopic {
        given: String,
        why: &'static str,
    },
    BridgeTimes {
        given: String,
    },
    /// A bridge without one of its options.
    BridgeWithout {
        name: String,
        key: &'static str,
    },
    BridgeSameId {
        id: String,
    },
    /// One of `certfile` and `keyfile` without the other.
    HalfTls {
        has: &'static str,
        lacks: &'static str,
    },
    /// `cafile` or `capath` without a certificate.
    TrustWithoutTls {
        key: &'static str,
    },
    ProxyProtocol {
        key: &'static str,
    },
    // the broker goes on with these
    /// A listener that nobody asked for, and the option that opened it.
    HiddenListener {
        key: &'static str,
        port: u16,
    },
    Deprecated {
        key: &'static str,
        instead: &'static str,
    },
    /// The series reads over it.
    Ignored {
        key: &'static str,
    },
    /// Nothing behind the NUL in this line is read.
    Nul,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // a stranger's file may hold what a terminal obeys
        let mut words = String::new();
        self.words(&mut words)?;
        f.write_str(&crate::error::printable(&words))
    }
}

impl What {
    fn words(&self, f: &mut impl fmt::Write) -> fmt::Result {
        match self {
            Self::Unknown { key } => write!(f, "`{key}` is no option"),
            Self::Empty { key } => write!(f, "`{key}` has no value"),
            Self::NotABool { key, given } => write!(f, "`{key}` takes true or false, not `{given}`"),
            Self::NotANumber { key, given } => write!(f, "`{key}` takes a number, not `{given}`"),
            Self::OutOfRange { key, given, min, max } if *max >= i64::from(i32::MAX) => {
                write!(f, "`{key}` must be at least {min}, not `{given}`")
            }
            Self::OutOfRange { key, given, min, max } if *min <= i64::from(i32::MIN) => {
                write!(f, "`{key}` must be at most {max}, not `{given}`")
            }
            Self::OutOfRange { key, given, min, max } => write!(f, "`{key}` must be {min} to {max}, not `{given}`"),
            Self::NotADuration { key, given } => {
                write!(f, "`{key}` takes a number and one of h, d, w, m, y, such as `30d`, not `{given}`")
            }
            Self::NoChoice { key, given, allowed } => {
                write!(f, "`{key}` takes one of {}, not `{given}`", allowed.join(", "))
            }
            Self::NotUtf8 { key, .. } => {
                write!(f, "the value of `{key}` is no UTF-8, or holds a tab or another control character")
            }
            Self::TooLong { key, length } => write!(f, "the value of `{key}` has {length} bytes; 65535 are allowed"),
            Self::Duplicate { key, first } => {
                write!(f, "`{key}` stands here a second time (first: line {})", first.line)
            }
            Self::NeedsListener { key } => write!(f, "`{key}` stands above the `listener` that it is for"),
            Self::NeedsBridge { key } => {
                write!(f, "`{key}` stands above the `connection` that it is for, or is given twice")
            }
            Self::NeedsPlugin { key } => write!(f, "`{key}` stands above the `plugin` that it is for"),
            Self::PerListenerLate => {
                f.write_str("`per_listener_settings true` must stand above passwords, ACL and plugins")
            }
            Self::SocketWithoutPath => f.write_str("a `listener` with port 0 is a Unix socket and needs its path"),
            Self::PskAndCertificate { key } => write!(f, "`{key}` mixes certificates and shared keys"),
            Self::MountPoint { given } => write!(f, "`mount_point` must not hold a wildcard: `{given}`"),
            Self::NoFolder { key, path } => write!(f, "`{key}` names `{path}`, which is not there"),
            Self::Unresolved { host } => {
                write!(f, "`bind_address` names `{host}`, which is no address of this machine")
            }
            Self::NotHex { key } => write!(f, "`{key}` takes 40 hexadecimal digits"),
            Self::PluginUnknown { name } => write!(f, "no `plugin_load` above names the plugin `{name}`"),
            Self::PluginTwice { name } => write!(f, "two plugins are called `{name}`"),
            Self::PluginOptionName { key } => {
                write!(f, "the name behind `plugin_opt_` has fewer than three letters: `{key}`")
            }
            Self::IncludeUnreadable { path } => write!(f, "`{path}` cannot be read"),
            Self::IncludeIsFolder { path } => write!(f, "`{path}` is a folder"),
            Self::IncludeNested => f.write_str("`include_dir` stands in a file that is itself included"),
            Self::BridgeTwice { name } => write!(f, "two bridges are called `{name}`"),
            Self::BridgePort { given } => write!(f, "`address` has no port from 1 to 65535: `{given}`"),
            Self::BridgeTopic { given, why } => write!(f, "`topic {given}`: {why}"),
            Self::BridgeTimes { given } => write!(f, "the times do not fit together: `{given}`"),
            Self::BridgeWithout { name, key } => write!(f, "the bridge `{name}` has no `{key}`"),
            Self::BridgeSameId { id } => write!(f, "two bridges have the local client id `{id}`"),
            Self::HalfTls { has, lacks } => write!(f, "the listener has a `{has}` and no `{lacks}`"),
            Self::TrustWithoutTls { key } => write!(f, "the listener has a `{key}` and no `certfile`"),
            Self::ProxyProtocol { key } => write!(f, "`enable_proxy_protocol 2` cannot go with `{key}`"),
            Self::HiddenListener { key, port } => {
                write!(f, "`{key}` stands above the first `listener` and opens another one on port {port}")
            }
            Self::Deprecated { key, instead: "" } => write!(f, "`{key}` goes away in 3.0"),
            Self::Deprecated { key, instead } => write!(f, "`{key}` goes away in 3.0, in favour of {instead}"),
            Self::Ignored { key } => write!(f, "`{key}` is not read any more"),
            Self::Nul => f.write_str("the line holds a NUL, and nothing behind it is read"),
        }
    }
}

impl What {
    /// The line that the broker itself writes about it, where it writes one.
    pub fn broker_line(&self, series: Series) -> Option<String> {
        let old = series == Series::V20;
        let quoted = |key: &str| if old { key.to_owned() } else { format!("'{key}'") };
        let needs = |key: &str, what: &str| format!("Error: The '{key}' option requires {what} to be defined first.");
        Some(match self {
            Self::Unknown { key } if old => format!("Error: Unknown configuration variable \"{key}\"."),
            Self::Unknown { key } => format!("Error: Unknown configuration variable '{key}'."),
            Self::Empty { key } => format!("Error: Empty {} value in configuration.", quoted(key)),
            Self::NotABool { key, given } => format!("Error: Invalid {} value ({given}).", quoted(key)),
            Self::NotANumber { key, .. } => format!("Error: {} value not a number.", quoted(key)),
            Self::NotUtf8 { .. } => "Error: Malformed UTF-8 in configuration.".to_owned(),
            Self::Duplicate { key, .. } => format!("Error: Duplicate {} value in configuration.", quoted(key)),
            Self::NeedsListener { key } if !old => needs(key, "a listener"),
            Self::NeedsBridge { key } if !old => needs(key, "a bridge"),
            Self::NeedsPlugin { key } if !old => needs(key, "plugin/global_plugin/plugin_load"),
            Self::NeedsBridge { .. } => "Error: Invalid bridge configuration.".to_owned(),
            Self::PerListenerLate => {
                "Error: per_listener_settings must be set before any other security settings.".to_owned()
            }
            Self::SocketWithoutPath => "Error: A listener with port 0 must provide a Unix socket path.".to_owned(),
            Self::BridgeTwice { name } if old => format!("Error: Duplicate bridge name \"{name}\"."),
            Self::BridgeTwice { name } => format!("Error: Duplicate bridge name '{name}'."),
            Self::HalfTls { .. } => {
                "Error: Both certfile and keyfile must be provided to enable a TLS listener.".to_owned()
            }
            Self::TrustWithoutTls { key } => format!("Error: {key} specified without certfile and keyfile."),
            Self::BridgeWithout { key: "address", .. } => {
                "Error: Invalid bridge configuration: no remote addresses defined.".to_owned()
            }
            Self::BridgeWithout { key: "topic", .. } => {
                "Error: Invalid bridge configuration: no topics defined.".to_owned()
            }
            Self::BridgeWithout { key, .. } => format!("Error: Invalid bridge configuration: missing {key}."),
            _ => return None,
        })
    }
}
