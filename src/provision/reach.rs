//! How clients reach the folder's broker: the name that its certificate is valid for, and the ports of its listeners.

use crate::conf;
use crate::conf::compose;
use crate::error::Failure;
use crate::error::Plain;
use crate::export::Broker;
use crate::pki::input;
use crate::pki::names::BrokerName;
use crate::pki::parsed::Certificate;
use crate::pki::verify;
use crate::provision::configuration;
use crate::workspace::Workspace;
use crate::workspace::layout;

/// What is given by hand; the rest is found.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    pub host: Option<BrokerName>,
    pub port: Option<u16>,
    pub websockets: Option<u16>,
}

/// The broker as its clients see it.
pub struct Reached {
    pub broker: Broker,
    /// What it sends: its certificate, and what stands above it.
    pub chain: Vec<Certificate>,
    /// The name is one that only this machine knows.
    pub local: bool,
}

pub fn broker(workspace: &Workspace, wish: &Wish) -> Result<Reached, Failure> {
    let shown = workspace.show(layout::broker::CERT);
    let Some(pem) = workspace.read(layout::broker::CERT)? else {
        return Err(Plain::new("certificate-missing", format!("the broker has no certificate: no `{shown}`"))
            .hint("make everything that a broker needs: mqsec up")
            .into());
    };
    let chain = input::certificates(&pem, &shown)?.list;
    let leaf = &chain[0];
    let names = leaf.names();
    let (host, local) = match &wish.host {
        Some(host) => {
            let host = host.to_string();
            if !verify::is_valid_for(leaf, &host) {
                return Err(not_valid(&host, &names).into());
            }
            (host, false)
        }
        None => usual(&names),
    };
    if !verify::is_valid_for(leaf, &host) {
        return Err(not_valid(&host, &names).into());
    }
    let listeners = configuration::listeners(workspace)?;
    let port = |websockets: bool| {
        listeners.iter().find(|one| one.tls && one.websockets == websockets).map(|listener| listener.port)
    };
    let broker = Broker {
        host,
        port: wish.port.or_else(|| port(false)).unwrap_or(conf::DEFAULT_PORT),
        websockets: wish.websockets.or_else(|| port(true)),
        names,
    };
    Ok(Reached { broker, chain, local })
}

fn not_valid(host: &str, names: &[String]) -> Plain {
    Plain::no("tls-name-mismatch", format!("the broker's certificate is not valid for `{host}`"))
        .detail(format!("it is valid for: {}", names.join(", ")))
        .detail("a client that is given that name could only connect without verifying the broker")
        .hint(format!("add that name to it: mqsec up {host}"))
        .hint("or give one that it has: mqsec export NAME --for TARGET --host HOST")
}

/// The name to give to clients: the first in the DNS, else an address; what only this machine knows comes last.
fn usual(names: &[String]) -> (String, bool) {
    let is_local = |name: &str| {
        name == "localhost"
            || name == compose::SERVICE
            || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    let is_address = |name: &str| name.parse::<std::net::IpAddr>().is_ok();
    let far = || names.iter().filter(|name| !is_local(name) && !name.starts_with('*'));
    match far().find(|name| !is_address(name)).or_else(|| far().next()) {
        Some(name) => (name.clone(), false),
        None => (names.iter().find(|name| is_local(name)).cloned().unwrap_or_else(|| "localhost".to_owned()), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_before_an_address_before_this_machine() {
        let host = |names: &[&str]| usual(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let local = ["localhost", "mosquitto", "127.0.0.1", "::1"];
        assert_eq!(host(&[&["10.0.0.7", "pi.lan"], &local[..]].concat()), ("pi.lan".to_owned(), false));
        assert_eq!(host(&[&local[..], &["10.0.0.7"]].concat()), ("10.0.0.7".to_owned(), false));
        assert_eq!(host(&local), ("localhost".to_owned(), true));
        assert_eq!(host(&["*.lan", "10.0.0.7"]), ("10.0.0.7".to_owned(), false));
    }
}
