//! `node-red`: a flow with its broker and TLS nodes, ready to be imported.

use serde_json::Value;
use serde_json::json;

use super::material;
use crate::error::Plain;
use crate::error::shell_word;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::File;
use crate::export::Options;
use crate::export::Target;

/// Not with the name in it: the test command has it within quotes.
const FLOW: &str = "node-red-flow.json";

pub(in crate::export) fn bundle(device: &Device<'_>, _options: &Options) -> Result<Bundle, Plain> {
    let key = String::from_utf8_lossy(device.key(Target::NodeRed)?);
    let mut text = serde_json::to_string_pretty(&nodes(device, &key)).unwrap_or_default();
    text.push('\n');
    let name = device.name;
    let mut notes = vec![
        format!(
            "Import {FLOW} into Node-RED: the menu at the top right, Import, select a file to import, Import, Deploy. Press \
             the button of the node `test`: the message comes back in the debug panel. Your own MQTT nodes choose \
             `{name} at {}` as their server.",
            device.broker.host
        ),
        "The file holds the key, the certificates and the password, and Node-RED keeps them among its credentials; a flow \
         that is exported from Node-RED later is without them. Set credentialSecret in settings.js, or what encrypts them \
         is made up and lies beside them; and delete the file when it is imported."
            .to_owned(),
        format!(
            "Where it is imported a second time, Node-RED makes copies of the nodes; to bring in a renewed certificate, \
             upload the files of `mqsec export {} --for pem` in its TLS node instead.",
            shell_word(name)
        ),
    ];
    if let (Some(user), None) = (device.user, device.password) {
        notes.push(format!(
            "The password of `{user}` is not known here: enter it in the server's node, Security, Password."
        ));
    }
    let pem = format!(
        r#"node -p "JSON.parse(fs.readFileSync('{FLOW}')).find(node => node.type == 'tls-config').credentials.$1""#
    );
    let test = Some(material::test_of_parts(device, &pem, ["cadata", "certdata", "keydata"]));
    Ok(Bundle { files: vec![File::secret(FLOW, text.into_bytes())], notes, warnings: Vec::new(), test })
}

fn nodes(device: &Device<'_>, key: &str) -> Value {
    let names = material::names(device);
    let id = |what: &str| material::digest(device, what).chars().take(16).collect::<String>();
    let topic = device.example_topic();
    let title = format!("{} at {}", device.name, device.broker.host);
    let mut login = json!({});
    if let Some(user) = device.user {
        login["user"] = json!(user);
        if let Some(password) = device.password {
            login["password"] = json!(password.expose());
        }
    }
    json!([
        { "id": id("tab"), "type": "tab", "label": device.name, "disabled": false, "info": "" },
        {
            "id": id("tls"), "type": "tls-config", "name": title, "certType": "files",
            // empty paths: it is the credentials that count, and the names are shown
            "cert": "", "key": "", "ca": "", "p12": "", "p12name": "",
            "certname": names.certificate, "keyname": names.key, "caname": names.authority,
            "servername": "", "verifyservercert": true, "alpnprotocol": "",
            "credentials": { "certdata": device.chain_pem(), "keydata": key, "cadata": device.authorities_pem }
        },
        {
            "id": id("broker"), "type": "mqtt-broker", "name": title,
            "broker": device.broker.host, "port": device.broker.port.to_string(),
            "tls": id("tls"), "usetls": true, "clientid": device.name, "autoConnect": true,
            "protocolVersion": "5", "keepalive": "60", "cleansession": true, "autoUnsubscribe": true,
            "birthTopic": "", "birthQos": "0", "birthRetain": "false", "birthPayload": "", "birthMsg": {},
            "closeTopic": "", "closeQos": "0", "closeRetain": "false", "closePayload": "", "closeMsg": {},
            "willTopic": "", "willQos": "0", "willRetain": "false", "willPayload": "", "willMsg": {},
            "userProps": "", "sessionExpiry": "",
            "credentials": login
        },
        {
            "id": id("inject"), "type": "inject", "z": id("tab"), "name": "test",
            "props": [{ "p": "payload" }], "repeat": "", "crontab": "", "once": false, "onceDelay": 0.1, "topic": "",
            "payload": format!("hello from {}", device.name), "payloadType": "str",
            "x": 130, "y": 80, "wires": [[id("out")]]
        },
        {
            "id": id("out"), "type": "mqtt out", "z": id("tab"), "name": "", "topic": topic, "qos": "1", "retain": "",
            "respTopic": "", "contentType": "", "userProps": "", "correl": "", "expiry": "",
            "broker": id("broker"), "x": 350, "y": 80, "wires": []
        },
        {
            "id": id("in"), "type": "mqtt in", "z": id("tab"), "name": "", "topic": topic, "qos": "1",
            "datatype": "auto-detect", "broker": id("broker"), "nl": false, "rap": true, "rh": 0, "inputs": 0,
            "x": 150, "y": 160, "wires": [[id("debug")]]
        },
        {
            "id": id("debug"), "type": "debug", "z": id("tab"), "name": "came back", "active": true, "tosidebar": true,
            "console": false, "tostatus": false, "complete": "payload", "targetType": "msg",
            "statusVal": "", "statusType": "auto", "x": 350, "y": 160, "wires": []
        }
    ])
}
