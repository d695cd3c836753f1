//! The workspace's dynamic security plugin: its file, and the broker that runs with it.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use super::configuration;
use super::credentials;
use super::credentials::Paths;
use super::session::Probe;
use crate::dynsec;
use crate::dynsec::File;
use crate::dynsec::access::Action;
use crate::dynsec::access::Question;
use crate::dynsec::access::decide;
use crate::dynsec::change::Change;
use crate::dynsec::control::Command;
use crate::dynsec::control::Refused;
use crate::dynsec::control::Request;
use crate::dynsec::initial;
use crate::error::Failure;
use crate::error::Plain;
use crate::mqtt;
use crate::mqtt::Attempt;
use crate::mqtt::Exchange;
use crate::mqtt::Identity;
use crate::passwd::User;
use crate::pki::names::ClientName;
use crate::secret::Secret;
use crate::series::Series;
use crate::workspace::Workspace;
use crate::workspace::layout;
use crate::workspace::utf8;

/// The configuration; it must be there.
pub fn configuration(workspace: &Workspace) -> Result<String, Failure> {
    let bytes = workspace.read(layout::CONF)?.ok_or_else(|| configuration::missing(workspace))?;
    Ok(utf8(bytes, &workspace.show(layout::CONF))?)
}

/// The plugin's file, by its path in the workspace, where the configuration loads the plugin.
pub fn active(workspace: &Workspace) -> Result<Option<PathBuf>, Failure> {
    let Some(bytes) = workspace.read(layout::CONF)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    let Some((_, named)) = dynsec::uses(&text).into_iter().find_map(|found| found.file) else { return Ok(None) };
    // the container has the workspace's folders there
    let inside = named.strip_prefix("/mosquitto/").unwrap_or(&named);
    let absolute = Path::new(inside);
    let path = absolute.strip_prefix(workspace.root()).unwrap_or(absolute);
    if path.is_absolute() || path.components().any(|part| part == std::path::Component::ParentDir) {
        return Err(Plain::new(
            "dynsec-file-elsewhere",
            format!("the plugin's file `{named}` is not in this workspace"),
        )
        .hint(format!("write there: {} {}", dynsec::CONFIG_FILE, layout::DYNSEC))
        .into());
    }
    Ok(Some(path.to_owned()))
}

/// Refuses what is too long to have been read to its end.
pub fn whole(shown: &str, bytes: Vec<u8>) -> Result<Vec<u8>, Plain> {
    if bytes.len() <= LONGEST {
        return Ok(bytes);
    }
    let message = format!("`{shown}` has more than {} MiB", LONGEST >> 20);
    Err(Plain::new("dynsec-too-large", message).hint(format!("look what it is: file {shown}")))
}

/// As much as `workspace::fs` reads of a file.
const LONGEST: usize = 64 << 20;

/// The plugin's file; nothing when it is not there.
pub fn read(workspace: &Workspace, path: &Path) -> Result<Option<File>, Failure> {
    let Some(bytes) = workspace.read(path)? else { return Ok(None) };
    let shown = workspace.show(path);
    let bytes = whole(&shown, bytes)?;
    dynsec::parse(&bytes).map(Some).map_err(|error| {
        let what = if error.fatal { "is no JSON" } else { "is not what the plugin writes" };
        let plain = Plain::new("dynsec-unreadable", format!("`{shown}` {what}: {error}"));
        let plain = if error.fatal { plain.detail("a broker that reads it refuses everybody") } else { plain };
        plain.hint("mend the place, or make the file anew: mqsec dynsec init --force").into()
    })
}

/// The same, where it must be there.
pub fn must_read(workspace: &Workspace, path: &Path) -> Result<File, Failure> {
    read(workspace, path)?.ok_or_else(|| {
        Plain::new("dynsec-missing", format!("there is no `{}`", workspace.show(path)))
            .detail(
                "a 2.0 broker then refuses everybody, a 2.1 broker makes a file of its own, with a password in clear",
            )
            .hint("make it: mqsec dynsec init; or from the password file and the ACL: mqsec dynsec import")
            .into()
    })
}

