//! What speaks on a port: a handshake that takes any certificate, and harmless questions. Nothing secret is sent, and
//! nothing that changes a broker's state: the MQTT session is new, anonymous and empty.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rustls::pki_types::CertificateDer;

use super::Attempt;
use super::Seen;
use super::Tls;
use super::TlsVersion;
use super::Version;
use super::cause::Cause;
use super::session;
use super::socket;
use super::tls;
use super::tls::Told;
use super::trouble::Stage;
use super::trouble::Trouble;
use super::wire::Wire;
use crate::secret::random_bytes;

/// A look at a TLS listener.
#[derive(Clone, Copy)]
pub struct Peek<'a> {
    pub host: &'a str,
    pub port: u16,
    /// The name that is asked for, in place of the host.
    pub name: Option<&'a str>,
    pub version: Option<TlsVersion>,
    pub timeout: Duration,
}

#[derive(Clone, Debug)]
pub struct Peeked {
    pub address: SocketAddr,
    /// As it was sent, the broker's own certificate first.
    pub chain: Vec<CertificateDer<'static>>,
    pub tls_version: Option<&'static str>,
    pub cipher: Option<String>,
    pub certificate_asked: bool,
}

/// The chain of a listener, whatever its state and whatever it thinks of us.
pub fn peek(peek: &Peek<'_>) -> Result<Peeked, Trouble> {
    let deadline = Instant::now() + peek.timeout;
    let mut seen = Seen::default();
    let addresses = socket::resolve(peek.host, peek.port, deadline)?;
    let (socket, address) = socket::connect(&addresses, deadline, &mut seen.in_vain)?;
    let told = Arc::new(Told::default());
    let look = Tls { trust: None, identity: None, name: peek.name, version: peek.version };
    let mut wire = Wire::new(socket, Some(tls::connection(&look, peek.host, &told)?), deadline);
    let done = wire.handshake();
    seen.note(&wire, &told);
    if let Err(error) = done
        && seen.chain.is_empty()
    {
        let attempt = question(peek.host, peek.port, Some(look), None, peek.timeout);
        return Err(Cause { attempt: &attempt, told: &told }.of(error, Stage::Tls, Some(&wire)));
    }
    wire.close();
    let Seen { chain, tls_version, cipher, certificate_asked, .. } = seen;
    Ok(Peeked { address, chain, tls_version, cipher, certificate_asked })
}

/// What answered on a port, inside of TLS where that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// MQTT; the code of the CONNACK that an anonymous client got.
    Mqtt(u8),
    /// MQTT in websockets; the code likewise, if one came.
    Websockets(Option<u8>),
    Http(Http),
    /// TLS, and who shows no certificate gets no further.
    Guarded,
    /// It closed the connection at once or at the first byte.
    Closed,
    Silent,
    /// The start of what it said.
    Other(String),
}

/// An HTTP server without websockets for MQTT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    pub status: Option<u16>,
}

/// Asks with MQTT, then with websockets.
pub fn speaks(host: &str, port: u16, tls: Option<Tls<'_>>, path: &str, timeout: Duration) -> Result<Spoken, Trouble> {
    let first = match session::attempt(&question(host, port, tls, None, timeout)).result {
        Ok(()) => return Ok(Spoken::Mqtt(0)),
        Err(Trouble::Connack { code, .. }) => return Ok(Spoken::Mqtt(code)),
        Err(Trouble::ClientRefused { .. }) => return Ok(Spoken::Guarded),
        Err(Trouble::ClosedAfterRequest { had_certificate: false }) => Spoken::Guarded,
        Err(Trouble::ClosedAfterRequest { .. }) => Spoken::Closed,
        Err(Trouble::NotMqtt(words)) => Spoken::Other(words),
        Err(Trouble::Closed(_) | Trouble::Disconnected { .. }) => Spoken::Closed,
        Err(Trouble::Timeout(_)) => Spoken::Silent,
        Err(other) => return Err(other),
    };
    Ok(speaks_websockets(host, port, tls, path, timeout, first))
}

/// Asks with websockets, where this is what MQTT was answered with.
pub fn speaks_websockets(
    host: &str,
    port: u16,
    tls: Option<Tls<'_>>,
    path: &str,
    timeout: Duration,
    first: Spoken,
) -> Spoken {
    let upgrade = || session::attempt(&question(host, port, tls, Some(path), timeout)).result;
    let second = match upgrade() {
        // the websockets of 2.0 let go of a connection now and then when several come at once
        Err(Trouble::Closed(Stage::Websockets) | Trouble::Timeout(Stage::Websockets)) => upgrade(),
        other => other,
    };
    match second {
        Ok(()) => Spoken::Websockets(Some(0)),
        Err(Trouble::Connack { code, .. }) => Spoken::Websockets(Some(code)),
        Err(Trouble::NoWebsockets(status)) => Spoken::Http(Http { status }),
        // upgraded, and then nothing
        Err(Trouble::Closed(Stage::Mqtt) | Trouble::Timeout(Stage::Mqtt)) => Spoken::Websockets(None),
        Err(_) if matches!(&first, Spoken::Other(words) if words.contains("`HTTP")) => {
            Spoken::Http(Http { status: None })
        }
        Err(_) => first,
    }
}

/// An anonymous CONNECT with an identifier that nobody else has.
fn question<'a>(
    host: &'a str,
    port: u16,
    tls: Option<Tls<'a>>,
    websocket: Option<&'a str>,
    timeout: Duration,
) -> Attempt<'a> {
    let number: String = random_bytes::<6>().iter().map(|byte| format!("{byte:02x}")).collect();
    Attempt {
        tls,
        websocket,
        version: Version::V311,
        timeout,
        ..Attempt::new(host, port, format!("mqsec-look-{number}"))
    }
}
