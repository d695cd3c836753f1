//! A store, and what is done to it.

use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use base64::Engine;

use super::other;
use super::system::System;
use crate::error::printable;
use crate::pki::parsed::Certificate;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Install,
    Uninstall,
    Status,
}

/// A root, or the little that is known of one that is gone.
pub(super) struct Root {
    pub(super) certificate: Option<Certificate>,
    pub(super) title: String,
    /// Where it stands first.
    file: String,
    /// SHA-256, lower-case hexadecimal.
    pub(super) fingerprint: String,
    /// Whether it can sign for some names alone.
    pub(super) constrained: bool,
}

impl Root {
    pub(super) fn of(certificate: Certificate, file: String) -> Self {
        // the extension's object identifier, 2.5.29.30, as it stands in the certificate
        let constrained = certificate.der.windows(5).any(|bytes| bytes == [0x06, 0x03, 0x55, 0x1d, 0x1e]);
        let fingerprint = certificate.fingerprint().replace(':', "").to_ascii_lowercase();
        Self { title: printable(certificate.title()), file, fingerprint, constrained, certificate: Some(certificate) }
    }

    pub(super) fn gone(fingerprint: &str, title: &str) -> Self {
        let (title, fingerprint) = (printable(title), fingerprint.to_owned());
        Self { certificate: None, title, file: String::new(), fingerprint, constrained: false }
    }

    /// Tells authorities of all folders apart.
    pub(super) fn short(&self) -> &str {
        self.fingerprint.get(..12).unwrap_or(&self.fingerprint)
    }

    /// Its name in every store: `mqsec-0123456789ab`.
    pub(super) fn id(&self) -> String {
        format!("mqsec-{}", self.short())
    }

    pub(super) fn pem(&self) -> String {
        let Some(certificate) = &self.certificate else { return String::new() };
        let text = base64::engine::general_purpose::STANDARD.encode(&certificate.der);
        let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
        for line in text.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem + "-----END CERTIFICATE-----\n"
    }
}

/// What became of a root in a store.
#[derive(Debug)]
pub(super) enum Did {
    /// Where it was seen afterwards.
    Installed {
        proof: String,
    },
    There,
    Removed,
    NotThere,
    NeedsRoot,
    Failed {
        why: String,
    },
}

impl Did {
    pub(super) fn words(&self) -> String {
        match self {
            Self::Installed { proof } => format!("installed; {proof}"),
            Self::There => "is in it".to_owned(),
            Self::Removed => "removed".to_owned(),
            Self::NotThere => "is not in it".to_owned(),
            Self::NeedsRoot => format!("{}: only root may change it", self.code().unwrap_or_default()),
            Self::Failed { why } => format!("{}: {why}", self.code().unwrap_or_default()),
        }
    }

    pub(super) fn code(&self) -> Option<&'static str> {
        match self {
            Self::NeedsRoot => Some("trust-needs-root"),
            Self::Failed { .. } => Some("trust-store-failed"),
            _ => None,
        }
    }

    pub(super) fn state(&self) -> &'static str {
        match self {
            Self::Installed { .. } => "installed",
            Self::There => "there",
            Self::Removed => "removed",
            Self::NotThere => "absent",
            Self::NeedsRoot | Self::Failed { .. } => "failed",
        }
    }
}

pub(super) enum Store {
    System {
        system: System,
        user: bool,
    },
    /// With its folder.
    Nss(String),
    Java,
}

impl Store {
    pub(super) fn name(&self) -> String {
        match self {
            Self::System { system, .. } => format!("system ({})", system.title()),
            Self::Nss(folder) => format!("nss ({folder})"),
            Self::Java => "java".to_owned(),
        }
    }

    pub(super) fn apply(&self, want: Want, root: &Root) -> Did {
        let there = match self.has(root) {
            Ok(there) => there,
            Err(why) => return Did::Failed { why },
        };
        match (want, there) {
            (Want::Status | Want::Install, true) => Did::There,
            (Want::Status | Want::Uninstall, false) => Did::NotThere,
            (Want::Install, false) => match self.change(want, root) {
                Err(did) => did,
                Ok(()) => match self.has(root) {
                    Ok(true) => Did::Installed { proof: self.proof() },
                    Ok(false) => Did::Failed { why: "it was put there, and is not in it".to_owned() },
                    Err(why) => Did::Failed { why },
                },
            },
            (Want::Uninstall, true) => match self.change(want, root) {
                Err(did) => did,
                Ok(()) => match self.has(root) {
                    Ok(false) => Did::Removed,
                    Ok(true) => Did::Failed { why: "it is still in it; somebody else put it there too".to_owned() },
                    Err(why) => Did::Failed { why },
                },
            },
        }
    }

    fn has(&self, root: &Root) -> Result<bool, String> {
        match self {
            Self::System { system, user } => system.has(root, *user),
            Self::Nss(folder) => other::nss_has(folder, root),
            Self::Java => other::java_has(root),
        }
    }

    fn change(&self, want: Want, root: &Root) -> Result<(), Did> {
        match self {
            Self::System { system, user } => system.change(want, root, *user),
            Self::Nss(folder) => other::nss_change(folder, want, root),
            Self::Java => other::java_change(want, root),
        }
    }

    fn proof(&self) -> String {
        match self {
            Self::System { system, .. } => format!("{} contains it", system.bundle()),
            Self::Nss(_) => "certutil lists it".to_owned(),
            Self::Java => "keytool lists it".to_owned(),
        }
    }

    /// Lines for a shell.
    pub(super) fn commands(&self, want: Want, roots: &[Root]) -> Vec<String> {
        roots
            .iter()
            .map(|root| {
                let (id, ca) = (root.id(), crate::error::shell_word(&root.file));
                match self {
                    Self::System { system, user } => system.commands(want, root, *user, &ca),
                    Self::Nss(folder) => other::nss_commands(want, folder, &id, &ca),
                    Self::Java => other::java_commands(want, &id, &ca),
                }
            })
            .collect()
    }
}

/// Runs a program, gives it something to read, and says what it said when it failed.
pub(super) fn run(program: &str, args: &[&str], input: &str) -> Result<String, String> {
    use std::io::Write;
    let child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("LC_ALL", "C")
        .spawn();
    let mut child = child.map_err(|error| format!("`{program}` cannot be run: {error}"))?;
    if let Some(mut pipe) = child.stdin.take() {
        let _ = pipe.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(|error| format!("`{program}`: {error}"))?;
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    let said = printable(String::from_utf8_lossy(&said).trim());
    if output.status.success() { Ok(said) } else { Err(format!("`{program}` says: {said}")) }
}

/// Whether a program is in the search path or where the system has its own.
pub(super) fn program(name: &str) -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin", "/usr/bin"].map(Into::into));
    let file = if cfg!(windows) { format!("{name}.exe") } else { name.to_owned() };
    folders.map(|folder| folder.join(&file)).find(|path| is_file(path)).map(|path| path.display().to_string())
}

fn is_file(path: &Path) -> bool {
    crate::workspace::fs::is_file(path)
}
