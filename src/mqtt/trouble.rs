//! Why a try failed: stage and symptom, and the cause that they name. Pure: it looks at no file and no network.

use std::fmt;
use std::net::SocketAddr;

use rumqttc::v5::mqttbytes::v5::ConnectReturnCode;
use rumqttc::v5::mqttbytes::v5::PubAckReason;
use rumqttc::v5::mqttbytes::v5::SubscribeReasonCode;
use rustls::AlertDescription;
use rustls::CertificateError;

use crate::error::Diagnose;
use crate::error::Kind;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Resolve,
    Connect,
    Tls,
    Mqtt,
    Subscribe,
    Publish,
    Return,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Mqtt => "mqtt connect",
            Self::Subscribe => "subscribe",
            Self::Publish => "publish",
            Self::Return => "message back",
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("`{0}` is neither a DNS name nor an IP address")]
    HostName(String),
    #[error("the name `{host}` cannot be resolved ({reason})")]
    Resolve { host: String, reason: String },
    #[error("nothing answers at {}", addresses(tries))]
    Connect { tries: Vec<(SocketAddr, String)> },
    /// The client's own certificate, key or authority cannot be used.
    #[error("the client's own files cannot be used: {0}")]
    OwnFiles(String),
    #[error("the broker's certificate is not accepted: {}", server_certificate(.0))]
    ServerCertificate(CertificateError),
    #[error("{}", refused_client(*alert, *had_certificate))]
    ClientRefused { alert: AlertDescription, had_certificate: bool },
    #[error("the broker closed the connection when it had asked for a client certificate")]
    ProbablyClientRefused { had_certificate: bool },
    #[error("the port answers, but not with TLS")]
    NotTls,
    #[error("the TLS handshake failed: {0}")]
    Tls(String),
    #[error("the broker closed the connection (stage: {0})")]
    Closed(Stage),
    #[error("no answer in time (stage: {0})")]
    Timeout(Stage),
    #[error("the port answers, but not with MQTT: {0}")]
    NotMqtt(String),
    #[error("the broker refused the login: {}", connack(*.0).1)]
    Login(ConnectReturnCode),
    #[error("the broker refused the subscription ({0:?})")]
    Subscribe(SubscribeReasonCode),
    #[error("the broker refused the message ({0:?})")]
    Publish(PubAckReason),
    #[error("the broker took the message, but it did not come back")]
    NoMessage,
}

impl Trouble {
    /// The return code of the old tool's table, as MQTT 5 sends it.
    pub fn return_code(&self) -> Option<u8> {
        match self {
            Self::Login(code) => Some(connack(*code).0),
            _ => None,
        }
    }

    /// Whether a broker of ours answered with a refusal (and did not, for example, fall silent).
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::ClientRefused { .. }
                | Self::ProbablyClientRefused { .. }
                | Self::Login(_)
                | Self::Closed(_)
                | Self::NotMqtt(_)
        )
    }
}

