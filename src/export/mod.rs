//! A client's files in the form that a device or a program takes them, with only what it needs.

mod targets;

use zeroize::Zeroizing;

use crate::error::Plain;
use crate::pki::keys::KeyType;
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
        let _ = key;
        Ok(())
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
#[derive(Debug)]
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

#[derive(Debug)]
pub struct File {
    /// Its name in the device's folder.
    pub name: String,
    pub bytes: Zeroizing<Vec<u8>>,
    /// It holds a key or a password.
    pub secret: bool,
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
}

/// The files of a device for a target.
pub fn bundle(device: &Device<'_>, target: Target, options: &Options) -> Result<Bundle, Plain> {
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
