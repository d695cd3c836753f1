//! The stock image under Docker Compose, through the `docker` and `docker-compose` programs.

use std::io::PipeReader;
use std::io::Read;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use super::last_lines;
use super::run;
use crate::conf::compose;
use crate::error::Failure;
use crate::error::Plain;
use crate::workspace::Workspace;
use crate::workspace::layout;
use crate::workspace::utf8;

pub struct Docker {
    /// `docker compose` or `docker-compose`.
    compose: Vec<&'static str>,
    pub container: String,
    pub image: String,
}

impl Docker {
    /// Finds Docker, Compose, and a daemon that answers.
    pub fn find(workspace: &Workspace) -> Result<Self, Plain> {
        let missing = || {
            Plain::new("docker-missing", "Docker with Compose is not installed")
                .hint("install it, or use an installed Mosquitto: --engine native")
        };
        let works = |program: &str, args: &[&str]| run(program, args, None).is_ok_and(|output| output.status.success());
        let compose = if works("docker", &["compose", "version"]) {
            vec!["docker", "compose"]
        } else if works("docker-compose", &["version"]) {
            vec!["docker-compose"]
        } else {
            return Err(missing());
        };
        let answer = run("docker", &["version", "--format", "{{.Server.Version}}"], None).map_err(|_| missing())?;
        if !answer.status.success() {
            return Err(daemon_error(&answer.stderr));
        }
        let facts = match workspace.read(layout::COMPOSE) {
            Ok(Some(bytes)) => compose::facts(&utf8(bytes, layout::COMPOSE)?),
            _ => compose::Facts::default(),
        };
        Ok(Self {
            compose,
            container: facts.container.unwrap_or_else(|| compose::DEFAULT_CONTAINER.to_owned()),
            image: facts.image.unwrap_or_else(|| compose::DEFAULT_IMAGE.to_owned()),
        })
    }

    /// Makes sure that the image is on this machine.
    pub fn pull(&self, say: impl Fn(&str)) -> Result<(), Plain> {
        if run("docker", &["image", "inspect", &self.image], None)?.status.success() {
            return Ok(());
        }
        say(&format!("pulling the image {} ...", self.image));
        let output = run("docker", &["pull", "--quiet", &self.image], None)?;
        if output.status.success() {
            return Ok(());
        }
        let mut error = Plain::new("image-not-pulled", format!("the image `{}` cannot be pulled", self.image));
        for line in last_lines(&output.stderr, 2) {
            error = error.detail(line);
        }
        Err(error
            .hint("look at the name and at this machine's network, or use an installed Mosquitto: --engine native"))
    }

    /// The version of the broker that runs in the container.
    pub fn version(&self) -> Option<String> {
        super::other::container_version(&self.container)
    }

    fn inspect(&self) -> Option<Container> {
        inspect(&self.container)
    }

    pub fn is_running(&self, workspace: &Workspace) -> bool {
        self.inspect().is_some_and(|container| container.status == "running" && container.is_of(workspace))
    }

    /// Whether this folder's container is there, in whatever state.
    pub fn exists(&self, workspace: &Workspace) -> bool {
        self.inspect().is_some_and(|container| container.is_of(workspace))
    }

    pub fn start(&self, workspace: &Workspace) -> Result<(), Failure> {
        if let Some(other) = self.inspect().filter(|container| !container.is_of(workspace)) {
            return Err(Plain::new(
                "container-name-taken",
                format!("a container named `{}` is there already", self.container),
            )
            .detail(format!("it belongs to the folder `{}`", other.folder))
            .hint("choose another name: mqsec up --container NAME")
            .into());
        }
        self.check_project(workspace)?;
        self.compose(workspace, &["up", "-d"])
    }

    /// Compose names a project after its folder, without the path: of two folders `mqtt` the second would take the
    /// container of the first for its own, and replace it.
    fn check_project(&self, workspace: &Workspace) -> Result<(), Failure> {
        let output = self.run_compose(workspace, &["ps", "-a", "-q"])?;
        let ids = String::from_utf8_lossy(&output.stdout).into_owned();
        for id in ids.split_whitespace() {
            let Some(other) = inspect(id).filter(|container| !container.is_of(workspace)) else {
                continue;
            };
            return Err(Plain::new(
                "compose-project-taken",
                "Compose takes this folder and another one of the same name for one project",
            )
            .detail(format!("the other folder is `{}`", other.folder))
            .hint(format!(
                "give this one a name of its own: echo COMPOSE_PROJECT_NAME=NAME >> {}",
                workspace.show(layout::ENV)
            ))
            .into());
        }
        Ok(())
    }

