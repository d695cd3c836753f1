//! A broker that mqsec did not start: a container, a unit of systemd, a process, a service of Windows.

use std::path::Path;
use std::path::PathBuf;

use super::native;
use super::native::Native;
use super::run;
use crate::error::Failure;
use crate::error::Plain;
use crate::workspace::Workspace;
use crate::workspace::fs;
use crate::workspace::layout;

/// How it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Container(String),
    Unit(String),
    Process(u32),
    /// Of Windows, which has no signals.
    Service(String),
}

pub struct Other {
    pub target: Target,
    /// What it says that it is; none where it could not be asked.
    pub version: Option<String>,
}

impl Target {
    /// The process whose number a file holds.
    pub fn of_pid_file(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let Some(bytes) = fs::read(path)? else {
            return Err(Plain::new(
                "broker-not-running",
                format!("there is no pid file `{shown}`: no broker wrote it"),
            )
            .hint("name the process itself: mqsec reload --pid N; see them: pgrep -a mosquitto")
            .into());
        };
        let number = String::from_utf8_lossy(&bytes).trim().parse();
        number.map(Self::Process).map_err(|_| {
            Plain::new("pid-file-invalid", format!("`{shown}` holds no process number"))
                .hint("name the process itself: mqsec reload --pid N; see them: pgrep -a mosquitto")
                .into()
        })
    }
}

impl Other {
    /// Finds it, and asks which version it is.
    pub fn find(target: Target) -> Result<Self, Plain> {
        let gone = |what: String| Plain::new("broker-not-running", what);
        let version = match &target {
            Target::Container(name) => {
                let state = run("docker", &["container", "inspect", "--format", "{{.State.Running}}", name], None)?;
                if String::from_utf8_lossy(&state.stdout).trim() != "true" {
                    return Err(gone(format!("no container `{name}` is running")).hint("see which ones are: docker ps"));
                }
                container_version(name)
            }
            Target::Unit(name) => {
                let Some(pid) = main_process(name)? else {
                    return Err(gone(format!("the unit `{name}` is not running"))
                        .hint(format!("start it: sudo systemctl start {name}")));
                };
                process_version(pid)
            }
            Target::Process(pid) => {
                if native::birth(*pid).is_none() {
                    return Err(
                        gone(format!("there is no process {pid}")).hint("see which ones are: pgrep -a mosquitto")
                    );
                }
                process_version(*pid)
            }
            Target::Service(_) if !cfg!(windows) => {
                return Err(Plain::new("usage", "services are Windows'; here it is --unit NAME"));
            }
            Target::Service(_) => Native::find(None).ok().map(|native| native.version),
        };
        Ok(Self { target, version })
    }

    /// One of this machine that runs with this folder's configuration: the unit, or any process.
    pub fn of_workspace(workspace: &Workspace) -> Option<Self> {
        let own = fs::real(&workspace.path(layout::CONF))?;
        let found =
            fs::names(Path::new("/proc")).into_iter().filter_map(|name| name.parse().ok()).find(|pid: &u32| {
                let arguments = arguments(*pid);
                // the first word may be a loader's
                let is_broker = arguments.iter().any(|word| word.rsplit('/').next() == Some("mosquitto"));
                is_broker && configuration(*pid, &arguments).as_deref() == Some(own.as_str())
            })?;
        let target = match main_process("mosquitto") {
            Ok(Some(pid)) if pid == found => Target::Unit("mosquitto".to_owned()),
            _ => Target::Process(found),
        };
        Self::find(target).ok()
    }

    pub fn describe(&self) -> String {
        let version = self.version.as_ref().map(|version| format!("mosquitto {version}, ")).unwrap_or_default();
        match &self.target {
            Target::Container(name) => format!("{version}container `{name}`"),
            Target::Unit(name) => format!("{version}unit `{name}`"),
            Target::Process(pid) => format!("{version}process {pid}"),
            Target::Service(name) => format!("{version}service `{name}`"),
        }
    }

