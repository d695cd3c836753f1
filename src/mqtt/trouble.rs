//! Why a try failed: stage and symptom, and what they alone tell of the cause. Pure: it looks at no file and asks nobody;
//! `diagnosis` does.

use std::fmt;
use std::net::SocketAddr;

use rustls::AlertDescription;
use rustls::CertificateError;

use super::Version;
use super::reason::acknowledgement;
use super::reason::connack;
use crate::error::Diagnose;
use crate::error::Kind;

/// In the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Resolve,
    Connect,
    Tls,
    Websockets,
    Mqtt,
    Subscribe,
    Publish,
    Return,
    Hold,
    Disconnect,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Websockets => "websockets",
            Self::Mqtt => "mqtt connect",
            Self::Subscribe => "subscribe",
            Self::Publish => "publish",
            Self::Return => "message back",
            Self::Hold => "stay connected",
            Self::Disconnect => "disconnect",
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("`{0}` is neither a DNS name nor an IP address")]
    HostName(String),
    #[error("the name `{host}` cannot be resolved ({reason})")]
    Resolve { host: String, reason: String },
    #[error("nothing listens at {}", addresses(tries))]
    Refused { tries: Vec<(SocketAddr, String)> },
    #[error("no answer from {}: packets to it vanish", addresses(tries))]
    Vanished { tries: Vec<(SocketAddr, String)> },
    #[error("there is no way to {}", addresses(tries))]
    Unreachable { tries: Vec<(SocketAddr, String)> },
    /// The client's own certificate, key or authority cannot be used.
    #[error("the client's own files cannot be used: {0}")]
    OwnFiles(String),
    #[error("the broker's certificate is not accepted: {}", server_certificate(.0))]
    ServerCertificate(CertificateError),
    #[error("{}", refused_client(*alert, *had_certificate, *asked))]
    ClientRefused { alert: AlertDescription, had_certificate: bool, asked: bool },
    /// Where the alert was lost.
    #[error("the broker closed the connection when it had asked for a client certificate")]
    ClosedAfterRequest { had_certificate: bool },
    #[error("the port answers, but not with TLS")]
    NotTls,
    #[error("the other side sent more than 64 KiB of certificates")]
    ChainTooLarge,
    #[error("broker and client have no TLS version in common")]
    TlsVersion,
    #[error("the TLS handshake failed: {0}")]
    Tls(String),
    #[error("an HTTP server answers, and not with websockets")]
    NoWebsockets(Option<u16>),
    #[error("the port answers, but not with HTTP, which websockets begin with ({0})")]
    NotHttp(String),
    #[error("the other side closed the connection without a word")]
    Closed(Stage),
    #[error("no answer in time")]
    Timeout(Stage),
    #[error("the network failed: {words}")]
    Network { stage: Stage, words: String },
    #[error("the port answers, but not with MQTT: {0}")]
    NotMqtt(String),
    #[error("the broker refused the connection: {}", connack(*code, *version))]
    Connack { code: u8, version: Version, words: Option<String> },
    #[error("the broker refused the subscription: {}", acknowledgement(*code, *version))]
    Subscribe { code: u8, version: Version },
    #[error("the broker refused the message: {}", acknowledgement(*code, *version))]
    Publish { code: u8, version: Version },
    #[error("the broker takes QoS {0} at most")]
    Qos(u8),
    #[error("the broker takes packets of {limit} bytes at most, and this one has {size}")]
    TooLarge { limit: u32, size: usize },
    #[error("the message was published, but did not come back")]
    NoMessage,
    #[error("the will of a client that vanished was not published")]
    NoWill,
    #[error("the broker ended the session: {}", acknowledgement(*reason, Version::V5))]
    Disconnected { reason: u8, words: Option<String> },
}

impl Trouble {
    /// Where it happened.
    pub fn stage(&self) -> Stage {
        match self {
            Self::HostName(_) | Self::Resolve { .. } => Stage::Resolve,
            Self::Refused { .. } | Self::Vanished { .. } | Self::Unreachable { .. } => Stage::Connect,
            Self::OwnFiles(_)
            | Self::ServerCertificate(_)
            | Self::ClientRefused { .. }
            | Self::ClosedAfterRequest { .. }
            | Self::NotTls
            | Self::ChainTooLarge
            | Self::TlsVersion
            | Self::Tls(_) => Stage::Tls,
            Self::NoWebsockets(_) | Self::NotHttp(_) => Stage::Websockets,
            Self::Closed(stage) | Self::Timeout(stage) | Self::Network { stage, .. } => *stage,
            Self::NotMqtt(_) | Self::Connack { .. } => Stage::Mqtt,
            Self::Subscribe { .. } => Stage::Subscribe,
            Self::Publish { .. } | Self::Qos(_) | Self::TooLarge { .. } => Stage::Publish,
            Self::NoMessage => Stage::Return,
            Self::NoWill | Self::Disconnected { .. } => Stage::Hold,
        }
    }