    pub fn stop(&self, workspace: &Workspace) -> Result<(), Failure> {
        self.compose(workspace, &["down"])
    }

    pub fn reload(&self, workspace: &Workspace) -> Result<(), Failure> {
        self.compose(workspace, &["kill", "-s", "HUP", compose::SERVICE])
    }

    /// The log's end and the reason, when the container does not run or keeps being restarted.
    pub fn last_words(&self) -> Option<(Vec<String>, String)> {
        let container = self.inspect()?;
        if container.status == "running" && container.restarts == 0 || container.status == "created" {
            return None;
        }
        let log = run("docker", &["logs", "--tail", "12", &self.container], None).ok()?;
        let lines = last_lines(&[log.stdout, log.stderr].concat(), 12);
        Some((lines, format!("exit status {}", container.exit_code)))
    }

    /// The container's log, both of its streams as one, from its beginning or its last lines on.
    pub fn log(&self, lines: Option<usize>, follow: bool) -> Result<ContainerLog, Plain> {
        let not_run = |error| Plain::new("program-not-run", format!("`docker` cannot be run: {error}"));
        let (reader, writer) = std::io::pipe().map_err(not_run)?;
        let mut command = Command::new("docker");
        command.args(["logs", "--tail"]).arg(lines.map_or("all".to_owned(), |lines| lines.to_string()));
        if follow {
            command.arg("--follow");
        }
        command.arg(&self.container).stdin(Stdio::null());
        command.stdout(writer.try_clone().map_err(not_run)?).stderr(writer);
        Ok(ContainerLog { child: command.spawn().map_err(not_run)?, reader })
    }

    fn run_compose(&self, workspace: &Workspace, args: &[&str]) -> Result<std::process::Output, Plain> {
        let file = ["-f", layout::COMPOSE];
        let all: Vec<&str> = self.compose[1..].iter().chain(&file).chain(args).copied().collect();
        run(self.compose[0], &all, Some(workspace))
    }

    fn compose(&self, workspace: &Workspace, args: &[&str]) -> Result<(), Failure> {
        let output = self.run_compose(workspace, args)?;
        if output.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stderr).to_lowercase();
        if text.contains("port is already allocated") || text.contains("address already in use") {
            return Err(Plain::new("port-in-use", "the port is in use by another program or container")
                .hint("see which: docker ps; or choose another one: --port N")
                .into());
        }
        let mut error = Plain::new("compose-failed", format!("`{} {}` failed", self.compose.join(" "), args.join(" ")));
        for line in last_lines(&output.stderr, 6) {
            error = error.detail(line);
        }
        Err(error.into())
    }
}

/// A container's log on its way here; the program that brings it ends with this.
pub struct ContainerLog {
    child: Child,
    reader: PipeReader,
}

impl Read for ContainerLog {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl Drop for ContainerLog {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A container's state and the folder that it belongs to; nothing when there is no such container.
fn inspect(name: &str) -> Option<Container> {
    const FORMAT: &str = "{{.State.Status}}|{{.State.ExitCode}}|{{.RestartCount}}|{{index .Config.Labels \"com.docker.compose.project.working_dir\"}}";
    let output = run("docker", &["container", "inspect", "--format", FORMAT, name], None).ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut parts = text.trim().splitn(4, '|');
    Some(Container {
        status: parts.next().filter(|status| !status.is_empty())?.to_owned(),
        exit_code: parts.next()?.to_owned(),
        restarts: parts.next()?.parse().ok()?,
        folder: parts.next()?.to_owned(),
    })
}

struct Container {
    status: String,
    exit_code: String,
    restarts: u32,
    folder: String,
}

impl Container {
    fn is_of(&self, workspace: &Workspace) -> bool {
        let ours = std::path::absolute(workspace.root()).unwrap_or_default();
        let same = |a: &std::path::Path| crate::workspace::fs::same_folder(a, workspace.root());
        std::path::Path::new(&self.folder) == ours || same(std::path::Path::new(&self.folder))
    }
}

fn daemon_error(stderr: &[u8]) -> Plain {
    let text = String::from_utf8_lossy(stderr).to_lowercase();
    if text.contains("permission denied") {
        return Plain::new("docker-permission-denied", "this user may not talk to Docker's daemon")
            .hint(
                "join the group, then log in again: sudo usermod -aG docker $USER (its members are as mighty as root)",
            )
            .hint("or use an installed Mosquitto: --engine native");
    }
    let mut error = Plain::new("docker-not-running", "Docker is installed, but its daemon does not answer");
    for line in last_lines(stderr, 1) {
        error = error.detail(line);
    }
    error.hint("start it: sudo systemctl start docker").hint("or use an installed Mosquitto: --engine native")
}
