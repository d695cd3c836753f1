//! Wishes that do not go together, and wishes that go and have a price.

use std::net::IpAddr;

use super::Kind;
use super::Listener;
use super::Profile;
use super::Wishes;
use super::listener::Address;
use crate::error::Diagnose;

/// Why a configuration is not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("profile dev lets everybody in, so it is for this machine alone, and `{0}` can be reached by others")]
    DevNotLoopback(Listener),
    #[error(
        "profile dev lets everybody in, and where an IPv4 address is written Mosquitto 2.0 opens websockets on every address (`{0}`)"
    )]
    DevWebsockets(Listener),
    #[error("Mosquitto 2.0 takes the name in `{0}` for that of a network interface, and listens nowhere")]
    WebsocketsName(Listener),
    #[error("`{0}` would send passwords and messages in clear on every address of this machine")]
    PlainEverywhere(Listener),
    #[error("nobody could log in at `{0}`: profile cert knows clients by their certificate, which takes TLS")]
    NobodyCouldLogIn(Listener),
    #[error("`{0}` and `{1}` want the same port")]
    SamePort(Listener, Listener),
    #[error("the Mosquitto 2.0 of Debian does not start with websockets alone")]
    WebsocketsAlone,
    #[error("the plugins for passwords and ACL came with Mosquitto 2.1")]
    PluginsBefore21,
    #[error("--cert and --key belong together")]
    HalfPair,
}

impl Diagnose for Problem {
    fn code(&self) -> &'static str {
        match self {
            Self::DevNotLoopback(_) | Self::DevWebsockets(_) => "conf-dev-not-loopback",
            Self::WebsocketsName(_) => "conf-websockets-name",
            Self::PlainEverywhere(_) => "conf-plain-everywhere",
            Self::NobodyCouldLogIn(_) => "conf-nobody-could-log-in",
            Self::SamePort(..) => "conf-listeners-collide",
            Self::WebsocketsAlone => "conf-only-websockets",
            Self::PluginsBefore21 => "conf-plugins-too-new",
            Self::HalfPair => "conf-half-pair",
        }
    }

    fn hints(&self) -> Vec<String> {
        let one = |hint: String| vec![hint];
        match self {
            Self::DevNotLoopback(listener) => vec![
                format!("keep it inside: --listener {}@127.0.0.1:{}", listener.kind.name(), listener.port),
                "or take a profile with a login: mqsec conf init --profile password".to_owned(),
            ],
            Self::DevWebsockets(listener) => vec![
                format!("IPv6 is kept: --listener {}@[::1]:{}", listener.kind.name(), listener.port),
                "or, if the broker is 2.1, say so: --target 2.1".to_owned(),
            ],
            Self::WebsocketsName(Listener { kind, port, .. }) => {
                one(format!("write its address: --listener {}@127.0.0.1:{port}", kind.name()))
            }
            Self::PlainEverywhere(Listener { kind, port, .. }) => {
                let secure = if *kind == Kind::Plain { Kind::Tls } else { Kind::Wss };
                vec![
                    format!("keep it inside: --listener {}@127.0.0.1:{port}", kind.name()),
                    format!("or encrypt it: --listener {}:{port}", secure.name()),
                    format!("or name the address of a private network: --listener {}@192.168.0.10:{port}", kind.name()),
                ]
            }
            Self::NobodyCouldLogIn(_) => one("leave it out, or take --profile password+cert".to_owned()),
            Self::SamePort(..) => one("give one of them another port, or another address".to_owned()),
            Self::WebsocketsAlone => vec![
                "add a listener without websockets: --listener plain@127.0.0.1:1883".to_owned(),
                "or, if the broker is 2.1, say so: --target 2.1".to_owned(),
            ],
            Self::PluginsBefore21 => one("say that the broker is 2.1: --target 2.1".to_owned()),
            Self::HalfPair => one("name both: --cert PATH --key PATH".to_owned()),
        }
    }
}

impl Wishes {
    /// The first reason not to write it.
    pub fn check(&self) -> Result<(), Problem> {
        let listeners = self.listeners();
        for (number, listener) in listeners.iter().enumerate() {
            if self.profile == Profile::Dev && !listener.is_loopback() {
                return Err(Problem::DevNotLoopback(listener.clone()));
            }
            // measured on 2.0.11 and 2.0.21: libwebsockets keeps to an IPv6 address, and to no other
            match &listener.address {
                Some(Address::Name(_)) if listener.kind.is_websockets() && !self.is_for_21() => {
                    return Err(Problem::WebsocketsName(listener.clone()));
                }
                _ if self.profile == Profile::Dev && self.loses_address(listener) => {
                    return Err(Problem::DevWebsockets(listener.clone()));
                }
                _ => {}
            }
            if !listener.kind.is_tls() && listener.address.is_none() {
                return Err(Problem::PlainEverywhere(listener.clone()));
            }
            if self.profile == Profile::Cert && !listener.kind.is_tls() {
                return Err(Problem::NobodyCouldLogIn(listener.clone()));
            }
            if let Some(other) = listeners[..number].iter().find(|other| other.collides(listener)) {
                return Err(Problem::SamePort(other.clone(), listener.clone()));
            }
        }
        if !self.is_for_21() && listeners.iter().all(|listener| listener.kind.is_websockets()) {
            return Err(Problem::WebsocketsAlone);
        }
        if self.plugins.is_some() && !self.is_for_21() {
            return Err(Problem::PluginsBefore21);
        }
        if self.cert.is_some() != self.key.is_some() {
            return Err(Problem::HalfPair);
        }
        Ok(())
    }

