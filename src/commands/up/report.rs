//! What `up` tells: what was made, the proofs, what to do next.

use serde_json::Value;
use serde_json::json;

use crate::broker::proofs::Proof;
use crate::commands::files_json;
use crate::context::Context;
use crate::passwd::User;
use crate::provision::dynsec;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::paint;
use crate::workspace::Change;
use crate::workspace::layout;

pub(super) struct Up<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) changes: Vec<Change>,
    pub(super) engine: String,
    pub(super) state: &'static str,
    pub(super) port: u16,
    pub(super) names: Vec<String>,
    pub(super) user: User,
    /// What a client needs to get in.
    pub(super) by_certificate: bool,
    pub(super) by_password: bool,
    pub(super) proofs: Vec<Proof>,
}

impl Up<'_> {
    pub(super) fn made(&self) -> String {
        if self.changes.is_empty() {
            return "nothing to make: everything is there\n".to_owned();
        }
        let rows: Vec<Vec<String>> = self
            .changes
            .iter()
            .map(|change| {
                let replaced = if change.replaced { " (replaced)" } else { "" };
                vec![self.context.workspace.show(&change.path), format!("{}{replaced}", purpose(&change.path))]
            })
            .collect();
        format!("{}\n{}", paint(Tone::Head, "made"), crate::ui::columns(&rows))
    }

    pub(super) fn next(&self) -> String {
        let command = self.context.workspace.command();
        let user = &self.user.name;
        let user = crate::error::shell_word(user.as_str());
        let (connect, password) = match (self.by_password, self.by_certificate) {
            (true, true) => ("connect as this user, with the password of .env", "and a password for it"),
            (true, false) => ("connect as this user, with the password of .env", "one more client"),
            (false, _) => ("connect with this client's certificate", ""),
        };
        // the plugin has users of its own, which the password file does not reach
        let plugin = matches!(dynsec::active(&self.context.workspace), Ok(Some(_)));
        let add = if plugin { "dynsec add client" } else { "passwd add" };
        let rows = [
            (true, format!("{command} test-connect {user}"), connect),
            (self.by_certificate, format!("{command} client-cert sensor-1"), "a certificate for one more client"),
            (self.by_password, format!("{command} {add} sensor-1 --generate"), password),
        ];
        let rows = rows.into_iter().filter(|(counts, ..)| *counts);
        let rows: Vec<Vec<String>> = rows.map(|(_, command, why)| vec![command, why.to_owned()]).collect();
        format!("{}\n{}", paint(Tone::Head, "next"), crate::ui::columns(&rows))
    }
}

/// What a file is for, in a few words.
pub(super) fn purpose(path: &std::path::Path) -> &'static str {
    match path.to_str().unwrap_or_default() {
        layout::ENV => "users and their passwords, readable by you alone",
        layout::COMPOSE => "for the stock eclipse-mosquitto image",
        layout::CONF => "the broker's configuration",
        layout::PASSWD => "the hashed passwords",
        layout::ACL => "who may read and write which topics",
        layout::CA_KEY => "the authority's key: secret, keep a copy offline",
        layout::CA_CERT => "the authority: every client needs it",
        layout::CA_SERIAL => "openssl's serial number file; mqsec takes random ones",
        layout::CA_CRL => "the revocation list",
        layout::broker::KEY => "the broker's key",
        layout::broker::CERT => "the broker's certificate",
        layout::broker::TRUST => "whose clients the broker accepts",
        layout::broker::CRL => "which of them are revoked",
        path if path.starts_with(layout::BACKUP) => "what was replaced",
        path if path.ends_with(".csr") => "the signing request",
        path if path.ends_with(".chain.crt") => "certificate and authority in one file",
        path if path.ends_with(".crt") => "a client's certificate",
        path if path.ends_with(".key") => "a client's key",
        _ => "",
    }
}

impl Report for Up<'_> {
    fn text(&self, _fancy: bool) -> String {
        let rows: Vec<Vec<String>> = self
            .proofs
            .iter()
            .map(|proof| {
                let mark = if proof.holds { paint(Tone::Good, "ok") } else { paint(Tone::Bad, "NO") };
                vec![mark, proof.who.clone(), proof.expected.to_owned(), proof.seen.clone()]
            })
            .collect();
        let held = self.proofs.iter().filter(|proof| proof.holds).count();
        let verdict = match self.status() {
            0 => format!("{held} of {} proofs hold: this broker is secure", self.proofs.len()),
            _ => format!("only {held} of {} proofs hold: do not use this broker", self.proofs.len()),
        };
        format!(
            "{}\n{}\n  {} ({})\n  port {}, for the names {}\n\n{}\n{}  {verdict}\n\n{}",
            self.made(),
            paint(Tone::Head, "broker"),
            self.engine,
            self.state,
            self.port,
            self.names.join(", "),
            paint(Tone::Head, "proofs"),
            crate::ui::columns(&rows),
            self.next(),
        )
    }

    fn json(&self) -> Value {
        let proofs: Vec<_> = self
            .proofs
            .iter()
            .map(|proof| json!({ "who": proof.who, "expected": proof.expected, "holds": proof.holds, "seen": proof.seen }))
            .collect();
        json!({
            "schema": "mqsec/up/1",
            "engine": self.engine,
            "state": self.state,
            "port": self.port,
            "names": self.names,
            "user": self.user.name.as_str(),
            "files": files_json(self.context, &self.changes),
            "proofs": proofs,
            "secure": self.status() == 0,
        })
    }

    fn status(&self) -> u8 {
        u8::from(self.proofs.iter().any(|proof| !proof.holds))
    }
}
