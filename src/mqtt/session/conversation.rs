//! One connection for many questions: subscribe, publish with QoS 1 and hear the reason, and take what is delivered.

use std::time::Instant;

use super::Session;
use super::Watch;
use crate::mqtt::Attempt;
use crate::mqtt::Packet;
use crate::mqtt::Seen;
use crate::mqtt::Stage;
use crate::mqtt::Trouble;
use crate::mqtt::outgoing;

/// Fewer than any broker lets a client have unacknowledged (Mosquitto: 20).
const WINDOW: usize = 16;

/// A message that was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    pub topic: String,
    pub payload: Vec<u8>,
}

pub struct Conversation<'a> {
    session: Session<'a>,
    next_id: u16,
    delivered: Vec<Delivered>,
}

impl<'a> Conversation<'a> {
    /// Up to CONNACK.
    pub fn open(attempt: &'a Attempt<'a>) -> Result<Self, Trouble> {
        let session = Session::open(attempt, None, &mut Seen::default(), &mut Watch::start())?;
        Ok(Self { session, next_id: 1, delivered: Vec::new() })
    }

    /// Asks for these filters with QoS 0; what SUBACK says of each.
    pub fn subscribe(&mut self, filters: &[&str]) -> Result<Vec<u8>, Trouble> {
        let version = self.session.attempt.version;
        self.each(
            filters.len(),
            Stage::Subscribe,
            |index, id| outgoing::subscribe(version, id, filters[index], 0),
            |packet| match packet {
                Packet::SubAck { id, codes } => Some((*id, codes.first().copied().unwrap_or(0x80))),
                _ => None,
            },
        )
    }

    /// Publishes topics and payloads with QoS 1; the reason that acknowledges each.
    pub fn publish(&mut self, messages: &[(&str, &str)]) -> Result<Vec<u8>, Trouble> {
        let version = self.session.attempt.version;
        let packet = |index: usize, id| outgoing::publish(version, id, messages[index].0, 1, messages[index].1);
        self.each(messages.len(), Stage::Publish, packet, |packet| match packet {
            Packet::PubAck { id, reason } => Some((*id, *reason)),
            _ => None,
        })
    }

    /// What the broker had for this client when it answered twice is here.
    pub fn settle(&mut self) -> Result<(), Trouble> {
        for _ in 0..2 {
            self.patience();
            self.session.send(&outgoing::PINGREQ, Stage::Return)?;
            self.session.flush(Stage::Return)?;
            while !matches!(self.next(Stage::Return)?, Packet::PingResp) {}
        }
        Ok(())
    }

    /// What came since the last time.
    pub fn take_delivered(&mut self) -> Vec<Delivered> {
        std::mem::take(&mut self.delivered)
    }

    pub fn close(mut self) {
        self.session.close();
    }

    /// Sends a window of packets at a time and waits for its answers.
    fn each(
        &mut self,
        count: usize,
        stage: Stage,
        packet: impl Fn(usize, u16) -> Result<bytes::BytesMut, String>,
        answer: impl Fn(&Packet) -> Option<(u16, u8)>,
    ) -> Result<Vec<u8>, Trouble> {
        let mut answers = vec![0; count];
        for start in (0..count).step_by(WINDOW) {
            self.patience();
            let window = start..count.min(start + WINDOW);
            let mut waiting: Vec<(u16, usize)> = Vec::new();
            for index in window {
                let id = self.next_id;
                self.next_id = self.next_id.checked_add(1).unwrap_or(1);
                let bytes = packet(index, id).map_err(Trouble::OwnFiles)?;
                self.session.send(&bytes, stage)?;
                waiting.push((id, index));
            }
            self.session.flush(stage)?;
            while !waiting.is_empty() {
                let Some((id, code)) = answer(&self.next(stage)?) else { continue };
                if let Some(at) = waiting.iter().position(|(waits, _)| *waits == id) {
                    answers[waiting.swap_remove(at).1] = code;
                }
            }
        }
        Ok(answers)
    }

    fn patience(&mut self) {
        let timeout = self.session.attempt.timeout;
        self.session.channel.wire().set_deadline(Instant::now() + timeout);
    }

    fn next(&mut self, stage: Stage) -> Result<Packet, Trouble> {
        let packet = self.session.heed(stage)?;
        if let Packet::Publish { topic, payload, .. } = &packet {
            let topic = String::from_utf8_lossy(topic).into_owned();
            self.delivered.push(Delivered { topic, payload: payload.clone() });
        }
        Ok(packet)
    }
}