    /// Whether Mosquitto 2.0 would open the listener everywhere in spite of its address.
    pub(super) fn loses_address(&self, listener: &Listener) -> bool {
        let is_v4 = matches!(listener.address, Some(Address::Ip(IpAddr::V4(ip))) if !ip.is_unspecified());
        is_v4 && listener.kind.is_websockets() && !self.is_for_21()
    }

    /// What the reader should know of what is written.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for listener in self.listeners() {
            let websockets_20 = listener.kind.is_websockets() && !self.is_for_21();
            let lost = self.loses_address(&listener);
            if !listener.kind.is_tls() && !listener.is_loopback() {
                warnings.push(format!("`{listener}` sends passwords and messages in clear over that network"));
            }
            if lost {
                warnings.push(format!("Mosquitto 2.0 opens `{listener}` on every address, whatever is written here"));
            }
            if websockets_20 && listener.kind.is_tls() {
                warnings
                    .push(format!("Mosquitto 2.0 serves a renewed certificate on `{listener}` after a restart only"));
                if self.profile.asks_certificate() {
                    warnings.push(format!("Mosquitto 2.0 lets revoked certificates in on `{listener}`"));
                }
            }
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::Series;

    fn code(profile: Profile, listeners: &[&str], target: Option<Series>) -> Option<&'static str> {
        let listeners = listeners.iter().map(|text| text.parse().unwrap()).collect();
        Wishes { profile, listeners, target, ..Wishes::default() }.check().err().map(|problem| problem.code())
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        use Profile as P;
        let new = Some(Series::V21);
        for (profile, listeners, target, expected) in [
            (P::Dev, &[][..], None, None),
            (P::Dev, &["plain@[::1]:1883", "tls@localhost:8883"], None, None),
            (P::Dev, &["tls:8883"], None, Some("conf-dev-not-loopback")),
            (P::Dev, &["plain@0.0.0.0:1883"], None, Some("conf-dev-not-loopback")),
            (P::Dev, &["plain@192.168.0.10:1883"], None, Some("conf-dev-not-loopback")),
            (P::Dev, &["plain@127.0.0.1:1883", "ws@127.0.0.1:8080"], None, Some("conf-dev-not-loopback")),
            (P::Dev, &["plain@127.0.0.1:1883", "ws@127.0.0.1:8080"], new, None),
            (P::Dev, &["plain@127.0.0.1:1883", "ws@[::1]:8080"], None, None),
            (P::Dev, &["plain@127.0.0.1:1883", "ws@localhost:8080"], None, Some("conf-websockets-name")),
            (P::Password, &["tls:1", "wss@mqtt.lan:8083"], None, Some("conf-websockets-name")),
            (P::Password, &["tls:1", "wss@mqtt.lan:8083"], new, None),
            (P::Password, &["plain:1883"], None, Some("conf-plain-everywhere")),
            (P::Password, &["plain@0.0.0.0:1883"], None, None),
            (P::Cert, &["tls:8883", "plain@127.0.0.1:1883"], None, Some("conf-nobody-could-log-in")),
            (P::Cert, &["tls:8883", "wss:8083"], None, None),
            (P::Password, &["tls:8883", "wss:8883"], None, Some("conf-listeners-collide")),
            (P::Password, &["wss:8083"], None, Some("conf-only-websockets")),
            (P::Password, &["wss:8083"], new, None),
        ] {
            assert_eq!(code(profile, listeners, target), expected, "{profile:?} {listeners:?}");
        }
        let plugins = Wishes { plugins: Some(super::super::PluginDir::Image), ..Wishes::default() };
        assert_eq!(plugins.check(), Err(Problem::PluginsBefore21));
    }

    #[test]
    fn what_has_a_price_is_told() {
        let told = |profile, listener: &str, target| {
            Wishes { profile, listeners: vec![listener.parse().unwrap()], target, ..Wishes::default() }.warnings().len()
        };
        assert_eq!(told(Profile::Password, "tls:8883", None), 0);
        assert_eq!(told(Profile::Password, "plain@127.0.0.1:1883", None), 0);
        assert_eq!(told(Profile::Password, "plain@10.0.0.1:1883", None), 1);
        assert_eq!(told(Profile::Password, "wss:8083", None), 1);
        assert_eq!(told(Profile::Cert, "wss@127.0.0.1:8083", None), 3);
        assert_eq!(told(Profile::Cert, "wss@127.0.0.1:8083", Some(Series::V21)), 0);
    }
}
