//! The transcript: the lines and the order of the tool that mqsec replaces.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::Args;
use crate::diagnosis::Diagnosis;
use crate::error::Diagnose;
use crate::mqtt::Seen;
use crate::mqtt::Version;
use crate::ui::Report;

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

    pub(super) fn start(&self, user: &str, client: &str, tls: bool) -> String {
        let (how, mark) = if tls { ("secure ", "Authentication and TLS enabled") } else { ("", "Without TLS") };
        [
            self.line("🚀", &format!("Starting {how}MQTT connection test")),
            self.line("🔐", mark),
            self.line("👤", &format!("Username: {user}")),
            self.line("📄", &format!("Certificate CN: {client}")),
        ]
        .concat()
    }

    pub(super) fn connecting(&self, host: &str, port: u16, tls: bool) -> String {
        let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
        let connecting = format!("Connecting to {host}:{port} ...");
        let mut lines = Vec::new();
        if tls {
            lines.push(self.line("📁", "Certificates loaded successfully"));
        }
        lines.extend(["\n".to_owned(), self.line("🌐", &connecting)]);
        if tls {
            lines.push(self.line("🔄", "TLS handshake in progress..."));
        }
        lines.extend(["\n".to_owned(), self.line("🔍", "Connection result:"), self.rule()]);
        lines.concat()
    }

    pub(super) fn success(&self, args: &Args, seen: &Seen) -> String {
        let tick = if self.fancy { "✅ " } else { "" };
        let how = if args.tls() { "valid TLS and authentication" } else { "without TLS" };
        let address = seen.address.map(|address| address.to_string()).unwrap_or_default();
        let mut lines = vec![
            self.line("🔢", "Return code: 0"),
            self.line("📬", &format!("Status: {tick}Connection established successfully ({how})")),
            self.line("📡", &format!("Publishing test message to '{}' topic...", args.topic)),
            self.rule(),
            self.line("✅", "Test message published successfully!"),
            self.line("✅", &format!("The message came back ({address}, {})", seen.tls_version.unwrap_or("no TLS"))),
        ];
        if let Some(topic) = &args.will {
            lines.push(self.line("✅", &format!("The will on '{topic}' was published when its client vanished")));
        }
        lines.extend([
            self.line("⏱", &stages(seen)),
            self.rule(),
            "\n".to_owned(),
            self.line("📡", "Disconnecting..."),
        ]);
        lines.concat()
    }

    /// An ACL's no that was asked for.
    pub(super) fn denied(&self, denied: &Diagnosis, seen: &Seen) -> String {
        let tick = if self.fancy { "✅ " } else { "" };
        [
            self.line("🔢", "Return code: 0"),
            self.line("📬", &format!("Status: {tick}denied, as expected ({}): {denied}", denied.code())),
            self.line("⏱", &stages(seen)),
            self.rule(),
        ]
        .concat()
    }

    pub(super) fn trouble(&self, found: &Diagnosis, return_code: Option<u8>, version: Version) -> String {
        let cross = if self.fancy { "❌ " } else { "" };
        let code = match return_code {
            // the number of MQTT 3.1.1, which older tools print for the same answer
            Some(135) if version == Version::V5 => self.line("🔢", "Return code: 135 (MQTT 3.1.1: 5)"),
            Some(code) => self.line("🔢", &format!("Return code: {code}")),
            None => String::new(),
        };
        [code, self.line("📬", &format!("Status: {cross}{found}")), self.rule()].concat()
    }
}

/// What each stage took, and all together.
fn stages(seen: &Seen) -> String {
    let total: Duration = seen.timings.iter().map(|(_, took)| *took).sum();
    let each: Vec<String> = seen.timings.iter().map(|(stage, took)| format!("{stage} {:.1}", ms(*took))).collect();
    format!("Milliseconds: {}; {:.1} in all", each.join(", "), ms(total))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

pub(super) struct Connected {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: Option<String>,
    pub(super) seen: Seen,
    pub(super) denied: Option<Diagnosis>,
}

impl Report for Connected {
    fn text(&self, _fancy: bool) -> String {
        String::new()
    }

    fn json(&self) -> Value {
        let stages: Vec<Value> = self
            .seen
            .timings
            .iter()
            .map(|(stage, took)| json!({ "stage": stage.to_string(), "ms": ms(*took) }))
            .collect();
        json!({
            "schema": "mqsec/test-connect/1",
            "return_code": 0,
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "address": self.seen.address.map(|address| address.to_string()),
            "tls_version": self.seen.tls_version,
            "cipher": self.seen.cipher,
            "client_certificate_asked": self.seen.certificate_asked,
            "message_returned": self.denied.is_none(),
            "denied": self.denied.as_ref().map(|denied| json!({ "code": denied.code(), "message": denied.to_string() })),
            "stages": stages,
        })
    }
}