    /// The return code of the old tool's table, as the broker sent it.
    pub fn return_code(&self) -> Option<u8> {
        match self {
            Self::Connack { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether a broker of ours answered with a refusal (and did not, for example, fall silent).
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::ClientRefused { .. }
                | Self::ClosedAfterRequest { .. }
                | Self::Connack { .. }
                | Self::Closed(_)
                | Self::NotMqtt(_)
        )
    }

    /// Whether it is the answer to wrong, missing or unknown credentials, and nothing else.
    pub fn is_login(&self) -> bool {
        matches!(self, Self::Connack { code: 5 | 135, .. })
    }
}

impl Diagnose for Trouble {
    fn code(&self) -> &'static str {
        match self {
            Self::HostName(_) => "name-invalid",
            Self::Resolve { .. } => "name-not-resolved",
            Self::Refused { .. } => "connect-refused",
            Self::Vanished { .. } => "connect-timeout",
            Self::Unreachable { .. } | Self::Network { .. } => "network-unreachable",
            Self::OwnFiles(_) => "client-files-unusable",
            Self::ServerCertificate(error) => match error {
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    "tls-name-mismatch"
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => "tls-broker-expired",
                CertificateError::UnknownIssuer => "tls-broker-unknown-authority",
                CertificateError::BadSignature => "tls-broker-other-authority",
                _ => "tls-broker-refused",
            },
            Self::ClientRefused { alert, had_certificate: false, asked: true } if is_missing(*alert) => {
                "tls-client-certificate-missing"
            }
            Self::ClientRefused { alert, .. } => match alert {
                AlertDescription::UnknownCA => "tls-client-unknown-authority",
                AlertDescription::CertificateExpired => "tls-client-expired",
                AlertDescription::CertificateRevoked => "tls-client-revoked",
                AlertDescription::UnsupportedCertificate => "tls-client-wrong-role",
                _ => "tls-client-refused",
            },
            Self::ClosedAfterRequest { had_certificate: false } => "tls-client-certificate-missing",
            Self::ClosedAfterRequest { .. } => "tls-client-refused",
            Self::NotTls => "tls-not-spoken",
            Self::ChainTooLarge => "tls-chain-too-large",
            Self::TlsVersion => "tls-version-refused",
            Self::Tls(_) => "tls-failed",
            Self::NoWebsockets(_) | Self::NotHttp(_) => "websockets-refused",
            Self::Closed(_) => "connection-closed",
            Self::Timeout(_) => "no-answer",
            Self::NotMqtt(_) => "mqtt-not-spoken",
            Self::Connack { code, .. } => match code {
                1 | 132 => "mqtt-version-refused",
                2 | 133 => "client-id-refused",
                4 | 134 => "identity-without-name",
                5 | 135 => "login-refused",
                _ => "connect-not-accepted",
            },
            Self::Subscribe { .. } => "subscribe-denied",
            Self::Publish { code: 0x95, .. } | Self::TooLarge { .. } => "packet-too-large",
            Self::Publish { .. } => "publish-denied",
            Self::Qos(_) => "qos-not-supported",
            Self::NoMessage => "delivery-denied",
            Self::NoWill => "will-denied",
            Self::Disconnected { reason, .. } => match reason {
                0x8b => "broker-stopped",
                0x8e => "session-taken-over",
                0x95 => "packet-too-large",
                _ => "session-ended",
            },
        }
    }

    fn kind(&self) -> Kind {
        match self.code() {
            "tls-version-refused" | "packet-too-large" | "qos-not-supported" | "session-taken-over" => Kind::No,
            code if code.starts_with("tls-broker-") || code.starts_with("tls-client-") => Kind::No,
            "tls-name-mismatch" => Kind::No,
            _ => match self {
                Self::Connack { .. }
                | Self::Subscribe { .. }
                | Self::Publish { .. }
                | Self::NoMessage
                | Self::NoWill => Kind::No,
                _ => Kind::Unanswered,
            },
        }
    }

