//! A client's files in the form that a device or a program takes them, with only what it needs.

mod limits;
mod targets;
mod write;

use std::fmt;

use zeroize::Zeroizing;

use crate::error::Plain;
use crate::error::shell_word;
use crate::pki::keys::KeyType;
use crate::pki::parsed::Certificate;
use crate::pki::parsed::KeyKind;
use crate::secret::Secret;

/// What the files are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// Key, certificate with its chain, and the authority, in PEM
    Pem,
    /// One encrypted file for Java, Windows, Android, macOS and browsers
    Pkcs12,
    /// A C header for Arduino cores (ESP32, ESP8266)
    ArduinoHeader,
    /// Files to embed with ESP-IDF, and its menuconfig options
    EspIdf,
    /// Commands for Tasmota's console
    Tasmota,
    /// The mqtt: part of an ESPHome configuration
    Esphome,
    /// Files and settings for Home Assistant's MQTT integration
    HomeAssistant,
    /// The mqtt: part of Zigbee2MQTT's configuration.yaml
    Zigbee2mqtt,
    /// A flow for Node-RED with its broker and TLS nodes
    NodeRed,
    /// A program for Python with paho-mqtt 2
    PahoPython,
    /// A program for Node.js with MQTT.js
    Mqttjs,
    /// A connection to import into MQTTX
    Mqttx,
    /// An options file for mosquitto_pub and mosquitto_sub
    Mosquitto,
    /// A client certificate for a browser, and how to use secure websockets
    Browser,
    /// The bridge section for another Mosquitto
    Bridge,
}

impl Target {
    /// As it is written on the command line and in a list.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pem => "pem",
            Self::Pkcs12 => "pkcs12",
            Self::ArduinoHeader => "arduino-header",
            Self::EspIdf => "esp-idf",
            Self::Tasmota => "tasmota",
            Self::Esphome => "esphome",
            Self::HomeAssistant => "home-assistant",
            Self::Zigbee2mqtt => "zigbee2mqtt",
            Self::NodeRed => "node-red",
            Self::PahoPython => "paho-python",
            Self::Mqttjs => "mqttjs",
            Self::Mqttx => "mqttx",
            Self::Mosquitto => "mosquitto",
            Self::Browser => "browser",
            Self::Bridge => "bridge",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        use clap::ValueEnum;
        Self::value_variants().iter().copied().find(|target| target.name() == name)
    }

    /// Whether the device can use a key of this kind; why not.
    pub fn takes(self, key: KeyType) -> Result<(), String> {
        limits::takes(
            self,
            match key {
                KeyType::P256 => KeyKind::P256,
                KeyType::P384 => KeyKind::P384,
                KeyType::Ed25519 => KeyKind::Ed25519,
                KeyType::Rsa2048 => KeyKind::Rsa(2048),
                KeyType::Rsa3072 => KeyKind::Rsa(3072),
                KeyType::Rsa4096 => KeyKind::Rsa(4096),
            },
        )
    }

    /// Whether the device can verify such a certificate, the broker's or one above it; why not.
    pub fn verifies(self, certificate: &Certificate) -> Result<(), String> {
        limits::verifies(self, certificate.key_kind)
    }
}

/// How the broker is reached.
#[derive(Clone, Debug)]
pub struct Broker {
    pub host: String,
    pub port: u16,
    /// The secure websockets listener, where there is one.
    pub websockets: Option<u16>,
    /// The names of the broker's certificate.
    pub names: Vec<String>,
}

/// A device whose files are asked for.
pub struct Device<'a> {
    pub name: &'a str,
    /// None: the device made its key itself, and has it alone.
    pub key_pem: Option<&'a [u8]>,
    pub key_type: KeyType,
    /// Its certificate alone.
    pub certificate_pem: &'a str,
    /// What stands between it and the root: the signing authority, or nothing.
    pub intermediates_pem: &'a str,
    /// What it trusts: the root, during a rollover both.
    pub authorities_pem: &'a str,
    pub broker: &'a Broker,
    pub user: Option<&'a str>,
    /// None: it is not known here (the password file has hashes alone), and a place is left for it.
    pub password: Option<&'a Secret>,
    /// A topic that it may write, for the test; the first of its own.
    pub topic: Option<&'a str>,
}

impl<'a> Device<'a> {
    /// What it shows to the broker: its certificate and what stands above it, without the root.
    fn chain_pem(&self) -> String {
        format!("{}{}", self.certificate_pem, self.intermediates_pem)
    }

