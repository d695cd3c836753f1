//! What is asked of an authority, and kept for the next time.

use std::path::Path;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Deserialize;
use serde::Serialize;

use crate::error::Plain;
use crate::pki::keys::KeyType;
use crate::pki::names::BrokerName;

pub const PRODUCTION: &str = "https://acme-v02.api.letsencrypt.org/directory";
pub const STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";

/// How a name is proven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Challenge {
    /// A page on port 80
    #[default]
    #[value(name = "http-01")]
    #[serde(rename = "http-01")]
    Http01,
    /// A certificate on port 443
    #[value(name = "tls-alpn-01")]
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
    /// A DNS record, which a program of yours writes
    #[value(name = "dns-01")]
    #[serde(rename = "dns-01")]
    Dns01,
}

/// An account that the authority's own customers have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    pub kid: String,
    pub key_file: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub directory: String,
    /// Roots of a directory that the system does not trust.
    pub acme_ca: Option<PathBuf>,
    #[serde(with = "names")]
    pub domains: Vec<BrokerName>,
    pub email: Option<String>,
    pub challenge: Challenge,
    pub http_port: u16,
    pub tls_port: u16,
    pub dns_hook: Option<PathBuf>,
    pub binding: Option<Binding>,
    pub profile: Option<String>,
    #[serde(with = "key_type")]
    pub key_type: KeyType,
    pub reuse_key: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            directory: PRODUCTION.to_owned(),
            acme_ca: None,
            domains: Vec::new(),
            email: None,
            challenge: Challenge::default(),
            http_port: 80,
            tls_port: 443,
            dns_hook: None,
            binding: None,
            profile: None,
            key_type: KeyType::default(),
            reuse_key: false,
        }
    }
}

impl Settings {
    /// The names, for a reader.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.domains.iter().map(ToString::to_string).collect();
        names.join(", ")
    }

    /// What a dry run asks: Let's Encrypt has an authority of its own for that, without its limits.
    pub fn rehearsal(mut self) -> Self {
        if self.directory == PRODUCTION {
            self.directory = STAGING.to_owned();
        }
        self
    }

    /// Paths that hold wherever the next run starts.
    pub fn absolute(mut self) -> Self {
        let binding = self.binding.as_mut().map(|binding| &mut binding.key_file);
        for path in [self.acme_ca.as_mut(), self.dns_hook.as_mut(), binding].into_iter().flatten() {
            if let Ok(found) = std::path::absolute(&*path) {
                *path = found;
            }
        }
        self
    }

    /// All that can be found out before anybody is asked.
    pub fn check(&self) -> Result<(), Plain> {
        if self.domains.is_empty() {
            return Err(Plain::new("acme-domain-missing", "no name was given for the certificate")
                .hint("name it: mqsec acme issue --domain mqtt.example.com --email you@example.com"));
        }
        let dns = self.challenge == Challenge::Dns01;
        for name in &self.domains {
            match name {
                BrokerName::Dns(name) if name.starts_with("*.") && !dns => {
                    return Err(Plain::new("acme-wildcard-needs-dns", format!("`{name}` can be proven by DNS alone"))
                        .hint("mqsec acme issue --challenge dns-01 --dns-hook PROGRAM ..."));
                }
                BrokerName::Ip(ip) if dns => {
                    return Err(Plain::new(
                        "acme-challenge-not-offered",
                        format!("the address {ip} cannot be proven by DNS"),
                    )
                    .hint("prove it by a page: --challenge http-01"));
                }
                _ => {}
            }
        }
        if let Some(email) = self.email.as_deref().filter(|email| !is_email(email)) {
            return Err(Plain::new(
                "acme-email-invalid",
                format!("`{}` is no e-mail address", crate::error::printable(email)),
            )
            .hint("give one that is read: --email you@example.com"));
        }
        if !self.directory.starts_with("https://") {
            return Err(Plain::new(
                "acme-directory-invalid",
                format!("`{}` is no https address", crate::error::printable(&self.directory)),
            )
            .hint("Let's Encrypt is the default; another authority's page tells its own: --directory https://..."));
        }
        if let Some(hook) = self.dns_hook.as_deref().filter(|_| dns) {
            check_hook(hook)?;
        }
        Ok(())
    }
}

fn check_hook(hook: &Path) -> Result<(), Plain> {
    let shown = hook.display();
    let unusable = |why: &str| {
        Plain::new("acme-hook-unusable", format!("the DNS hook `{shown}` {why}"))
            .hint(format!("look at it: ls -l {shown}"))
    };
    if !crate::workspace::fs::is_file(hook) {
        return Err(unusable("is no file").hint("a path with a slash, not a name that is looked for in PATH"));
    }
    match crate::workspace::fs::is_executable(hook) {
        true => Ok(()),
        false => Err(unusable("may not be run by this user").hint(format!("chmod +x {shown}"))),
    }
}

/// Something before one @, and a domain with a dot behind it.
fn is_email(text: &str) -> bool {
    let plain = |text: &str| {
        text.chars().all(|letter| !letter.is_whitespace() && !letter.is_control() && !",;<>".contains(letter))
    };
    match text.rsplit_once('@') {
        Some((user, domain)) => {
            let domain = domain.parse::<BrokerName>();
            !user.is_empty()
                && !user.contains('@')
                && plain(user)
                && matches!(domain, Ok(BrokerName::Dns(name)) if name.contains('.') && !name.starts_with('*'))
        }
        None => false,
    }
}

mod names {
    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serializer;
    use serde::de::Error;

    use crate::pki::names::BrokerName;

    pub(super) fn serialize<S: Serializer>(names: &[BrokerName], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(names.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<BrokerName>, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        names.iter().map(|name| name.parse().map_err(D::Error::custom)).collect()
    }
}

mod key_type {
    use clap::ValueEnum;
    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serializer;
    use serde::de::Error;

    use crate::pki::keys::KeyType;

    pub(super) fn serialize<S: Serializer>(kind: &KeyType, serializer: S) -> Result<S::Ok, S::Error> {
        let value = kind.to_possible_value();
        serializer.serialize_str(value.as_ref().map_or("p256", |value| value.get_name()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KeyType, D::Error> {
        KeyType::from_str(&String::deserialize(deserializer)?, true).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_back() {
        let settings = Settings {
            domains: vec!["mqtt.example.com".parse().unwrap(), "192.0.2.1".parse().unwrap()],
            email: Some("a@example.com".to_owned()),
            challenge: Challenge::TlsAlpn01,
            key_type: KeyType::Rsa2048,
            binding: Some(Binding { kid: "k".to_owned(), key_file: "f".into() }),
            ..Settings::default()
        };
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings, "{text}");
    }

    #[test]
    fn what_cannot_be_an_address_is_none() {
        for good in ["a@example.com", "a.b+c@mail.example.org"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "@example.com",
            "a@",
            "a@localhost",
            "a b@example.com",
            "a@b@example.com",
            "a@1.2.3.4",
            "a@x.y,b@x.y",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
