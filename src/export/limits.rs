//! What the devices can take: kinds of keys, addresses, sizes, the clock.
//!
//! mbedTLS (ESP32) has no Ed25519 up to 3.6 and matches addresses of a certificate since 3.5 only, which came with ESP-IDF
//! 5.2 and Arduino core 3; BearSSL (ESP8266, Tasmota) compares names alone.

use std::net::IpAddr;

use super::Device;
use super::Target;
use crate::pki::parsed::Certificate;
use crate::pki::parsed::KeyKind;

/// What verifies and signs in the device.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stack {
    /// OpenSSL or as good: every kind of key that mqsec makes.
    Full,
    /// Java 17's provider and Windows: no Ed25519 for client certificates everywhere.
    Platform,
    /// ESP32.
    MbedTls,
    /// A header for both: ESP32 and ESP8266.
    Arduino,
    /// ESP8266 and ESP32 alike.
    BearSsl,
}

fn stack(target: Target) -> Stack {
    match target {
        Target::ArduinoHeader => Stack::Arduino,
        Target::EspIdf | Target::Esphome => Stack::MbedTls,
        Target::Tasmota => Stack::BearSsl,
        Target::Browser | Target::Pkcs12 => Stack::Platform,
        _ => Stack::Full,
    }
}

/// Whether the device can use a key of this kind as its own; why not.
pub(super) fn takes(target: Target, key: KeyKind) -> Result<(), String> {
    match key {
        KeyKind::P256 => Ok(()),
        // its flash has 32 bytes for the number that is the key
        _ if target == Target::Tasmota => Err("Tasmota keeps a P-256 key and no other".to_owned()),
        other => verifies(target, other),
    }
}

/// Whether the device can verify a signature of such a key: that of the broker, and of the authorities above it.
pub(super) fn verifies(target: Target, key: KeyKind) -> Result<(), String> {
    let who = match stack(target) {
        Stack::Full | Stack::Platform => return Ok(()),
        Stack::MbedTls => "mbedTLS (ESP32)",
        Stack::Arduino => "mbedTLS (ESP32) or BearSSL (ESP8266)",
        Stack::BearSsl => "BearSSL",
    };
    match key {
        KeyKind::Ed25519 => Err(format!("{who} has no Ed25519")),
        KeyKind::Rsa(bits) if bits > 4096 => Err(format!("{who} has no memory for RSA of {bits} bits")),
        KeyKind::Other => Err(format!("{who} does not know this kind of key")),
        _ => Ok(()),
    }
}

/// What this device will have trouble with.
pub(super) fn warnings(device: &Device<'_>, target: Target) -> Vec<String> {
    let mut warnings = Vec::new();
    let stack = stack(target);
    let small = matches!(stack, Stack::MbedTls | Stack::Arduino | Stack::BearSsl);
    let host = &device.broker.host;
    if small && host.parse::<IpAddr>().is_ok() {
        let who = match stack {
            Stack::MbedTls => "mbedTLS before 3.5 (ESP-IDF before 5.2, Arduino core before 3)",
            Stack::Arduino => "BearSSL (ESP8266), and mbedTLS before 3.5 (Arduino core before 3),",
            _ => "BearSSL",
        };
        warnings.push(format!(
            "{who} compares names and no addresses: it will refuse a broker that it calls `{host}`; give it a name in \
             the DNS, and that to --host"
        ));
    }
    let own = Certificate::from_pem(device.certificate_pem.as_bytes(), "").ok();
    let kind = own.as_ref().map(|own| own.key_kind);
    if small && matches!(kind, Some(KeyKind::Rsa(bits)) if bits > 2048) {
        warnings.push(
            "an RSA key of more than 2048 bits takes seconds and much memory for each connection there; P-256 is the \
             better one: issue it with --key-type p256"
                .to_owned(),
        );
    }
    if stack == Stack::Platform
        && let Some(key @ (KeyKind::Ed25519 | KeyKind::P521)) = kind
    {
        let key = if key == KeyKind::P521 { "a P-521" } else { "an Ed25519" };
        warnings.push(format!(
            "browsers, Windows and Android do not all show a client certificate with {key} key; issue it with --key-type \
             p256"
        ));
    }
    let length = device.certificate_pem.len() + device.intermediates_pem.len() + device.authorities_pem.len();
    if matches!(stack, Stack::BearSsl | Stack::Arduino) && length > 6000 {
        warnings.push(format!(
            "the certificates are {length} bytes in PEM, which an ESP8266 must hold in its memory together; a chain of \
             P-256 keys has less than 3000"
        ));
    }
    if small && device.authorities_pem.matches("-----BEGIN").count() > 1 {
        warnings.push(
            "it is given both authorities of the rollover; when the old one is gone, export it again to save the memory"
                .to_owned(),
        );
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::keys::KeyType;

    #[test]
    fn p256_is_for_everyone_and_ed25519_not_for_small_devices() {
        use clap::ValueEnum;
        let small = [Target::ArduinoHeader, Target::EspIdf, Target::Esphome, Target::Tasmota];
        for target in Target::value_variants() {
            assert!(target.takes(KeyType::P256).is_ok(), "{target:?}");
            assert_eq!(target.takes(KeyType::Ed25519).is_err(), small.contains(target), "{target:?}");
            assert_eq!(target.takes(KeyType::Rsa4096).is_err(), *target == Target::Tasmota, "{target:?}");
            assert_eq!(verifies(*target, KeyKind::Rsa(8192)).is_err(), small.contains(target), "{target:?}");
            assert_eq!(verifies(*target, KeyKind::Other).is_err(), small.contains(target), "{target:?}");
        }
        // it verifies more kinds than it can keep
        assert!(verifies(Target::Tasmota, KeyKind::Rsa(2048)).is_ok());
        assert!(Target::Tasmota.takes(KeyType::P384).is_err());
    }
}
