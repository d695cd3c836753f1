//! Installing Mosquitto with the system's own package manager.

use std::process::Command;

use super::run;
use crate::error::Plain;

/// A way to install Mosquitto: the commands, in order.
pub struct Installer {
    pub commands: Vec<Vec<&'static str>>,
}

impl Installer {
    /// The package manager of this machine; nothing when none is known.
    pub fn find(is_root: bool) -> Option<Self> {
        let has = |program: &str| run(program, &["--version"], None).is_ok();
        let (program, commands): (_, Vec<Vec<&'static str>>) = KNOWN
            .iter()
            .find(|(program, _)| has(program))
            .map(|(program, commands)| (*program, commands.iter().map(|command| command.to_vec()).collect()))?;
        // Homebrew and winget refuse root, or need none
        let sudo = !is_root && !matches!(program, "brew" | "winget") && has("sudo");
        let commands = commands
            .into_iter()
            .map(|mut command| {
                if sudo {
                    command.insert(0, "sudo");
                }
                command
            })
            .collect();
        Some(Self { commands })
    }

    /// The commands as a person would type them.
    pub fn describe(&self) -> String {
        self.commands.iter().map(|command| command.join(" ")).collect::<Vec<_>>().join(" && ")
    }

    /// Runs the commands; their output goes to stderr, where the conversation is.
    pub fn run(&self) -> Result<(), Plain> {
        for command in &self.commands {
            let mut process = Command::new(command[0]);
            process.args(&command[1..]).env("DEBIAN_FRONTEND", "noninteractive").stdout(std::io::stderr());
            let status = process.status();
            if !status.as_ref().is_ok_and(std::process::ExitStatus::success) {
                let why = match status {
                    Ok(status) => status.to_string(),
                    Err(error) => error.to_string(),
                };
                return Err(Plain::new("install-failed", format!("`{}` failed ({why})", command.join(" ")))
                    .hint("install the package `mosquitto` yourself, then: mqsec up"));
            }
        }
        Ok(())
    }
}

type Commands = &'static [&'static [&'static str]];

const KNOWN: &[(&str, Commands)] = &[
    ("apt-get", &[&["apt-get", "-q", "update"], &["apt-get", "-q", "-y", "install", "mosquitto"]]),
    ("dnf", &[&["dnf", "-y", "install", "mosquitto"]]),
    ("apk", &[&["apk", "add", "mosquitto"]]),
    ("zypper", &[&["zypper", "--non-interactive", "install", "mosquitto"]]),
    ("pacman", &[&["pacman", "-S", "--noconfirm", "mosquitto"]]),
    ("brew", &[&["brew", "install", "mosquitto"]]),
    ("winget", &[&["winget", "install", "--id", "EclipseFoundation.Mosquitto"]]),
];
