//! A thin, blocking MQTT client that owns its stages: resolve → connect → TLS → websockets → CONNECT → SUBSCRIBE →
//! PUBLISH → the message comes back → DISCONNECT. An event loop would hide the stage, the alert and the reason code, and
//! those are what a diagnosis is made of.

mod cause;
mod channel;
mod outgoing;
mod packet;
mod reason;
mod session;
mod sniff;
mod socket;
mod tls;
mod trouble;
mod wire;

use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;

use crate::secret::Secret;

pub use packet::Limits;
pub use packet::Packet;
pub use packet::read as read_packet;
pub use reason::acknowledgement;
pub use reason::connack;
pub use session::Exchange;
pub use session::attempt;
pub use session::conversation::Conversation;
pub use session::conversation::Delivered;
pub use session::may_publish;
pub use session::may_subscribe;
pub use session::request;
pub use session::retained;
pub use session::will;
pub use sniff::Http;
pub use sniff::Peek;
pub use sniff::Peeked;
pub use sniff::Spoken;
pub use sniff::peek;
pub use sniff::speaks;
pub use sniff::speaks_websockets;
pub use socket::listens;
pub use socket::resolve;
pub use trouble::Stage;
pub use trouble::Trouble;

/// One try to get into a broker.
#[derive(Clone)]
pub struct Attempt<'a> {
    pub host: &'a str,
    pub port: u16,
    /// None speaks without TLS.
    pub tls: Option<Tls<'a>>,
    /// The path of a websockets listener; None speaks MQTT directly.
    pub websocket: Option<&'a str>,
    pub version: Version,
    pub login: Option<(&'a str, &'a Secret)>,
    pub client_id: String,
    /// None ends after CONNACK.
    pub trip: Option<Trip<'a>>,
    /// For the whole attempt, `hold` left out.
    pub timeout: Duration,
}

impl<'a> Attempt<'a> {
    /// MQTT 5 without TLS, without a login, up to CONNACK.
    pub fn new(host: &'a str, port: u16, client_id: String) -> Self {
        let timeout = Duration::from_secs(10);
        let version = Version::V5;
        Self { host, port, tls: None, websocket: None, version, login: None, client_id, trip: None, timeout }
    }
}

/// Subscribe, publish, and wait until the message comes back.
#[derive(Clone, Copy)]
pub struct Trip<'a> {
    pub topic: &'a str,
    pub qos: u8,
    /// Length of the message in bytes, at least [`Trip::SHORTEST`].
    pub size: usize,
    /// Stay connected so long afterwards.
    pub hold: Duration,
}

impl<'a> Trip<'a> {
    /// What it takes to tell one message from all others.
    pub const SHORTEST: usize = 27;

    /// The usual one: QoS 1, which is acknowledged with a reason.
    pub fn to(topic: &'a str) -> Self {
        Self { topic, qos: 1, size: Self::SHORTEST, hold: Duration::ZERO }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Version {
    #[value(name = "3.1.1")]
    V311,
    #[value(name = "5")]
    V5,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum TlsVersion {
    #[value(name = "1.2")]
    V12,
    #[value(name = "1.3")]
    V13,
}

#[derive(Clone, Copy)]
pub struct Tls<'a> {
    /// None takes any certificate: to look at it, never to send a secret.
    pub trust: Option<&'a [CertificateDer<'static>]>,
    pub identity: Option<&'a Identity>,
    /// The name that is asked for and compared, in place of the host.
    pub name: Option<&'a str>,
    /// This version alone.
    pub version: Option<TlsVersion>,
}

impl<'a> Tls<'a> {
    pub fn new(trust: &'a [CertificateDer<'static>], identity: Option<&'a Identity>) -> Self {
        Self { trust: Some(trust), identity, name: None, version: None }
    }
}

/// A client's certificate chain and key.
pub struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

/// What a try saw on its way, however it ended.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Addresses that were dialled in vain, and why.
    pub in_vain: Vec<(SocketAddr, String)>,
    pub address: Option<SocketAddr>,
    pub tls_version: Option<&'static str>,
    pub cipher: Option<String>,
    /// The broker's certificates, in the order in which it sent them.
    pub chain: Vec<CertificateDer<'static>>,
    /// Whether the broker asked for a client certificate.
    pub certificate_asked: bool,
    /// The reason code that acknowledged the message (QoS 1 and 2).
    pub acknowledged: Option<u8>,
    /// What CONNACK said of the broker.
    pub limits: Limits,
    /// What each stage took.
    pub timings: Vec<(Stage, Duration)>,
}

pub struct Outcome {
    pub seen: Seen,
    pub result: Result<(), Trouble>,
}

/// The name or address that a client of this machine dials for a listener's bind address.
pub fn dial_host(bind: Option<&str>) -> String {
    match bind.and_then(|bind| bind.parse::<IpAddr>().ok()) {
        Some(ip) if !ip.is_unspecified() => ip.to_string(),
        _ => "localhost".to_owned(),
    }
}
