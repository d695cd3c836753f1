//! `home-assistant`: files and settings for Home Assistant's MQTT integration, which is set up in its pages alone.

use super::material;
use crate::error::Plain;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::File;
use crate::export::Options;

const SETTINGS: &str = "home-assistant.txt";

pub(in crate::export) fn bundle(device: &Device<'_>, _options: &Options) -> Result<Bundle, Plain> {
    let mut files = material::files(device);
    files.push(match device.password {
        Some(_) => File::secret(SETTINGS, settings(device)),
        None => File::public(SETTINGS, settings(device)),
    });
    let mut notes = vec![
        format!(
            "Home Assistant takes its broker in its pages and not in configuration.yaml: Settings, Devices & services, \
             Add integration, MQTT, and there what {SETTINGS} says, a line for each field. The three files are uploaded \
             from the machine whose browser you sit at; delete them there when it is done."
        ),
        "For an integration that is there already: Settings, Devices & services, MQTT, Reconfigure.".to_owned(),
        "Home Assistant writes below homeassistant/ and reads what your devices write: give its user those topics."
            .to_owned(),
    ];
    notes.extend(material::own_key(device));
    Ok(Bundle { files, notes, warnings: Vec::new(), test: Some(material::test(device)) })
}

fn settings(device: &Device<'_>) -> String {
    let names = material::names(device);
    let mut lines =
        vec![("Broker".to_owned(), device.broker.host.clone()), ("Port".to_owned(), device.broker.port.to_string())];
    if let (Some(user), Some(password)) = (device.user, material::password(device)) {
        lines.push(("Username".to_owned(), user.to_owned()));
        lines.push(("Password".to_owned(), password.to_owned()));
    }
    let more = [
        ("Advanced options", "on, then Submit"),
        ("Client ID", ""),
        ("Use a client certificate", "on"),
        ("Broker certificate validation", "Custom, then Submit"),
        ("Upload custom CA certificate file", names.authority),
        ("Upload client certificate file", &names.certificate),
        ("Upload private key file", &names.key),
        ("Password of the private key", ""),
        ("Ignore broker certificate validation", "off"),
        ("MQTT protocol", "5"),
        ("MQTT transport", "TCP"),
    ];
    lines.extend(more.map(|(field, value)| (field.to_owned(), value.to_owned())));
    let lines = lines.iter().map(|(field, value)| match value.as_str() {
        "" => format!("{field:<38}(leave empty)\n"),
        value => format!("{field:<38}{value}\n"),
    });
    lines.collect()
}
