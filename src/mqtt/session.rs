//! One try, stage by stage.

pub(super) mod conversation;
mod request;

use std::io;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use super::Attempt;
use super::Outcome;
use super::Seen;
use super::Trip;
use super::cause::Cause;
use super::channel::Channel;
use super::channel::Upgrade;
use super::outgoing;
use super::outgoing::Will;
use super::packet;
use super::packet::Packet;
use super::socket;
use super::tls;
use super::tls::Told;
use super::trouble::Stage;
use super::trouble::Trouble;
use super::wire::Wire;
use super::wire::is_tls;
use crate::secret::random_bytes;

pub use request::Exchange;
pub use request::request;

/// The longest packet that is read; a test's own message is the longest that is expected.
const LONGEST: usize = 4 << 20;
/// How long a message may lag behind the broker's answer to a ping that was sent after it.
const LAG: Duration = Duration::from_millis(300);
const SUBSCRIBE_ID: u16 = 1;
const PUBLISH_ID: u16 = 2;

/// Tries to get in, and to get a message back where that is asked for.
pub fn attempt(attempt: &Attempt<'_>) -> Outcome {
    let mut watch = Watch::start();
    let mut seen = Seen::default();
    let result = run(attempt, &mut seen, &mut watch);
    seen.timings = watch.timings;
    Outcome { seen, result }
}

fn run(attempt: &Attempt<'_>, seen: &mut Seen, watch: &mut Watch) -> Result<(), Trouble> {
    let mut session = Session::open(attempt, None, seen, watch)?;
    if let Some(trip) = &attempt.trip {
        session.subscribe(trip)?;
        session.publish(trip, seen)?;
        session.flush(Stage::Subscribe)?;
        session.round_trip(trip, seen, watch)?;
        if !trip.hold.is_zero() {
            session.hold(trip.hold)?;
            watch.lap(Stage::Hold);
        }
    }
    session.close();
    watch.lap(Stage::Disconnect);
    Ok(())
}

/// Whether the broker publishes a client's will: one client leaves it and vanishes, another waits for it.
pub fn will(attempt: &Attempt<'_>, topic: &str) -> Result<(), Trouble> {
    let (mut seen, mut watch) = (Seen::default(), Watch::start());
    let trip = Trip::to(topic);
    let mut waiting = Session::open(attempt, None, &mut seen, &mut watch)?;
    waiting.subscribe_and_wait(&trip)?;
    let words = waiting.payload.clone();
    let vanishing = Attempt { client_id: format!("{}-will", attempt.client_id), ..attempt.clone() };
    // dropped without DISCONNECT
    drop(Session::open(&vanishing, Some((topic, &words)), &mut seen, &mut watch)?);
    waiting.channel.wire().set_deadline(Instant::now() + attempt.timeout.min(Duration::from_secs(3)));
    loop {
        match waiting.next(Stage::Return) {
            Ok(Packet::Publish { payload, .. }) if payload == words.as_bytes() => break,
            Ok(_) => {}
            Err(Trouble::Timeout(_)) => return Err(Trouble::NoWill),
            Err(other) => return Err(other),
        }
    }
    waiting.close();
    Ok(())
}

/// Whether the broker takes a message on a topic (QoS 1, whose acknowledgement tells in MQTT 5).
pub fn may_publish(attempt: &Attempt<'_>, topic: &str) -> Outcome {
    ask(attempt, |session, seen| {
        session.publish(&Trip::to(topic), seen)?;
        session.flush(Stage::Publish)?;
        loop {
            if let Packet::PubAck { id: PUBLISH_ID, reason } = session.heed(Stage::Publish)? {
                return session.acknowledged(reason, seen);
            }
        }
    })
}

/// Whether the broker grants a subscription. What it delivers later is decided message by message.
pub fn may_subscribe(attempt: &Attempt<'_>, filter: &str) -> Outcome {
    ask(attempt, |session, _| session.subscribe_and_wait(&Trip::to(filter)))
}

/// A session for one question.
fn ask(attempt: &Attempt<'_>, question: impl FnOnce(&mut Session<'_>, &mut Seen) -> Result<(), Trouble>) -> Outcome {
    let (mut seen, mut watch) = (Seen::default(), Watch::start());
    let result = Session::open(attempt, None, &mut seen, &mut watch).and_then(|mut session| {
        question(&mut session, &mut seen)?;
        session.close();
        Ok(())
    });
    seen.timings = watch.timings;
    Outcome { seen, result }
}

