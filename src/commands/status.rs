//! `mqsec status`: what runs, and when certificates end.

use serde_json::Value;
use serde_json::json;
use time::OffsetDateTime;

use super::rfc3339;
use crate::broker;
use crate::broker::EngineKind;
use crate::context::Context;
use crate::error::Failure;
use crate::mqtt;
use crate::pki::in_words;
use crate::pki::parsed::Certificate;
use crate::pki::short_date;
use crate::provision::configuration;
use crate::provision::inventory;
use crate::provision::session::Probe;
use crate::series::Series;
use crate::snapshot;
use crate::takeover;
use crate::ui::Report;
use crate::workspace::layout;

pub fn run(context: &Context<'_>) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let engine = broker::running(workspace);
    let port = configuration::read_listener(workspace)?.map(|listener| listener.port);
    let answers = engine.is_some()
        && Probe::load(workspace).is_ok_and(|probe| match mqtt::attempt(&probe.knock()).result {
            Ok(()) => true,
            Err(trouble) => trouble.is_refusal(),
        });
    let mut certificates = Vec::new();
    let mut files = vec![("ca".to_owned(), layout::CA_CERT.into()), ("broker".to_owned(), layout::broker::CERT.into())];
    // where there are very many, the inventory answers in their place
    let many = inventory::many_clients(workspace)?;
    if many.is_none() {
        for name in workspace.clients()? {
            if let Ok(client) = name.parse() {
                files.push((name, layout::client(&client).cert));
            }
        }
    }
    for (name, path) in files {
        let pem = workspace.read(&path)?;
        if let Some(certificate) = pem.and_then(|pem| Certificate::from_pem(&pem, &workspace.show(&path)).ok()) {
            certificates.push((name, certificate.not_after));
        }
    }
    let not_loaded = match &engine {
        Some(engine) => {
            let container = Some(engine.kind() == EngineKind::Docker);
            let subject = snapshot::of_broker(workspace, context.now, Series::RELEASED.to_vec(), container);
            takeover::not_loaded(workspace, engine, &subject)
        }
        None => Vec::new(),
    };
    let total = certificates.len() + many.as_ref().map_or(0, |clients| clients.total);
    certificates.extend(many.into_iter().flat_map(|clients| clients.first));
    Ok(context.ui.report(&Status {
        not_loaded,
        engine: engine.map(|engine| engine.describe()),
        answers,
        port,
        left_out: total - certificates.len(),
        certificates,
        now: context.now,
        command: workspace.command(),
    }))
}

struct Status {
    /// What changed since the broker read it.
    not_loaded: Vec<String>,
    engine: Option<String>,
    answers: bool,
    port: Option<u16>,
    certificates: Vec<(String, OffsetDateTime)>,
    /// Clients that end later than those.
    left_out: usize,
    now: OffsetDateTime,
    command: String,
}

impl Report for Status {
    fn text(&self, _fancy: bool) -> String {
        let port = self.port.map(|port| format!(", port {port}")).unwrap_or_default();
        let mut text = match &self.engine {
            Some(engine) if self.answers => format!("running: {engine}{port}\n"),
            Some(engine) => format!("running, but it does not answer: {engine}{port}\nnext: {} logs\n", self.command),
            None => format!("not running\nnext: {} up\n", self.command),
        };
        if !self.not_loaded.is_empty() {
            let what = self.not_loaded.join(", ");
            text.push_str(&format!("it has not read yet: {what}\nnext: {} reload\n", self.command));
        }
        let rows: Vec<_> = self
            .certificates
            .iter()
            .map(|(name, end)| vec![name.clone(), format!("ends {}", short_date(*end)), in_words(*end, self.now)])
            .collect();
        text.push_str(&crate::ui::columns(&rows));
        if self.left_out > 0 {
            text.push_str(&format!("  and {} that end later: {} list\n", self.left_out, self.command));
        }
        text
    }

    fn json(&self) -> Value {
        let certificates: Vec<_> =
            self.certificates.iter().map(|(name, end)| json!({ "name": name, "not_after": rfc3339(*end) })).collect();
        json!({
            "schema": "mqsec/status/1", "running": self.engine.is_some(), "answers": self.answers,
            "engine": self.engine, "port": self.port, "certificates": certificates, "left_out": self.left_out,
            "not_loaded": self.not_loaded,
        })
    }

    fn status(&self) -> u8 {
        u8::from(!self.answers)
    }
}
