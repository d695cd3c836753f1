//! What runs `mqsec renew` every day: a systemd timer, a line for cron, a task of Windows.

use std::path::Path;
use std::path::PathBuf;

use sha2::Digest;
use sha2::Sha256;

use crate::error::Failure;
use crate::error::Plain;
use crate::error::single_quoted;
use crate::workspace::Owner;
use crate::workspace::fs;

/// What is run for whom, with absolute paths.
pub struct Job {
    pub program: PathBuf,
    pub folder: PathBuf,
    /// As whom a job of the whole machine runs.
    pub owner: Owner,
    /// For the whole machine, or for the user who asks.
    pub system: bool,
    pub hour: u8,
    pub minute: u8,
}

impl Job {
    /// Different for every folder.
    pub fn name(&self) -> String {
        let digest = Sha256::digest(self.folder.as_os_str().as_encoded_bytes());
        let hex: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
        format!("mqsec-renew-{hex}")
    }

    fn words(&self) -> [String; 5] {
        let text = |path: &Path| path.display().to_string();
        [text(&self.program), "--dir".into(), text(&self.folder), "--quiet".into(), "renew".into()]
    }

    pub fn service(&self) -> String {
        let [program, rest @ ..] = self.words();
        let line: Vec<String> = rest.iter().map(|word| systemd_word(word, true)).collect();
        let folder = systemd_word(&self.folder.display().to_string(), false);
        let mut text = format!(
            "[Unit]\nDescription=Renew the certificates of {}\n\n[Service]\nType=oneshot\nExecStart={} {}\n",
            self.folder.display().to_string().replace('%', "%%"),
            systemd_word(&program, false),
            line.join(" ")
        );
        if self.system {
            if self.owner.uid != 0 {
                text.push_str(&format!("User={}\nGroup={}\n", self.owner.uid, self.owner.gid));
            }
            text.push_str(&format!("ProtectSystem=strict\nProtectHome=read-only\nReadWritePaths={folder}\n"));
            text.push_str("ProtectKernelTunables=yes\nProtectKernelModules=yes\nProtectControlGroups=yes\n");
        }
        text.push_str(
            "NoNewPrivileges=yes\nRestrictSUIDSGID=yes\nRestrictRealtime=yes\nLockPersonality=yes\nMemoryDenyWriteExecute=yes\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\nUMask=0077\n",
        );
        text
    }

    pub fn timer(&self) -> String {
        format!(
            "[Unit]\nDescription=Renew the certificates of {} every day\n\n[Timer]\nOnCalendar=*-*-* {:02}:{:02}:00\nRandomizedDelaySec=30min\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n",
            self.folder.display().to_string().replace('%', "%%"),
            self.hour,
            self.minute
        )
    }

    /// A line of a user's crontab; one of /etc/cron.d names the user too.
    pub fn cron(&self, user: Option<&str>) -> String {
        // cron takes a percent sign for the end of the line
        let command = self.words().map(|word| crate::error::shell_word(&word)).join(" ").replace('%', "\\%");
        let user = user.map(|user| format!("{user} ")).unwrap_or_default();
        format!("{} {} * * * {user}{command}\n", self.minute, self.hour)
    }

    /// The command that makes a task of Windows.
    pub fn windows(&self) -> String {
        let quoted = |word: String| {
            let plain =
                !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            if plain { word } else { format!("\\\"{word}\\\"") }
        };
        let command = self.words().map(quoted).join(" ");
        let (name, hour, minute) = (self.name(), self.hour, self.minute);
        format!("schtasks /Create /F /SC DAILY /ST {hour:02}:{minute:02} /TN {name} /TR \"{command}\"\n")
    }

    /// Where its files go, with their contents: for systemd, or for cron; None where a user's crontab is the only place.
    pub fn files(&self, systemd: bool, home: Option<&Path>) -> Option<Vec<(PathBuf, String)>> {
        let name = self.name();
        if !systemd {
            let user = self.system.then(|| user_name(self.owner.uid)).flatten()?;
            let text =
                format!("# renews the certificates of {}\n{}", single_line(&self.folder), self.cron(Some(&user)));
            return Some(vec![(Path::new("/etc/cron.d").join(name), text)]);
        }
        let folder = match self.system {
            true => PathBuf::from("/etc/systemd/system"),
            false => home?.join(".config/systemd/user"),
        };
        let file = |end: &str| folder.join(format!("{name}.{end}"));
        Some(vec![(file("service"), self.service()), (file("timer"), self.timer())])
    }
}

fn single_line(path: &Path) -> String {
    single_quoted(&path.display().to_string())
}

/// A word of a unit's line: specifiers, quotation marks and, in arguments, variables are taken for what they are.
fn systemd_word(word: &str, argument: bool) -> String {
    let mut text = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    if argument {
        text = text.replace('$', "$$");
    }
    if text.contains([' ', '\t', '\'', '"', ';', '\\']) { format!("\"{text}\"") } else { text }
}

/// The name of a user of the system.
fn user_name(uid: u32) -> Option<String> {
    let text = String::from_utf8(fs::read(Path::new("/etc/passwd")).ok()??).ok()?;
    let number = uid.to_string();
    text.lines()
        .find(|line| line.split(':').nth(2) == Some(&number))
        .and_then(|line| Some(line.split(':').next()?.to_owned()))
}

/// Refuses a path that no unit and no crontab can hold.
pub fn check(path: &Path) -> Result<(), Failure> {
    let text = path.to_str();
    if text.is_some_and(|text| !text.chars().any(char::is_control)) {
        return Ok(());
    }
    Err(Plain::new("path-unprintable", format!("`{}` has letters that no timer can hold", path.display()))
        .hint("move the folder to a path without control characters")
        .into())
}

/// Writes the files; the folders are made.
pub fn write(files: &[(PathBuf, String)]) -> Result<(), Failure> {
    for (path, text) in files {
        let mut missing: Vec<&Path> = path.ancestors().skip(1).take_while(|folder| !fs::is_dir(folder)).collect();
        while let Some(folder) = missing.pop() {
            fs::create_dir(folder, 0o755, None)?;
        }
        let whole = fs::overwrite(path, text.as_bytes(), 0o644, None)?;
        fs::sync(&[whole])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(folder: &str) -> Job {
        let owner = Owner { uid: 1000, gid: 1000 };
        Job { program: "/usr/bin/mqsec".into(), folder: folder.into(), owner, system: true, hour: 3, minute: 17 }
    }

    #[test]
    fn every_folder_has_a_name_of_its_own() {
        assert_ne!(job("/a").name(), job("/b").name());
        assert_eq!(job("/a").name(), job("/a").name());
    }

    #[test]
    fn paths_are_what_they_are() {
        let text = job("/srv/my %n $x").service();
        assert!(text.contains("ExecStart=/usr/bin/mqsec --dir \"/srv/my %%n $$x\" --quiet renew\n"), "{text}");
        assert!(text.contains("ReadWritePaths=\"/srv/my %%n $x\"\n"), "{text}");
        let line = job("/srv/my %n").cron(Some("me"));
        assert_eq!(line, "17 3 * * * me /usr/bin/mqsec --dir '/srv/my \\%n' --quiet renew\n");
        assert!(job("C:\\my mqtt").windows().contains("\\\"C:\\my mqtt\\\""));
    }
}
