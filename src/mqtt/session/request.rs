//! A question in one message, and its answer in another.

use super::Attempt;
use super::PUBLISH_ID;
use super::Packet;
use super::Seen;
use super::Session;
use super::Stage;
use super::Trip;
use super::Trouble;
use super::Watch;
use super::outgoing;
use crate::secret::Secret;

/// Where the question goes, where its answer comes, and what it says.
pub struct Exchange<'a> {
    pub to: &'a str,
    pub answers: &'a str,
    pub text: &'a Secret,
}

/// Waits for the message that `take` recognises as the answer; others are passed over.
pub fn request<T>(
    attempt: &Attempt<'_>,
    exchange: &Exchange<'_>,
    mut take: impl FnMut(&[u8]) -> Option<T>,
) -> Result<T, Trouble> {
    let (mut seen, mut watch) = (Seen::default(), Watch::start());
    let mut session = Session::open(attempt, None, &mut seen, &mut watch)?;
    session.subscribe_and_wait(&Trip::to(exchange.answers))?;
    let packet = outgoing::publish(attempt.version, PUBLISH_ID, exchange.to, 1, exchange.text.expose());
    let packet = packet.map_err(Trouble::OwnFiles)?;
    if let Some(limit) = seen.limits.maximum_packet_size.filter(|limit| packet.len() > *limit as usize) {
        return Err(Trouble::TooLarge { limit, size: packet.len() });
    }
    session.send(&packet, Stage::Publish)?;
    session.flush(Stage::Publish)?;
    let found = loop {
        match session.heed(Stage::Return)? {
            Packet::PubAck { id: PUBLISH_ID, reason } => session.acknowledged(reason, &mut seen)?,
            Packet::Publish { qos, id, payload, .. } => {
                if qos > 0 {
                    session.send(&outgoing::puback(id), Stage::Return)?;
                    session.flush(Stage::Return)?;
                }
                if let Some(found) = take(&payload) {
                    break found;
                }
            }
            _ => {}
        }
    };
    session.close();
    Ok(found)
}