/// Whether the user by whom `up` proves the broker can get in and do what the proof does. The broker has not been asked:
/// its file says it, and the file is what it starts with.
pub fn check_user(workspace: &Workspace, path: &Path, user: &User) -> Result<(), Failure> {
    let file = must_read(workspace, path)?;
    let name = user.name.as_str();
    let reset = "let it in with the password of `.env`: mqsec down; mqsec dynsec reset-admin; mqsec up";
    let no = |what: &str, hint: &str| -> Result<(), Failure> {
        let shown = workspace.show(path);
        Err(Plain::no("dynsec-env-differs", format!("the first user of `.env`, `{name}`, {what} `{shown}`"))
            .detail("the dynamic security plugin decides here; `.env` and the password file do not reach it")
            .hint(hint)
            .into())
    };
    let Some(client) = file.client(name) else {
        return no("is no client in", reset);
    };
    if client.disabled {
        return no("is disabled in", reset);
    }
    if !client.login.verify(&user.password) {
        return no("has another password in", reset);
    }
    let may = |action| {
        let question = Question { user: Some(name), client_id: "mqsec-proof", action, topic: "test/connection" };
        Series::RELEASED.iter().any(|series| decide(&file, &question, *series))
    };
    if ![Action::Send, Action::Subscribe, Action::Receive].into_iter().all(may) {
        let hint = format!(
            "mqsec dynsec add role test --publish test/connection --subscribe test/connection; then: mqsec dynsec grant '{name}' test"
        );
        return no("may not use `test/connection` by", &hint);
    }
    Ok(())
}

/// The connection of an admin to the broker that runs.
pub struct Admin {
    probe: Probe,
    identity: Option<Identity>,
    user: String,
    password: Secret,
}

impl Admin {
    /// With the certificate of the admin's name, or that of any client.
    pub fn load(workspace: &Workspace, user: String, password: Secret) -> Result<Self, Failure> {
        let probe = Probe::load(workspace)?;
        let own = user.parse::<ClientName>().ok();
        let others = workspace.clients()?.into_iter().filter_map(|name| name.parse().ok());
        let pair = own.into_iter().chain(others).map(|name| Paths::of(workspace, Some(&name)));
        let pair = pair.filter(|paths| paths.missing().is_empty()).find_map(|paths| paths.pair);
        let identity = match pair.filter(|_| probe.listener.require_certificate) {
            Some((cert, key)) => Some(credentials::identity(&cert, &key)?.0),
            None => None,
        };
        Ok(Self { probe, identity, user, password })
    }

    /// The answers to these commands, in their order.
    pub fn ask(&self, commands: Vec<Command>) -> Result<Vec<Result<Value, Refused>>, Failure> {
        let mark = Secret::generate();
        let request = Request::new(commands, mark.expose().to_owned());
        let attempt = Attempt {
            tls: Some(self.probe.tls(self.identity.as_ref())),
            login: Some((&self.user, &self.password)),
            ..Attempt::new(&self.probe.host, self.probe.listener.port, format!("mqsec-dynsec-{}", &mark.expose()[..10]))
        };
        let exchange = Exchange { to: initial::CONTROL, answers: initial::ANSWERS, text: &request.text() };
        mqtt::request(&attempt, &exchange, |message| request.answers(message)).map_err(|trouble| {
            use mqtt::Trouble as T;
            let hint = match &trouble {
                T::Refused { .. } => "the broker does not run; change its file with --offline, or start it: mqsec up",
                T::Publish { .. } | T::Subscribe { .. } => {
                    "this client is no admin of the plugin, or the broker runs without it; name the admin: --as NAME"
                }
                T::Connack { .. } => {
                    "the admin's password is not that of `.env`; give it in MQSEC_ADMIN_PASSWORD; if it is lost: mqsec down, then mqsec dynsec reset-admin"
                }
                T::Timeout(_) => "the broker gave no answer: does it run with the plugin? mqsec logs --explain",
                _ => return trouble.into(),
            };
            let mut failure = Failure::from(trouble);
            failure.hints = vec![hint.to_owned()];
            failure
        })
    }
}

/// Waits until the broker has saved these changes; false when it does not. A broker that cannot save answers as if it had
/// (2.0.21 and 2.1.2).
pub fn is_saved(workspace: &Workspace, path: &Path, changes: &[Change]) -> bool {
    let end = Instant::now() + SAVE_PATIENCE;
    loop {
        match read(workspace, path) {
            Ok(Some(file)) if changes.iter().all(|change| change.is_in(&file)) => return true,
            // a file that we may not read tells nothing
            Err(failure) if failure.code != "dynsec-unreadable" => return true,
            _ if Instant::now() > end => return false,
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// 2.0 saves before it answers; 2.1 may do it with its next tick.
const SAVE_PATIENCE: Duration = Duration::from_secs(3);