/// What is retained on a topic; nothing when no message comes.
pub fn retained(attempt: &Attempt<'_>, topic: &str) -> Result<Option<String>, Trouble> {
    let (mut seen, mut watch) = (Seen::default(), Watch::start());
    let mut session = Session::open(attempt, None, &mut seen, &mut watch)?;
    session.subscribe(&Trip { qos: 0, ..Trip::to(topic) })?;
    session.send(&outgoing::PINGREQ, Stage::Subscribe)?;
    session.flush(Stage::Subscribe)?;
    let found = loop {
        match session.next(Stage::Subscribe)? {
            Packet::Publish { payload, .. } => break Some(String::from_utf8_lossy(&payload).into_owned()),
            // what is retained comes before the answer to the ping
            Packet::PingResp => break None,
            _ => {}
        }
    };
    session.close();
    Ok(found)
}

pub(super) struct Watch {
    last: Instant,
    timings: Vec<(Stage, Duration)>,
}

impl Watch {
    pub(super) fn start() -> Self {
        Self { last: Instant::now(), timings: Vec::new() }
    }

    fn lap(&mut self, stage: Stage) {
        let now = Instant::now();
        self.timings.push((stage, now - self.last));
        self.last = now;
    }
}

struct Session<'a> {
    attempt: &'a Attempt<'a>,
    channel: Channel,
    inbox: Vec<u8>,
    /// How much of the inbox was read as packets.
    taken: usize,
    told: Arc<Told>,
    /// What this session publishes, unlike any other's.
    payload: String,
}

impl<'a> Session<'a> {
    /// Up to a CONNACK that says yes.
    fn open(
        attempt: &'a Attempt<'a>,
        will: Option<Will<'_>>,
        seen: &mut Seen,
        watch: &mut Watch,
    ) -> Result<Self, Trouble> {
        let deadline = Instant::now() + attempt.timeout;
        let addresses = socket::resolve(attempt.host, attempt.port, deadline)?;
        watch.lap(Stage::Resolve);
        let (socket, address) = socket::connect(&addresses, deadline, &mut seen.in_vain)?;
        seen.address = Some(address);
        watch.lap(Stage::Connect);
        let told = Arc::new(Told::default());
        let tls = attempt.tls.as_ref().map(|tls| tls::connection(tls, attempt.host, &told)).transpose()?;
        let mut wire = Wire::new(socket, tls, deadline);
        let connect = outgoing::connect(attempt, will).map_err(Trouble::OwnFiles)?;
        let context = Cause { attempt, told: &told };
        if attempt.websocket.is_none() {
            // CONNECT leaves together with the handshake's last flight: one round trip less, and the alert of a broker
            // that refuses the certificate is read as the answer to it
            io::Write::write_all(&mut wire, &connect).map_err(|error| context.of(error, Stage::Tls, None))?;
        }
        let handshake = wire.handshake();
        seen.note(&wire, &told);
        handshake.map_err(|error| context.of(error, Stage::Tls, Some(&wire)))?;
        if attempt.tls.is_some() {
            watch.lap(Stage::Tls);
        }
        let channel = match attempt.websocket {
            None => Channel::Direct(Box::new(wire)),
            Some(path) => {
                let upgraded = Channel::upgrade(wire, attempt.host, attempt.port, path);
                seen.certificate_asked = told.certificate_asked();
                let channel = upgraded.map_err(|error| match error {
                    Upgrade::Io(error) => context.of(error, Stage::Websockets, None),
                    Upgrade::Refused(status) => Trouble::NoWebsockets(status),
                    Upgrade::NotHttp(words) => Trouble::NotHttp(words),
                })?;
                watch.lap(Stage::Websockets);
                channel
            }
        };
        let number: String = random_bytes::<8>().iter().map(|byte| format!("{byte:02x}")).collect();
        let payload = format!("mqsec test {number}");
        let mut session = Self { attempt, channel, inbox: Vec::new(), taken: 0, told, payload };
        if attempt.websocket.is_some() {
            session.send(&connect, Stage::Mqtt)?;
        }
        session.flush(Stage::Mqtt)?;
        match session.heed(Stage::Mqtt)? {
            Packet::ConnAck { code: 0, limits } => seen.limits = limits,
            Packet::ConnAck { code, limits } => {
                return Err(Trouble::Connack { code, version: attempt.version, words: limits.words });
            }
            _ => return Err(Trouble::NotMqtt("another packet in place of CONNACK".to_owned())),
        }
        watch.lap(Stage::Mqtt);
        Ok(session)
    }

