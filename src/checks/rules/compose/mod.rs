//! Rules of the topic `Compose`, a file each.

mod authority_key;
mod cap_drop_root;
mod conf_not_mounted;
mod file_mount;
mod hardening;
mod health_password;
mod host_network;
mod login_variables;
mod no_data;
mod path_not_mounted;
mod plain_port;
mod ports;
mod privileged;
mod puid;
mod root;
mod source_missing;
mod syntax;
mod tag_floats;
mod tag_unknown;

use crate::checks::Rule;
use crate::checks::Subject;
use crate::workspace::layout;

pub const RULES: &[&Rule] = &[
    &syntax::RULE,
    &conf_not_mounted::RULE,
    &path_not_mounted::RULE,
    &tag_unknown::RULE,
    &cap_drop_root::RULE,
    &authority_key::RULE,
    &root::RULE,
    &privileged::RULE,
    &plain_port::RULE,
    &ports::RULE,
    &file_mount::RULE,
    &source_missing::RULE,
    &no_data::RULE,
    &tag_floats::RULE,
    &puid::RULE,
    &login_variables::RULE,
    &health_password::RULE,
    &host_network::RULE,
    &hardening::RULE,
];

/// The tag of a stock image; an image without one is `latest`. None for a digest, and for other images.
fn stock_tag(image: &str) -> Option<&str> {
    let rest = ["docker.io/library/", "docker.io/", "library/"]
        .iter()
        .find_map(|start| image.strip_prefix(start))
        .unwrap_or(image);
    match rest.strip_prefix("eclipse-mosquitto")? {
        "" => Some("latest"),
        tag => tag.strip_prefix(':').filter(|tag| !tag.contains('@')),
    }
}

/// A key of the fresh compose file gets another value, for examples.
fn set(subject: &mut Subject, key: &str, value: Option<&str>) {
    let Some(file) = subject.folder.file_mut(layout::COMPOSE) else { return };
    let text = String::from_utf8_lossy(file.bytes.as_deref().unwrap_or_default()).into_owned();
    let start = format!("    {key}: ");
    let lines = text.lines().filter_map(|line| match (line.starts_with(&start), value) {
        (true, Some(value)) => Some(format!("{start}{value}\n")),
        (true, None) => None,
        (false, _) => Some(format!("{line}\n")),
    });
    file.bytes = Some(lines.collect::<String>().into_bytes());
}

fn image(subject: &mut Subject, name: &str) {
    set(subject, "image", Some(name));
}

fn user(subject: &mut Subject, ids: &str) {
    set(subject, "user", Some(&format!("\"{ids}\"")));
}

fn no_user(subject: &mut Subject) {
    set(subject, "user", None);
}

/// Another command in the health check.
fn health(subject: &mut Subject, command: &str) {
    set(subject, "  test", Some(&format!("[\"CMD-SHELL\", \"{command}\"]")));
}

/// The port by which the host publishes the broker's.
fn outer_port(subject: &mut Subject, port: u16) {
    let Some(file) = subject.folder.file_mut(layout::COMPOSE) else { return };
    let text = String::from_utf8_lossy(file.bytes.as_deref().unwrap_or_default()).into_owned();
    file.bytes = Some(text.replacen("      - \"8883:", &format!("      - \"{port}:"), 1).into_bytes());
}
