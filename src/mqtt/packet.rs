//! What a client reads of MQTT 3.1.1 and 5, from a broker that may be hostile: nothing is believed, nothing panics, and no
//! more is kept than the caller allows. rumqttc's codec writes our packets; its reader drops unknown reason codes, which
//! are evidence here.

use super::Version;
use crate::error::printable;

/// A packet from the broker. Reason codes stay numbers, so that an unknown one can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    ConnAck {
        code: u8,
        limits: Limits,
    },
    Publish {
        qos: u8,
        id: u16,
        topic: Vec<u8>,
        payload: Vec<u8>,
    },
    PubAck {
        id: u16,
        reason: u8,
    },
    PubRec {
        id: u16,
        reason: u8,
    },
    PubRel {
        id: u16,
    },
    PubComp {
        id: u16,
        reason: u8,
    },
    SubAck {
        id: u16,
        codes: Vec<u8>,
    },
    PingResp,
    Disconnect {
        reason: u8,
        words: Option<String>,
    },
    /// Well formed, and of no use to a client that only tests.
    Other(u8),
}

/// What CONNACK says of the broker (MQTT 5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub maximum_packet_size: Option<u32>,
    pub maximum_qos: Option<u8>,
    pub words: Option<String>,
}

/// Why bytes are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("a packet that is longer than {0} bytes")]
    TooLong(usize),
    #[error("a broken length")]
    Length,
    #[error("packet type {0}, which no broker sends")]
    Type(u8),
    #[error("a packet that is cut off or has too much")]
    Body,
}

/// The first packet of `bytes` and how many of them it takes; None until enough are there.
pub fn read(bytes: &[u8], version: Version, longest: usize) -> Result<Option<(Packet, usize)>, Malformed> {
    let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
    let Some((length, used)) = variable(rest)? else { return Ok(None) };
    if length > longest {
        return Err(Malformed::TooLong(longest));
    }
    let Some(body) = rest.get(used..used + length) else { return Ok(None) };
    let packet = parse(first, &mut Body(body), version).ok_or(Malformed::Body)??;
    Ok(Some((packet, 1 + used + length)))
}

/// A variable byte integer and how many bytes it takes.
fn variable(bytes: &[u8]) -> Result<Option<(usize, usize)>, Malformed> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(Some((value, at + 1)));
        }
    }
    if bytes.len() < 4 { Ok(None) } else { Err(Malformed::Length) }
}

/// None: the body ended too soon.
fn parse(first: u8, body: &mut Body<'_>, version: Version) -> Option<Result<Packet, Malformed>> {
    let five = version == Version::V5;
    let packet = match first >> 4 {
        2 => {
            let (_session_present, code) = (body.byte()?, body.byte()?);
            let properties = if five && !body.is_empty() { body.properties()? } else { Properties::default() };
            Packet::ConnAck { code, limits: properties.limits }
        }
        3 => {
            let qos = first >> 1 & 3;
            if qos == 3 {
                return None;
            }
            let topic = body.string()?.to_vec();
            let id = if qos > 0 { body.word()? } else { 0 };
            if five {
                body.properties()?;
            }
            Packet::Publish { qos, id, topic, payload: body.rest().to_vec() }
        }
        kind @ 4..=7 => {
            let id = body.word()?;
            // MQTT 5 may leave out a reason that is 0, and properties that are empty
            let reason = if five && !body.is_empty() { body.byte()? } else { 0 };
            match kind {
                4 => Packet::PubAck { id, reason },
                5 => Packet::PubRec { id, reason },
                6 => Packet::PubRel { id },
                _ => Packet::PubComp { id, reason },
            }
        }
        9 => {
            let id = body.word()?;
            if five {
                body.properties()?;
            }
            let codes = body.rest().to_vec();
            if codes.is_empty() {
                return None;
            }
            Packet::SubAck { id, codes }
        }
        13 => Packet::PingResp,
        14 => {
            let reason = if body.is_empty() { 0 } else { body.byte()? };
            let words = if body.is_empty() { None } else { body.properties()?.limits.words };
            Packet::Disconnect { reason, words }
        }
        kind @ (11 | 15) => Packet::Other(kind),
        kind => return Some(Err(Malformed::Type(kind))),
    };
    Some(Ok(packet))
}

