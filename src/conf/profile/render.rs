//! The text of mosquitto.conf. It runs unchanged on Mosquitto 2.0 and 2.1, in the stock container and outside of it.
//!
//! Paths are relative: the broker starts in the workspace, which is `/mosquitto` in the container. Only options that no
//! version warns about are used; limits are global because 2.0 resets those of a listener at each SIGHUP.

use super::Kind;
use super::Listener;
use super::LogLevel;
use super::Profile;
use super::Wishes;
use crate::workspace::layout;
use crate::workspace::layout::broker;

/// How the first line of every file begins; the command follows.
pub(super) const WRITTEN_BY: &str = "# Written by: ";

/// The names under which the plugins of 2.1 are loaded: those that they have in the broker's log.
const PASSWORDS: &str = "password_file";
const ACL: &str = "acl_file";

const NOT_PUBLISHED: &str = "docker-compose.yml does not publish it.";

pub fn render(wishes: &Wishes) -> String {
    let sections =
        [head(wishes), clients(wishes), limits(wishes), persistence(wishes), log(wishes)].map(|mut section| {
            section.push('\n');
            section
        });
    let listeners: Vec<String> = wishes.listeners().iter().map(|one| listener(wishes, one)).collect();
    sections.concat() + &listeners.join("\n")
}

fn head(wishes: &Wishes) -> String {
    format!(
        "{WRITTEN_BY}{}
# Paths are relative to the folder in which the broker starts (/mosquitto in the container).
# A comment needs a line of its own: behind a path it would be part of it.
",
        wishes.command()
    )
}

fn clients(wishes: &Wishes) -> String {
    let mut text = match wishes.profile {
        Profile::Dev => "# Who may connect: everybody on this machine.\nallow_anonymous true\n".to_owned(),
        Profile::Cert => "# Who may connect: whose certificate the listener accepts, nobody else.\n\
                          allow_anonymous false\n"
            .to_owned(),
        _ => "# Who may connect: users of the password file, nobody else.\nallow_anonymous false\n".to_owned(),
    };
    if wishes.profile.asks_password() {
        text.push_str(&match &wishes.plugins {
            None => format!("password_file {}\n", layout::PASSWD),
            Some(dir) => format!(
                "plugin_load {PASSWORDS} {dir}/mosquitto_password_file.so\nplugin_opt_password_file {}\n",
                layout::PASSWD
            ),
        });
    }
    // the one place of the ACL: `up` and `conf init` write the file, and set `Wishes::acl`
    if wishes.acl {
        text.push_str("\n# What they may read and write; what no line there allows is refused.\n");
        text.push_str(&match &wishes.plugins {
            None => format!("acl_file {}\n", layout::ACL),
            Some(dir) => {
                format!("plugin_load {ACL} {dir}/mosquitto_acl_file.so\nplugin_opt_acl_file {}\n", layout::ACL)
            }
        });
    }
    text
}

fn limits(wishes: &Wishes) -> String {
    let pi = wishes.profile == Profile::Pi;
    let choose = |small: u32, usual: u32| if pi { small } else { usual };
    let expiry = wishes.session_expiry.as_ref().map_or(if pi { "7d" } else { "30d" }, |expiry| &expiry.0);
    let memory = wishes.memory_limit.or(pi.then_some(134_217_728));
    format!(
        "\
# A small answer leaves at once; without this the first round trip takes 40 ms.
set_tcp_nodelay true

# Limits, so that one client cannot fill the memory or the disk.
max_packet_size {}
max_queued_messages {}
max_queued_bytes {}
max_inflight_messages {}
persistent_client_expiration {expiry}
{}",
        wishes.max_packet_size.unwrap_or(choose(262_144, 1_048_576)),
        wishes.max_queued_messages.unwrap_or(choose(200, 1000)),
        wishes.max_queued_bytes.unwrap_or(choose(2_097_152, 16_777_216)),
        wishes.max_inflight_messages.unwrap_or(20),
        memory.map(|bytes| format!("memory_limit {bytes}\n")).unwrap_or_default()
    )
}

