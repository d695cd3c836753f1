//! What was exported, and how to use it.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::Args;
use super::put::Done;
use super::qr::Code;
use crate::context::Context;
use crate::error::shell_word;
use crate::export::Broker;
use crate::export::Bundle;
use crate::ui::Report;

pub(super) struct Exported<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) args: &'a Args,
    pub(super) broker: Broker,
    pub(super) user: Option<String>,
    pub(super) folder: PathBuf,
    pub(super) bundle: Bundle,
    pub(super) written: Vec<Done>,
    pub(super) code: Option<Code>,
}

impl Exported<'_> {
    fn folder(&self) -> String {
        // without the `./` of a workspace that is the current folder
        self.folder.strip_prefix(".").unwrap_or(&self.folder).display().to_string()
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |(file, done): (&crate::export::File, &Done)| {
            let what = if file.secret { "secret" } else { "" };
            let how = match done {
                Done::Written => "",
                Done::Replaced => "(replaced)",
                Done::Same => "(was there)",
            };
            vec![file.name.clone(), what.to_owned(), how.to_owned()]
        };
        self.bundle.files.iter().zip(&self.written).map(row).collect()
    }
}

impl Report for Exported<'_> {
    fn text(&self, fancy: bool) -> String {
        let Self { args, broker, bundle, .. } = self;
        let folder = self.folder();
        let user = self.user.as_ref().map(|user| format!(" as `{user}`")).unwrap_or_default();
        let mut text = format!(
            "`{}` for {}, to {}:{}{user}: in {folder}\n",
            args.name,
            args.target.name(),
            broker.host,
            broker.port
        );
        text.push_str(&crate::ui::columns(&self.rows()));
        for warning in &bundle.warnings {
            text.push_str(&format!("warning: {}\n", self.context.ui.with_folder(warning)));
        }
        if !bundle.notes.is_empty() {
            text.push_str("how to use it:\n");
        }
        for note in &bundle.notes {
            text.push_str(&format!("  - {}\n", self.context.ui.with_folder(note)));
        }
        if let Some(test) = &bundle.test {
            text.push_str(&format!("test: cd {} && {test}\n", shell_word(&folder)));
        }
        if let Some(code) = &self.code {
            let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
            text.push_str(&code.text(if fancy { terminal() } else { None }));
        }
        text
    }

    fn json(&self) -> Value {
        let files: Vec<Value> = self
            .bundle
            .files
            .iter()
            .zip(&self.written)
            .map(|(file, done)| {
                json!({
                    "name": file.name,
                    "path": self.folder.join(&file.name).display().to_string(),
                    "secret": file.secret,
                    "done": done.word(),
                })
            })
            .collect();
        json!({
            "schema": "mqsec/export/1",
            "client": self.args.name.as_str(),
            "target": self.args.target.name(),
            "host": self.broker.host,
            "port": self.broker.port,
            "websockets_port": self.broker.websockets,
            "user": self.user,
            "folder": self.folder(),
            "files": files,
            "notes": self.bundle.notes,
            "warnings": self.bundle.warnings,
            "test": self.bundle.test,
            "qr": self.code.as_ref().and_then(|code| code.payload.clone()),
        })
    }
}
