//! `paho-python`: a program for Python with paho-mqtt 2.

use super::super::write::python;
use super::material;
use crate::error::Plain;
use crate::error::shell_word;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::File;
use crate::export::Options;

pub(in crate::export) fn bundle(device: &Device<'_>, _options: &Options) -> Result<Bundle, Plain> {
    // the dash keeps it from standing in for a module: `ssl.py` beside it would be found in the place of Python's
    let program = format!("{}-mqtt.py", device.name);
    let mut files = material::files(device);
    files.push(match device.password {
        Some(_) => File::secret(&program, source(device)),
        None => File::public(&program, source(device)),
    });
    let word = shell_word(&program);
    let mut notes = vec![
        format!(
            "{program} connects with the files beside it, sends itself a message and ends with 0 when that came back; \
             what you need of it is `connected()`. It needs paho-mqtt 2: python3 -m venv venv && venv/bin/pip install \
             'paho-mqtt>=2'."
        ),
        "A client id is for one connection at a time: whoever comes second puts the first out. Give each program its own."
            .to_owned(),
    ];
    notes.extend(material::own_key(device));
    notes.extend(unknown_password(device, &word));
    Ok(Bundle { files, notes, warnings: Vec::new(), test: Some(format!("venv/bin/python {word}")) })
}

fn unknown_password(device: &Device<'_>, program: &str) -> Option<String> {
    let user = device.user.filter(|_| device.password.is_none())?;
    Some(format!(
        "The password of `{user}` is not known here: the program takes it from the environment, MQTT_PASSWORD, so that it \
         stands in no command: read -rs MQTT_PASSWORD && export MQTT_PASSWORD && venv/bin/python {program}"
    ))
}

fn source(device: &Device<'_>) -> String {
    let login = match (device.user, device.password) {
        (None, _) => "USER = PASSWORD = None  # the certificate says who this is".to_owned(),
        (Some(user), Some(password)) => {
            format!("USER = {}\nPASSWORD = {}", python(user), python(password.expose()))
        }
        (Some(user), None) => format!(
            "USER = {}\nPASSWORD = os.environ.get(\"MQTT_PASSWORD\") or sys.exit(\"set MQTT_PASSWORD in the environment\")",
            python(user)
        ),
    };
    material::program(device, TEMPLATE, python, login)
}

const TEMPLATE: &str = r#""""Connects to the broker over TLS with a client certificate, sends itself a message, and prints what comes back.

Needs paho-mqtt 2: pip install "paho-mqtt>=2"
"""

import os
import queue
import sys
from pathlib import Path

import paho.mqtt.client as mqtt

HERE = Path(__file__).resolve().parent
HOST = @HOST@
PORT = @PORT@
AUTHORITY = HERE / @CA@
CERTIFICATE = HERE / @CERT@
KEY = HERE / @KEY@
CLIENT_ID = @ID@
TOPIC = @TOPIC@
@LOGIN@

MESSAGE = f"hello from {CLIENT_ID} {os.urandom(4).hex()}"
outcome = queue.Queue()  # None, or what went wrong


def on_connect(client, userdata, flags, reason_code, properties):
    if reason_code.is_failure:
        outcome.put(f"the broker refuses the login: {reason_code}")
    else:
        client.subscribe(TOPIC, qos=1)


def on_subscribe(client, userdata, mid, reason_codes, properties):
    if reason_codes[0].is_failure:
        outcome.put(f"the broker refuses to subscribe to {TOPIC}: {reason_codes[0]}")
    else:
        client.publish(TOPIC, MESSAGE, qos=1)


def on_publish(client, userdata, mid, reason_code, properties):
    if reason_code.is_failure:
        outcome.put(f"the broker refuses to publish to {TOPIC}: {reason_code}")


def on_message(client, userdata, message):
    text = message.payload.decode(errors="replace")
    print(f"{message.topic}: {text}")
    if text == MESSAGE:
        outcome.put(None)


def on_disconnect(client, userdata, flags, reason_code, properties):
    outcome.put(f"the connection ended: {reason_code}")


def connected():
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=CLIENT_ID, protocol=mqtt.MQTTv5)
    # what this verifies: that the authority signed the broker's certificate, its dates, and its names
    client.tls_set(ca_certs=str(AUTHORITY), certfile=str(CERTIFICATE), keyfile=str(KEY))
    if USER is not None:
        client.username_pw_set(USER, PASSWORD)
    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.on_publish = on_publish
    client.on_message = on_message
    client.on_disconnect = on_disconnect
    client.connect(HOST, PORT, keepalive=60)
    client.loop_start()
    return client


def main():
    try:
        client = connected()
    except OSError as error:  # no connection, or the broker's certificate is not the right one
        sys.exit(f"cannot connect to {HOST}:{PORT}: {error}")
    try:
        trouble = outcome.get(timeout=30)
    except queue.Empty:
        trouble = "nothing came back in 30 s"
    client.disconnect()
    client.loop_stop()
    if trouble:
        sys.exit(trouble)


if __name__ == "__main__":
    main()
"#;
