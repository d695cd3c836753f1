//! `mqsec acl lint`: the rules of the topic `acl`.

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::file::AclFile;
use crate::checks;
use crate::checks::Finding;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::accept;
use crate::checks::rules;
use crate::commands::findings;
use crate::context::Context;
use crate::error::Failure;
use crate::series::Series;
use crate::snapshot;
use crate::ui::Report;
use crate::workspace::layout;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The series that must be able to use the file [default: 2.0 and 2.1]
    #[arg(long)]
    target: Option<Series>,
}

pub(super) fn run(context: &Context<'_>, file: Option<&Path>, args: &Args) -> Result<u8, Failure> {
    let found = AclFile::must_find(context, file)?;
    let mut subject = snapshot::take(&context.workspace, context.now, Series::targets(args.target));
    if !found.named {
        name_instead(&mut subject, &found);
    }
    let findings = checks::run(rules::of(Topic::Acl), &subject);
    let (findings, _) = accept::part(&subject, findings, &|id| rules::of(Topic::Acl).any(|rule| rule.id == id));
    let findings = findings.into_iter().filter(|finding| finding.rule.starts_with("acl-")).collect();
    Ok(context.ui.report(&Linted { file: found.shown, findings }))
}

/// The rules look at what the configuration names: in this snapshot it names the file, and nothing else for its kind.
fn name_instead(subject: &mut Subject, found: &AclFile) {
    let place = subject.in_folder(&found.shown);
    let old = subject.folder.text(layout::CONF).unwrap_or("listener 1883 127.0.0.1\n");
    let rest = old.lines().filter(|line| !line.trim_start().starts_with("acl_file ")).collect::<Vec<_>>().join("\n");
    let conf = format!("acl_file {place}\n{rest}\n");
    subject.write(&place, found.document.to_bytes());
    subject.write(layout::CONF, conf.into_bytes());
}

struct Linted {
    file: String,
    findings: Vec<Finding>,
}

impl Report for Linted {
    fn text(&self, _fancy: bool) -> String {
        if self.findings.is_empty() {
            return format!("`{}`: no findings\n", self.file);
        }
        self.findings.iter().map(findings::text).collect()
    }

    fn json(&self) -> Value {
        let findings: Vec<Value> = self.findings.iter().map(findings::json).collect();
        json!({ "schema": "mqsec/acl-lint/1", "file": self.file, "findings": findings })
    }

    fn status(&self) -> u8 {
        findings::status(&self.findings)
    }
}
