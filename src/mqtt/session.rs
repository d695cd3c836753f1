//! One try, stage by stage.

use std::io;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::net::ToSocketAddrs;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use bytes::BytesMut;
use rumqttc::v5::mqttbytes::Error as CodecError;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Connect;
use rumqttc::v5::mqttbytes::v5::ConnectReturnCode;
use rumqttc::v5::mqttbytes::v5::Disconnect;
use rumqttc::v5::mqttbytes::v5::DisconnectReasonCode;
use rumqttc::v5::mqttbytes::v5::Filter;
use rumqttc::v5::mqttbytes::v5::Login;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::mqttbytes::v5::PubAckReason;
use rumqttc::v5::mqttbytes::v5::Publish;
use rumqttc::v5::mqttbytes::v5::Subscribe;
use rumqttc::v5::mqttbytes::v5::SubscribeReasonCode;
use rustls::AlertDescription;

use super::Attempt;
use super::Success;
use super::trouble::Stage;
use super::trouble::Trouble;
use super::wire::Wire;
use super::wire::tls_error;
use crate::secret::random_bytes;

/// Tries to get in, and to get a message back where a topic is given.
pub fn attempt(attempt: &Attempt<'_>) -> Result<Success, Trouble> {
    let mut watch = Watch { last: Instant::now(), timings: Vec::new() };
    let deadline = watch.last + attempt.timeout;
    let addresses = resolve(attempt, deadline)?;
    watch.lap(Stage::Resolve);
    let (socket, address) = connect(&addresses, deadline)?;
    watch.lap(Stage::Connect);
    let wire = Wire::new(socket, attempt.tls.as_ref(), attempt.host, deadline)?;
    let had_certificate = attempt.tls.as_ref().is_some_and(|tls| tls.identity.is_some());
    let mut session = Session { wire, inbox: BytesMut::new(), had_certificate };
    // CONNECT leaves together with the handshake's last flight: one round trip less, and the alert of a broker that
    // refuses the certificate is read as the answer to it
    session.queue(Packet::Connect(connect_packet(attempt), None, login(attempt)), Stage::Tls)?;
    session.wire.handshake().map_err(|error| session.cause(error, Stage::Tls))?;
    if attempt.tls.is_some() {
        watch.lap(Stage::Tls);
    }
    session.flush(Stage::Mqtt)?;
    match session.next(Stage::Mqtt)? {
        Packet::ConnAck(ack) if ack.code == ConnectReturnCode::Success => watch.lap(Stage::Mqtt),
        Packet::ConnAck(ack) => return Err(Trouble::Login(ack.code)),
        other => return Err(Trouble::NotMqtt(format!("{} in place of CONNACK", kind(&other)))),
    }
    if let Some(topic) = attempt.topic {
        session.round_trip(topic, &mut watch)?;
    }
    let bye = Packet::Disconnect(Disconnect::new(DisconnectReasonCode::NormalDisconnection));
    let _ = session.queue(bye, Stage::Return).and_then(|()| session.flush(Stage::Return));
    session.wire.close();
    let tls = session.wire.connection();
    Ok(Success {
        address,
        tls_version: tls.and_then(|tls| tls.protocol_version()).and_then(|version| version.as_str()).map(|version| {
            match version {
                "TLSv1_2" => "TLS 1.2",
                "TLSv1_3" => "TLS 1.3",
                other => other,
            }
        }),
        cipher: tls.and_then(|tls| tls.negotiated_cipher_suite()).map(|suite| format!("{:?}", suite.suite())),
        certificate: tls
            .and_then(|tls| tls.peer_certificates())
            .and_then(|chain| chain.first())
            .map(|der| der.clone().into_owned()),
        timings: watch.timings,
    })
}

struct Watch {
    last: Instant,
    timings: Vec<(Stage, Duration)>,
}

impl Watch {
    fn lap(&mut self, stage: Stage) {
        let now = Instant::now();
        self.timings.push((stage, now - self.last));
        self.last = now;
    }
}

