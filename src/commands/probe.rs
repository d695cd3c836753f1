//! `mqsec probe`: what speaks on a machine's ports, seen from outside and without a workspace.

mod report;

use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use self::report::Probed;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::error::printable;
use crate::mqtt;
use crate::mqtt::Attempt;
use crate::mqtt::Peek;
use crate::mqtt::Peeked;
use crate::mqtt::Spoken;
use crate::mqtt::Tls;
use crate::mqtt::TlsVersion;
use crate::mqtt::Trouble;
use crate::pki::parsed::Certificate;

/// Where brokers usually listen.
const USUAL: [u16; 6] = [8883, 1883, 8083, 8084, 9001, 443];
/// Ports that are asked at once.
const AT_ONCE: usize = 16;

/// Tell from outside what speaks on a machine's ports: MQTT, TLS, websockets, who gets in
///
/// Nothing is sent that changes the broker's state, and no password.
#[derive(clap::Args)]
pub struct Args {
    /// HOST, or HOST:PORT, or HOST:PORT,PORT; IPv6 with a port in brackets
    #[arg(required = true, value_name = "HOST[:PORT,...]", value_parser = target)]
    targets: Vec<Target>,
    /// Ask these ports of every host without one [default: 8883,1883,8083,8084,9001,443]
    #[arg(long, value_delimiter = ',', value_name = "PORT,...", value_parser = clap::value_parser!(u16).range(1..))]
    ports: Vec<u16>,
    /// The path of websockets listeners
    #[arg(long, default_value = "/mqtt")]
    path: String,
    /// Seconds for each question
    #[arg(long, default_value_t = 3, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    host: String,
    ports: Vec<u16>,
}

fn target(text: &str) -> Result<Target, String> {
    let (host, ports) = match text.rsplit_once(':') {
        _ if text.parse::<IpAddr>().is_ok() => (text, ""),
        Some((host, ports)) => (host, ports),
        None => (text, ""),
    };
    let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if rustls::pki_types::ServerName::try_from(host).is_err() {
        return Err(format!("`{host}` is neither a DNS name nor an IP address"));
    }
    let port = |text: &str| match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(format!("`{text}` is no port (1 to 65535)")),
    };
    let ports = ports.split(',').filter(|text| !text.is_empty()).map(port).collect::<Result<_, _>>()?;
    Ok(Target { host: host.to_owned(), ports })
}

/// What was found on one port of one address.
struct Port {
    number: u16,
    answer: Result<Answer, Trouble>,
}

struct Answer {
    spoken: Spoken,
    tls: Option<Layer>,
    /// What `$SYS` told an anonymous client.
    version: Option<String>,
}

/// The TLS of a listener.
struct Layer {
    versions: Vec<&'static str>,
    cipher: Option<String>,
    certificate_asked: bool,
    chain: Vec<Certificate>,
    /// What was sent, where a certificate cannot be read.
    sent: usize,
    /// Why a client that checks would not go on.
    doubt: Option<String>,
}

struct Host {
    name: String,
    address: IpAddr,
    ports: Vec<Port>,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let timeout = Duration::from_secs(args.timeout);
    let mut hosts = Vec::new();
    for target in &args.targets {
        let wanted = [&target.ports[..], &args.ports[..], &USUAL[..]].into_iter().find(|ports| !ports.is_empty());
        let mut addresses: Vec<IpAddr> =
            mqtt::resolve(&target.host, 0, Instant::now() + timeout)?.iter().map(SocketAddr::ip).collect();
        addresses.dedup();
        for address in addresses {
            let ports = wanted.unwrap_or_default().iter().map(|port| (address, *port)).collect::<Vec<_>>();
            let ports = ask_all(context, &target.host, &ports, &args.path, timeout);
            hosts.push(Host { name: target.host.clone(), address, ports });
        }
    }
    if let Some(nothing) = nothing_answered(&hosts) {
        return Err(nothing.into());
    }
    Ok(context.ui.report(&Probed { hosts, now: context.now }))
}

fn nothing_answered(hosts: &[Host]) -> Option<Plain> {
    let ports = || hosts.iter().flat_map(|host| &host.ports);
    if ports().any(|port| port.answer.is_ok()) {
        return None;
    }
    let names: Vec<String> = hosts.iter().map(|host| host.address.to_string()).collect();
    let mut error = Plain::new("nothing-answers", format!("nothing answers at {}", names.join(", ")));
    for port in ports() {
        if let Err(trouble) = &port.answer {
            error = error.detail(format!("{}: {trouble}", port.number));
        }
    }
    Some(error.hint("is the machine on, and its firewall open? other ports: mqsec probe HOST:PORT"))
}

