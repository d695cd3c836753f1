//! Name → addresses → a TCP connection, each within the deadline.

use std::io;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::net::ToSocketAddrs;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use super::trouble::Trouble;

/// Every address of the name. The system's resolver knows no deadline, so it runs beside.
pub fn resolve(host: &str, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, Trouble> {
    let bare = without_brackets(host);
    if let Ok(ip) = bare.parse() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let (sender, receiver) = mpsc::channel();
    let target = (bare.to_owned(), port);
    std::thread::spawn(move || {
        let _ = sender.send(target.to_socket_addrs().map(|found| found.collect::<Vec<_>>()));
    });
    let failed = |reason: String| Trouble::Resolve { host: host.to_owned(), reason };
    match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(Ok(found)) if found.is_empty() => Err(failed("it has no address".to_owned())),
        Ok(Ok(mut found)) => {
            found.dedup();
            Ok(found)
        }
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed("no answer in time".to_owned())),
    }
}

/// An IPv6 address as people write it before a port.
pub(super) fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}

/// The first address that answers; the ones before it go to `in_vain`.
pub(super) fn connect(
    addresses: &[SocketAddr],
    deadline: Instant,
    in_vain: &mut Vec<(SocketAddr, String)>,
) -> Result<(TcpStream, SocketAddr), Trouble> {
    let mut kinds = Vec::new();
    for (at, address) in addresses.iter().enumerate() {
        // the addresses that are left share the time that is left
        let left = deadline.saturating_duration_since(Instant::now()) / (addresses.len() - at) as u32;
        match TcpStream::connect_timeout(address, left.max(Duration::from_millis(1))) {
            Ok(socket) => {
                let _ = socket.set_nodelay(true);
                return Ok((socket, *address));
            }
            Err(error) => {
                kinds.push(error.kind());
                in_vain.push((*address, error.to_string()));
            }
        }
    }
    use io::ErrorKind as E;
    let tries = in_vain.clone();
    // a refusal is an answer: the machine is there
    Err(if kinds.contains(&E::ConnectionRefused) {
        Trouble::Refused { tries }
    } else if kinds.iter().any(|kind| matches!(kind, E::TimedOut | E::WouldBlock)) {
        Trouble::Vanished { tries }
    } else {
        Trouble::Unreachable { tries }
    })
}

/// Whether something listens there.
pub fn listens(address: SocketAddr, timeout: Duration) -> Result<(), Trouble> {
    connect(&[address], Instant::now() + timeout, &mut Vec::new()).map(drop)
}