/// Every address of the name. The system's resolver knows no deadline, so it runs beside.
fn resolve(attempt: &Attempt<'_>, deadline: Instant) -> Result<Vec<SocketAddr>, Trouble> {
    let bare = attempt.host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(attempt.host);
    if let Ok(ip) = bare.parse() {
        return Ok(vec![SocketAddr::new(ip, attempt.port)]);
    }
    let (sender, receiver) = mpsc::channel();
    let target = (bare.to_owned(), attempt.port);
    std::thread::spawn(move || {
        let _ = sender.send(target.to_socket_addrs().map(|found| found.collect::<Vec<_>>()));
    });
    let failed = |reason: String| Trouble::Resolve { host: attempt.host.to_owned(), reason };
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

fn connect(addresses: &[SocketAddr], deadline: Instant) -> Result<(TcpStream, SocketAddr), Trouble> {
    let mut tries = Vec::new();
    for (at, address) in addresses.iter().enumerate() {
        // the addresses that are left share the time that is left
        let left = deadline.saturating_duration_since(Instant::now()) / (addresses.len() - at) as u32;
        match TcpStream::connect_timeout(address, left.max(Duration::from_millis(1))) {
            Ok(socket) => return Ok((socket, *address)),
            Err(error) => tries.push((*address, error.to_string())),
        }
    }
    Err(Trouble::Connect { tries })
}

fn connect_packet(attempt: &Attempt<'_>) -> Connect {
    Connect { keep_alive: 60, client_id: attempt.client_id.clone(), clean_start: true, properties: None }
}

fn login(attempt: &Attempt<'_>) -> Option<Login> {
    attempt.login.map(|(user, password)| Login::new(user, password.expose()))
}

struct Session {
    wire: Wire,
    inbox: BytesMut,
    had_certificate: bool,
}

impl Session {
    fn queue(&mut self, packet: Packet, stage: Stage) -> Result<(), Trouble> {
        let mut bytes = BytesMut::new();
        packet.write(&mut bytes, None).map_err(|error| Trouble::OwnFiles(error.to_string()))?;
        self.wire.send(&bytes).map_err(|error| self.cause(error, stage))
    }

    fn flush(&mut self, stage: Stage) -> Result<(), Trouble> {
        self.wire.flush().map_err(|error| self.cause(error, stage))
    }

    /// The next packet. Before CONNACK anything that is not MQTT is told as that.
    fn next(&mut self, stage: Stage) -> Result<Packet, Trouble> {
        let mut buffer = [0; 4096];
        loop {
            if stage == Stage::Mqtt && self.inbox.first().is_some_and(|byte| byte >> 4 != 2) {
                let start: String = self.inbox.iter().take(16).map(|byte| byte.escape_ascii().to_string()).collect();
                return Err(Trouble::NotMqtt(format!("it starts with `{start}`")));
            }
            match Packet::read(&mut self.inbox, Some(1 << 20)) {
                Ok(packet) => return Ok(packet),
                Err(CodecError::InsufficientBytes(_)) => {}
                Err(error) => return Err(Trouble::NotMqtt(error.to_string())),
            }
            match self.wire.receive(&mut buffer) {
                Ok(0) => return Err(self.end(stage)),
                Ok(count) => self.inbox.extend_from_slice(&buffer[..count]),
                Err(error) => return Err(self.cause(error, stage)),
            }
        }
    }

    fn round_trip(&mut self, topic: &str, watch: &mut Watch) -> Result<(), Trouble> {
        let mut subscribe = Subscribe::new(Filter::new(topic, QoS::AtMostOnce), None);
        subscribe.pkid = 1;
        let number: String = random_bytes::<8>().iter().map(|byte| format!("{byte:02x}")).collect();
        let payload = format!("mqsec test {number}");
        let mut publish = Publish::new(topic, QoS::AtLeastOnce, payload.clone(), None);
        publish.pkid = 2;
        self.queue(Packet::Subscribe(subscribe), Stage::Subscribe)?;
        self.queue(Packet::Publish(publish), Stage::Publish)?;
        self.flush(Stage::Publish)?;
        let (mut subscribed, mut published, mut returned) = (false, false, false);
        while !(subscribed && published && returned) {
            let stage = match (subscribed, published) {
                (false, _) => Stage::Subscribe,
                (true, false) => Stage::Publish,
                (true, true) => Stage::Return,
            };
            match self.next(stage) {
                Ok(Packet::SubAck(ack)) => {
                    if let Some(refused) =
                        ack.return_codes.iter().find(|code| !matches!(code, SubscribeReasonCode::Success(_)))
                    {
                        return Err(Trouble::Subscribe(*refused));
                    }
                    subscribed = true;
                    watch.lap(Stage::Subscribe);
                }
                Ok(Packet::PubAck(ack)) => {
                    if !matches!(ack.reason, PubAckReason::Success | PubAckReason::NoMatchingSubscribers) {
                        return Err(Trouble::Publish(ack.reason));
                    }
                    published = true;
                    watch.lap(Stage::Publish);
                }
                Ok(Packet::Publish(message)) if message.payload == payload.as_bytes() => {
                    returned = true;
                    watch.lap(Stage::Return);
                }
                Ok(_) => {}
                // both acknowledged and nothing came: the ACL filters the delivery
                Err(Trouble::Timeout(Stage::Return)) => return Err(Trouble::NoMessage),
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// The stream ended without a word.
    fn end(&self, stage: Stage) -> Trouble {
        let handshake_done = self.wire.connection().is_some_and(|tls| !tls.is_handshaking());
        if self.wire.certificate_requested() && handshake_done && stage == Stage::Mqtt {
            return Trouble::ProbablyClientRefused { had_certificate: self.had_certificate };
        }
        if stage == Stage::Tls { Trouble::NotTls } else { Trouble::Closed(stage) }
    }

    /// What an I/O error means at this stage.
    fn cause(&mut self, error: io::Error, stage: Stage) -> Trouble {
        use io::ErrorKind as E;
        let error = match tls_error(error) {
            Ok(error) => return self.tls_cause(error),
            Err(error) => error,
        };
        match error.kind() {
            E::TimedOut | E::WouldBlock => Trouble::Timeout(stage),
            E::BrokenPipe | E::ConnectionReset | E::ConnectionAborted | E::UnexpectedEof => {
                match self.wire.last_words() {
                    Some(error) => self.tls_cause(error),
                    None => self.end(stage),
                }
            }
            _ => Trouble::Tls(error.to_string()),
        }
    }

    fn tls_cause(&self, error: rustls::Error) -> Trouble {
        use rustls::Error as E;
        match error {
            E::InvalidCertificate(error) => Trouble::ServerCertificate(error),
            E::AlertReceived(AlertDescription::CloseNotify) => self.end(Stage::Mqtt),
            E::AlertReceived(alert) => Trouble::ClientRefused { alert, had_certificate: self.had_certificate },
            E::InvalidMessage(_) => Trouble::NotTls,
            other => Trouble::Tls(other.to_string()),
        }
    }
}

fn kind(packet: &Packet) -> &'static str {
    match packet {
        Packet::Disconnect(_) => "DISCONNECT",
        Packet::Publish(_) => "PUBLISH",
        _ => "another packet",
    }
}
