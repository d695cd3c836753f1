//! What is asked for beside the profile, and how a file that was written for it is recognised.

use std::fmt;
use std::str::FromStr;

use clap::FromArgMatches;
use clap::ValueEnum;

use super::Kind;
use super::Listener;
use super::Profile;
use super::listener::Address;
use crate::conf::DEFAULT_PORT;
use crate::conf::compose;
use crate::series::Series;
use crate::workspace::layout;
use crate::workspace::layout::broker;

/// The options of `conf init`; what is None is the profile's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct Wishes {
    /// What the broker asks of a client
    #[arg(long, default_value = "password+cert")]
    pub profile: Profile,
    /// What is spoken where, repeatable: plain, tls, ws or wss, then an address if not all, then the port
    /// (plain@127.0.0.1:1883, tls:8883, wss@[::1]:8083)
    #[arg(long = "listener", value_name = "KIND[@ADDRESS]:PORT")]
    pub listeners: Vec<Listener>,
    /// Which Mosquitto must read it [default: 2.0 and 2.1]
    #[arg(long, value_name = "SERIES", value_parser = released)]
    pub target: Option<Series>,
    /// Passwords and ACL by the plugins of 2.1 in this folder, or where the stock image or Debian has them
    #[arg(long, value_name = "image|debian|DIR")]
    pub plugins: Option<PluginDir>,
    /// The broker's certificate, as the broker finds it [default: certs/broker/broker.crt]
    #[arg(long, value_name = "PATH")]
    pub cert: Option<ConfPath>,
    /// Its key [default: certs/broker/broker.key]
    #[arg(long, value_name = "PATH")]
    pub key: Option<ConfPath>,
    /// How much the broker logs [default: production]
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,
    /// Whether sessions and retained messages survive a restart [default: on; off for dev and pi]
    #[arg(long, value_name = "SWITCH")]
    pub persistence: Option<Switch>,
    /// The largest packet in bytes [default: 1048576; pi: 262144]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(20..=268_435_455), help_heading = "Limits")]
    pub max_packet_size: Option<u32>,
    /// Messages that wait for one client [default: 1000; pi: 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=2_147_483_647), help_heading = "Limits")]
    pub max_queued_messages: Option<u32>,
    /// Bytes that wait for one client [default: 16777216; pi: 2097152]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..=2_147_483_647), help_heading = "Limits")]
    pub max_queued_bytes: Option<u32>,
    /// Messages on their way to one client at once [default: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Limits")]
    pub max_inflight_messages: Option<u16>,
    /// When the session of a client that stays away is forgotten [default: 30d; pi: 7d]
    #[arg(long, value_name = "N(h|d|w|m|y)", help_heading = "Limits")]
    pub session_expiry: Option<Expiry>,
    /// All the memory that the broker may take for messages [default: no limit; pi: 134217728]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1_000_000..=2_147_483_647), help_heading = "Limits")]
    pub memory_limit: Option<u32>,
    /// Whether the workspace has an ACL, which the configuration then names.
    #[arg(skip)]
    pub acl: bool,
}

impl Wishes {
    /// A profile with one TLS listener on this port.
    pub fn new(profile: Profile, port: u16) -> Self {
        let mut wishes = Self { profile, ..Self::default() };
        wishes.set_tls_port(port);
        wishes
    }

    pub fn listeners(&self) -> Vec<Listener> {
        if !self.listeners.is_empty() {
            return self.listeners.clone();
        }
        let loopback = Some(std::net::Ipv4Addr::LOCALHOST.into());
        let tls = Listener::new(Kind::Tls, None, DEFAULT_PORT);
        match self.profile {
            Profile::Dev => vec![Listener::new(Kind::Plain, loopback, 1883)],
            Profile::LetsEncrypt => {
                vec![Listener::new(Kind::Plain, loopback, 1883), tls, Listener::new(Kind::Wss, None, 8083)]
            }
            _ => vec![tls],
        }
    }

    /// Opens what is spoken in clear to the other containers of the broker's network, by the name that it has there. That
    /// is no machine's name: outside of a container such a broker does not start, so it is never open to a real network.
    pub fn open_to_containers(&mut self) {
        let mut listeners = self.listeners();
        for listener in listeners.iter_mut().filter(|listener| listener.kind == Kind::Plain) {
            listener.address = Some(Address::Name(compose::SERVICE.to_owned()));
        }
        self.listeners = listeners;
    }

    /// Moves the listener for MQTT over TLS to another port.
    pub fn set_tls_port(&mut self, port: u16) {
        let mut listeners = self.listeners();
        if let Some(listener) = listeners.iter_mut().find(|listener| listener.kind == Kind::Tls) {
            listener.port = port;
        }
        // what is the profile's own is not written
        self.listeners.clear();
        if self.listeners() != listeners {
            self.listeners = listeners;
        }
    }

    pub fn cert(&self) -> &str {
        self.cert.as_ref().map_or(broker::CERT, |path| &path.0)
    }

