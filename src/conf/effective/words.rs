//! The same in words, for a reader who has never seen mosquitto.conf.

use super::Bound;
use super::Certificate;
use super::Effective;
use super::Encryption;
use super::Entry;
use super::Limit;
use super::Passwords;
use super::Protocol;
use super::Rights;

impl Effective {
    /// Where it is: `port 8883, on every address`.
    pub fn place(&self) -> String {
        let port = self.port;
        match &self.bound {
            Bound::Everywhere => format!("port {port}, on every address"),
            Bound::EverywhereInSpiteOf(address) => {
                format!("port {port}, on every address (2.0 takes no notice of `{address}` with websockets)")
            }
            Bound::Interface(name) => {
                format!(
                    "port {port}, at the network interface `{name}` if there is one (2.0 knows no host names with websockets)"
                )
            }
            Bound::Address(address) if self.bound.is_local() => {
                format!("port {port} at {address}, for this machine alone")
            }
            Bound::Address(address) => format!("port {port} at {address}"),
            Bound::LocalOnly => {
                format!("port {port} at 127.0.0.1 and ::1, for this machine alone: there is no `listener`")
            }
            Bound::Unix(path) => format!("the socket `{path}`, for this machine alone"),
        }
    }

    /// What is spoken there.
    pub fn speaks(&self) -> String {
        let protocol = match self.protocol {
            Protocol::Mqtt => "MQTT",
            Protocol::Websockets => "MQTT in websockets",
            Protocol::Http => "HTTP: the broker's own pages",
        };
        match &self.encryption {
            Encryption::None => format!("{protocol}, in clear"),
            Encryption::Tls { versions, certificate } => {
                format!("{protocol} over TLS {}, with the certificate `{certificate}`", versions.join(" and "))
            }
            Encryption::SharedKeys { versions } => {
                format!("{protocol} over TLS {} with shared keys", versions.join(" and "))
            }
        }
    }

    pub fn gets_in(&self) -> String {
        match &self.entry {
            Entry::Nobody(why) => format!("nobody: {}", why.in_words()),
            Entry::Some { certificate, login, anonymous, .. } => {
                let shows: Vec<String> =
                    [shows(certificate), login.as_ref().and_then(|login| knows(login, *anonymous))]
                        .into_iter()
                        .flatten()
                        .collect();
                if shows.is_empty() { "everybody".to_owned() } else { format!("who has {}", shows.join(", and ")) }
            }
        }
    }

    /// As which user; nothing where nobody gets in.
    pub fn as_whom(&self) -> Option<String> {
        let Entry::Some { certificate, login, anonymous, name_is_client_id } = &self.entry else { return None };
        let name = match (certificate, login) {
            (Certificate::Required { name: Some(name), .. }, _) => format!("the {name} of the certificate"),
            (_, Some(Passwords::Unchecked)) => "whatever name the client gives, unchecked".to_owned(),
            (_, Some(Passwords::SharedKeys(_))) => "the name that the client gives".to_owned(),
            (_, Some(Passwords::File(_))) if *anonymous => "the user, or nobody".to_owned(),
            _ => "the user".to_owned(),
        };
        Some(if *name_is_client_id { format!("{name}, which is the client id, too") } else { name })
    }

    pub fn may(&self) -> String {
        let may = match &self.rights {
            Rights::File(path) => format!("what `{path}` allows"),
            Rights::Plugins(names) => format!("what {} allows", plugins(names)),
            Rights::Everything => "read and write every topic: there is no ACL".to_owned(),
        };
        match &self.mount_point {
            Some(prefix) => format!("{may}, below `{prefix}`"),
            None => may,
        }
    }
}

impl Limit {
    pub fn in_words(&self) -> String {
        let Self { key, value, .. } = self;
        let end = match (self.default, self.lost_at_reload) {
            (true, _) => " (the broker's own)",
            (_, true) => " (until the first reload)",
            _ => "",
        };
        format!("{key} {value}{end}")
    }
}

fn shows(certificate: &Certificate) -> Option<String> {
    let Certificate::Required { authorities, revoked, .. } = certificate else { return None };
    let revoked = match revoked {
        None => String::new(),
        Some((list, true)) => format!(" that `{list}` does not revoke"),
        Some((list, false)) => format!(" (2.0 does not look into `{list}` with websockets)"),
    };
    Some(format!("a certificate of an authority in `{authorities}`{revoked}"))
}

fn knows(login: &Passwords, anonymous: bool) -> Option<String> {
    let known = match login {
        Passwords::Unchecked if anonymous => return None,
        Passwords::Unchecked => return Some("a user name, whatever it is".to_owned()),
        Passwords::File(path) => format!("a user and password of `{path}`"),
        Passwords::SharedKeys(Some(path)) => format!("an identity and key of `{path}`"),
        Passwords::SharedKeys(None) => "a shared key".to_owned(),
        Passwords::Plugins(names) => format!("what {} takes", plugins(names)),
    };
    Some(if anonymous { format!("{known} or gives no user name at all") } else { known })
}

fn plugins(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{} {}", if names.len() == 1 { "the plugin" } else { "the plugins" }, names.join(", "))
}
