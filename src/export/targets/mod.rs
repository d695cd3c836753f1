//! A file for each target.

pub(super) mod arduino_header;
pub(super) mod bridge;
pub(super) mod browser;
pub(super) mod esp_idf;
pub(super) mod esphome;
pub(super) mod home_assistant;
mod material;
pub(super) mod mosquitto;
pub(super) mod mqttjs;
pub(super) mod mqttx;
pub(super) mod node_red;
pub(super) mod paho_python;
pub(super) mod pem;
pub(super) mod pkcs12;
pub(super) mod tasmota;
pub(super) mod zigbee2mqtt;
