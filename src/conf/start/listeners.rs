//! The listeners, one after the other: the socket, then its TLS.

use super::Cause;
use super::Machine;
use super::Opens;
use super::Port;
use super::Stop;
use super::tls;
use crate::conf::reading::Listener;
use crate::conf::reading::Place;
use crate::conf::reading::Reading;
use crate::series::Series;

/// What a path of a Unix socket may have at most.
const LONGEST_SOCKET: usize = 107;

pub(super) fn open(reading: &Reading, machine: &dyn Machine) -> Result<Vec<Opens>, Box<Stop>> {
    if reading.local_only {
        return local_only(reading, machine);
    }
    let old = reading.series == Series::V20;
    let mut opened: Vec<(&Listener, Opens)> = Vec::new();
    for listener in &reading.listeners {
        let opens = opens(listener, old);
        // one of http_api that cannot be opened is left out without a word (21:listeners.c:270)
        let spared = listener.is_http_api();
        match socket(listener, &opens, &opened, machine, old) {
            Err(_) if spared => continue,
            other => other?,
        }
        if listener.is_websockets() && old {
            tls::of_libwebsockets(listener, machine)?;
        } else if !spared {
            tls::of(reading, listener, machine)?;
        }
        opened.push((listener, opens));
    }
    // libwebsockets of Debian's 2.0 opens its sockets by itself, and http_api does so in 2.1
    let counts = |listener: &Listener| listener.is_mqtt() || (listener.is_websockets() && !old);
    if !reading.listeners.iter().any(counts) {
        let place = reading.listeners.first().map(|listener| listener.place.clone()).unwrap_or_default();
        return Err(Stop::new(Cause::OnlyWebsockets, &place, 1));
    }
    Ok(opened.into_iter().map(|(_, opens)| opens).collect())
}

fn opens(listener: &Listener, old: bool) -> Opens {
    let protocol = match (listener.is_websockets(), listener.is_http_api()) {
        (true, _) => "websockets",
        (_, true) => "http_api",
        _ => "mqtt",
    };
    // libwebsockets with IPv6 takes every address, whatever is asked for
    let address = match (listener.address.as_deref(), listener.options.text("socket_domain")) {
        (_, Some("ipv4")) if old && listener.is_websockets() => Some("0.0.0.0"),
        _ if old && listener.is_websockets() => None,
        (None, Some("ipv4")) => Some("0.0.0.0"),
        (None, Some("ipv6")) => Some("::"),
        (address, _) => address,
    };
    Opens {
        address: address.map(str::to_owned),
        interface: listener.options.text("bind_interface").map(str::to_owned),
        port: listener.port,
        unix_path: listener.unix_path.clone(),
        protocol,
        tls: listener.is_tls() || listener.is_psk(),
        hidden: listener.hidden,
    }
}

/// Without a `listener`: 127.0.0.1 and ::1, of which one is enough.
fn local_only(reading: &Reading, machine: &dyn Machine) -> Result<Vec<Opens>, Box<Stop>> {
    let free = |address: &&str| machine.port(Some(address), 1883) == Port::Free;
    let opened: Vec<Opens> = ["127.0.0.1", "::1"]
        .into_iter()
        .filter(free)
        .map(|address| Opens { address: Some(address.to_owned()), port: 1883, protocol: "mqtt", ..Opens::default() })
        .collect();
    if opened.is_empty() {
        let path = reading.files.first().cloned().unwrap_or_default();
        let cause = Cause::Listen { port: 1883, address: Some("127.0.0.1".to_owned()), why: Port::Taken };
        return Err(Stop::new(cause, &Place { path, line: 1, column: 1 }, 1));
    }
    Ok(opened)
}

fn socket(
    listener: &Listener,
    opens: &Opens,
    before: &[(&Listener, Opens)],
    machine: &dyn Machine,
    old: bool,
) -> Result<(), Box<Stop>> {
    let stop = |cause: Cause| Err(Stop::new(cause, &listener.place, 1));
    if let Some(path) = &listener.unix_path {
        let made = path.len() <= LONGEST_SOCKET && machine.may_write(path) && !machine.is_folder(path);
        return if made { Ok(()) } else { stop(Cause::Socket { path: path.clone() }) };
    }
    if let Some(name) = listener.options.text("bind_interface")
        && !machine.has_interface(name)
    {
        return stop(Cause::Interface { name: name.to_owned() });
    }
    let domain = listener.options.text("socket_domain");
    if let Some((other, _)) = before.iter().find(|(_, earlier)| meet(opens, earlier)) {
        return stop(Cause::SamePort { port: listener.port, line: other.place.line });
    }
    let address = opens.address.as_deref();
    if let (Some(Ok(address)), Some(domain)) = (address.map(str::parse::<std::net::IpAddr>), domain)
        && address.is_ipv4() != (domain == "ipv4")
        && !(old && listener.is_websockets())
    {
        let why = Port::Unresolved;
        return stop(Cause::Listen { port: listener.port, address: listener.address.clone(), why });
    }
    match machine.port(address, listener.port) {
        Port::Free => Ok(()),
        why => stop(Cause::Listen { port: listener.port, address: opens.address.clone(), why }),
    }
}

/// Whether two sockets cannot both be opened.
fn meet(one: &Opens, other: &Opens) -> bool {
    if one.port != other.port || one.unix_path.is_some() || other.unix_path.is_some() {
        return false;
    }
    let kinds = |opens: &Opens| match opens.address.as_deref() {
        None | Some("localhost") => (true, true),
        Some(address) => (!address.contains(':'), address.contains(':')),
    };
    let (a, b) = (kinds(one), kinds(other));
    let common = (a.0 && b.0) || (a.1 && b.1);
    let every = |opens: &Opens| matches!(opens.address.as_deref(), None | Some("0.0.0.0" | "::"));
    common && (every(one) || every(other) || one.address == other.address)
}
