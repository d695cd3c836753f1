//! `mqsec passwd lint`: the rules about password files, on the workspace's or on any other.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use crate::checks;
use crate::checks::Finding;
use crate::checks::Folder;
use crate::checks::Runtime;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::commands::findings;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::provision::credentials::must_read;
use crate::series::Series;
use crate::snapshot;
use crate::ui::Report;
use crate::workspace::layout;

/// Find what is wrong with the password file, for each series of Mosquitto
///
/// Without FILE it looks at the file that the configuration names, and compares it with .env. Exit status 1 when there is
/// a warning or an error.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Another password file
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The series that are meant
    #[arg(long, value_enum, value_name = "SERIES", default_values_t = Series::RELEASED.to_vec())]
    target: Vec<Series>,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let (subject, files) = match &args.file {
        Some(path) => alone(context, path, args)?,
        None => of_workspace(context, args)?,
    };
    let mut findings = checks::run(checks::rules::of(Topic::Passwords), &subject);
    if args.file.is_some() {
        // it is called what the caller called it
        findings.iter_mut().for_each(|finding| finding.path = files.first().cloned());
        // these commands change the workspace's own file
        let elsewhere = |hint: &String| hint.starts_with("mqsec passwd ");
        findings.iter_mut().for_each(|finding| finding.hint = finding.hint.take().filter(|hint| !elsewhere(hint)));
    }
    let targets = args.target.clone();
    Ok(context.ui.report(&Linted { files, targets, findings }))
}

fn of_workspace(context: &Context<'_>, args: &Args) -> Result<(Subject, Vec<String>), Failure> {
    // what may not be read is not missing
    context.workspace.read(layout::CONF)?;
    let subject = snapshot::take(&context.workspace, context.now, args.target.clone());
    let mut paths = subject.password_files();
    if subject.any_reading().is_none() {
        paths.push(layout::PASSWD.to_owned());
    }
    for path in &paths {
        if let Some(why) = subject.folder.file(path).and_then(|file| file.unread.as_deref()) {
            return Err(Plain::new("file-permission-denied", format!("`{path}` cannot be read: {why}"))
                .hint("run it as the user whose file it is")
                .into());
        }
    }
    let there: Vec<String> = paths.iter().filter(|path| subject.folder.bytes(path).is_some()).cloned().collect();
    if paths.is_empty() {
        let message = format!("`{}` names no password file", context.workspace.show(layout::CONF));
        let error = Plain::new("passwd-missing", message);
        let plugin = !subject.dynsec_files().is_empty();
        let error =
            if plugin { error.hint("the dynamic security plugin has the users: mqsec dynsec lint") } else { error };
        return Err(error.hint("name one: mqsec passwd lint FILE").into());
    }
    if there.is_empty() {
        let named = paths.first().map_or(layout::PASSWD, String::as_str);
        return Err(super::missing(&context.workspace.show(named))
            .hint("or name another one: mqsec passwd lint FILE")
            .into());
    }
    Ok((subject, there))
}

/// A folder with nothing but this file, where mqsec's own would be.
fn alone(context: &Context<'_>, path: &std::path::Path, args: &Args) -> Result<(Subject, Vec<String>), Failure> {
    let bytes = must_read(path)?;
    let shown = path.display().to_string();
    let runtime = Runtime { uid: 0, gid: 0, container: false };
    let mut subject = Subject::new(Folder::default(), context.now, args.target.clone(), runtime);
    subject.write(layout::CONF, format!("password_file {}\n", layout::PASSWD).into_bytes());
    subject.write(layout::PASSWD, bytes);
    Ok((subject, vec![shown]))
}

struct Linted {
    files: Vec<String>,
    targets: Vec<Series>,
    findings: Vec<Finding>,
}

impl Report for Linted {
    fn text(&self, _fancy: bool) -> String {
        if self.findings.is_empty() {
            return format!(
                "{}: nothing to find fault with, for Mosquitto {}\n",
                self.files.join(", "),
                Series::names(&self.targets)
            );
        }
        self.findings.iter().map(findings::text).collect()
    }

    fn json(&self) -> Value {
        let targets: Vec<String> = self.targets.iter().map(ToString::to_string).collect();
        json!({
            "schema": "mqsec/passwd-lint/1", "files": self.files, "targets": targets,
            "findings": self.findings.iter().map(findings::json).collect::<Vec<_>>(),
        })
    }

    fn status(&self) -> u8 {
        findings::status(&self.findings)
    }
}