impl Diagnose for Trouble {
    fn code(&self) -> &'static str {
        match self {
            Self::HostName(_) => "name-invalid",
            Self::Resolve { .. } => "name-not-resolved",
            Self::Connect { .. } => "connect-refused",
            Self::OwnFiles(_) => "client-files-unusable",
            Self::ServerCertificate(error) => match error {
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    "tls-name-mismatch"
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => "tls-broker-expired",
                CertificateError::UnknownIssuer | CertificateError::BadSignature => "tls-broker-unknown-authority",
                _ => "tls-broker-refused",
            },
            Self::ClientRefused { alert, had_certificate } => match alert {
                _ if !had_certificate && is_missing(*alert) => "tls-client-certificate-missing",
                AlertDescription::UnknownCA => "tls-client-unknown-authority",
                AlertDescription::CertificateExpired => "tls-client-expired",
                AlertDescription::CertificateRevoked => "tls-client-revoked",
                _ => "tls-client-refused",
            },
            Self::ProbablyClientRefused { had_certificate: false } => "tls-client-certificate-missing",
            Self::ProbablyClientRefused { .. } => "tls-client-refused",
            Self::NotTls => "tls-not-spoken",
            Self::Tls(_) => "tls-failed",
            Self::Closed(_) => "connection-closed",
            Self::Timeout(_) => "no-answer",
            Self::NotMqtt(_) => "mqtt-not-spoken",
            Self::Login(ConnectReturnCode::NotAuthorized | ConnectReturnCode::BadUserNamePassword) => "login-refused",
            Self::Login(_) => "connect-not-accepted",
            Self::Subscribe(_) => "subscribe-refused",
            Self::Publish(_) => "publish-refused",
            Self::NoMessage => "message-not-returned",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::HostName(_)
            | Self::Resolve { .. }
            | Self::Connect { .. }
            | Self::OwnFiles(_)
            | Self::NotTls
            | Self::Tls(_)
            | Self::Closed(_)
            | Self::Timeout(_)
            | Self::NotMqtt(_) => Kind::Unanswered,
            _ => Kind::No,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Connect { tries } => tries.iter().map(|(address, why)| format!("{address}: {why}")).collect(),
            Self::ServerCertificate(CertificateError::NotValidForNameContext { presented, .. }) => {
                let names: Vec<String> = presented.iter().map(|name| format!("`{}`", san(name))).collect();
                vec![format!("it is valid for: {}", names.join(", "))]
            }
            Self::ClientRefused { alert, .. } => vec![format!("TLS alert {}: {alert:?}", u8::from(*alert))],
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self.code() {
            "name-not-resolved" => "try the address instead of the name, or look at this machine's DNS",
            "connect-refused" => "is the broker running, on that port? mqsec status",
            "tls-name-mismatch" => "dial a name of the list, or add this one to the certificate: mqsec up NAME",
            "tls-broker-expired" => "issue it again: mqsec up",
            "tls-broker-unknown-authority" => {
                "another authority issued it than `certs/ca.crt`; after a new authority: mqsec up"
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
            "tls-client-refused" => "look at the certificate: mqsec verify NAME",
            "tls-not-spoken" => "is it the port of the TLS listener (8883)?",
            "mqtt-not-spoken" => "another service listens there, or a websockets listener",
            "login-refused" => {
                "user or password is missing or wrong (the broker does not say which): mqsec passwd test; an ACL is never the reason for this code"
            }
            "publish-refused" | "subscribe-refused" | "message-not-returned" => {
                "the broker's ACL does not let this user write or read the topic"
            }
            "no-answer" => "a firewall may drop the packets, or the broker hangs: mqsec logs",
            "connection-closed" => "the broker's log tells more: mqsec logs",
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

fn refused_client(alert: AlertDescription, had_certificate: bool) -> String {
    use AlertDescription as A;
    let why = match alert {
        _ if !had_certificate && is_missing(alert) => {
            return "the broker demands a client certificate, and none was given".to_owned();
        }
        A::UnknownCA => "an authority issued it that the broker does not trust",
        A::CertificateExpired => "its period is over, or the broker's CRL is past its end",
        A::CertificateRevoked => "it is revoked",
        A::UnsupportedCertificate => "it is not a client's certificate",
        A::BadCertificate => "it is damaged, too weak, or its period has not begun",
        A::CertificateRequired => "it was not sent",
        A::ProtocolVersion => return "the broker speaks no TLS version that is safe".to_owned(),
        other => return format!("the broker ended the TLS handshake ({other:?})"),
    };
    format!("the broker refused the client's certificate: {why}")
}

/// Number and meaning of a CONNACK reason code. Mosquitto answers 135 (MQTT 3.1.1: 5) for every wrong login.
pub fn connack(code: ConnectReturnCode) -> (u8, &'static str) {
    use ConnectReturnCode as C;
    match code {
        C::Success => (0, "connection accepted"),
        C::RefusedProtocolVersion => (1, "protocol version not supported"),
        C::BadClientId => (2, "client identifier not allowed"),
        C::ServiceUnavailable => (3, "broker unavailable"),
        C::UnspecifiedError => (128, "unspecified error"),
        C::MalformedPacket => (129, "malformed packet"),
        C::ProtocolError => (130, "protocol error"),
        C::ImplementationSpecificError => (131, "error of this broker's own kind"),
        C::UnsupportedProtocolVersion => (132, "protocol version not supported"),
        C::ClientIdentifierNotValid => (133, "client identifier not valid"),
        C::BadUserNamePassword => {
            (134, "user name or password not valid (Mosquitto: the certificate has no common name)")
        }
        C::NotAuthorized => (135, "not authorised: user name or password missing or wrong"),
        C::ServerUnavailable => (136, "server unavailable"),
        C::ServerBusy => (137, "server busy"),
        C::Banned => (138, "banned"),
        C::BadAuthenticationMethod => (140, "bad authentication method"),
        C::TopicNameInvalid => (144, "topic name of the will invalid"),
        C::PacketTooLarge => (149, "packet too large"),
        C::QuotaExceeded => (151, "quota exceeded"),
        C::PayloadFormatInvalid => (153, "payload format of the will invalid"),
        C::RetainNotSupported => (154, "retain not supported"),
        C::QoSNotSupported => (155, "QoS not supported"),
        C::UseAnotherServer => (156, "use another server"),
        C::ServerMoved => (157, "server moved"),
        C::ConnectionRateExceeded => (159, "connection rate exceeded"),
    }
}