    pub fn is_running(&self) -> bool {
        match &self.target {
            Target::Container(name) => {
                run("docker", &["container", "inspect", "--format", "{{.State.Running}}", name], None)
                    .is_ok_and(|output| output.stdout.starts_with(b"true"))
            }
            Target::Unit(name) => matches!(main_process(name), Ok(Some(_))),
            Target::Process(pid) => native::birth(*pid).is_some(),
            Target::Service(_) => true,
        }
    }

    /// The configuration that it was started with, where that can be seen and is another one than the folder's.
    pub fn other_configuration(&self, workspace: &Workspace) -> Option<String> {
        let pid = match &self.target {
            Target::Unit(name) => main_process(name).ok()??,
            Target::Process(pid) => *pid,
            Target::Container(_) | Target::Service(_) => return None,
        };
        let found = configuration(pid, &arguments(pid))?;
        (fs::real(&workspace.path(layout::CONF))? != found).then_some(found)
    }

    pub fn reload(&self) -> Result<(), Failure> {
        match &self.target {
            Target::Container(name) => tell("docker", &["kill", "-s", "HUP", name]),
            Target::Unit(name) => tell("systemctl", &["kill", "-s", "HUP", name]),
            Target::Process(pid) => native::signal(*pid, "HUP"),
            Target::Service(_) => native::signal(0, "HUP"),
        }
    }

    pub fn restart(&self) -> Result<(), Failure> {
        match &self.target {
            Target::Container(name) => tell("docker", &["restart", name]),
            Target::Unit(name) => tell("systemctl", &["restart", name]),
            Target::Service(name) => {
                let _ = run("net", &["stop", name], None);
                tell("net", &["start", name])
            }
            Target::Process(pid) => Err(Plain::new(
                "reload-not-possible",
                format!("process {pid} must be started anew, and mqsec does not know how it was started"),
            )
            .hint("start it anew yourself, or let mqsec run it: mqsec up")
            .into()),
        }
    }
}

fn tell(program: &str, args: &[&str]) -> Result<(), Failure> {
    let output = run(program, args, None)?;
    if output.status.success() {
        return Ok(());
    }
    let command = format!("{program} {}", args.join(" "));
    let mut error = Plain::new("broker-not-signalled", format!("the broker was not told: `{command}` failed"));
    for line in super::last_lines(&output.stderr, 3) {
        error = error.detail(line);
    }
    Err(error.hint("run mqsec as a user who may do that, such as root").into())
}

/// The main process of a unit that runs.
fn main_process(unit: &str) -> Result<Option<u32>, Plain> {
    let output = run("systemctl", &["show", "--property", "MainPID", "--value", unit], None)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse().ok().filter(|pid| *pid != 0))
}

pub(super) fn container_version(name: &str) -> Option<String> {
    let output = run("docker", &["exec", name, "mosquitto", "-h"], None).ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find_map(|line| line.strip_prefix("mosquitto version ")).map(|version| version.trim().to_owned())
}

fn process_version(pid: u32) -> Option<String> {
    let program = PathBuf::from(fs::real(Path::new(&format!("/proc/{pid}/exe")))?);
    Native::find(Some(&program)).ok().map(|native| native.version)
}

fn arguments(pid: u32) -> Vec<String> {
    let bytes = fs::read(Path::new(&format!("/proc/{pid}/cmdline"))).ok().flatten().unwrap_or_default();
    bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// The file behind `-c`, from where the process stands.
fn configuration(pid: u32, arguments: &[String]) -> Option<String> {
    let at = arguments.iter().position(|word| matches!(word.as_str(), "-c" | "--config-file"))?;
    let stands = fs::real(Path::new(&format!("/proc/{pid}/cwd")))?;
    fs::real(&Path::new(&stands).join(arguments.get(at + 1)?))
}
