//! Packets that rumqttc's codec writes, read by ours: every answer of a broker, with every property.

use bytes::BytesMut;
use mqsec::mqtt::Limits;
use mqsec::mqtt::Packet;
use mqsec::mqtt::Version;
use mqsec::mqtt::read_packet;
use rumqttc::mqttbytes::v4;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5;

const LIMIT: usize = 1 << 20;

/// Read by us, whole and to the last byte.
fn ours(bytes: &[u8], version: Version) -> Packet {
    let (packet, length) = read_packet(bytes, version, LIMIT).unwrap().unwrap();
    assert_eq!(length, bytes.len());
    packet
}

fn from_v5(packet: &v5::Packet) -> Packet {
    let mut bytes = BytesMut::new();
    packet.write(&mut bytes, None).unwrap();
    ours(&bytes, Version::V5)
}

fn from_v4(packet: &v4::Packet) -> Packet {
    let mut bytes = BytesMut::new();
    packet.write(&mut bytes, LIMIT).unwrap();
    ours(&bytes, Version::V311)
}

fn words() -> Option<String> {
    Some("no".to_owned())
}

fn more() -> Vec<(String, String)> {
    vec![("key".to_owned(), "value".to_owned())]
}

#[test]
fn connack() {
    let acknowledgement = v5::ConnAck {
        session_present: true,
        code: v5::ConnectReturnCode::NotAuthorized,
        properties: Some(v5::ConnAckProperties {
            session_expiry_interval: Some(60),
            receive_max: Some(20),
            max_qos: Some(1),
            retain_available: Some(0),
            max_packet_size: Some(70_000),
            assigned_client_identifier: Some("auto".to_owned()),
            topic_alias_max: Some(10),
            reason_string: words(),
            user_properties: more(),
            wildcard_subscription_available: Some(1),
            subscription_identifiers_available: Some(1),
            shared_subscription_available: Some(0),
            server_keep_alive: Some(100),
            response_information: Some("r".to_owned()),
            server_reference: Some("other:8883".to_owned()),
            authentication_method: Some("m".to_owned()),
            authentication_data: Some(b"d"[..].into()),
        }),
    };
    let limits = Limits { maximum_packet_size: Some(70_000), maximum_qos: Some(1), words: words() };
    assert_eq!(from_v5(&v5::Packet::ConnAck(acknowledgement)), Packet::ConnAck { code: 0x87, limits });
    let refused = v4::ConnAck::new(v4::ConnectReturnCode::NotAuthorized, false);
    let expected = Packet::ConnAck { code: 5, limits: Limits::default() };
    assert_eq!(from_v4(&v4::Packet::ConnAck(refused)), expected);
}

#[test]
fn messages() {
    for length in [0, 1, 120, 127, 128, 16_383, 16_384, 1_000_000] {
        for qos in 0..=2_u8 {
            let id = if qos > 0 { 0x1234 } else { 0 };
            let payload = vec![b'x'; length];
            let expected = Packet::Publish { qos, id, topic: b"a/b".to_vec(), payload: payload.clone() };
            let mut packet = v4::Publish::new("a/b", rumqttc::qos(qos).unwrap(), payload.clone());
            packet.pkid = id;
            assert_eq!(from_v4(&v4::Packet::Publish(packet)), expected);
            let properties = v5::PublishProperties {
                payload_format_indicator: Some(1),
                message_expiry_interval: Some(10),
                topic_alias: Some(1),
                response_topic: Some("r".to_owned()),
                correlation_data: Some(b"c"[..].into()),
                user_properties: more(),
                // the larger ones take up to four bytes
                subscription_identifiers: vec![1, 127, 128, 268_435_455],
                content_type: Some("t".to_owned()),
            };
            for properties in [None, Some(properties)] {
                let qos = rumqttc::v5::mqttbytes::qos(qos).unwrap();
                let mut packet = v5::Publish::new("a/b", qos, payload.clone(), properties);
                packet.pkid = id;
                assert_eq!(from_v5(&v5::Packet::Publish(packet)), expected);
            }
        }
    }
}

#[test]
fn acknowledgements() {
    let refused = v5::PubAck {
        pkid: 5,
        reason: v5::PubAckReason::QuotaExceeded,
        properties: Some(v5::PubAckProperties { reason_string: words(), user_properties: more() }),
    };
    assert_eq!(from_v5(&v5::Packet::PubAck(refused)), Packet::PubAck { id: 5, reason: 0x97 });
    let bare = v5::PubRec { pkid: 5, reason: v5::PubRecReason::NotAuthorized, properties: None };
    assert_eq!(from_v5(&v5::Packet::PubRec(bare)), Packet::PubRec { id: 5, reason: 0x87 });
    let unknown = v5::PubRel { pkid: 5, reason: v5::PubRelReason::PacketIdentifierNotFound, properties: None };
    assert_eq!(from_v5(&v5::Packet::PubRel(unknown)), Packet::PubRel { id: 5 });
    let done = v5::Packet::PubComp(v5::PubComp::new(5, None));
    assert_eq!(from_v5(&done), Packet::PubComp { id: 5, reason: 0 });
    for (packet, expected) in [
        (v4::Packet::PubAck(v4::PubAck::new(7)), Packet::PubAck { id: 7, reason: 0 }),
        (v4::Packet::PubRec(v4::PubRec::new(7)), Packet::PubRec { id: 7, reason: 0 }),
        (v4::Packet::PubRel(v4::PubRel::new(7)), Packet::PubRel { id: 7 }),
        (v4::Packet::PubComp(v4::PubComp::new(7)), Packet::PubComp { id: 7, reason: 0 }),
        (v4::Packet::PingResp, Packet::PingResp),
        (v4::Packet::UnsubAck(v4::UnsubAck::new(7)), Packet::Other(11)),
    ] {
        assert_eq!(from_v4(&packet), expected);
    }
}

#[test]
fn subscriptions_and_farewells() {
    let subscribed = v5::SubAck {
        pkid: 5,
        return_codes: vec![v5::SubscribeReasonCode::Success(QoS::AtLeastOnce), v5::SubscribeReasonCode::NotAuthorized],
        properties: Some(v5::SubAckProperties { reason_string: words(), user_properties: more() }),
    };
    assert_eq!(from_v5(&v5::Packet::SubAck(subscribed)), Packet::SubAck { id: 5, codes: vec![1, 0x87] });
    let failed = v4::SubAck::new(3, vec![v4::SubscribeReasonCode::Failure]);
    assert_eq!(from_v4(&v4::Packet::SubAck(failed)), Packet::SubAck { id: 3, codes: vec![0x80] });
    let closing = v5::Disconnect {
        reason_code: v5::DisconnectReasonCode::ServerShuttingDown,
        properties: Some(v5::DisconnectProperties {
            session_expiry_interval: Some(0),
            reason_string: words(),
            user_properties: more(),
            server_reference: Some("other".to_owned()),
        }),
    };
    let expected = Packet::Disconnect { reason: 0x8b, words: words() };
    assert_eq!(from_v5(&v5::Packet::Disconnect(closing)), expected);
}