    pub fn key(&self) -> &str {
        self.key.as_ref().map_or(broker::KEY, |path| &path.0)
    }

    pub fn log_level(&self) -> LogLevel {
        self.log_level.unwrap_or_default()
    }

    pub fn persists(&self) -> bool {
        self.persistence.map_or(!matches!(self.profile, Profile::Dev | Profile::Pi), |switch| switch == Switch::On)
    }

    /// Whether the file need not serve Mosquitto 2.0.
    pub fn is_for_21(&self) -> bool {
        self.target.is_some_and(|target| target >= Series::V21)
    }

    /// The same of a file that an earlier mqsec wrote: it had two profiles, and a port.
    fn recognise_earlier(body: &str) -> Option<Self> {
        let port = body.lines().find_map(|line| line.strip_prefix("listener ")?.parse().ok())?;
        let mut forms = [Profile::PasswordAndCert, Profile::Password]
            .into_iter()
            .flat_map(|profile| [false, true].map(|acl| Self { acl, ..Self::new(profile, port) }));
        forms.find(|wishes| super::render(wishes).splitn(4, '\n').nth(3) == Some(body))
    }

    /// The command that writes the same file.
    pub fn command(&self) -> String {
        let mut words = vec!["mqsec conf init --profile".to_owned(), self.profile.name()];
        for listener in &self.listeners {
            words.extend(["--listener".to_owned(), listener.to_string()]);
        }
        let mut push = |name: &str, value: Option<String>| {
            words.extend(value.into_iter().flat_map(|value| [name.to_owned(), crate::error::shell_word(&value)]));
        };
        push("--target", self.target.map(|target| target.to_string()));
        push("--plugins", self.plugins.as_ref().map(|plugins| plugins.named()));
        push("--cert", self.cert.as_ref().map(|path| path.0.clone()));
        push("--key", self.key.as_ref().map(|path| path.0.clone()));
        push("--log-level", self.log_level.as_ref().map(value_name));
        push("--persistence", self.persistence.as_ref().map(value_name));
        push("--max-packet-size", self.max_packet_size.map(|number| number.to_string()));
        push("--max-queued-messages", self.max_queued_messages.map(|number| number.to_string()));
        push("--max-queued-bytes", self.max_queued_bytes.map(|number| number.to_string()));
        push("--max-inflight-messages", self.max_inflight_messages.map(|number| number.to_string()));
        push("--session-expiry", self.session_expiry.as_ref().map(|expiry| expiry.0.clone()));
        push("--memory-limit", self.memory_limit.map(|number| number.to_string()));
        words.join(" ")
    }

    /// The wishes of a file that mqsec wrote and nobody changed since; nothing for any other.
    pub fn recognise(text: &str) -> Option<Self> {
        if let Some(body) = text.strip_prefix(EARLIER_HEAD) {
            return Self::recognise_earlier(body);
        }
        let command = text.lines().next()?.strip_prefix(super::render::WRITTEN_BY)?;
        let arguments = clap::Command::new("init").no_binary_name(true).disable_help_flag(true);
        let arguments = <Self as clap::Args>::augment_args(arguments);
        let matches = arguments.try_get_matches_from(words(command.strip_prefix("mqsec conf init ")?)).ok()?;
        let mut found = Self::from_arg_matches(&matches).ok()?;
        found.acl = text.lines().any(|line| !line.starts_with('#') && line.split(' ').any(|word| word == layout::ACL));
        (super::render(&found) == text).then_some(found)
    }
}

/// How files began that mqsec 0.1 wrote; what followed is what is written today.
const EARLIER_HEAD: &str =
    "# config/mosquitto.conf, written by mqsec. Paths are relative to the folder in which the broker starts
# (/mosquitto in the container). A comment needs a line of its own: behind a path it would be part of it.
";

/// A value of an option as it is given.
fn value_name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// The words that `shell_word` made.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut inside, mut escaped) = (Vec::new(), String::new(), false, false);
    for letter in text.chars() {
        match letter {
            _ if escaped => {
                word.push(letter);
                escaped = false;
            }
            '\\' if !inside => escaped = true,
            '\'' => inside = !inside,
            ' ' if !inside => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words
}

fn released(text: &str) -> Result<Series, &'static str> {
    Series::RELEASED.iter().copied().find(|series| series.to_string() == text).ok_or("it is 2.0 or 2.1")
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Errors, warnings, who connects
    #[default]
    Production,
    /// Every packet
    Debug,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

/// A path that a line of mosquitto.conf can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfPath(pub String);

impl FromStr for ConfPath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => Err("a path is not empty"),
            _ if text.chars().any(char::is_control) => Err("a path in mosquitto.conf has no control characters"),
            _ if text.trim_matches(' ') != text => Err("the broker cuts spaces off the ends of a path"),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

/// How long a session is kept: a number and h, d, w, m or y.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry(pub String);

impl FromStr for Expiry {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.strip_suffix(['h', 'd', 'w', 'm', 'y']).and_then(|number| number.parse().ok());
        match number {
            Some(1..=10_000_u32) if !text.starts_with(['+', '0']) => Ok(Self(text.to_owned())),
            _ => Err("it is a number from 1 to 10000 and h, d, w, m or y: 30d"),
        }
    }
}

