//! `mqsec explain`: what an error code means.

use serde_json::Value;
use serde_json::json;

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::ui::Report;

/// Tell what an error code means and what to do; without one, list them all
#[derive(clap::Args)]
pub struct Args {
    code: Option<String>,
}

const PAGE: &str = include_str!("../../docs/errors.md");

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let report = match &args.code {
        None => Explained { code: None, text: codes().map(|code| format!("{code}\n")).collect() },
        Some(code) => {
            let text = section(code).ok_or_else(|| {
                Plain::new("code-unknown", format!("there is no error code `{code}`")).hint("list them: mqsec explain")
            })?;
            Explained { code: Some(code.clone()), text: format!("{}\n", text.trim()) }
        }
    };
    Ok(context.ui.report(&report))
}

/// Every code that has a heading.
pub fn codes() -> impl Iterator<Item = &'static str> {
    PAGE.lines().filter_map(|line| line.strip_prefix("## "))
}

fn section(code: &str) -> Option<&'static str> {
    let (_, rest) = PAGE.split_once(&format!("\n## {code}\n"))?;
    Some(rest.split_once("\n## ").map_or(rest, |(section, _)| section))
}

struct Explained {
    code: Option<String>,
    text: String,
}

impl Report for Explained {
    fn text(&self, _fancy: bool) -> String {
        self.text.clone()
    }

    fn json(&self) -> Value {
        match &self.code {
            Some(code) => json!({ "schema": "mqsec/explain/1", "code": code, "text": self.text }),
            None => json!({ "schema": "mqsec/explain/1", "codes": codes().collect::<Vec<_>>() }),
        }
    }
}
