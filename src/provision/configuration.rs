//! `config/mosquitto.conf` and `docker-compose.yml`: written where they are missing, otherwise respected.

use std::path::PathBuf;

use time::OffsetDateTime;

use super::stamp;
use crate::conf;
use crate::conf::Listener;
use crate::conf::Profile;
use crate::conf::Settings;
use crate::conf::compose;
use crate::conf::compose::Compose;
use crate::conf::profile;
use crate::conf::profile::Wishes;
use crate::error::Failure;
use crate::error::Plain;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::layout;
use crate::workspace::utf8;

/// What `up` asks for; what is not asked is taken from the files that are there.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    pub profile: Option<Profile>,
    pub port: Option<u16>,
    pub image: Option<String>,
    pub container: Option<String>,
    /// Whether the broker will run in a container, where clear text can be kept to its network.
    pub in_container: bool,
}

/// The configuration's listener, once the file is there and serves.
pub fn ensure_conf(change: &mut Transaction<'_>, wish: &Wish) -> Result<Listener, Failure> {
    let workspace = change.workspace();
    let Some(text) = read(workspace, layout::CONF)? else {
        let mut wishes = Wishes::new(wish.profile.unwrap_or_default(), wish.port.unwrap_or(conf::DEFAULT_PORT));
        // the file is made once it is named: see `permissions::ensure`
        wishes.acl = true;
        keep_to_containers(&mut wishes, wish);
        return put_conf(change, &wishes);
    };
    let found = listener(workspace, &text)?;
    let ours = Wishes::recognise(&text);
    let profile = ours.as_ref().map_or_else(|| profile_of(&text, &found), |wishes| wishes.profile);
    let wanted = (wish.profile.unwrap_or(profile), wish.port.unwrap_or(found.port));
    if wanted == (profile, found.port) {
        return Ok(found);
    }
    // a file that nobody changed since mqsec wrote it may be written again; any other is its owner's
    let Some(mut wishes) = ours else {
        let path = workspace.show(layout::CONF);
        return Err(Plain::new("conf-changed-by-hand", format!("`{path}` was changed by hand and is not overwritten"))
            .detail(format!(
                "it listens on port {} and {} client certificates",
                found.port,
                if found.require_certificate { "demands" } else { "asks for no" }
            ))
            .hint("make the change there, and leave out --port and --profile")
            .into());
    };
    let changed = wishes.profile != wanted.0;
    wishes.profile = wanted.0;
    wishes.set_tls_port(wanted.1);
    if changed {
        keep_to_containers(&mut wishes, wish);
    }
    wishes.check()?;
    put_conf(change, &wishes)
}

/// Beside a public certificate clear text is for the private network of the broker's container.
fn keep_to_containers(wishes: &mut Wishes, wish: &Wish) {
    if wishes.profile == Profile::LetsEncrypt && wish.in_container {
        wishes.open_to_containers();
    }
}

fn put_conf(change: &mut Transaction<'_>, wishes: &Wishes) -> Result<Listener, Failure> {
    let text = profile::render(wishes);
    change.put(layout::CONF, text.clone());
    listener(change.workspace(), &text)
}

/// The profile that comes nearest to a file that mqsec did not write.
fn profile_of(text: &str, found: &Listener) -> Profile {
    let identity = Settings::of_port(text, found.port).is_some_and(|own| own.is_true("use_identity_as_username"));
    match (found.require_certificate, identity) {
        (true, true) => Profile::Cert,
        (true, false) => Profile::PasswordAndCert,
        (false, _) => Profile::Password,
    }
}

/// Whether the TLS listener takes a certificate's name for the user's, so that no password is asked.
pub fn identity_is_user(workspace: &Workspace, listener: &Listener) -> Result<bool, Failure> {
    let text = read(workspace, layout::CONF)?.unwrap_or_default();
    Ok(Settings::of_port(&text, listener.port)
        .is_some_and(|own| own.is_true("use_identity_as_username") || own.is_true("use_subject_as_username")))
}

/// Keeps a copy of the configuration below certs/backup.
pub fn keep(change: &mut Transaction<'_>, now: OffsetDateTime) -> Result<Option<PathBuf>, Failure> {
    Ok(change.back_up(layout::CONF, &stamp(now))?)
}

/// What `conf init` did.
pub struct Written {
    /// Whether the file had just this text.
    pub same: bool,
    /// Where the replaced one is kept.
    pub backup: Option<PathBuf>,
}

/// Writes the configuration as it is wished for. One that is there is replaced if mqsec wrote it and nobody changed it,
/// or by force; by force it is kept.
pub fn init(
    change: &mut Transaction<'_>,
    wishes: &Wishes,
    force: bool,
    now: OffsetDateTime,
) -> Result<Written, Failure> {
    let workspace = change.workspace();
    let text = profile::render(wishes);
    let old = workspace.read(layout::CONF)?;
    let ours = |bytes: &[u8]| std::str::from_utf8(bytes).ok().and_then(Wishes::recognise).is_some();
    let mut written = Written { same: old.as_deref() == Some(text.as_bytes()), backup: None };
    match old {
        Some(bytes) if !written.same && !ours(&bytes) => {
            if !force {
                let path = workspace.show(layout::CONF);
                return Err(Plain::no(
                    "conf-exists",
                    format!("`{path}` is there and was not written by mqsec, or changed since; nothing was changed"),
                )
                .hint(format!("look at what would be written: {} --print", wishes.command()))
                .hint(format!("write it, and keep the old one below certs/backup: {} --force", wishes.command()))
                .into());
            }
            written.backup = keep(change, now)?;
        }
        _ => {}
    }
    change.put(layout::CONF, text);
    Ok(written)
}

