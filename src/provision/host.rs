//! The names and addresses of this machine, for `--san-auto` and `up`.

use std::net::IpAddr;

use crate::pki::names::BrokerName;

/// This machine's name, its name in the local network (`.local`), and its addresses.
pub fn names() -> Vec<BrokerName> {
    let mut names: Vec<BrokerName> = Vec::new();
    if let Some(name) = host_name() {
        if !name.contains('.') {
            names.extend(format!("{name}.local").parse());
        }
        names.insert(0, BrokerName::Dns(name));
    }
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    for ip in interfaces.iter().map(if_addrs::Interface::ip).filter(is_reachable) {
        let name = BrokerName::Ip(ip);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The machine's name, where it is one that a certificate can hold.
pub fn host_name() -> Option<String> {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    match name.parse() {
        Ok(BrokerName::Dns(name)) if name != "localhost" && name.len() <= 64 => Some(name),
        _ => None,
    }
}

/// Loopback is in every broker certificate; link-local addresses need a zone, which a SAN cannot hold.
fn is_reachable(ip: &IpAddr) -> bool {
    let link_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    !ip.is_loopback() && !ip.is_unspecified() && !link_local
}
