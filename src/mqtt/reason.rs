//! What a broker's number means: CONNACK return codes of MQTT 3.1.1, reason codes of MQTT 5, and what Mosquitto means
//! by them. Measured on 2.0.11, 2.0.21 and 2.1.2: every wrong login is 5 (MQTT 5: 135), 4 (134) is a certificate without
//! a common name, and an ACL never shows in CONNACK.

use super::Version;

/// Meaning of the code of a CONNACK.
pub fn connack(code: u8, version: Version) -> &'static str {
    if version == Version::V5 {
        return match code {
            134 => "user name or password not valid (Mosquitto: the certificate has no common name)",
            135 => "not authorised: user name or password missing or wrong",
            code => reason(code),
        };
    }
    match code {
        0 => "connection accepted",
        1 => "protocol version not supported",
        2 => "client identifier not allowed",
        3 => "broker unavailable",
        4 => "user name or password not valid (Mosquitto: the certificate has no common name)",
        5 => "not authorised: user name or password missing or wrong",
        128.. => reason(code),
        _ => "a code that MQTT 3.1.1 does not know",
    }
}

/// Meaning of the code of any other acknowledgement, and of DISCONNECT.
pub fn acknowledgement(code: u8, version: Version) -> &'static str {
    match (code, version) {
        (0, _) => "success",
        (1 | 2, _) => "granted",
        (128, Version::V311) => "failure",
        (code, _) => reason(code),
    }
}

/// MQTT 5, section 2.4.
fn reason(code: u8) -> &'static str {
    match code {
        0x00 => "success",
        0x04 => "disconnect with will message",
        0x10 => "no matching subscribers",
        0x11 => "no subscription existed",
        0x18 => "continue authentication",
        0x19 => "authenticate again",
        0x80 => "unspecified error",
        0x81 => "malformed packet",
        0x82 => "protocol error",
        0x83 => "error of this broker's own kind",
        0x84 => "protocol version not supported",
        0x85 => "client identifier not valid",
        0x86 => "user name or password not valid",
        0x87 => "not authorised",
        0x88 => "server unavailable",
        0x89 => "server busy",
        0x8a => "banned",
        0x8b => "server shutting down",
        0x8c => "bad authentication method",
        0x8d => "keep alive timeout",
        0x8e => "session taken over",
        0x8f => "topic filter not valid",
        0x90 => "topic name not valid",
        0x91 => "packet identifier in use",
        0x92 => "packet identifier not found",
        0x93 => "receive maximum exceeded",
        0x94 => "topic alias not valid",
        0x95 => "packet too large",
        0x96 => "message rate too high",
        0x97 => "quota exceeded",
        0x98 => "administrative action",
        0x99 => "payload format not valid",
        0x9a => "retain not supported",
        0x9b => "QoS not supported",
        0x9c => "use another server",
        0x9d => "server moved",
        0x9e => "shared subscriptions not supported",
        0x9f => "connection rate exceeded",
        0xa0 => "maximum connect time",
        0xa1 => "subscription identifiers not supported",
        0xa2 => "wildcard subscriptions not supported",
        _ => "a code that MQTT 5 does not know",
    }
}
