//! The packets that we send, written by rumqttc's codec.

use bytes::BytesMut;
use rumqttc::mqttbytes::v4;
use rumqttc::v5::mqttbytes as five;
use rumqttc::v5::mqttbytes::v5;

use super::Attempt;
use super::Version;

const KEEP_ALIVE: u16 = 60;

/// Topic and payload of a will.
pub(super) type Will<'a> = (&'a str, &'a str);

pub(super) fn connect(attempt: &Attempt<'_>, will: Option<Will<'_>>) -> Result<BytesMut, String> {
    let client_id = attempt.client_id.clone();
    let login = attempt.login.map(|(user, password)| (user, password.expose()));
    let mut bytes = BytesMut::new();
    match attempt.version {
        Version::V311 => {
            let mut packet = v4::Connect::new(client_id);
            packet.keep_alive = KEEP_ALIVE;
            packet.last_will =
                will.map(|(topic, text)| v4::LastWill::new(topic, text, rumqttc::QoS::AtLeastOnce, false));
            packet.login = login.map(|(user, password)| v4::Login::new(user, password));
            packet.write(&mut bytes).map_err(|error| error.to_string())?;
        }
        Version::V5 => {
            let packet = v5::Connect { keep_alive: KEEP_ALIVE, client_id, clean_start: true, properties: None };
            let will = will.map(|(topic, text)| v5::LastWill::new(topic, text, five::QoS::AtLeastOnce, false, None));
            let login = login.map(|(user, password)| v5::Login::new(user, password));
            packet.write(&will, &login, &mut bytes).map_err(|error| error.to_string())?;
        }
    }
    Ok(bytes)
}

pub(super) fn subscribe(version: Version, id: u16, topic: &str, qos: u8) -> Result<BytesMut, String> {
    let mut bytes = BytesMut::new();
    match version {
        Version::V311 => {
            let mut packet = v4::Subscribe::new(topic, rumqttc::qos(qos).map_err(|error| error.to_string())?);
            packet.pkid = id;
            packet.write(&mut bytes).map_err(|error| error.to_string())?;
        }
        Version::V5 => {
            let qos = five::qos(qos).ok_or("the QoS is 0, 1 or 2")?;
            let mut packet = v5::Subscribe::new(v5::Filter::new(topic, qos), None);
            packet.pkid = id;
            packet.write(&mut bytes).map_err(|error| error.to_string())?;
        }
    }
    Ok(bytes)
}

pub(super) fn publish(version: Version, id: u16, topic: &str, qos: u8, payload: &str) -> Result<BytesMut, String> {
    let mut bytes = BytesMut::new();
    match version {
        Version::V311 => {
            let mut packet = v4::Publish::new(topic, rumqttc::qos(qos).map_err(|error| error.to_string())?, payload);
            packet.pkid = id;
            packet.write(&mut bytes).map_err(|error| error.to_string())?;
        }
        Version::V5 => {
            let qos = five::qos(qos).ok_or("the QoS is 0, 1 or 2")?;
            let mut packet = v5::Publish::new(topic, qos, payload.to_owned(), None);
            packet.pkid = id;
            packet.write(&mut bytes).map_err(|error| error.to_string())?;
        }
    }
    Ok(bytes)
}

// These are the same bytes in both versions, when the reason is success.

pub(super) fn puback(id: u16) -> [u8; 4] {
    with_id(0x40, id)
}

pub(super) fn pubrec(id: u16) -> [u8; 4] {
    with_id(0x50, id)
}

pub(super) fn pubrel(id: u16) -> [u8; 4] {
    with_id(0x62, id)
}

pub(super) fn pubcomp(id: u16) -> [u8; 4] {
    with_id(0x70, id)
}

fn with_id(first: u8, id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [first, 2, high, low]
}

pub(super) const PINGREQ: [u8; 2] = [0xc0, 0];
pub(super) const DISCONNECT: [u8; 2] = [0xe0, 0];