    /// The key, for a target that has no use for the rest without it.
    fn key(&self, target: Target) -> Result<&'a [u8], Plain> {
        let name = self.name;
        self.key_pem.ok_or_else(|| {
            let (word, other) = (shell_word(name), shell_word(&format!("{name}-2")));
            Plain::no(
                "export-needs-key",
                format!("the key of `{name}` is not here, and {} holds the key", target.name()),
            )
            .hint(format!("the files without it: mqsec export {word} --for pem"))
            .hint(format!("or a new pair whose key is here, under another name: mqsec client-cert {other}"))
        })
    }

    /// `mqtts://host:port`
    fn url(&self) -> String {
        format!("mqtts://{}:{}", write::url_host(&self.broker.host), self.broker.port)
    }

    /// `wss://host:port/mqtt`, where the broker has such a listener.
    fn websockets_url(&self) -> Option<String> {
        let port = self.broker.websockets?;
        Some(format!("wss://{}:{port}/mqtt", write::url_host(&self.broker.host)))
    }

    /// The password, or what stands in its place; nothing without a user.
    fn password_text(&self) -> &str {
        match (self.user, self.password) {
            (None, _) => "",
            (Some(_), Some(password)) => password.expose(),
            (Some(_), None) => PASSWORD_HERE,
        }
    }

    /// A topic for examples.
    fn example_topic(&self) -> String {
        self.topic.map_or_else(|| format!("{}/status", self.name), str::to_owned)
    }
}

impl fmt::Debug for Device<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("name", &self.name).field("user", &self.user).finish_non_exhaustive()
    }
}

pub struct File {
    /// Its name in the device's folder.
    pub name: String,
    pub bytes: Zeroizing<Vec<u8>>,
    /// It holds a key or a password.
    pub secret: bool,
}

impl File {
    fn public(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: Zeroizing::new(bytes.into()), secret: false }
    }

    /// With a key or a password in it.
    fn secret(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: Zeroizing::new(bytes.into()), secret: true }
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("name", &self.name).field("secret", &self.secret).finish_non_exhaustive()
    }
}

/// What a device is given.
#[derive(Debug, Default)]
pub struct Bundle {
    pub files: Vec<File>,
    /// How to use them, a paragraph each.
    pub notes: Vec<String>,
    /// What this device will have trouble with.
    pub warnings: Vec<String>,
    /// A command that proves the files on this machine.
    pub test: Option<String>,
}

/// What only some targets ask for.
#[derive(Debug, Default)]
pub struct Options {
    /// The password of an encrypted file; None: one is made up, and is the bundle's file too.
    pub file_password: Option<Secret>,
    /// The old algorithms, for what reads no others.
    pub legacy: bool,
    /// The folder in which the files will lie when they are used; None: where the program is started.
    pub place: Option<String>,
}

impl Options {
    /// A file of the bundle as a configuration names it.
    fn in_place(&self, file: &str) -> String {
        match &self.place {
            Some(place) => format!("{}/{file}", place.trim_end_matches('/')),
            None => file.to_owned(),
        }
    }
}

/// What stands where a password belongs that is not known here.
const PASSWORD_HERE: &str = "PUT-THE-PASSWORD-HERE";

/// The files of a device for a target.
pub fn bundle(device: &Device<'_>, target: Target, options: &Options) -> Result<Bundle, Plain> {
    let read = |pem: &str| Certificate::from_pem(pem.as_bytes(), "").ok();
    if let Some(own) = read(device.certificate_pem)
        && let Err(why) = limits::takes(target, own.key_kind)
    {
        let other = shell_word(&format!("{}-2", device.name));
        return Err(unfit(device, target, &why)
            .hint(format!("a pair with another key: mqsec client-cert {other} --key-type p256")));
    }
    if let Some(root) = read(device.authorities_pem)
        && let Err(why) = target.verifies(&root)
    {
        return Err(unfit(device, target, &format!("the authority: {why}"))
            .hint("an authority that every client can verify: mqsec ca rollover prepare --key-type p256"));
    }
    let mut bundle = files(device, target, options)?;
    bundle.warnings.extend(limits::warnings(device, target));
    if let (Some(user), None) = (device.user, device.password)
        && bundle.files.iter().any(|file| holds(&file.bytes, PASSWORD_HERE))
    {
        bundle.warnings.push(format!(
            "the password of `{user}` is not known here: put it where the files say {PASSWORD_HERE}, or export them again \
             with --password-stdin"
        ));
    }
    Ok(bundle)
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn unfit(device: &Device<'_>, target: Target, why: &str) -> Plain {
    Plain::no("export-unfit", format!("{} cannot take `{}`: {why}", target.name(), device.name))
}

fn files(device: &Device<'_>, target: Target, options: &Options) -> Result<Bundle, Plain> {
    match target {
        Target::Pem => targets::pem::bundle(device, options),
        Target::Pkcs12 => targets::pkcs12::bundle(device, options),
        Target::ArduinoHeader => targets::arduino_header::bundle(device, options),
        Target::EspIdf => targets::esp_idf::bundle(device, options),
        Target::Tasmota => targets::tasmota::bundle(device, options),
        Target::Esphome => targets::esphome::bundle(device, options),
        Target::HomeAssistant => targets::home_assistant::bundle(device, options),
        Target::Zigbee2mqtt => targets::zigbee2mqtt::bundle(device, options),
        Target::NodeRed => targets::node_red::bundle(device, options),
        Target::PahoPython => targets::paho_python::bundle(device, options),
        Target::Mqttjs => targets::mqttjs::bundle(device, options),
        Target::Mqttx => targets::mqttx::bundle(device, options),
        Target::Mosquitto => targets::mosquitto::bundle(device, options),
        Target::Browser => targets::browser::bundle(device, options),
        Target::Bridge => targets::bridge::bundle(device, options),
    }
}