/// Which ports are open is found out at once, as packets may vanish. The open ones are then asked one after the other: a
/// broker is one thread.
fn ask_all(context: &Context<'_>, host: &str, ports: &[(IpAddr, u16)], path: &str, timeout: Duration) -> Vec<Port> {
    let mut found = Vec::new();
    for some in ports.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let dialled: Vec<_> = some
                .iter()
                .map(|(address, port)| {
                    let listens = move || mqtt::listens(SocketAddr::new(*address, *port), timeout);
                    (*address, *port, scope.spawn(listens))
                })
                .collect();
            for (address, number, thread) in dialled {
                let open = thread.join().unwrap_or_else(|_| Err(Trouble::Tls("the question failed".to_owned())));
                let answer = open.and_then(|()| ask(host, address, number, path, timeout, context.now));
                found.push(Port { number, answer });
            }
        });
    }
    found
}

fn ask(
    name: &str,
    address: IpAddr,
    port: u16,
    path: &str,
    timeout: Duration,
    now: time::OffsetDateTime,
) -> Result<Answer, Trouble> {
    let host = address.to_string();
    let look = |version| mqtt::peek(&Peek { host: &host, port, name: Some(name), version: Some(version), timeout });
    let newest = look(TlsVersion::V13);
    if let Err(Trouble::Refused { .. } | Trouble::Vanished { .. } | Trouble::Unreachable { .. }) = newest {
        return Err(newest.err().unwrap_or(Trouble::NotTls));
    }
    let older = look(TlsVersion::V12);
    let tls = match (newest, older) {
        (Ok(newest), older) => Some(layer(newest, older.is_ok(), name, now)),
        (Err(_), Ok(older)) => Some(layer(older, false, name, now)),
        // it is TLS, and none that can be looked into
        (Err(trouble @ (Trouble::ChainTooLarge | Trouble::TlsVersion | Trouble::Tls(_))), Err(_)) => {
            return Err(trouble);
        }
        (Err(_), Err(_)) => None,
    };
    let plainly = Tls { trust: None, identity: None, name: Some(name), version: None };
    let inside = tls.is_some().then_some(plainly);
    let spoken = mqtt::speaks(&host, port, inside, path, timeout)?;
    let websocket = matches!(spoken, Spoken::Websockets(_)).then_some(path);
    let version = match spoken {
        Spoken::Mqtt(0) | Spoken::Websockets(Some(0)) => {
            let attempt = Attempt {
                tls: inside,
                websocket,
                timeout: timeout.min(Duration::from_secs(2)),
                ..Attempt::new(&host, port, crate::broker::proofs::client_id("look"))
            };
            mqtt::retained(&attempt, "$SYS/broker/version").ok().flatten().map(|text| printable(&text))
        }
        _ => None,
    };
    Ok(Answer { spoken, tls, version })
}

fn layer(peeked: Peeked, older: bool, name: &str, now: time::OffsetDateTime) -> Layer {
    let chain: Vec<Certificate> = peeked.chain.iter().filter_map(|der| Certificate::from_der(der.clone())).collect();
    let doubt = chain.first().and_then(|own| {
        let finding = |text: String| Some(text);
        if now < own.not_before {
            finding("it begins later than this machine's clock says: one of the two clocks is wrong".to_owned())
        } else if now > own.not_after {
            finding("its period is over".to_owned())
        } else if !crate::pki::verify::is_valid_for(own, name) {
            finding(format!("it is not valid for `{name}`"))
        } else {
            None
        }
    });
    let mut versions: Vec<_> = peeked.tls_version.into_iter().collect();
    if older {
        versions.push("TLS 1.2");
    }
    Layer {
        versions,
        cipher: peeked.cipher,
        certificate_asked: peeked.certificate_asked,
        sent: peeked.chain.len(),
        chain,
        doubt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read() {
        let of = |text: &str| target(text).map(|target| (target.host, target.ports));
        assert_eq!(of("b.lan"), Ok(("b.lan".to_owned(), vec![])));
        assert_eq!(of("b.lan:8883,1883"), Ok(("b.lan".to_owned(), vec![8883, 1883])));
        assert_eq!(of("::1"), Ok(("::1".to_owned(), vec![])));
        assert_eq!(of("[::1]:1883"), Ok(("::1".to_owned(), vec![1883])));
        for wrong in ["", "b.lan:0", "b.lan:70000", "b.lan:x", "a b", "../x"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
