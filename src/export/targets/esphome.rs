//! `esphome`: the `mqtt:` part of an ESPHome configuration, as a package to include.

use super::super::write::yaml;
use super::material;
use crate::error::Plain;
use crate::error::shell_word;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::File;
use crate::export::Options;
use crate::export::Target;

/// Whom to trust, what to show, and its key.
const PARTS: [&str; 3] = ["certificate_authority", "client_certificate", "client_certificate_key"];

pub(in crate::export) fn bundle(device: &Device<'_>, _options: &Options) -> Result<Bundle, Plain> {
    let key = device.key(Target::Esphome)?;
    let part = format!("{}-mqtt.yaml", device.name);
    let notes = vec![
        format!(
            "Put {part} beside the device's configuration, and this line into that configuration, in the place of an \
             `mqtt:` that stands there: packages: {{ mqtt: !include {} }}",
            yaml(&part)
        ),
        "ESPHome writes below the name of the node (NODE/status, NODE/debug, NODE/sensor/...), and below homeassistant for \
         its discovery: give its user those topics, or set `topic_prefix:` and `discovery: false`."
            .to_owned(),
        "Key and password go into the firmware: whoever has its .bin file has them.".to_owned(),
    ];
    let warnings = vec![
        "for ESP32 alone: on ESP8266, RP2040 and LibreTiny, ESPHome's MQTT has no certificates, so nobody proves who the \
         broker is; `esphome config` refuses this file there"
            .to_owned(),
    ];
    let pem = format!(r#"sed -n "/^  $1:/,/^  [a-z]/s/^    //p" {}"#, shell_word(&part));
    let test = Some(material::test_of_parts(device, &pem, PARTS));
    Ok(Bundle { files: vec![File::secret(part, text(device, key))], notes, warnings, test })
}

fn text(device: &Device<'_>, key: &[u8]) -> String {
    let mut lines = vec![
        format!("broker: {}", value(&device.broker.host)),
        format!("port: {}", device.broker.port),
        format!("client_id: {}", value(device.name)),
    ];
    if let (Some(user), Some(password)) = (device.user, material::password(device)) {
        lines.push(format!("username: {}", value(user)));
        lines.push(format!("password: {}", value(password)));
    }
    let mut text = lines.iter().fold("mqtt:\n".to_owned(), |text, line| format!("{text}  {line}\n"));
    let (chain, key) = (device.chain_pem(), String::from_utf8_lossy(key));
    for (option, pem) in PARTS.into_iter().zip([device.authorities_pem, &chain, &key]) {
        text.push_str(&format!("  {option}: |\n"));
        for line in pem.lines() {
            text.push_str(&format!("    {line}\n"));
        }
    }
    text
}

/// In a text with a dollar sign ESPHome would look for its substitutions, and work out what stands in `${}`.
fn value(text: &str) -> String {
    match text.contains('$') {
        true => format!("!literal {}", yaml(text)),
        false => yaml(text),
    }
}