/// Where a command needs the configuration.
pub fn missing(workspace: &Workspace) -> Plain {
    Plain::new("conf-missing", format!("there is no `{}`", workspace.show(layout::CONF)))
        .hint("let mqsec write it: mqsec up")
}

/// The TLS listener of the configuration that is there.
pub fn read_listener(workspace: &Workspace) -> Result<Option<Listener>, Failure> {
    read(workspace, layout::CONF)?.map(|text| listener(workspace, &text)).transpose()
}

/// Every listener of the configuration that is there.
pub fn listeners(workspace: &Workspace) -> Result<Vec<Listener>, Failure> {
    Ok(read(workspace, layout::CONF)?.map(|text| conf::listeners(&text)).unwrap_or_default())
}

fn listener(workspace: &Workspace, text: &str) -> Result<Listener, Failure> {
    conf::main_listener(text).ok_or_else(|| {
        let path = workspace.show(layout::CONF);
        Plain::new("conf-without-tls", format!("`{path}` has no listener for MQTT over TLS"))
            .hint(format!("move the file away and let mqsec write one: mv {path} {path}.old"))
            .into()
    })
}

/// The compose file, written for this user and port; a file that was changed by hand is kept.
pub fn ensure_compose(change: &mut Transaction<'_>, wish: &Wish, port: u16) -> Result<compose::Facts, Failure> {
    let workspace = change.workspace();
    let text = read(workspace, layout::COMPOSE)?;
    let found = text.as_deref().and_then(Compose::recognise);
    if let (Some(text), None) = (&text, &found) {
        check_user(workspace, text)?;
        return Ok(compose::facts(text));
    }
    let old = found.unwrap_or_default();
    let wanted = Compose {
        image: wish.image.clone().unwrap_or(old.image),
        container: wish.container.clone().unwrap_or(old.container),
        port,
        more: further_ports(change, port)?,
        inner: inner_port(change)?,
        user: workspace.broker_user(),
    };
    let text = wanted.render();
    change.put(layout::COMPOSE, text.clone());
    Ok(compose::facts(&text))
}

/// The other ports with TLS that the configuration opens to other machines. What is spoken in clear stays inside: other
/// containers reach it over their network.
fn further_ports(change: &Transaction<'_>, main: u16) -> Result<Vec<u16>, Failure> {
    let text = change.read(layout::CONF)?.unwrap_or_default();
    let listeners = conf::listeners(&String::from_utf8_lossy(&text));
    let is_open = |listener: &&Listener| {
        let address = listener.address.as_deref().unwrap_or_default();
        let local = address == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        listener.tls && listener.port != main && !local
    };
    let mut ports: Vec<u16> = listeners.iter().filter(is_open).map(|listener| listener.port).collect();
    ports.dedup();
    Ok(ports)
}

/// The port of what is spoken in clear to the other containers of the network.
fn inner_port(change: &Transaction<'_>) -> Result<Option<u16>, Failure> {
    let text = change.read(layout::CONF)?.unwrap_or_default();
    let listeners = conf::listeners(&String::from_utf8_lossy(&text));
    let inner =
        listeners.iter().find(|listener| !listener.tls && listener.address.as_deref() == Some(compose::SERVICE));
    Ok(inner.map(|listener| listener.port))
}

/// A compose file that was changed by hand must still run the broker as the one who may read the files.
fn check_user(workspace: &Workspace, text: &str) -> Result<(), Failure> {
    let owner = workspace.broker_user();
    let ours = format!("{}:{}", owner.uid, owner.gid);
    match compose::facts(text).user {
        Some(user) if user != ours => Err(Plain::new(
            "compose-other-user",
            format!(
                "`{}` runs the broker as `{user}`, which cannot read the files of {ours}",
                workspace.show(layout::COMPOSE)
            ),
        )
        .hint(format!("write there: user: \"{ours}\""))
        .into()),
        _ => Ok(()),
    }
}

fn read(workspace: &Workspace, relative: &str) -> Result<Option<String>, Failure> {
    let path = workspace.show(relative);
    Ok(workspace.read(relative)?.map(|bytes| utf8(bytes, &path)).transpose()?)
}

/// The `.env` that a workspace without one gets.
pub fn env_text(broker: &str, users: &[(String, String)]) -> String {
    let mut text = String::from(
        "\
# Users of the broker; any numbers will do. Put a value with $, #, spaces or quotes in single quotes.
# After a change: mqsec passwd
",
    );
    for (number, (user, password)) in users.iter().enumerate() {
        let number = number + 1;
        text.push_str(&format!("USER_{number}={user}\nPASS_{number}={password}\n"));
    }
    text.push_str(&format!(
        "\n# The name by which clients reach the broker: it goes into the broker's certificate\nBROKER_CN={broker}\n"
    ));
    text
}

/// `.env.example`, for a reader who writes the file by hand.
pub fn env_example() -> String {
    let users = [("admin", "'change me: StrongPassword!123'"), ("client", "'change me: AnotherSecurePass'")];
    env_text("mqtt.example.com", &users.map(|(user, password)| (user.to_owned(), password.to_owned())))
}
