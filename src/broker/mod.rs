//! The running broker: which engine has it, how it is started, told to reload, and stopped.

pub mod docker;
pub mod install;
pub mod native;
pub mod other;
pub mod proofs;

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use clap::ValueEnum;

use crate::error::Failure;
use crate::error::Plain;
use crate::mqtt::Attempt;
use crate::mqtt::Trouble;
use crate::series::Series;
use crate::workspace::Workspace;
use crate::workspace::fs;
use crate::workspace::layout;

use docker::Docker;
use native::Native;
use other::Other;

/// What runs the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineKind {
    /// Docker Compose and the stock eclipse-mosquitto image
    Docker,
    /// A mosquitto that is installed on this machine
    Native,
}

impl EngineKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Native => "native",
        }
    }

    /// The engine that ran this folder's broker the last time.
    pub fn last(workspace: &Workspace) -> Option<Self> {
        let name = String::from_utf8(workspace.read(layout::ENGINE).ok()??).ok()?;
        [Self::Docker, Self::Native].into_iter().find(|kind| kind.name() == name)
    }
}

pub enum Engine {
    Docker(Docker),
    Native(Native),
    /// One that mqsec did not start.
    Other(Other),
}

impl Engine {
    pub fn describe(&self) -> String {
        match self {
            Self::Docker(docker) => format!("Docker Compose, container `{}`", docker.container),
            Self::Native(native) => format!("mosquitto {} ({})", native.version, native.program.display()),
            Self::Other(other) => other.describe(),
        }
    }

    /// The series of the broker that runs; none where it does not tell.
    pub fn series(&self) -> Option<Series> {
        match self {
            Self::Docker(docker) => docker.version().and_then(|version| Series::of_version(&version)),
            Self::Native(native) => Series::of_version(&native.version),
            Self::Other(other) => Series::of_version(other.version.as_ref()?),
        }
    }

    pub fn kind(&self) -> EngineKind {
        match self {
            Self::Docker(_) => EngineKind::Docker,
            Self::Other(Other { target: other::Target::Container(_), .. }) => EngineKind::Docker,
            Self::Native(_) | Self::Other(_) => EngineKind::Native,
        }
    }

    pub fn is_running(&self, workspace: &Workspace) -> bool {
        match self {
            Self::Docker(docker) => docker.is_running(workspace),
            Self::Native(_) => native::pid(workspace).is_some(),
            Self::Other(other) => other.is_running(),
        }
    }

    pub fn start(&self, workspace: &Workspace) -> Result<(), Failure> {
        match self {
            Self::Docker(docker) => docker.start(workspace)?,
            Self::Native(native) => native.start(workspace)?,
            Self::Other(other) => return other.restart(),
        }
        Ok(workspace.note(layout::ENGINE, self.kind().name())?)
    }

    pub fn stop(&self, workspace: &Workspace) -> Result<(), Failure> {
        match self {
            Self::Docker(docker) => docker.stop(workspace),
            Self::Native(_) => native::stop(workspace),
            // its own manager stops and starts it in one go
            Self::Other(_) => Ok(()),
        }
    }

    /// SIGHUP: passwords, certificates and CRL are read again, connections stay.
    pub fn reload(&self, workspace: &Workspace) -> Result<(), Failure> {
        match self {
            Self::Docker(docker) => docker.reload(workspace),
            Self::Native(_) => native::reload(workspace),
            Self::Other(other) => other.reload(),
        }
    }

    /// Why a broker that was started is not there any more; nothing while it runs.
    fn died(&self, workspace: &Workspace) -> Option<Plain> {
        let (last, gone) = self.last_words(workspace)?;
        let mut error = Plain::new("broker-died", format!("the broker was started and died ({gone}); its last lines:"));
        for line in last {
            error = error.detail(line);
        }
        Some(error.hint("the whole log: mqsec logs"))
    }

    /// The log's end and how it ended, of a broker that is not there any more; nothing while it runs.
    pub fn last_words(&self, workspace: &Workspace) -> Option<(Vec<String>, String)> {
        match self {
            Self::Docker(docker) => docker.last_words(),
            Self::Native(_) if native::pid(workspace).is_some() => None,
            Self::Native(_) => Some((native::last_words(workspace), "it ended".to_owned())),
            Self::Other(other) if other.is_running() => None,
            Self::Other(_) => Some((Vec::new(), "it ended".to_owned())),
        }
    }

    /// Waits until the broker answers with TLS, or is known to have died.
    pub fn wait_until_ready(&self, workspace: &Workspace, probe: &Attempt<'_>) -> Result<(), Failure> {
        let end = Instant::now() + READY_PATIENCE;
        loop {
            match crate::mqtt::attempt(probe).result {
                Err(
                    trouble @ (Trouble::Refused { .. }
                    | Trouble::Vanished { .. }
                    | Trouble::Unreachable { .. }
                    | Trouble::Network { .. }
                    | Trouble::Timeout(_)
                    | Trouble::NotTls
                    | Trouble::Closed(_)),
                ) => {
                    if let Some(died) = self.died(workspace) {
                        let _ = self.stop(workspace);
                        return Err(died.into());
                    }
                    if Instant::now() > end {
                        return Err(trouble.into());
                    }
                    std::thread::sleep(Duration::from_millis(25));
                }
                // an answer, whatever it is; an answer of another program is told from ours by the process being there
                _ => return self.died(workspace).map_or(Ok(()), |died| Err(died.into())),
            }
        }
    }
}

/// The engine that runs this folder's broker now.
pub fn running(workspace: &Workspace) -> Option<Engine> {
    if let Some((_, native)) = native::running(workspace) {
        return Some(Engine::Native(native));
    }
    if !workspace.has(layout::COMPOSE) {
        return None;
    }
    let docker = Docker::find(workspace).ok()?;
    docker.is_running(workspace).then_some(Engine::Docker(docker))
}

/// Whether the port can be listened on; asked before a broker is started that would only say "Address in use".
pub fn check_port(port: u16, engine: EngineKind) -> Result<(), Plain> {
    for address in ["0.0.0.0", "::"] {
        match TcpListener::bind((address, port)) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                return Err(Plain::new("port-in-use", format!("port {port} is in use by another program"))
                    .hint(format!("see which: ss -ltnp 'sport = :{port}'"))
                    .hint("or choose another one: --port N"));
            }
            // Docker's daemon opens the port, with its own rights
            Err(error) if error.kind() == ErrorKind::PermissionDenied && engine == EngineKind::Native => {
                return Err(Plain::new("port-not-permitted", format!("port {port} may not be opened by this user"))
                    .hint("ports below 1024 are root's; choose another one: --port 8883"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Runs a program to its end with its output caught; a program that is not there is an error of its own.
fn run<S: AsRef<OsStr>>(program: &str, args: &[S], workspace: Option<&Workspace>) -> Result<Output, Plain> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    if let Some(workspace) = workspace {
        command.current_dir(workspace.root());
    }
    command.output().map_err(|error| Plain::new("program-not-run", format!("`{program}` cannot be run: {error}")))
}

/// The last non-empty lines of a program's output.
fn last_lines(bytes: &[u8], count: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines.iter().skip(lines.len().saturating_sub(count)).map(|line| (*line).to_owned()).collect()
}

/// The last lines of one of the workspace's logs.
fn log_tail(workspace: &Workspace, path: &str, count: usize) -> Vec<String> {
    fs::tail(&workspace.path(path), count).map(|(lines, _)| lines).unwrap_or_default()
}

/// A broker starts in well under a second; a first start on a slow card, and Docker, take longer.
const READY_PATIENCE: Duration = Duration::from_secs(20);