    fn send(&mut self, bytes: &[u8], stage: Stage) -> Result<(), Trouble> {
        let sent = self.channel.send(bytes);
        sent.map_err(|error| self.cause(error, stage))
    }

    fn flush(&mut self, stage: Stage) -> Result<(), Trouble> {
        let flushed = self.channel.flush();
        flushed.map_err(|error| self.cause(error, stage))
    }

    fn cause(&mut self, error: io::Error, stage: Stage) -> Trouble {
        // a broker that says why it leaves says so before it closes, and a reset may have come after that
        while !is_tls(&error) && self.inbox.len() < LONGEST && matches!(self.channel.receive(&mut self.inbox), Ok(true))
        {
        }
        while let Ok(Some(packet)) = self.take() {
            if let Packet::Disconnect { reason, words } = packet {
                return Trouble::Disconnected { reason, words };
            }
        }
        Cause { attempt: self.attempt, told: &self.told }.of(error, stage, Some(self.channel.wire()))
    }

    /// The next packet of the inbox.
    fn take(&mut self) -> Result<Option<Packet>, Trouble> {
        let found = packet::read(&self.inbox[self.taken..], self.attempt.version, LONGEST);
        Ok(found.map_err(|error| Trouble::NotMqtt(error.to_string()))?.map(|(packet, used)| {
            self.taken += used;
            packet
        }))
    }

    /// The next packet. Before CONNACK anything that is not MQTT is told as that.
    fn next(&mut self, stage: Stage) -> Result<Packet, Trouble> {
        loop {
            let start = &self.inbox[self.taken..];
            if stage == Stage::Mqtt && start.first().is_some_and(|byte| !matches!(byte >> 4, 2 | 14)) {
                let start: String = start.iter().take(16).map(|byte| byte.escape_ascii().to_string()).collect();
                return Err(Trouble::NotMqtt(format!("it starts with `{start}`")));
            }
            if let Some(packet) = self.take()? {
                // a broker that never pauses does not hold us
                return if self.channel.wire().is_over() { Err(Trouble::Timeout(stage)) } else { Ok(packet) };
            }
            self.inbox.drain(..self.taken);
            self.taken = 0;
            match self.channel.receive(&mut self.inbox) {
                Ok(true) => {}
                Ok(false) => return Err(self.cause(io::ErrorKind::UnexpectedEof.into(), stage)),
                Err(error) => return Err(self.cause(error, stage)),
            }
        }
    }

    /// The next packet; a broker that takes its leave ends the session.
    fn heed(&mut self, stage: Stage) -> Result<Packet, Trouble> {
        match self.next(stage)? {
            Packet::Disconnect { reason, words } => Err(Trouble::Disconnected { reason, words }),
            packet => Ok(packet),
        }
    }

    /// Subscribes, and waits for the broker's yes.
    fn subscribe_and_wait(&mut self, trip: &Trip<'_>) -> Result<(), Trouble> {
        self.subscribe(trip)?;
        self.flush(Stage::Subscribe)?;
        loop {
            if let Packet::SubAck { id: SUBSCRIBE_ID, codes } = self.heed(Stage::Subscribe)? {
                return self.granted(&codes);
            }
        }
    }

    fn subscribe(&mut self, trip: &Trip<'_>) -> Result<(), Trouble> {
        let packet = outgoing::subscribe(self.attempt.version, SUBSCRIBE_ID, trip.topic, trip.qos);
        self.send(&packet.map_err(Trouble::OwnFiles)?, Stage::Subscribe)
    }

    fn publish(&mut self, trip: &Trip<'_>, seen: &mut Seen) -> Result<(), Trouble> {
        if let Some(maximum) = seen.limits.maximum_qos.filter(|maximum| *maximum < trip.qos) {
            return Err(Trouble::Qos(maximum));
        }
        let missing = trip.size.saturating_sub(self.payload.len());
        self.payload.push_str(&".".repeat(missing));
        let packet = outgoing::publish(self.attempt.version, PUBLISH_ID, trip.topic, trip.qos, &self.payload)
            .map_err(Trouble::OwnFiles)?;
        if let Some(limit) = seen.limits.maximum_packet_size.filter(|limit| packet.len() > *limit as usize) {
            return Err(Trouble::TooLarge { limit, size: packet.len() });
        }
        seen.acknowledged = None;
        self.send(&packet, Stage::Publish)
    }

