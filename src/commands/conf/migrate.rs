//! `mqsec conf migrate`: the same configuration for a newer Mosquitto.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::file::Configuration;
use crate::conf::migration;
use crate::conf::migration::Migration;
use crate::conf::migration::Step;
use crate::conf::profile;
use crate::conf::profile::PluginDir;
use crate::conf::profile::Wishes;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::provision::configuration;
use crate::series::Series;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::paint;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// Rewrite config/mosquitto.conf for a newer Mosquitto, so that it means the same there
///
/// per_listener_settings becomes plugins that single listeners use, old names become the new ones, and comments stay.
/// The old file is kept below certs/backup/.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The series that is to read it
    #[arg(long, value_name = "SERIES", value_parser = target)]
    to: Series,
    /// Passwords and ACL by the plugins of 2.1 in this folder, or where the stock image or Debian has them
    #[arg(long, value_name = "image|debian|DIR")]
    plugins: Option<PluginDir>,
    /// Print it, and write nothing
    #[arg(long)]
    print: bool,
}

fn target(text: &str) -> Result<Series, &'static str> {
    if text == "2.1" { Ok(Series::V21) } else { Err("the one to migrate to is 2.1") }
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let mut change = Transaction::begin(&context.workspace)?;
    let file = Configuration::load(context)?;
    let migration = migrated(&file, args)?;
    if let Some((_, why)) = file.stop_of(&migration.bytes, args.to) {
        return Err(Plain::no(
            "conf-would-not-start",
            format!("with it Mosquitto {} would not start; nothing was changed", args.to),
        )
        .detail(why)
        .hint("mend that first; what 2.0 makes of it now: mqsec conf show --effective --target 2.0")
        .into());
    }
    let same = migration.bytes == file.bytes;
    let mut backup = None;
    if !args.print && !same {
        backup = configuration::keep(&mut change, context.now)?;
        change.put(layout::CONF, migration.bytes.clone());
        change.commit()?;
    }
    Ok(context.ui.report(&Migrated { context, to: args.to, print: args.print, same, backup, migration }))
}

/// A file that mqsec wrote and nobody changed is written anew; any other is changed line by line.
fn migrated(file: &Configuration<'_>, args: &Args) -> Result<Migration, Failure> {
    let ours = std::str::from_utf8(&file.bytes).ok().and_then(Wishes::recognise);
    let Some(mut wishes) = ours else {
        return Ok(migration::to_21(&file.bytes, &file.reading(Series::V20), args.plugins.as_ref())?);
    };
    wishes.target = Some(args.to);
    wishes.plugins = args.plugins.clone().or(wishes.plugins);
    wishes.check()?;
    let what = format!("written anew: {}", wishes.command());
    Ok(Migration {
        bytes: profile::render(&wishes).into_bytes(),
        done: vec![Step { line: None, what }],
        left: Vec::new(),
    })
}

struct Migrated<'a> {
    context: &'a Context<'a>,
    to: Series,
    print: bool,
    same: bool,
    backup: Option<PathBuf>,
    migration: Migration,
}

impl Report for Migrated<'_> {
    fn text(&self, _fancy: bool) -> String {
        if self.print {
            return String::from_utf8_lossy(&self.migration.bytes).into_owned();
        }
        let path = self.context.workspace.show(layout::CONF);
        let mut text = match self.same {
            true => format!("`{path}` is for Mosquitto {} already; nothing was changed\n", self.to),
            false => format!("`{path}` is for Mosquitto {} now\n", self.to),
        };
        let mut list = |title: &str, steps: &[Step]| {
            if !steps.is_empty() {
                text.push_str(&format!("{}\n", paint(Tone::Head, title)));
            }
            for step in steps {
                let line = step.line.map(|line| format!("line {line}: ")).unwrap_or_default();
                text.push_str(&format!("  {line}{}\n", step.what));
            }
        };
        list("done", &self.migration.done);
        list("to know", &self.migration.left);
        if let Some(backup) = &self.backup {
            text.push_str(&format!("the old one is kept in {}\n", self.context.workspace.show(backup)));
            text.push_str(&format!("next: {} conf show --effective\n", self.context.workspace.command()));
        }
        text
    }

    fn json(&self) -> Value {
        let steps = |steps: &[Step]| -> Vec<Value> {
            steps.iter().map(|step| json!({ "line": step.line, "what": step.what })).collect()
        };
        json!({
            "schema": "mqsec/conf-migrate/1",
            "file": self.context.workspace.show(layout::CONF),
            "to": self.to.to_string(),
            "changed": !self.same,
            "backup": self.backup.as_ref().map(|path| self.context.workspace.show(path)),
            "done": steps(&self.migration.done),
            "left": steps(&self.migration.left),
            "text": super::redacted(&self.migration.bytes),
        })
    }
}
