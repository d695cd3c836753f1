//! `mqsec dynsec lint`: the rules about the plugin and its file, without the rest of the workspace.

use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use crate::checks;
use crate::checks::Finding;
use crate::checks::Folder;
use crate::checks::Runtime;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::rules;
use crate::commands::findings;
use crate::context::Context;
use crate::dynsec;
use crate::error::Failure;
use crate::provision;
use crate::provision::credentials::must_read;
use crate::series::Series;
use crate::snapshot;
use crate::ui::Report;
use crate::workspace::Owner;
use crate::workspace::layout;

/// Find what is wrong with the plugin's file and the configuration that loads it
#[derive(clap::Args)]
pub(super) struct Args {
    /// A file in place of the workspace's own
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Speak of this series alone [default: 2.0 and 2.1]
    #[arg(long, value_name = "SERIES")]
    target: Option<Series>,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let targets = Series::targets(args.target);
    let subject = match &args.file {
        Some(path) => alone(context, path, targets)?,
        None => of_workspace(context, targets)?,
    };
    let findings = checks::run(rules::of(Topic::DynamicSecurity), &subject);
    let loaded = args.file.is_some() || !subject.dynsec_files().is_empty();
    Ok(context.ui.report(&Lint { findings, loaded }))
}

/// A folder with nothing but this file, and a configuration that names it.
fn alone(context: &Context<'_>, path: &Path, targets: Vec<Series>) -> Result<Subject, Failure> {
    let shown = path.display().to_string();
    let bytes = provision::dynsec::whole(&shown, must_read(path)?)?;
    let Owner { uid, gid } = context.workspace.broker_user();
    let runtime = Runtime { uid, gid, container: false };
    let mut subject = Subject::new(Folder::default(), context.now, targets, runtime);
    let place = subject.in_folder(&shown);
    let conf = format!("plugin {}\n{} {place}\nlistener 8883\n", dynsec::PLUGIN, dynsec::CONFIG_FILE);
    subject.write(layout::CONF, conf.into_bytes());
    subject.write(&place, bytes);
    Ok(subject)
}

fn of_workspace(context: &Context<'_>, targets: Vec<Series>) -> Result<Subject, Failure> {
    let workspace = &context.workspace;
    provision::dynsec::configuration(workspace)?;
    // the snapshot passes over a file that cannot be read, which here is the whole question
    if let Some(file) = provision::dynsec::active(workspace)?
        && let Some(bytes) = workspace.read(&file)?
    {
        provision::dynsec::whole(&workspace.show(&file), bytes)?;
    }
    Ok(snapshot::take(workspace, context.now, targets))
}

struct Lint {
    findings: Vec<Finding>,
    /// Whether there is a file of the plugin.
    loaded: bool,
}

impl Report for Lint {
    fn text(&self, _fancy: bool) -> String {
        if self.findings.is_empty() {
            let why = if self.loaded { "" } else { ": the configuration does not load the plugin" };
            return format!("no findings{why}\n");
        }
        self.findings.iter().map(findings::text).collect()
    }

    fn json(&self) -> Value {
        let findings: Vec<Value> = self.findings.iter().map(findings::json).collect();
        json!({ "schema": "mqsec/dynsec-lint/1", "findings": findings })
    }

    fn status(&self) -> u8 {
        findings::status(&self.findings)
    }
}
