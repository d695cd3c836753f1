//! What `probe` tells of each port.

use serde_json::Value;
use serde_json::json;
use time::OffsetDateTime;

use super::Answer;
use super::Host;
use super::Layer;
use super::Port;
use crate::commands::rfc3339;
use crate::error::Diagnose;
use crate::mqtt::Spoken;
use crate::mqtt::Trouble;
use crate::pki::in_words;
use crate::pki::short_date;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::paint;

pub(super) struct Probed {
    pub(super) hosts: Vec<Host>,
    pub(super) now: OffsetDateTime,
}

impl Port {
    /// What speaks there, in a few words.
    fn service(&self) -> String {
        let answer = match &self.answer {
            Ok(answer) => answer,
            Err(Trouble::Refused { .. }) => return "nothing listens".to_owned(),
            Err(Trouble::Vanished { .. }) => return "no answer: packets vanish".to_owned(),
            Err(trouble) => return trouble.to_string(),
        };
        let (with, secure) = if answer.tls.is_some() { (" over TLS", "secure ") } else { (" without TLS", "") };
        match &answer.spoken {
            Spoken::Mqtt(_) => format!("MQTT{with}"),
            Spoken::Guarded => "TLS that demands a client certificate".to_owned(),
            Spoken::Websockets(_) => format!("MQTT in {secure}websockets"),
            Spoken::Http(http) => {
                let status = http.status.map(|status| format!(", status {status}")).unwrap_or_default();
                format!("HTTP{}{status}", if answer.tls.is_some() { "S" } else { "" })
            }
            Spoken::Closed => format!("closes the connection{with}"),
            Spoken::Silent => format!("accepts and says nothing{with}"),
            Spoken::Other(words) => format!("something else{with}: {words}"),
        }
    }

    fn anonymous(&self) -> Option<bool> {
        match self.answer.as_ref().ok()?.spoken {
            Spoken::Mqtt(code) | Spoken::Websockets(Some(code)) => Some(code == 0),
            _ => None,
        }
    }
}

impl Answer {
    fn lines(&self, now: OffsetDateTime) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(tls) = &self.tls {
            lines.extend(tls.lines(now));
        }
        if let Spoken::Mqtt(code) | Spoken::Websockets(Some(code)) = self.spoken {
            lines.push(match code {
                0 => format!("{}: anonymous clients get in", paint(Tone::Warn, "warning")),
                code => format!("anonymous clients are refused (CONNACK {code})"),
            });
        }
        lines.extend(self.version.iter().map(|version| format!("it calls itself `{version}`")));
        if self.tls.is_none() && matches!(self.spoken, Spoken::Mqtt(_) | Spoken::Websockets(_)) {
            lines.push(format!("{}: passwords and messages go in clear", paint(Tone::Warn, "warning")));
        }
        lines
    }
}

impl Layer {
    fn lines(&self, now: OffsetDateTime) -> Vec<String> {
        let demanded = if self.certificate_asked { "; a client certificate is asked for" } else { "" };
        let cipher = self.cipher.as_deref().unwrap_or("no cipher");
        let mut lines = vec![format!("{}, {cipher}{demanded}", self.versions.join(" and "))];
        for (at, certificate) in self.chain.iter().enumerate() {
            let end = format!("ends {} ({})", short_date(certificate.not_after), in_words(certificate.not_after, now));
            let what = if at == 0 { "certificate" } else { "sent behind" };
            lines.push(format!("{what}: {}, {}, {end}", certificate.subject, certificate.key));
            if at == 0 {
                lines.push(format!("  names: {}; issued by {}", certificate.names().join(", "), certificate.issuer));
            }
        }
        if self.chain.len() < self.sent {
            lines.push(format!("{} of {} certificates cannot be read", self.sent - self.chain.len(), self.sent));
        }
        lines.extend(self.doubt.iter().map(|doubt| format!("{}: {doubt}", paint(Tone::Warn, "warning"))));
        lines
    }

    fn json(&self) -> Value {
        let chain: Vec<Value> = self
            .chain
            .iter()
            .map(|c| {
                json!({
                    "subject": c.subject, "issuer": c.issuer, "serial": c.serial, "key": c.key, "names": c.names(),
                    "not_before": rfc3339(c.not_before), "not_after": rfc3339(c.not_after),
                    "fingerprint_sha256": c.fingerprint(),
                })
            })
            .collect();
        json!({
            "versions": self.versions, "cipher": self.cipher, "client_certificate_asked": self.certificate_asked,
            "chain": chain, "certificates_sent": self.sent, "doubt": self.doubt,
        })
    }
}

impl Report for Probed {
    fn text(&self, _fancy: bool) -> String {
        let mut text = String::new();
        for host in &self.hosts {
            let address = host.address.to_string();
            let title = if address == host.name { address } else { format!("{} ({address})", host.name) };
            text.push_str(&format!("{}\n", paint(Tone::Head, &title)));
            for port in &host.ports {
                text.push_str(&format!("  {:<5} {}\n", port.number, port.service()));
                for line in port.answer.iter().flat_map(|answer| answer.lines(self.now)) {
                    text.push_str(&format!("        {line}\n"));
                }
            }
        }
        text
    }

    fn json(&self) -> Value {
        let port = |port: &Port| {
            let mut value = json!({ "port": port.number, "service": port.service(), "anonymous": port.anonymous() });
            match &port.answer {
                Ok(answer) => {
                    value["tls"] = answer.tls.as_ref().map_or(Value::Null, Layer::json);
                    value["version"] = json!(answer.version);
                }
                Err(trouble) => value["code"] = json!(trouble.code()),
            }
            value
        };
        let hosts: Vec<Value> = self
            .hosts
            .iter()
            .map(|host| {
                let ports: Vec<Value> = host.ports.iter().map(port).collect();
                json!({ "host": host.name, "address": host.address.to_string(), "ports": ports })
            })
            .collect();
        json!({ "schema": "mqsec/probe/1", "hosts": hosts })
    }
}
