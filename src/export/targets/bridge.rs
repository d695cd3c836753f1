//! `bridge`: the bridge section for another Mosquitto.
//!
//! The options and their order are those of `mqsec bridge add`: see `crate::bridge`.

use super::material;
use crate::error::Plain;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::File;
use crate::export::Options;
use crate::export::Target;
use crate::export::write;

pub(in crate::export) fn bundle(device: &Device<'_>, options: &Options) -> Result<Bundle, Plain> {
    device.key(Target::Bridge)?;
    let material::Names { key, certificate, .. } = material::names(device);
    let text = zeroize::Zeroizing::new(section(device, options)?);
    let mut files = material::files(device);
    files.push(File::secret("bridge.conf", text.as_bytes()));
    let place = options.place.as_deref().unwrap_or("the folder that it is started in");
    let mut notes = vec![
        "On the other Mosquitto's machine: copy `bridge.conf` into a folder that its mosquitto.conf names with include_dir \
         (Debian: /etc/mosquitto/conf.d), or append it to mosquitto.conf."
            .to_owned(),
        format!(
            "It names its certificates in {place}: put `ca.crt`, `{certificate}` and `{key}` there, or export it again \
             with --place DIR. Key and bridge.conf must be readable by the broker's user and by nobody else."
        ),
        "Then restart that broker: a reload does not start a bridge.".to_owned(),
    ];
    if device.topic.is_none() {
        notes.push("Nothing crosses until a topic line in `bridge.conf` says what.".to_owned());
    }
    let test = material::test(device);
    Ok(Bundle { files, notes, warnings: Vec::new(), test: Some(test) })
}

fn section(device: &Device<'_>, options: &Options) -> Result<String, Plain> {
    let name = device.name;
    let broker = device.broker;
    let connection = write::identifier(name);
    let login = match device.user {
        Some(user) => format!(
            "remote_username {}\nremote_password {}\n",
            value("user name", user)?,
            value("password", device.password_text())?
        ),
        None => String::new(),
    };
    let topics = match device.topic {
        Some(topic) if !topic.contains([' ', '\t', '"']) => format!("topic {} out 1\n", value("topic", topic)?),
        _ => "#topic sensors/# out 1\n#topic commands/# in 1\n".to_owned(),
    };
    let names = material::names(device);
    Ok(format!(
        "\
# The bridge of `{shown}` to {host}, made by mqsec. It may hold a password: keep it mode 0600.
connection {connection}
address {address}:{port}

# Who this broker is over there. The client id is fixed, so that the session is found again.
remote_clientid {client_id}
{login}
# TLS, which only bridge_cafile switches on, with the other broker's name compared; never bridge_insecure.
bridge_cafile {ca}
bridge_certfile {cert}
bridge_keyfile {key}

# 3.1.1, with the bit by which a broker knows a bridge and sends nothing back to it.
bridge_protocol_version mqttv311
try_private true
# What is not delivered yet waits for the connection.
cleansession false
restart_timeout 5 60
# The state is told here alone: over there it would need a right of its own.
notifications true
notifications_local_only true

# What crosses: topic PATTERN [out|in|both] [QOS] [LOCAL-PREFIX] [REMOTE-PREFIX]; out goes there, in comes here. Whole
# trees in both directions (# both) make circles and need every right over there.
{topics}",
        shown = crate::error::printable(name),
        host = broker.host,
        address = broker.host, // IPv6 too without brackets: the port stands behind the last colon
        port = broker.port,
        client_id = value("client id", name)?,
        ca = value("path", &options.in_place("ca.crt"))?,
        cert = value("path", &options.in_place(&names.certificate))?,
        key = value("path", &options.in_place(&names.key))?,
    ))
}

/// A value as the broker reads it back: blanks at the ends are cut off, a line ends at its end.
fn value<'a>(what: &str, text: &'a str) -> Result<&'a str, Plain> {
    if text.is_empty() || text.trim() != text || text.chars().any(char::is_control) {
        return Err(Plain::no("export-unfit", format!("the {what} cannot stand in a line of mosquitto.conf"))
            .detail("it is empty, has a space at an end, or a control character")
            .hint("change it: mqsec passwd set USER"));
    }
    Ok(text)
}
