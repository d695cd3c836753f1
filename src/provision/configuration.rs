//! `config/mosquitto.conf` and `docker-compose.yml`: written where they are missing, otherwise respected.

use crate::conf;
use crate::conf::Listener;
use crate::conf::Profile;
use crate::conf::compose;
use crate::conf::compose::Compose;
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
}

/// The configuration's listener, once the file is there and serves.
pub fn ensure_conf(change: &mut Transaction<'_>, wish: &Wish) -> Result<Listener, Failure> {
    let workspace = change.workspace();
    let written = |profile, port| conf::render(profile, port);
    let Some(text) = read(workspace, layout::CONF)? else {
        let text = written(wish.profile.unwrap_or_default(), wish.port.unwrap_or(conf::DEFAULT_PORT));
        change.put(layout::CONF, text.clone());
        return listener(workspace, &text);
    };
    let found = listener(workspace, &text)?;
    let profile = if found.require_certificate { Profile::PasswordAndCert } else { Profile::Password };
    let wanted = (wish.profile.unwrap_or(profile), wish.port.unwrap_or(found.port));
    if wanted == (profile, found.port) {
        return Ok(found);
    }
    // a file that nobody changed since mqsec wrote it may be written again; any other is its owner's
    if written(profile, found.port) != text {
        let path = workspace.show(layout::CONF);
        return Err(Plain::new("conf-changed-by-hand", format!("`{path}` was changed by hand and is not overwritten"))
            .detail(format!(
                "it listens on port {} and {} client certificates",
                found.port,
                if found.require_certificate { "demands" } else { "asks for no" }
            ))
            .hint("make the change there, and leave out --port and --profile")
            .into());
    }
    let text = written(wanted.0, wanted.1);
    change.put(layout::CONF, text.clone());
    listener(workspace, &text)
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
        user: workspace.broker_user(),
    };
    let text = wanted.render();
    change.put(layout::COMPOSE, text.clone());
    Ok(compose::facts(&text))
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
