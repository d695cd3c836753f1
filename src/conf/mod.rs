//! `mosquitto.conf` and `docker-compose.yml`: what mqsec writes, and what it reads of a file that is there.

pub mod compose;
mod settings;

use clap::ValueEnum;

pub use settings::Settings;

use crate::workspace::layout;
use crate::workspace::layout::broker;

pub const DEFAULT_PORT: u16 = 8883;

/// What the broker asks of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// A client certificate and a password
    #[default]
    #[value(name = "password+cert")]
    PasswordAndCert,
    /// A password; TLS without client certificates
    #[value(name = "password")]
    Password,
}

/// A configuration that runs unchanged on Mosquitto 2.0 and 2.1, in the stock container and outside of it.
///
/// Paths are relative: the broker starts in the workspace, which is `/mosquitto` in the container. Only options that no
/// version warns about are used; limits are global because 2.0 resets those of a listener at each SIGHUP.
pub fn render(profile: Profile, port: u16) -> String {
    let (conf, passwd, log, data) = (layout::CONF, layout::PASSWD, layout::LOG, layout::DATA_DIR);
    let (cert, key) = (broker::CERT, broker::KEY);
    let clients = match profile {
        Profile::PasswordAndCert => format!(
            "# A client shows a certificate of an authority in cafile that crlfile does not revoke.\n\
             cafile {}\ncrlfile {}\nrequire_certificate true\n",
            broker::TRUST,
            broker::CRL
        ),
        Profile::Password => "# Clients show no certificate; the password alone tells who they are.\n".to_owned(),
    };
    format!(
        "\
# {conf}, written by mqsec. Paths are relative to the folder in which the broker starts
# (/mosquitto in the container). A comment needs a line of its own: behind a path it would be part of it.

# Who may connect: users of the password file, nobody else.
allow_anonymous false
password_file {passwd}

# A small answer leaves at once; without this the first round trip takes 40 ms.
set_tcp_nodelay true

# Limits, so that one client cannot fill the memory or the disk.
max_packet_size 1048576
max_queued_messages 1000
max_queued_bytes 16777216
max_inflight_messages 20
persistent_client_expiration 30d

# Sessions and retained messages survive a restart.
persistence true
persistence_location {data}
autosave_interval 300

log_dest stdout
log_dest file {log}
log_type error
log_type warning
log_type notice
log_type information
log_timestamp true
log_timestamp_format %Y-%m-%dT%H:%M:%S

# MQTT over TLS 1.2 or newer.
listener {port}
tls_version tlsv1.2
certfile {cert}
keyfile {key}
{clients}"
    )
}

/// What mqsec needs to know of a configuration that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    pub port: u16,
    pub address: Option<String>,
    pub tls: bool,
    pub require_certificate: bool,
    pub websockets: bool,
}

/// The listeners of a configuration, as the broker reads it: only spaces separate, `#` is a comment in column 1.
pub fn listeners(text: &str) -> Vec<Listener> {
    let mut found: Vec<Listener> = Vec::new();
    for line in text.lines() {
        let line = line.trim_matches(' ');
        if line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        let value = value.trim_matches(' ');
        if key == "listener" {
            let mut parts = value.split_ascii_whitespace();
            if let Some(port) = parts.next().and_then(|port| port.parse().ok()) {
                let address = parts.next().map(str::to_owned);
                found.push(Listener { port, address, tls: false, require_certificate: false, websockets: false });
            }
        }
        let Some(listener) = found.last_mut() else { continue };
        match key {
            "certfile" => listener.tls = true,
            "require_certificate" => listener.require_certificate = matches!(value, "true" | "1"),
            "protocol" => listener.websockets = value == "websockets",
            _ => {}
        }
    }
    found
}

/// The listener that mqsec talks to: the first one with MQTT over TLS.
pub fn main_listener(text: &str) -> Option<Listener> {
    listeners(text).into_iter().find(|listener| listener.tls && !listener.websockets)
}

/// Where the logs go, when the configuration names a file.
pub fn log_file(text: &str) -> Option<String> {
    text.lines()
        .find_map(|line| line.trim_matches(' ').strip_prefix("log_dest file ").map(|path| path.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for (profile, require) in [(Profile::PasswordAndCert, true), (Profile::Password, false)] {
            let text = render(profile, 18883);
            let listener = main_listener(&text).unwrap();
            assert_eq!((listener.port, listener.require_certificate), (18883, require));
            assert_eq!(log_file(&text).as_deref(), Some(layout::LOG));
        }
    }

    #[test]
    fn other_files_are_read_as_the_broker_reads_them() {
        let text = "listener 1883 127.0.0.1\n#listener 9\n  listener 9001\nprotocol websockets\ncertfile x\nlistener 8883\ncertfile a\nkeyfile b\nrequire_certificate true # yes\n";
        let all = listeners(text);
        assert_eq!(all.iter().map(|l| l.port).collect::<Vec<_>>(), [1883, 9001, 8883]);
        assert_eq!(all[0].address.as_deref(), Some("127.0.0.1"));
        assert_eq!(main_listener(text).map(|l| l.port), Some(8883));
        assert_eq!(main_listener("listener 1883\n"), None);
    }
}
