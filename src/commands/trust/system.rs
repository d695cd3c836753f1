//! The system's store: on Linux a folder and a program that gathers what is in it, elsewhere a program.

use std::path::Path;
use std::path::PathBuf;

use super::store::Did;
use super::store::Root;
use super::store::Want;
use super::store::program;
use super::store::run;
use crate::pki::parsed::Certificate;
use crate::workspace::Owner;
use crate::workspace::fs;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum System {
    /// Debian, Ubuntu, Raspberry Pi OS
    Debian,
    Alpine,
    /// Fedora, RHEL, Rocky, Alma, Amazon Linux
    Fedora,
    /// openSUSE and SLES
    Suse,
    Arch,
    Macos,
    Windows,
}

/// A folder for authorities, the program that takes them over, and the file that it makes.
struct Linux {
    folder: &'static str,
    update: &'static str,
    /// What makes it forget what is no longer in the folder.
    forget: &'static [&'static str],
    bundle: &'static str,
}

impl System {
    /// The one that mqsec runs on.
    pub(super) fn here() -> Option<Self> {
        if cfg!(target_os = "macos") {
            return Some(Self::Macos);
        }
        if cfg!(windows) {
            return Some(Self::Windows);
        }
        // Alpine has Debian's folder, so the more special ones are asked first
        let fits = |system: &Self| {
            system.linux().is_some_and(|linux| fs::is_dir(Path::new(linux.folder)) && program(linux.update).is_some())
        };
        let alpine = fs::exists(Path::new("/etc/alpine-release"));
        let all = [Self::Fedora, Self::Suse, Self::Arch, if alpine { Self::Alpine } else { Self::Debian }];
        let made_first = |system: &Self| {
            // Debian makes the folder with the first authority
            *system == Self::Debian && program("update-ca-certificates").is_some()
        };
        all.iter().find(|system| fits(system)).or_else(|| all.iter().find(|system| made_first(system))).copied()
    }

    fn linux(self) -> Option<Linux> {
        let linux = |folder, update, forget, bundle| Some(Linux { folder, update, forget, bundle });
        const FRESH: &[&str] = &["--fresh"];
        match self {
            Self::Debian | Self::Alpine => linux(
                "/usr/local/share/ca-certificates",
                "update-ca-certificates",
                FRESH,
                "/etc/ssl/certs/ca-certificates.crt",
            ),
            Self::Fedora => linux(
                "/etc/pki/ca-trust/source/anchors",
                "update-ca-trust",
                &[],
                "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
            ),
            Self::Suse => linux(
                "/etc/pki/trust/anchors",
                "update-ca-certificates",
                FRESH,
                "/var/lib/ca-certificates/ca-bundle.pem",
            ),
            Self::Arch => linux(
                "/etc/ca-certificates/trust-source/anchors",
                "update-ca-trust",
                &[],
                "/etc/ssl/certs/ca-certificates.crt",
            ),
            Self::Macos | Self::Windows => None,
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Debian => "debian",
            Self::Alpine => "alpine",
            Self::Fedora => "fedora",
            Self::Suse => "suse",
            Self::Arch => "arch",
            Self::Macos => "macos",
            Self::Windows => "windows",
        }
    }

    pub(super) fn has_user_store(self) -> bool {
        matches!(self, Self::Macos | Self::Windows)
    }

