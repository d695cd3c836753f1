//! An installed Mosquitto, started in the workspace with the same configuration as the container.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use super::log_tail;
use crate::error::Failure;
use crate::error::Plain;
use crate::workspace::Workspace;
use crate::workspace::fs;
use crate::workspace::layout;

pub struct Native {
    pub program: PathBuf,
    pub version: String,
}

impl Native {
    /// The given program, or `mosquitto` in the PATH and in the places where systems keep it.
    pub fn find(program: Option<&Path>) -> Result<Self, Plain> {
        let missing = || {
            Plain::new("mosquitto-missing", "Mosquitto is not installed on this machine")
                .hint("let mqsec install it: mqsec up --engine native --yes")
        };
        let program = match program {
            Some(program) => program.to_owned(),
            None => candidates().into_iter().find(|path| fs::is_file(path)).ok_or_else(missing)?,
        };
        let output = Command::new(&program).arg("-h").stdin(Stdio::null()).output();
        let output = output.map_err(|error| {
            Plain::new("program-not-run", format!("`{}` cannot be run: {error}", program.display()))
        })?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.lines().find_map(|line| line.strip_prefix("mosquitto version ")).map(str::trim);
        let version = version.ok_or_else(|| {
            Plain::new(
                "program-not-run",
                format!("`{}` does not say which version of Mosquitto it is", program.display()),
            )
        })?;
        if version.starts_with("1.") {
            return Err(Plain::new(
                "mosquitto-too-old",
                format!("Mosquitto {version} is too old; mqsec works with 2.0 and newer"),
            )
            .hint("install a newer one, or use Docker: --engine docker"));
        }
        Ok(Self { version: version.to_owned(), program })
    }

    pub fn start(&self, workspace: &Workspace) -> Result<(), Failure> {
        let error = |error: std::io::Error| {
            Plain::new("broker-not-started", format!("`{}` cannot be started: {error}", self.program.display()))
        };
        // the child inherits the folder: a broker of another user may not be able to walk there by itself
        let program = std::path::absolute(&self.program).map_err(error)?;
        let log = workspace.start_log()?;
        let before = std::env::current_dir();
        std::env::set_current_dir(workspace.root()).map_err(error)?;
        let mut command = Command::new(program);
        command.args(["-c", layout::CONF]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            command.process_group(0);
            if workspace.is_root() {
                let owner = workspace.broker_user();
                command.uid(owner.uid).gid(owner.gid);
            }
        }
        let child = command.spawn();
        if let Ok(before) = before {
            let _ = std::env::set_current_dir(before);
        }
        let child = child.map_err(error)?;
        let birth = birth(child.id()).unwrap_or_default();
        let record = format!("{}\n{}\n{}\n{birth}\n", child.id(), self.program.display(), self.version);
        workspace.note(layout::PID, &record)?;
        Ok(())
    }
}

fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let name = format!("mosquitto{}", std::env::consts::EXE_SUFFIX);
    let usual = [
        "/usr/sbin",
        "/usr/local/sbin",
        "/opt/homebrew/sbin",
        "/opt/homebrew/opt/mosquitto/sbin",
        "C:\\Program Files\\mosquitto",
    ];
    std::env::split_paths(&path).chain(usual.map(PathBuf::from)).map(|dir| dir.join(&name)).collect()
}

/// The process of this folder's broker, if it lives.
pub fn pid(workspace: &Workspace) -> Option<u32> {
    running(workspace).map(|(pid, _)| pid)
}

/// The process of this folder's broker, if it lives, and the program that was started.
pub fn running(workspace: &Workspace) -> Option<(u32, Native)> {
    let note = String::from_utf8(workspace.read(layout::PID).ok()??).ok()?;
    let mut lines = note.lines();
    let pid: u32 = lines.next()?.parse().ok()?;
    let native = Native { program: PathBuf::from(lines.next()?), version: lines.next()?.to_owned() };
    // the number may belong to another program by now
    (birth(pid)? == lines.next()?).then_some((pid, native))
}

/// What tells a process from a later one of the same number: when it started, in which boot. Nothing when it has ended.
#[cfg(target_os = "linux")]
pub(super) fn birth(pid: u32) -> Option<String> {
    let file = |path: &str| Some(String::from_utf8_lossy(&fs::read(Path::new(path)).ok()??).into_owned());
    let stat = file(&format!("/proc/{pid}/stat"))?;
    // after the name, which may hold anything: state is the 3rd field of proc(5), starttime the 22nd
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let start = fields.nth(18)?;
    let boot = file("/proc/sys/kernel/random/boot_id")?;
    (!matches!(state, "Z" | "X")).then(|| format!("{start} {}", boot.trim()))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn birth(pid: u32) -> Option<String> {
    let query = format!("ProcessId={pid}");
    let (program, args) = if cfg!(windows) {
        ("wmic", vec!["process", "where", &*query, "get", "CreationDate", "/value"])
    } else {
        ("ps", vec!["-p", &*query["ProcessId=".len()..], "-o", "lstart="])
    };
    let output = Command::new(program).args(args).stdin(Stdio::null()).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|text| !text.is_empty())
}

pub fn stop(workspace: &Workspace) -> Result<(), Failure> {
    let Some(running) = pid(workspace) else {
        fs::remove_file(&workspace.path(layout::PID))?;
        return Ok(());
    };
    signal(running, "TERM")?;
    let end = Instant::now() + Duration::from_secs(15);
    while pid(workspace).is_some() {
        if Instant::now() > end {
            return Err(Plain::new("broker-not-stopped", format!("the broker (process {running}) does not end"))
                .hint(format!("end it: kill -KILL {running}"))
                .into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    fs::remove_file(&workspace.path(layout::PID))?;
    Ok(())
}

pub fn reload(workspace: &Workspace) -> Result<(), Failure> {
    match pid(workspace) {
        Some(running) => signal(running, "HUP"),
        None => Ok(()),
    }
}

#[cfg(unix)]
pub(super) fn signal(pid: u32, name: &str) -> Result<(), Failure> {
    use rustix::process::Pid;
    use rustix::process::Signal;
    let signal = if name == "HUP" { Signal::HUP } else { Signal::TERM };
    let target = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let Some(target) = target else { return Ok(()) };
    rustix::process::kill_process(target, signal).map_err(|error| {
        Plain::new("broker-not-signalled", format!("the broker (process {pid}) cannot be signalled: {error}"))
            .hint("run mqsec as the user who started it")
            .into()
    })
}

#[cfg(not(unix))]
pub(super) fn signal(pid: u32, name: &str) -> Result<(), Failure> {
    if name == "HUP" {
        return Err(
            Plain::new("reload-not-possible", "Windows has no signals; restart the broker: mqsec restart").into()
        );
    }
    let _ = Command::new("taskkill").args(["/F", "/PID", &pid.to_string()]).output();
    Ok(())
}

/// What a broker that ended said: before its log was open, where the error is there, otherwise at the log's end.
pub fn last_words(workspace: &Workspace) -> Vec<String> {
    let (early, log) = (log_tail(workspace, layout::START_LOG, 8), log_tail(workspace, layout::LOG, 8));
    let tells = |lines: &[String]| lines.iter().any(|line| line.contains("Error"));
    if tells(&early) || !tells(&log) && !early.is_empty() { early } else { log }
}