/// Where the broker has its plugins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginDir {
    /// The stock image of 2.1
    Image,
    /// Debian's package of 2.1, on a 64-bit PC
    Debian,
    Path(ConfPath),
}

impl PluginDir {
    fn named(&self) -> String {
        match self {
            Self::Image => "image".to_owned(),
            Self::Debian => "debian".to_owned(),
            Self::Path(path) => path.0.clone(),
        }
    }
}

/// The folder itself.
impl fmt::Display for PluginDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "/usr/lib",
            Self::Debian => "/usr/lib/x86_64-linux-gnu/mosquitto",
            Self::Path(path) => path.0.trim_end_matches('/'),
        })
    }
}

impl FromStr for PluginDir {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "image" => Ok(Self::Image),
            "debian" => Ok(Self::Debian),
            _ if text.contains('/') => text.parse().map(Self::Path),
            _ => Err("it is image, debian, or the path of a folder"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(words: &[&str]) -> Wishes {
        let arguments = <Wishes as clap::Args>::augment_args(clap::Command::new("init").no_binary_name(true));
        Wishes::from_arg_matches(&arguments.try_get_matches_from(words).unwrap()).unwrap()
    }

    #[test]
    fn what_was_written_is_recognised_whatever_was_asked_for() {
        for words in [
            &[][..],
            &["--profile", "pi", "--persistence", "on", "--session-expiry", "3w", "--memory-limit", "2000000"],
            &["--profile", "letsencrypt", "--cert", "/etc/a b/it's.pem", "--key", "/k"],
            &["--profile", "dev", "--listener", "plain@[::1]:1884", "--log-level", "debug"],
            &["--target", "2.1", "--plugins", "image", "--max-packet-size", "20", "--max-queued-messages", "5"],
            &["--target", "2.1", "--plugins", "/opt/my plugins/", "--max-inflight-messages", "7"],
            &["--profile", "password", "--listener", "tls:1", "--listener", "wss:2", "--max-queued-bytes", "9"],
        ] {
            for acl in [false, true] {
                let asked = Wishes { acl, ..wishes(words) };
                let text = super::super::render(&asked);
                assert_eq!(Wishes::recognise(&text), Some(asked), "{words:?}\n{text}");
                assert_eq!(Wishes::recognise(&text.replace("allow_anonymous", "Allow")), None);
                assert_eq!(Wishes::recognise(&format!("{text}\n")), None);
            }
        }
        let today = super::super::render(&Wishes::new(Profile::Password, 18883));
        let earlier = format!("{EARLIER_HEAD}{}", today.splitn(4, '\n').nth(3).unwrap());
        assert_eq!(Wishes::recognise(&earlier), Some(Wishes::new(Profile::Password, 18883)));
        assert_eq!(Wishes::recognise(&earlier.replace("allow_anonymous", "Allow")), None);
        for other in ["", "listener 1883\n", "# mqsec\n", "# Written by: mqsec conf init --nonsense\n"] {
            assert_eq!(Wishes::recognise(other), None);
        }
    }

    #[test]
    fn a_port_moves_the_tls_listener_alone() {
        let mut wishes = Wishes { profile: Profile::LetsEncrypt, ..Wishes::default() };
        wishes.set_tls_port(DEFAULT_PORT);
        assert!(wishes.listeners.is_empty());
        wishes.set_tls_port(18883);
        let shown: Vec<String> = wishes.listeners().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["plain@127.0.0.1:1883", "tls:18883", "wss:8083"]);
    }

    #[test]
    fn clear_text_can_be_kept_to_the_containers_network() {
        let mut wishes = Wishes { profile: Profile::LetsEncrypt, ..Wishes::default() };
        wishes.open_to_containers();
        wishes.set_tls_port(18883);
        let shown: Vec<String> = wishes.listeners().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["plain@mosquitto:1883", "tls:18883", "wss:8083"]);
        assert_eq!(wishes.check(), Ok(()));
        let text = super::super::render(&wishes);
        assert!(text.contains("does not publish it.\nlistener 1883 mosquitto\n"), "{text}");
        assert_eq!(Wishes::recognise(&text), Some(wishes));
    }

    #[test]
    fn values_that_would_change_the_file_are_refused() {
        for bad in ["", " a", "a ", "a\nb", "\u{0}"] {
            assert!(bad.parse::<ConfPath>().is_err(), "{bad:?}");
        }
        for bad in ["", "d", "0d", "-1d", "+1d", "30", "30s", "3 d", "99999d", "1.5d"] {
            assert!(bad.parse::<Expiry>().is_err(), "{bad:?}");
        }
        for bad in ["", "redhat", "/a\nb/"] {
            assert!(bad.parse::<PluginDir>().is_err(), "{bad:?}");
        }
    }
}
