//! `zigbee2mqtt`: the `mqtt:` part of Zigbee2MQTT's configuration.yaml.

use super::super::write::yaml;
use super::material;
use crate::error::Plain;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::File;
use crate::export::Options;

const PART: &str = "zigbee2mqtt.yaml";
/// Where the image has its data; the configuration is read from there too.
const CONTAINER: &str = "/app/data/mqtt";

pub(in crate::export) fn bundle(device: &Device<'_>, options: &Options) -> Result<Bundle, Plain> {
    let mut files = material::files(device);
    let place = options.place.as_deref().unwrap_or(CONTAINER);
    let part = part(device, place);
    files.push(match device.password {
        Some(_) => File::secret(PART, part),
        None => File::public(PART, part),
    });
    let names = material::names(device);
    let mut notes = vec![
        format!(
            "{}, {} and {} must lie in {place}, readable for the user \
             that it runs as, and what is in {PART} comes in the place of the part `mqtt:` of configuration.yaml; keep a \
             `base_topic:` that stands there. Then start it again.",
            names.authority, names.certificate, names.key
        ),
        format!(
            "Zigbee2MQTT's container has its data in /app/data, Home Assistant's app in \
             /config/zigbee2mqtt: for a folder `mqtt` there, export them again with --place {CONTAINER}"
        ),
        "It writes and reads below its base topic (zigbee2mqtt), and below homeassistant if that integration is \
         on: give its user those topics."
            .to_owned(),
    ];
    notes.extend(material::own_key(device));
    let refers = |text: &str| text.split_once('!').is_some_and(|(_, rest)| rest.contains(' '));
    let mut warnings = Vec::new();
    if [device.user, material::password(device)].into_iter().flatten().any(refers) {
        warnings.push(
            "Zigbee2MQTT takes a user or password with an exclamation mark and a space after it for the name of a file: \
             give this user a password without: mqsec passwd set USER --generate"
                .replace("USER", &crate::error::shell_word(device.user.unwrap_or_default())),
        );
    }
    Ok(Bundle { files, notes, warnings, test: Some(material::test(device)) })
}

fn part(device: &Device<'_>, place: &str) -> String {
    let names = material::names(device);
    let path = |name: &str| yaml(&format!("{}/{name}", place.trim_end_matches('/')));
    let mut lines = vec![
        format!("server: {}", yaml(&device.url())),
        format!("ca: {}", path(names.authority)),
        format!("cert: {}", path(&names.certificate)),
        format!("key: {}", path(&names.key)),
        "reject_unauthorized: true".to_owned(),
    ];
    if let (Some(user), Some(password)) = (device.user, material::password(device)) {
        lines.push(format!("user: {}", yaml(user)));
        lines.push(format!("password: {}", yaml(password)));
    }
    lines.push(format!("client_id: {}", yaml(device.name)));
    lines.iter().fold("mqtt:\n".to_owned(), |text, line| format!("{text}  {line}\n"))
}
