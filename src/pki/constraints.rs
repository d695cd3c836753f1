//! Name constraints: the DNS names and addresses for which an authority may issue.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rcgen::CidrSubnet;
use rcgen::GeneralSubtree;
use x509_parser::extensions::GeneralName;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::prelude::X509Certificate;

use super::names::BrokerName;
use super::names::NameError;
use super::parsed::Certificate;

/// A part of the name space: a domain with all below it, or a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subtree {
    Domain(String),
    /// An address and the number of its leading bits that count.
    Network(IpAddr, u8),
}

impl FromStr for Subtree {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let refuse = |why: &str| Err(NameError::new(format!("`{text}` {why}")));
        let (head, bits) = match text.split_once('/') {
            Some((head, bits)) => (head, Some(bits)),
            None => (text, None),
        };
        match (head.parse::<IpAddr>(), bits) {
            (Ok(ip), bits) => {
                let most = if ip.is_ipv4() { 32 } else { 128 };
                let bits = bits.map_or(Ok(most), str::parse::<u8>).unwrap_or(u8::MAX);
                if bits > most {
                    return refuse(&format!("has no number of bits from 0 to {most} behind its `/`"));
                }
                let own = Self::Network(ip, bits);
                if octets(ip) != masked(ip, bits) {
                    return refuse("has bits set behind its network part");
                }
                Ok(own)
            }
            (Err(_), Some(_)) => refuse("is no network (10.0.0.0/8, fd00::/8)"),
            (Err(_), None) => match head.strip_prefix("*.").or(head.strip_prefix('.')).unwrap_or(head).parse()? {
                BrokerName::Dns(name) => Ok(Self::Domain(name)),
                BrokerName::Ip(_) => refuse("is no domain"),
            },
        }
    }
}

impl fmt::Display for Subtree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(name) => f.write_str(name),
            Self::Network(ip, bits) if *bits == bits_of(*ip) => ip.fmt(f),
            Self::Network(ip, bits) => write!(f, "{ip}/{bits}"),
        }
    }
}

impl Subtree {
    pub(super) fn written(&self) -> GeneralSubtree {
        match self {
            Self::Domain(name) => GeneralSubtree::DnsName(name.clone()),
            Self::Network(ip, bits) => GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*ip, *bits)),
        }
    }

    fn holds(&self, name: &BrokerName) -> bool {
        match (self, name) {
            (Self::Domain(domain), BrokerName::Dns(name)) => {
                let bare = name.strip_prefix("*.").unwrap_or(name);
                domain.is_empty()
                    || bare == domain
                    || bare.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'))
            }
            (Self::Network(network, bits), BrokerName::Ip(ip)) => {
                network.is_ipv4() == ip.is_ipv4() && masked(*ip, *bits) == octets(*network)
            }
            _ => false,
        }
    }

    fn is_of_the_kind_of(&self, name: &BrokerName) -> bool {
        matches!((self, name), (Self::Domain(_), BrokerName::Dns(_)) | (Self::Network(..), BrokerName::Ip(_)))
    }
}

fn bits_of(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

fn masked(ip: IpAddr, bits: u8) -> Vec<u8> {
    let keep = |at: usize| usize::from(bits).saturating_sub(at * 8).min(8);
    octets(ip).iter().enumerate().map(|(at, byte)| byte & (0xff00_u16 >> keep(at)) as u8).collect()
}

/// What an authority's own certificate says of the names below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Constraints {
    pub permitted: Vec<Subtree>,
    pub excluded: Vec<Subtree>,
}

impl Constraints {
    /// Those of a certificate; nothing where it has none.
    pub fn of(certificate: &Certificate) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(&certificate.der).ok()?;
        parsed.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::NameConstraints(found) => {
                let list = |list: &Option<Vec<x509_parser::extensions::GeneralSubtree<'_>>>| {
                    list.iter().flatten().filter_map(|subtree| subtree_of(&subtree.base)).collect()
                };
                Some(Self { permitted: list(&found.permitted_subtrees), excluded: list(&found.excluded_subtrees) })
            }
            _ => None,
        })
    }

    pub fn permits(&self, name: &BrokerName) -> bool {
        let mut of_kind = self.permitted.iter().filter(|subtree| subtree.is_of_the_kind_of(name)).peekable();
        // a kind of name that no subtree is of is free
        let permitted = of_kind.peek().is_none() || of_kind.any(|subtree| subtree.holds(name));
        permitted && !self.excluded.iter().any(|subtree| subtree.holds(name))
    }

    /// In words.
    pub fn list(&self) -> String {
        let names = |list: &[Subtree]| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match (self.permitted.is_empty(), self.excluded.is_empty()) {
            (_, true) => names(&self.permitted),
            (true, false) => format!("all but {}", names(&self.excluded)),
            (false, false) => format!("{}, but not {}", names(&self.permitted), names(&self.excluded)),
        }
    }
}

fn subtree_of(name: &GeneralName<'_>) -> Option<Subtree> {
    match name {
        GeneralName::DNSName(name) => Some(Subtree::Domain(name.trim_start_matches('.').to_ascii_lowercase())),
        GeneralName::IPAddress(bytes) => {
            let (ip, mask) = bytes.split_at(bytes.len() / 2);
            let ip = match ip.len() {
                4 => IpAddr::from(<[u8; 4]>::try_from(ip).ok()?),
                16 => IpAddr::from(<[u8; 16]>::try_from(ip).ok()?),
                _ => return None,
            };
            Some(Subtree::Network(ip, mask.iter().map(|byte| byte.count_ones() as u8).sum()))
        }
        _ => None,
    }
}

/// How a broker is reached on its own machine, and by the other containers: permitted in every authority that mqsec
/// makes, so that its own proofs can be made.
pub fn local() -> Vec<Subtree> {
    ["localhost", "mosquitto", "127.0.0.0/8", "::1"].iter().filter_map(|text| text.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtrees_are_domains_and_networks() {
        for (text, shown) in [
            ("example.com", "example.com"),
            (".Example.com", "example.com"),
            ("lan", "lan"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("192.168.0.7", "192.168.0.7"),
            ("fd00::/8", "fd00::/8"),
            ("::1", "::1"),
        ] {
            assert_eq!(text.parse::<Subtree>().unwrap().to_string(), shown);
        }
        for text in ["", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/x", "a/8", "https://x", "fd00::/129"] {
            assert!(text.parse::<Subtree>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_is_inside_or_outside() {
        let permitted = ["lan", "10.0.0.0/8"].map(|text| text.parse().unwrap()).to_vec();
        let constraints = Constraints { permitted, excluded: vec!["bad.lan".parse().unwrap()] };
        let permits = |name: &str| constraints.permits(&name.parse().unwrap());
        assert!(permits("lan") && permits("a.lan") && permits("*.b.lan") && permits("10.1.2.3"));
        assert!(!permits("xlan") && !permits("a.example") && !permits("11.0.0.1") && !permits("bad.lan"));
        assert!(!permits("::1"), "an address is an address");
        let domains = Constraints { permitted: vec!["lan".parse().unwrap()], excluded: Vec::new() };
        assert!(domains.permits(&"11.0.0.1".parse().unwrap()), "a kind that is not named is free");
    }
}
