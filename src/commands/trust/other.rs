//! Stores of their own: NSS (Firefox, Chromium on Linux) and Java.

use std::path::PathBuf;

use super::store::Did;
use super::store::Root;
use super::store::Want;
use super::store::program;
use super::store::run;
use crate::workspace::fs;

/// The databases of the user's browsers.
pub(super) fn nss_folders() -> Vec<String> {
    let Some(home) = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from) else {
        return Vec::new();
    };
    let profiles = [
        ".mozilla/firefox",
        ".config/mozilla/firefox",
        "snap/firefox/common/.mozilla/firefox",
        ".var/app/org.mozilla.firefox/.mozilla/firefox",
        "Library/Application Support/Firefox/Profiles",
        "AppData/Roaming/Mozilla/Firefox/Profiles",
    ];
    let mut folders = vec![home.join(".pki/nssdb"), home.join("snap/chromium/current/.pki/nssdb")];
    for parent in profiles.map(|name| home.join(name)) {
        folders.extend(fs::folders(&parent).unwrap_or_default().iter().map(|name| parent.join(name)));
    }
    folders.retain(|folder| fs::is_file(&folder.join("cert9.db")));
    folders.iter().map(|folder| folder.display().to_string()).collect()
}

fn certutil() -> Result<String, String> {
    // Windows has another program of that name
    program("certutil").filter(|_| !cfg!(windows)).ok_or_else(|| {
        "there is no `certutil` of NSS (packages libnss3-tools, nss-tools, nss, mozilla-nss-tools)".to_owned()
    })
}

pub(super) fn nss_has(folder: &str, root: &Root) -> Result<bool, String> {
    let (database, id) = (format!("sql:{folder}"), root.id());
    let listed = run(&certutil()?, &["-L", "-d", &database], "")?;
    Ok(listed.contains(&id))
}

pub(super) fn nss_change(folder: &str, want: Want, root: &Root) -> Result<(), Did> {
    let (database, id) = (format!("sql:{folder}"), root.id());
    let add = ["-A", "-a", "-d", &database, "-t", "C,,", "-n", &id];
    let delete = ["-D", "-d", &database, "-n", &id];
    let args: &[&str] = if want == Want::Install { &add } else { &delete };
    let done = certutil().and_then(|program| run(&program, args, &root.pem()));
    done.map(drop).map_err(|why| Did::Failed { why })
}

pub(super) fn nss_commands(want: Want, folder: &str, id: &str, ca: &str) -> String {
    let folder = if folder.starts_with('$') { folder.to_owned() } else { crate::error::shell_word(folder) };
    match want {
        Want::Install => format!("certutil -A -d sql:{folder} -t C,, -n {id} -i {ca}\n"),
        Want::Uninstall => format!("certutil -D -d sql:{folder} -n {id}\n"),
        Want::Status => format!("certutil -L -d sql:{folder} -n {id}\n"),
    }
}

/// `keytool` of JAVA_HOME, or of the search path.
fn keytool() -> Option<String> {
    let home = std::env::var_os("JAVA_HOME").map(PathBuf::from);
    let own = home.map(|home| home.join(if cfg!(windows) { "bin/keytool.exe" } else { "bin/keytool" }));
    own.filter(|path| fs::is_file(path)).map(|path| path.display().to_string()).or_else(|| program("keytool"))
}

pub(super) fn has_java() -> bool {
    keytool().is_some()
}

/// The password that every Java comes with; it keeps nobody out.
const PASSWORD: &str = "changeit";

fn java(args: &[&str], input: &str) -> Result<String, String> {
    let program = keytool().ok_or("there is no `keytool`; JAVA_HOME tells where Java is")?;
    run(&program, &[args, &["-cacerts", "-storepass", PASSWORD]].concat(), input)
}

pub(super) fn java_has(root: &Root) -> Result<bool, String> {
    match java(&["-list", "-alias", &root.id()], "") {
        Ok(_) => Ok(true),
        Err(said) if said.contains("does not exist") => Ok(false),
        Err(said) => Err(said),
    }
}

pub(super) fn java_change(want: Want, root: &Root) -> Result<(), Did> {
    let id = root.id();
    let done = match want {
        Want::Install => java(&["-importcert", "-noprompt", "-alias", &id], &root.pem()),
        _ => java(&["-delete", "-alias", &id], ""),
    };
    done.map(drop).map_err(|why| match why.contains("Permission denied") {
        true => Did::NeedsRoot,
        false => Did::Failed { why },
    })
}

pub(super) fn java_commands(want: Want, id: &str, ca: &str) -> String {
    let (verb, rest) = match want {
        Want::Install => ("-importcert -noprompt", format!(" -file {ca}")),
        Want::Uninstall => ("-delete", String::new()),
        Want::Status => ("-list", String::new()),
    };
    let sudo = if want == Want::Status { "" } else { "sudo " };
    format!("{sudo}keytool {verb} -alias {id}{rest} -cacerts -storepass {PASSWORD}\n")
}
