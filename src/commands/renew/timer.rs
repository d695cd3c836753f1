//! `mqsec renew --install-timer`: what runs it every day.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::provision::timer;
use crate::provision::timer::Job;
use crate::ui::Report;
use crate::workspace::fs;

#[derive(clap::Args)]
pub(super) struct Timer {
    /// Have it run every day: a systemd timer, or a line for cron
    #[arg(long, help_heading = "Every day", conflicts_with_all = ["names", "within", "at_percent", "rekey", "days", "dry_run"])]
    install_timer: bool,
    /// Take that away again
    #[arg(long, help_heading = "Every day", conflicts_with = "install_timer")]
    uninstall_timer: bool,
    /// Print the systemd units, the cron line and the command for Windows, and write nothing
    #[arg(long, help_heading = "Every day", requires = "install_timer")]
    print: bool,
    /// When
    #[arg(long, help_heading = "Every day", value_name = "HH:MM", default_value = "03:17", value_parser = time_of_day)]
    at: (u8, u8),
    /// For this user's systemd, also when it is root's
    #[arg(long, help_heading = "Every day")]
    user: bool,
}

impl Timer {
    pub(super) fn is_asked(&self) -> bool {
        self.install_timer || self.uninstall_timer
    }
}

fn time_of_day(text: &str) -> Result<(u8, u8), &'static str> {
    let parse = || {
        let (hour, minute) = text.split_once(':')?;
        Some((hour.parse::<u8>().ok().filter(|hour| *hour < 24)?, minute.parse::<u8>().ok().filter(|m| *m < 60)?))
    };
    parse().ok_or("a time of day, such as 03:17")
}

pub(super) fn run(context: &Context<'_>, args: &Timer) -> Result<u8, Failure> {
    let job = job(context, args)?;
    if args.print {
        return Ok(context.ui.report(&Printed { job }));
    }
    if cfg!(windows) {
        let command =
            if args.install_timer { job.windows() } else { format!("schtasks /Delete /F /TN {}\n", job.name()) };
        return Ok(context.ui.report(&Installed { did: "run this", files: Vec::new(), next: Some(command) }));
    }
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let systemd = fs::is_dir(Path::new("/run/systemd/system"));
    if args.uninstall_timer {
        return uninstall(context, &job, home.as_deref(), systemd);
    }
    let Some(files) = job.files(systemd, home.as_deref()) else {
        // a crontab is edited by its owner
        let next = format!("crontab -e, and there: {}", job.cron(None));
        return Ok(context.ui.report(&Installed {
            did: "nothing was written; add this line",
            files: Vec::new(),
            next: Some(next),
        }));
    };
    timer::write(&files)?;
    let unit = format!("{}.timer", job.name());
    let mut next = None;
    if systemd {
        let enabled = systemctl(&job, &["daemon-reload"]) && systemctl(&job, &["enable", "--now", &unit]);
        let scope = if job.system { "" } else { "--user " };
        if !enabled {
            next = Some(format!("systemctl {scope}daemon-reload; systemctl {scope}enable --now {unit}\n"));
        }
    }
    let files = files.into_iter().map(|(path, _)| path.display().to_string()).collect();
    let did = if next.is_none() { "it runs every day" } else { "written, but not begun" };
    Ok(context.ui.report(&Installed { did, files, next }))
}

/// Paths are absolute: a timer has no folder of its own.
fn job(context: &Context<'_>, args: &Timer) -> Result<Job, Failure> {
    let workspace = &context.workspace;
    let not_found = |error| Plain::new("program-not-run", format!("where this program is cannot be told: {error}"));
    let program = std::env::current_exe().map_err(not_found)?;
    let folder = std::path::absolute(workspace.root()).map_err(not_found)?;
    let folder: PathBuf = folder.components().collect();
    timer::check(&program)?;
    timer::check(&folder)?;
    let (hour, minute) = args.at;
    let system = workspace.is_root() && !args.user;
    Ok(Job { program, folder, owner: workspace.operator(), system, hour, minute })
}

fn uninstall(context: &Context<'_>, job: &Job, home: Option<&Path>, systemd: bool) -> Result<u8, Failure> {
    let unit = format!("{}.timer", job.name());
    let mut gone = Vec::new();
    for kind in [true, false] {
        let files = job.files(kind, home).unwrap_or_default();
        let there: Vec<_> = files.iter().filter(|(path, _)| fs::exists(path)).collect();
        if kind && systemd && !there.is_empty() {
            systemctl(job, &["disable", "--now", &unit]);
        }
        for (path, _) in there {
            fs::remove_file(path)?;
            gone.push(path.display().to_string());
        }
        if kind && systemd && !gone.is_empty() {
            systemctl(job, &["daemon-reload"]);
        }
    }
    let did = if gone.is_empty() { "there is none of this folder" } else { "taken away" };
    Ok(context.ui.report(&Installed { did, files: gone, next: None }))
}

fn systemctl(job: &Job, args: &[&str]) -> bool {
    let scope: &[&str] = if job.system { &[] } else { &["--user"] };
    let mut command = Command::new("systemctl");
    command.args(scope).args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

struct Installed {
    did: &'static str,
    files: Vec<String>,
    next: Option<String>,
}

impl Report for Installed {
    fn text(&self, _fancy: bool) -> String {
        let files: String = self.files.iter().map(|file| format!("  {file}\n")).collect();
        let next = self.next.as_ref().map(|next| format!("next: {next}")).unwrap_or_default();
        format!("renewal timer: {}\n{files}{next}", self.did)
    }

    fn json(&self) -> Value {
        json!({ "schema": "mqsec/renew-timer/1", "did": self.did, "files": self.files, "next": self.next })
    }
}

struct Printed {
    job: Job,
}

impl Report for Printed {
    fn text(&self, _fancy: bool) -> String {
        let Self { job } = self;
        let name = job.name();
        format!(
            "# {name}.service\n{}\n# {name}.timer\n{}\n# crontab\n{}\n# Windows\n{}",
            job.service(),
            job.timer(),
            job.cron(None),
            job.windows()
        )
    }

    fn json(&self) -> Value {
        let Self { job } = self;
        json!({
            "schema": "mqsec/renew-timer/1",
            "name": job.name(),
            "service": job.service(),
            "timer": job.timer(),
            "cron": job.cron(None),
            "windows": job.windows(),
        })
    }
}
