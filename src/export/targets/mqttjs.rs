//! `mqttjs`: a program for Node.js with MQTT.js.

use super::super::write::json;
use super::material;
use crate::error::Plain;
use crate::error::shell_word;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::File;
use crate::export::Options;

pub(in crate::export) fn bundle(device: &Device<'_>, _options: &Options) -> Result<Bundle, Plain> {
    // .cjs: `require` works in it whatever the package.json around it says
    let program = format!("{}-mqtt.cjs", device.name);
    let mut files = material::files(device);
    files.push(match device.password {
        Some(_) => File::secret(&program, source(device)),
        None => File::public(&program, source(device)),
    });
    let word = shell_word(&program);
    let mut notes = vec![
        format!(
            "{program} connects with the files beside it, sends itself a message and ends with 0 when that came back; \
             what you need of it are the options. It needs MQTT.js 5: npm install mqtt."
        ),
        "A client id is for one connection at a time: whoever comes second puts the first out. Give each program its own."
            .to_owned(),
    ];
    notes.extend(material::own_key(device));
    if let (Some(user), None) = (device.user, device.password) {
        notes.push(format!(
            "The password of `{user}` is not known here: the program takes it from the environment, MQTT_PASSWORD, so that \
             it stands in no command: read -rs MQTT_PASSWORD && export MQTT_PASSWORD && node {word}"
        ));
    }
    Ok(Bundle { files, notes, warnings: Vec::new(), test: Some(format!("node {word}")) })
}

fn source(device: &Device<'_>) -> String {
    let login = match (device.user, device.password) {
        (None, _) => "  // no user: the certificate says who this is".to_owned(),
        (Some(user), Some(password)) => {
            format!("  username: {},\n  password: {},", json(user), json(password.expose()))
        }
        (Some(user), None) => format!(
            "  username: {},\n  password: process.env.MQTT_PASSWORD || fail('set MQTT_PASSWORD in the environment'),",
            json(user)
        ),
    };
    material::program(device, TEMPLATE, json, login)
}

const TEMPLATE: &str = r"// Connects to the broker over TLS with a client certificate, sends itself a message, and prints what comes back.
// Needs MQTT.js 5: npm install mqtt
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const mqtt = require('mqtt');

const beside = (name) => fs.readFileSync(path.join(__dirname, name));
const topic = @TOPIC@;
const options = {
  protocol: 'mqtts',
  protocolVersion: 5,
  host: @HOST@,
  port: @PORT@,
  ca: beside(@CA@),
  cert: beside(@CERT@),
  key: beside(@KEY@),
  clientId: @ID@,
@LOGIN@
  // the broker proves who it is, or there is no connection; a program that runs for long removes the next line
  reconnectPeriod: 0,
};
const message = `hello from ${options.clientId} ${crypto.randomBytes(4).toString('hex')}`;

function fail(why) {
  console.error(why);
  process.exit(1);
}

setTimeout(() => fail('nothing came back in 30 s'), 30000).unref();

const client = mqtt.connect(options);
client.on('error', (error) => fail(`${options.host}:${options.port}: ${error.message}`));
client.on('close', () => fail('the connection ended'));
client.on('message', (from, payload) => {
  console.log(`${from}: ${payload}`);
  if (payload.toString() !== message) return;
  client.removeAllListeners('close');
  client.end();
});
client.on('connect', () => {
  client.subscribe(topic, { qos: 1 }, (error, granted) => {
    if (error) fail(`the broker refuses to subscribe to ${topic}: ${error.message}`);
    if (granted[0].qos > 2) fail(`the broker refuses to subscribe to ${topic}: reason ${granted[0].qos}`);
    client.publish(topic, message, { qos: 1 }, (refused) => {
      if (refused) fail(`the broker refuses to publish to ${topic}: ${refused.message}`);
    });
  });
});
";