fn persistence(wishes: &Wishes) -> String {
    if !wishes.persists() {
        let why = match wishes.profile {
            Profile::Pi => "nothing is written to the card",
            _ => "nothing is written to the disk",
        };
        return format!("# Sessions and retained messages are lost at a restart: {why}.\npersistence false\n");
    }
    // a card wears out by writing
    let interval = if wishes.profile == Profile::Pi { 3600 } else { 300 };
    format!(
        "\
# Sessions and retained messages survive a restart.
persistence true
persistence_location {}
autosave_interval {interval}
",
        layout::DATA_DIR
    )
}

fn log(wishes: &Wishes) -> String {
    let mut text = match wishes.profile {
        Profile::Pi => "# Off the card: to whoever runs the broker, and to the topics $SYS/broker/log/#.\n\
                        log_dest stdout\nlog_dest topic\n"
            .to_owned(),
        Profile::Dev => "log_dest stdout\n".to_owned(),
        _ => format!("log_dest stdout\nlog_dest file {}\n", layout::LOG),
    };
    text.push_str(match wishes.log_level() {
        LogLevel::Production => "log_type error\nlog_type warning\nlog_type notice\nlog_type information\n",
        LogLevel::Debug => "log_type all\n",
    });
    text + "log_timestamp true\nlog_timestamp_format %Y-%m-%dT%H:%M:%S\n"
}

fn listener(wishes: &Wishes, listener: &Listener) -> String {
    let Listener { kind, address, port } = listener;
    let mut text = format!("# {}\n", title(listener));
    if wishes.loses_address(listener) {
        text.push_str("# Mosquitto 2.0 ignores the IPv4 address of a websockets listener: it listens on all.\n");
    }
    text.push_str(&match address {
        Some(address) => format!("listener {port} {address}\n"),
        None => format!("listener {port}\n"),
    });
    if kind.is_websockets() {
        text.push_str("protocol websockets\n");
    }
    if wishes.plugins.is_some() && wishes.profile.asks_password() {
        text.push_str(&format!("plugin_use {PASSWORDS}\n"));
    }
    if wishes.plugins.is_some() && wishes.acl {
        text.push_str(&format!("plugin_use {ACL}\n"));
    }
    if kind.is_tls() {
        text.push_str(&tls(wishes, *kind));
    }
    text
}

fn title(listener: &Listener) -> String {
    let what = match listener.kind {
        Kind::Plain => "MQTT in clear",
        Kind::Tls => "MQTT over TLS 1.2 or newer",
        Kind::Ws => "MQTT in websockets, in clear",
        Kind::Wss => "MQTT in websockets over TLS 1.2 or newer",
    };
    if listener.kind == Kind::Plain && listener.is_for_containers() {
        return format!("{what}, for the other containers of its network: {NOT_PUBLISHED}");
    }
    match listener.is_loopback() {
        true => format!("{what}, for this machine alone (inside of a container: for that container)."),
        false => format!("{what}."),
    }
}

fn tls(wishes: &Wishes, kind: Kind) -> String {
    let mut text = format!("tls_version tlsv1.2\ncertfile {}\nkeyfile {}\n", wishes.cert(), wishes.key());
    if !wishes.profile.asks_certificate() {
        return text
            + match wishes.profile {
                Profile::Dev => "# Clients show no certificate.\n",
                _ => "# Clients show no certificate; the password alone tells who they are.\n",
            };
    }
    text.push_str("# A client shows a certificate of an authority in cafile that crlfile does not revoke.\n");
    if kind.is_websockets() && !wishes.is_for_21() {
        text.push_str(
            "# Mosquitto 2.0 does not look into crlfile here: it lets revoked certificates in, and a reload can end it.\n",
        );
    }
    text.push_str(&format!("cafile {}\ncrlfile {}\nrequire_certificate true\n", broker::TRUST, broker::CRL));
    if wishes.profile == Profile::Cert {
        text.push_str(
            "# Its common name is the user name and the client id, whatever the client says.\n\
             use_identity_as_username true\nuse_username_as_clientid true\n",
        );
    }
    text
}
