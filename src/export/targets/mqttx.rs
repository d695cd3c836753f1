//! `mqttx`: a connection to import into MQTTX.

use serde_json::Value;
use serde_json::json;

use super::material;
use crate::error::Plain;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::File;
use crate::export::Options;

/// Stands where the folder belongs, if it is not known.
const NO_FOLDER: &str = "/PUT/THE/FOLDER/HERE";

pub(in crate::export) fn bundle(device: &Device<'_>, options: &Options) -> Result<Bundle, Plain> {
    let connection = format!("{}-mqttx.json", device.name);
    let folder = options.place.as_deref();
    let mut text =
        serde_json::to_string_pretty(&json!([record(device, folder.unwrap_or(NO_FOLDER))])).unwrap_or_default();
    text.push('\n');
    let mut files = material::files(device);
    files.push(match device.password {
        Some(_) => File::secret(&connection, text.into_bytes()),
        None => File::public(&connection, text.into_bytes()),
    });
    let mut notes = vec![format!(
        "Import {connection} into MQTTX: Settings, Advanced, Data management, Import data, format JSON. The connection \
         `{}` is then in its list; Connect, and subscribe to {}.",
        device.name,
        device.example_topic()
    )];
    notes.push(match folder {
        Some(folder) => format!(
            "MQTTX reads the key and the certificates from {folder} at each connection: leave them there, or choose them \
             anew in the connection's settings."
        ),
        None => format!(
            "MQTTX reads the key and the certificates at each connection, by whole paths: replace {NO_FOLDER} in \
             {connection} by the folder that they are in."
        ),
    });
    notes.push(
        "Its client id is the device's: as long as MQTTX is connected, the device is put out. Change it there to watch \
         both."
            .to_owned(),
    );
    notes.extend(material::own_key(device));
    Ok(Bundle { files, notes, warnings: Vec::new(), test: Some(material::test(device)) })
}

/// The fields of its `ConnectionModel`, as a new connection has them; what is left out is made by its database.
fn record(device: &Device<'_>, folder: &str) -> Value {
    let names = material::names(device);
    let path = |name: &str| format!("{}/{name}", folder.trim_end_matches('/'));
    let digest = material::digest(device, "mqttx");
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    json!({
        // the import takes what has an id, and an id that is there already is written over
        "id": format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32)),
        "clientId": device.name,
        "name": device.name,
        "clean": true,
        "protocol": "mqtts",
        "host": device.broker.host,
        "port": device.broker.port,
        "keepalive": 60,
        "connectTimeout": 10,
        "reconnect": true,
        "reconnectPeriod": 4000,
        "username": device.user.unwrap_or_default(),
        "password": material::password(device).unwrap_or_default(),
        "path": "",
        "ssl": true,
        "certType": "self",
        "rejectUnauthorized": true,
        "ALPNProtocols": "",
        "ca": path(names.authority),
        "cert": path(&names.certificate),
        "key": path(&names.key),
        "mqttVersion": "5.0",
        "unreadMessageCount": 0,
        "clientIdWithTime": false,
        "isCollection": false,
        "parentId": null,
        "messages": [],
        "subscriptions": [],
        "will": {
            "lastWillTopic": "", "lastWillPayload": "", "lastWillQos": 0, "lastWillRetain": false,
            "properties": { "contentType": "", "responseTopic": "" }
        },
        "properties": { "sessionExpiryInterval": 0 }
    })
}