    /// What was seen on the wire.
    fn details(&self) -> Vec<String> {
        let number = |what: &str, code: &u8, words: &Option<String>| {
            let words = words.as_ref().map(|words| format!(", `{words}`")).unwrap_or_default();
            vec![format!("{what} {code}{words}")]
        };
        match self {
            Self::Refused { tries } | Self::Vanished { tries } | Self::Unreachable { tries } => {
                tries.iter().map(|(address, why)| format!("{address}: {why}")).collect()
            }
            Self::ServerCertificate(CertificateError::NotValidForNameContext { presented, .. }) => {
                let names: Vec<String> = presented.iter().map(|name| format!("`{}`", san(name))).collect();
                vec![format!("it is valid for: {}", names.join(", "))]
            }
            Self::ClientRefused { alert, .. } => vec![format!("TLS alert {}: {alert:?}", u8::from(*alert))],
            Self::NoWebsockets(Some(status)) => vec![format!("HTTP status {status}")],
            Self::Connack { code, words, .. } => number("CONNACK", code, words),
            Self::Subscribe { code, .. } => number("SUBACK", code, &None),
            Self::Publish { code, .. } => number("PUBACK", code, &None),
            Self::Disconnected { reason, words } => number("DISCONNECT", reason, words),
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self.code() {
            "name-not-resolved" => "try the address instead of the name, or look at this machine's DNS",
            "connect-refused" => "is the broker running, on that port? mqsec status",
            "connect-timeout" => {
                "a firewall drops the packets, or the machine is off; see what answers: mqsec probe HOST"
            }
            "network-unreachable" => "look at this machine's network: ip route get ADDRESS",
            "tls-name-mismatch" => "dial a name of the list, or add this one to the certificate: mqsec up NAME",
            "tls-broker-expired" => "issue it again: mqsec up",
            "tls-broker-unknown-authority" => {
                "another authority issued it than `certs/ca.crt`; after a new authority: mqsec up"
            }
            "tls-broker-other-authority" => {
                "the authority was made anew: bring the new certs/ca.crt here, or: mqsec up"
            }
            "tls-client-certificate-missing" => {
                "issue one: mqsec client-cert NAME; or show another client's: mqsec test-connect USER --client CLIENT"
            }
            "tls-client-unknown-authority" => {
                "the broker trusts another authority: issue it anew with mqsec client-cert NAME"
            }
            "tls-client-expired" => {
                "look at it, and at the CRL's end: mqsec verify; issue anew: mqsec client-cert NAME"
            }
            "tls-client-revoked" => "issue a new one: mqsec client-cert NAME",
            "tls-client-refused" | "tls-client-wrong-role" => "look at the certificate: mqsec verify NAME",
            "tls-version-refused" => "leave --tls out, or look at tls_version in config/mosquitto.conf",
            "tls-chain-too-large" => {
                "send the broker's certificate and its intermediates alone; what is in certfile? mqsec verify FILE"
            }
            "tls-not-spoken" | "mqtt-not-spoken" | "websockets-refused" => {
                "see what speaks there: mqsec probe HOST:PORT"
            }
            "login-refused" => {
                "user or password is missing or wrong (the broker does not say which): mqsec passwd test; an ACL is never the reason for this code"
            }
            "mqtt-version-refused" => "try the other version: mqsec test-connect --mqtt 3.1.1",
            "client-id-refused" => "give another one: mqsec test-connect --client-id ID",
            "identity-without-name" => "issue a certificate with a common name: mqsec client-cert NAME",
            "publish-denied" | "subscribe-denied" | "delivery-denied" | "will-denied" => {
                "the broker's ACL does not let this user do that; change acl_file, then: mqsec up"
            }
            "packet-too-large" => "send less, or raise max_packet_size in config/mosquitto.conf",
            "qos-not-supported" => {
                "ask for less: mqsec test-connect --qos 1; or raise max_qos in config/mosquitto.conf"
            }
            "session-taken-over" => {
                "another client uses the same identifier; give each its own: mqsec test-connect --client-id ID"
            }
            "no-answer" => "a firewall may drop the packets, or the broker hangs: mqsec logs --explain",
            "connection-closed" | "session-ended" | "broker-stopped" => {
                "the broker's log tells more: mqsec logs --explain"
            }
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}

fn addresses(tries: &[(SocketAddr, String)]) -> String {
    tries.iter().map(|(address, _)| address.to_string()).collect::<Vec<_>>().join(", ")
}

/// webpki presents names as `DnsName("x")` and `IpAddress(1.2.3.4)`.
fn san(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    inner.trim_matches('"')
}

fn is_missing(alert: AlertDescription) -> bool {
    matches!(alert, AlertDescription::CertificateRequired | AlertDescription::HandshakeFailure)
}

fn server_certificate(error: &CertificateError) -> String {
    use CertificateError as E;
    match error {
        E::NotValidForName => "it is not valid for the name that was dialled".to_owned(),
        E::NotValidForNameContext { expected, .. } => format!("it is not valid for `{}`", expected.to_str()),
        E::Expired | E::ExpiredContext { .. } => "its period is over".to_owned(),
        E::NotValidYet | E::NotValidYetContext { .. } => {
            "its period has not begun; is this machine's clock right?".to_owned()
        }
        E::UnknownIssuer => "an authority issued it that is not trusted here".to_owned(),
        E::BadSignature => "another authority of the same name issued it".to_owned(),
        E::Revoked => "it is revoked".to_owned(),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => "it is not a server's certificate".to_owned(),
        other => format!("{other:?}"),
    }
}

fn refused_client(alert: AlertDescription, had_certificate: bool, asked: bool) -> String {
    use AlertDescription as A;
    let why = match alert {
        _ if asked && !had_certificate && is_missing(alert) => {
            return "the broker demands a client certificate, and none was given".to_owned();
        }
        _ if !asked => return format!("the broker ended the TLS handshake ({alert:?})"),
        A::UnknownCA => "an authority issued it that the broker does not trust",
        A::CertificateExpired => "its period is over, or the broker's CRL is past its end",
        A::CertificateRevoked => "it is revoked",
        A::UnsupportedCertificate => "it is not a client's certificate",
        A::BadCertificate => "it is damaged, too weak, or its period has not begun",
        A::CertificateRequired => "it was not sent",
        other => return format!("the broker ended the TLS handshake ({other:?})"),
    };
    format!("the broker refused the client's certificate: {why}")
}