    fn granted(&self, codes: &[u8]) -> Result<(), Trouble> {
        match codes.iter().find(|code| **code > 2) {
            Some(code) => Err(Trouble::Subscribe { code: *code, version: self.attempt.version }),
            None => Ok(()),
        }
    }

    /// Reads until all is acknowledged and the message is back. A ping after the acknowledgements settles a message that
    /// does not come: the broker has handled the message before it answers the ping.
    fn round_trip(&mut self, trip: &Trip<'_>, seen: &mut Seen, watch: &mut Watch) -> Result<(), Trouble> {
        let (mut subscribed, mut published, mut returned, mut pinged) = (false, trip.qos == 0, false, false);
        let deadline = self.channel.wire().deadline();
        while !(subscribed && published && returned) {
            let stage = match (subscribed, published) {
                (false, _) => Stage::Subscribe,
                (true, false) => Stage::Publish,
                (true, true) => Stage::Return,
            };
            if stage == Stage::Return && !pinged {
                pinged = true;
                self.send(&outgoing::PINGREQ, stage)?;
                self.flush(stage)?;
            }
            match self.heed(stage) {
                Ok(Packet::SubAck { id: SUBSCRIBE_ID, codes }) => {
                    self.granted(&codes)?;
                    subscribed = true;
                    watch.lap(Stage::Subscribe);
                }
                Ok(Packet::PubAck { id: PUBLISH_ID, reason }) if trip.qos == 1 => {
                    published = true;
                    self.acknowledged(reason, seen)?;
                    watch.lap(Stage::Publish);
                }
                Ok(Packet::PubRec { id: PUBLISH_ID, reason }) => {
                    self.acknowledged(reason, seen)?;
                    self.send(&outgoing::pubrel(PUBLISH_ID), stage)?;
                    self.flush(stage)?;
                }
                Ok(Packet::PubComp { id: PUBLISH_ID, .. }) => {
                    published = true;
                    watch.lap(Stage::Publish);
                }
                Ok(Packet::Publish { qos, id, payload, .. }) => {
                    match qos {
                        0 => {}
                        1 => self.send(&outgoing::puback(id), stage)?,
                        _ => self.send(&outgoing::pubrec(id), stage)?,
                    }
                    self.flush(stage)?;
                    if payload == self.payload.as_bytes() {
                        returned = true;
                        watch.lap(Stage::Return);
                    }
                }
                Ok(Packet::PubRel { id }) => {
                    self.send(&outgoing::pubcomp(id), stage)?;
                    self.flush(stage)?;
                }
                Ok(Packet::PingResp) => self.channel.wire().set_deadline(deadline.min(Instant::now() + LAG)),
                Ok(_) => {}
                Err(Trouble::Timeout(Stage::Return)) => return Err(Trouble::NoMessage),
                Err(other) => return Err(other),
            }
        }
        self.channel.wire().set_deadline(deadline);
        Ok(())
    }

    fn acknowledged(&self, reason: u8, seen: &mut Seen) -> Result<(), Trouble> {
        seen.acknowledged = Some(reason);
        if reason < 0x80 { Ok(()) } else { Err(Trouble::Publish { code: reason, version: self.attempt.version }) }
    }

    /// Stays connected, to see whether the broker keeps us.
    fn hold(&mut self, time: Duration) -> Result<(), Trouble> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            // well within the keep alive
            self.channel.wire().set_deadline(end.min(Instant::now() + Duration::from_secs(20)));
            match self.heed(Stage::Hold) {
                Ok(_) => {}
                Err(Trouble::Timeout(_)) => {
                    self.channel.wire().set_deadline(Instant::now() + self.attempt.timeout);
                    self.send(&outgoing::PINGREQ, Stage::Hold)?;
                    self.flush(Stage::Hold)?;
                }
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    fn close(&mut self) {
        self.channel.wire().set_deadline(Instant::now() + Duration::from_secs(1));
        let _ = self.channel.send(&outgoing::DISCONNECT).and_then(|()| self.channel.flush());
        self.channel.close();
    }
}

impl Seen {
    pub(super) fn note(&mut self, wire: &Wire, told: &Told) {
        self.chain = told.chain();
        self.certificate_asked = told.certificate_asked();
        let Some(tls) = wire.connection() else { return };
        self.tls_version = tls.protocol_version().and_then(|version| version.as_str()).map(|version| match version {
            "TLSv1_2" => "TLS 1.2",
            "TLSv1_3" => "TLS 1.3",
            other => other,
        });
        self.cipher = tls.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()));
    }
}