#[derive(Default)]
struct Properties {
    limits: Limits,
}

/// What is left of a packet.
struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn word(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn double_word(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.word()?;
        self.take(usize::from(length))
    }

    fn variable(&mut self) -> Option<usize> {
        let (value, used) = variable(self.0).ok()??;
        self.take(used)?;
        Some(value)
    }

    /// MQTT 5, section 2.2.2.2: each property's type follows from its identifier.
    fn properties(&mut self) -> Option<Properties> {
        let length = self.variable()?;
        let mut own = Body(self.take(length)?);
        let mut found = Properties::default();
        while !own.is_empty() {
            match own.byte()? {
                0x1f => found.limits.words = Some(printable(&String::from_utf8_lossy(own.string()?))),
                0x24 => found.limits.maximum_qos = Some(own.byte()?),
                0x27 => found.limits.maximum_packet_size = Some(own.double_word()?),
                0x01 | 0x17 | 0x19 | 0x25 | 0x28..=0x2a => drop(own.byte()?),
                0x13 | 0x21..=0x23 => drop(own.word()?),
                0x02 | 0x11 | 0x18 => drop(own.double_word()?),
                0x0b => drop(own.variable()?),
                0x03 | 0x08 | 0x09 | 0x12 | 0x15 | 0x16 | 0x1a | 0x1c => drop(own.string()?),
                0x26 => drop((own.string()?, own.string()?)),
                _ => return None,
            }
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bytes: &[u8], version: Version) -> Packet {
        let (packet, used) = read(bytes, version, 1 << 20).unwrap().unwrap();
        assert_eq!(used, bytes.len());
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut], version, 1 << 20), Ok(None), "{cut}");
        }
        packet
    }

    #[test]
    fn what_brokers_send_is_read() {
        use Version::*;
        let limits = Limits { maximum_packet_size: Some(100), ..Limits::default() };
        assert_eq!(one(&[0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 100], V5), Packet::ConnAck { code: 0, limits });
        assert_eq!(one(&[0x20, 2, 0, 5], V311), Packet::ConnAck { code: 5, limits: Limits::default() });
        assert_eq!(one(&[0x40, 2, 0, 7], V5), Packet::PubAck { id: 7, reason: 0 });
        assert_eq!(one(&[0x40, 3, 0, 7, 0x87], V5), Packet::PubAck { id: 7, reason: 0x87 });
        assert_eq!(one(&[0x90, 4, 0, 1, 0, 0x80], V5), Packet::SubAck { id: 1, codes: vec![0x80] });
        assert_eq!(one(&[0x90, 3, 0, 1, 0x80], V311), Packet::SubAck { id: 1, codes: vec![0x80] });
        assert_eq!(one(&[0xe0, 1, 0x8e], V5), Packet::Disconnect { reason: 0x8e, words: None });
        assert_eq!(one(&[0xe0, 0], V5), Packet::Disconnect { reason: 0, words: None });
        assert_eq!(
            one(&[0x32, 7, 0, 1, b'a', 0, 9, 0, b'x'], V5),
            Packet::Publish { qos: 1, id: 9, topic: b"a".to_vec(), payload: b"x".to_vec() }
        );
        // a reason that nobody knows stays a number
        assert_eq!(one(&[0x20, 3, 0, 0xee, 0], V5), Packet::ConnAck { code: 0xee, limits: Limits::default() });
    }

    #[test]
    fn what_no_broker_sends_is_refused_without_a_panic() {
        for version in [Version::V311, Version::V5] {
            assert_eq!(read(&[0x20, 0xff, 0xff, 0xff, 0xff], version, 9), Err(Malformed::Length));
            assert_eq!(read(&[0x20, 0xff, 0xff, 0x7f], version, 9), Err(Malformed::TooLong(9)));
            assert_eq!(read(b"\x10\x01x", version, 9), Err(Malformed::Type(1)));
            assert_eq!(read(&[0x20, 1, 0], version, 9), Err(Malformed::Body));
            for first in 0..=255 {
                for length in 0..12 {
                    for fill in [0, 1, 0x27, 0x7f, 0x80, 0xff] {
                        let mut bytes = vec![first, length];
                        bytes.extend(vec![fill; usize::from(length)]);
                        let _ = read(&bytes, version, 1 << 20);
                    }
                }
            }
        }
    }
}