    pub(super) fn bundle(self) -> &'static str {
        match self {
            Self::Macos => "the keychain",
            Self::Windows => "the store Root",
            linux => linux.linux().map_or("", |linux| linux.bundle),
        }
    }

    pub(super) fn has(self, root: &Root, user: bool) -> Result<bool, String> {
        let Some(linux) = self.linux() else {
            let id = &root.fingerprint;
            return Ok(match self {
                Self::Macos => run("security", &["find-certificate", "-a", "-Z", keychain(user)], "")?
                    .to_ascii_lowercase()
                    .contains(id.as_str()),
                _ => {
                    let args: &[&str] = if user { &["-user", "-store", "Root"] } else { &["-store", "Root"] };
                    let serial = root.certificate.as_ref().map(|one| one.serial.to_ascii_lowercase());
                    run("certutil", args, "")?.to_ascii_lowercase().contains(&serial.unwrap_or_default())
                        && root.certificate.is_some()
                }
            });
        };
        let Some(certificate) = &root.certificate else {
            return Ok(fs::exists(&linux.file(root)));
        };
        let pem = fs::read(Path::new(linux.bundle)).map_err(|error| error.to_string())?.unwrap_or_default();
        let all = Certificate::all_from_pem(&pem, linux.bundle).unwrap_or_default();
        Ok(all.iter().any(|one| one.der == certificate.der))
    }

    pub(super) fn change(self, want: Want, root: &Root, user: bool) -> Result<(), Did> {
        let failed = |why: String| Did::Failed { why };
        let Some(linux) = self.linux() else {
            return self.elsewhere(want, root, user).map_err(failed);
        };
        if Owner::current().uid != 0 {
            return Err(Did::NeedsRoot);
        }
        let update = program(linux.update).ok_or_else(|| failed(format!("there is no `{}`", linux.update)))?;
        let file = linux.file(root);
        let told = |error: fs::FsError| failed(format!("{error}: {}", error.source));
        match want {
            Want::Install => {
                fs::create_dir(Path::new(linux.folder), 0o755, None).map_err(told)?;
                fs::replace(&file, root.pem().as_bytes(), 0o644).map_err(told)?;
                run(&update, &[], "").map_err(|why| {
                    let _ = fs::remove_file(&file);
                    failed(why)
                })?;
            }
            _ => {
                if !fs::exists(&file) {
                    return Err(failed("it is in it, and mqsec did not put it there".to_owned()));
                }
                fs::remove_file(&file).map_err(told)?;
                run(&update, linux.forget, "").map_err(failed)?;
            }
        }
        Ok(())
    }

    /// macOS and Windows take a file.
    fn elsewhere(self, want: Want, root: &Root, user: bool) -> Result<(), String> {
        let file = std::env::temp_dir().join(format!("{}.crt", root.id()));
        fs::replace(&file, root.pem().as_bytes(), 0o644).map_err(|error| error.to_string())?;
        let path = file.display().to_string();
        let commands = self.arguments(want, root, user, &path);
        let done = commands.iter().try_for_each(|words| {
            let (program, args) = words.split_first().unwrap_or((&"", &[]));
            run(program, args, "").map(drop)
        });
        let _ = fs::remove_file(&file);
        done
    }

    fn arguments<'a>(self, want: Want, root: &'a Root, user: bool, path: &'a str) -> Vec<Vec<&'a str>> {
        match (self, want) {
            (Self::Macos, Want::Uninstall) => {
                vec![vec!["security", "delete-certificate", "-t", "-Z", root.fingerprint.as_str(), keychain(user)]]
            }
            (Self::Macos, _) => {
                let admin: &[&str] = if user { &[] } else { &["-d"] };
                let words = ["-r", "trustRoot", "-k", keychain(user), path];
                vec![[&["security", "add-trusted-cert"], admin, &words].concat()]
            }
            (_, want) => {
                let whose: &[&str] = if user { &["-user"] } else { &[] };
                let what: &[&str] = match (want, &root.certificate) {
                    (Want::Uninstall, Some(certificate)) => &["-delstore", "Root", certificate.serial.as_str()],
                    _ => &["-addstore", "-f", "Root", path],
                };
                vec![[&["certutil"], whose, what].concat()]
            }
        }
    }

    /// Lines for a shell.
    pub(super) fn commands(self, want: Want, root: &Root, user: bool, ca: &str) -> String {
        let line = |words: &[&str]| format!("{}\n", words.join(" "));
        match (self.linux(), want) {
            (Some(linux), Want::Install) => {
                let file = linux.file(root).display().to_string();
                line(&["sudo openssl x509 -in", ca, "-out", &file]) + &line(&["sudo", linux.update])
            }
            (Some(linux), Want::Uninstall) => {
                let file = linux.file(root).display().to_string();
                line(&["sudo rm", &file]) + &line(&[&["sudo", linux.update], linux.forget].concat())
            }
            (Some(linux), Want::Status) => line(&["openssl verify -CAfile", linux.bundle, ca]),
            (None, Want::Status) if self == Self::Macos => line(&["security find-certificate -a -Z", keychain(user)]),
            (None, Want::Status) => line(&["certutil -store Root"]),
            (None, _) => {
                let sudo = if self == Self::Macos && !user { "sudo " } else { "" };
                let commands = self.arguments(want, root, user, ca);
                commands.iter().map(|words| format!("{sudo}{}", line(words))).collect()
            }
        }
    }
}

impl Linux {
    /// Its name tells whose it is, so that nothing else is ever removed.
    fn file(&self, root: &Root) -> PathBuf {
        Path::new(self.folder).join(format!("{}.crt", root.id()))
    }
}

fn keychain(user: bool) -> &'static str {
    if user { "login.keychain" } else { "/Library/Keychains/System.keychain" }
}
