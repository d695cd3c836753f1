//! The broker's own files, as evidence. What is missing or cannot be read is left out: it is not what was asked.

use std::path::PathBuf;

use crate::conf::Settings;
use crate::error::printable;
use crate::mqtt::Seen;
use crate::passwd::PasswdFile;
use crate::pki::crl::Crl;
use crate::pki::input;
use crate::pki::parsed::Certificate;
use crate::workspace::Workspace;
use crate::workspace::fs;
use crate::workspace::layout;

pub struct Folder {
    pub settings: Settings,
    /// What certfile holds, the broker's own certificate first.
    pub broker: Vec<Certificate>,
    /// Public key of keyfile, where it can be read.
    pub broker_key: Option<Vec<u8>>,
    /// What cafile holds: whose client certificates the broker accepts. None without the option.
    pub trust: Option<Vec<Certificate>>,
    /// What crlfile holds; None without the option.
    pub crls: Option<Vec<Crl>>,
    pub passwd: Option<PasswdFile>,
    log: Option<LogMark>,
}

/// How long the broker's log was before the try.
#[derive(Clone, Debug)]
pub struct LogMark {
    path: PathBuf,
    length: u64,
}

impl LogMark {
    pub fn set(workspace: &Workspace) -> Option<Self> {
        let text = String::from_utf8(workspace.read(layout::CONF).ok()??).ok()?;
        let path = workspace.path(crate::conf::log_file(&text)?);
        Some(Self { length: fs::length(&path)?, path })
    }
}

impl Folder {
    /// The folder's broker, if it is the one that was dialled: it has a listener on that port, and either this machine
    /// was dialled or the certificate that was shown is the folder's.
    pub fn of(workspace: &Workspace, port: u16, seen: &Seen, log: Option<LogMark>) -> Option<Self> {
        let text = String::from_utf8(workspace.read(layout::CONF).ok()??).ok()?;
        let settings = Settings::of_port(&text, port)?;
        let read = |key: &str| -> Option<Vec<u8>> { workspace.read(settings.get(key)?).ok()? };
        let certificates = |key: &str| Some(input::certificates(&read(key)?, key).ok()?.list);
        let broker = certificates("certfile").unwrap_or_default();
        let local = seen.address.is_some_and(|address| address.ip().is_loopback());
        let same = matches!((seen.chain.first(), broker.first()), (Some(shown), Some(own)) if *shown == own.der);
        if !local && !same {
            return None;
        }
        let text = |key: &str| String::from_utf8(read(key)?).ok();
        let key = read("keyfile").map(zeroize::Zeroizing::new);
        Some(Self {
            broker_key: key.and_then(|pem| {
                let key = crate::pki::keys::parse(&pem, "keyfile").ok()?;
                Some(rcgen::PublicKeyData::subject_public_key_info(&key))
            }),
            trust: settings.get("cafile").map(|_| certificates("cafile").unwrap_or_default()),
            crls: settings
                .get("crlfile")
                .map(|_| read("crlfile").and_then(|pem| Crl::all_from_pem(&pem, "crlfile").ok()).unwrap_or_default()),
            passwd: text("password_file").map(|text| PasswdFile::parse(&text)),
            broker,
            settings,
            log,
        })
    }

    /// Whether a plugin decides who gets in.
    pub fn has_plugin(&self) -> bool {
        ["plugin", "auth_plugin", "global_plugin", "plugin_use"].iter().any(|key| self.settings.get(key).is_some())
    }

    /// Whether it is the one that keeps clients and roles in a file of its own.
    pub fn has_dynamic_security(&self) -> bool {
        let ours = |path: &str| path.contains("mosquitto_dynamic_security.");
        ["plugin", "auth_plugin", "global_plugin"].iter().any(|key| self.settings.get(key).is_some_and(ours))
    }

    /// What the broker wrote since the mark about this client.
    pub fn log_since(&self, client_id: &str) -> Vec<String> {
        let Some(LogMark { path, length }) = &self.log else { return Vec::new() };
        let Ok((text, _)) = fs::read_from(path, *length) else { return Vec::new() };
        text.lines().filter(|line| line.contains(client_id)).take(5).map(printable).collect()
    }

    /// The code of the first of these lines that has one.
    pub fn log_code(&self, client_id: &str) -> Option<&'static str> {
        let causes = self.log_since(client_id).into_iter().filter_map(|line| crate::logs::explain(&line));
        causes.filter(|cause| !cause.harmless).map(|cause| cause.code).next()
    }
}
