//! A thin, blocking MQTT 5 client that owns its stages: resolve → connect → TLS → CONNECT → SUBSCRIBE → PUBLISH → the
//! message comes back. Only the packet codec is rumqttc's; its event loop would hide the stage and the TLS alert.

mod session;
mod trouble;
mod wire;

use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;

use crate::secret::Secret;

pub use session::attempt;
pub use trouble::Stage;
pub use trouble::Trouble;
pub use trouble::connack;

/// One try to get into a broker.
pub struct Attempt<'a> {
    pub host: &'a str,
    pub port: u16,
    /// None speaks MQTT without TLS.
    pub tls: Option<Tls<'a>>,
    pub login: Option<(&'a str, &'a Secret)>,
    pub client_id: String,
    /// Publish here and wait until the message comes back; None ends after CONNACK.
    pub topic: Option<&'a str>,
    /// For the whole attempt.
    pub timeout: Duration,
}

pub struct Tls<'a> {
    pub trust: &'a [CertificateDer<'static>],
    pub identity: Option<&'a Identity>,
}

/// A client's certificate chain and key.
pub struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

/// What is known of a try that got in.
#[derive(Clone, Debug)]
pub struct Success {
    pub address: SocketAddr,
    pub tls_version: Option<&'static str>,
    pub cipher: Option<String>,
    /// The broker's own certificate.
    pub certificate: Option<CertificateDer<'static>>,
    /// What each stage took.
    pub timings: Vec<(Stage, Duration)>,
}

/// The name or address that a client of this machine dials for a listener's bind address.
pub fn dial_host(bind: Option<&str>) -> String {
    match bind.and_then(|bind| bind.parse::<IpAddr>().ok()) {
        Some(ip) if !ip.is_unspecified() => ip.to_string(),
        _ => "localhost".to_owned(),
    }
}
