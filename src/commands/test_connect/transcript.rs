//! The transcript: the lines and the order of the tool that mqsec replaces.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::mqtt;
use crate::mqtt::Stage;
use crate::mqtt::Success;
use crate::ui::Report;

/// The transcript, in the lines and the order of the tool that mqsec replaces.
pub(super) struct Words {
    pub(super) fancy: bool,
}

impl Words {
    pub(super) fn line(&self, mark: &str, text: &str) -> String {
        if self.fancy { format!("{mark} {text}\n") } else { format!("{text}\n") }
    }

    pub(super) fn rule(&self) -> String {
        format!("{}\n", "=".repeat(80))
    }

    pub(super) fn start(&self, user: &str, client: &str) -> String {
        [
            self.line("🚀", "Starting secure MQTT connection test"),
            self.line("🔐", "Authentication and TLS enabled"),
            self.line("👤", &format!("Username: {user}")),
            self.line("📄", &format!("Certificate CN: {client}")),
        ]
        .concat()
    }

    pub(super) fn connecting(&self, host: &str, port: u16) -> String {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        [
            self.line("📁", "Certificates loaded successfully"),
            "\n".to_owned(),
            self.line("🌐", &format!("Connecting to {host}:{port} ...")),
            self.line("🔄", "TLS handshake in progress..."),
            "\n".to_owned(),
            self.line("🔍", "Connection result:"),
            self.rule(),
        ]
        .concat()
    }

    pub(super) fn success(&self, topic: &str, success: &Success) -> String {
        let total: Duration = success.timings.iter().map(|(_, took)| *took).sum();
        let tick = if self.fancy { "✅ " } else { "" };
        [
            self.line("🔢", "Return code: 0"),
            self.line(
                "📬",
                &format!("Status: {tick}Connection established successfully (valid TLS and authentication)"),
            ),
            self.line("📡", &format!("Publishing test message to '{topic}' topic...")),
            self.rule(),
            self.line("✅", "Test message published successfully!"),
            self.line(
                "✅",
                &format!(
                    "The message came back ({}, {}, {:.1} ms in all)",
                    success.address,
                    success.tls_version.unwrap_or("no TLS"),
                    total.as_secs_f64() * 1000.0
                ),
            ),
            self.rule(),
            "\n".to_owned(),
            self.line("📡", "Disconnecting..."),
        ]
        .concat()
    }

    pub(super) fn trouble(&self, trouble: &mqtt::Trouble) -> String {
        let cross = if self.fancy { "❌ " } else { "" };
        let code = match trouble.return_code() {
            // the number of MQTT 3.1.1, which older tools print for the same answer
            Some(135) => self.line("🔢", "Return code: 135 (MQTT 3.1.1: 5)"),
            Some(code) => self.line("🔢", &format!("Return code: {code}")),
            None => String::new(),
        };
        [code, self.line("📬", &format!("Status: {cross}{trouble}")), self.rule()].concat()
    }
}

pub(super) struct Connected {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) success: Success,
}

impl Report for Connected {
    fn text(&self, _fancy: bool) -> String {
        String::new()
    }

    fn json(&self) -> Value {
        let stage = |(stage, took): &(Stage, Duration)| json!({ "stage": stage.to_string(), "ms": took.as_secs_f64() * 1000.0 });
        json!({
            "schema": "mqsec/test-connect/1",
            "return_code": 0,
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "address": self.success.address.to_string(),
            "tls_version": self.success.tls_version,
            "cipher": self.success.cipher,
            "message_returned": true,
            "stages": self.success.timings.iter().map(stage).collect::<Vec<_>>(),
        })
    }
}
