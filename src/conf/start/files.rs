//! The files that are opened before any listener: database, plugins, passwords, ACL, shared keys.

use super::Cause;
use super::INVALID;
use super::Machine;
use super::Stop;
use super::UNKNOWN;
use super::Unreadable;
use super::Why;
use crate::acl;
use crate::conf::reading::Options;
use crate::conf::reading::Place;
use crate::conf::reading::Plugin;
use crate::conf::reading::Reading;
use crate::conf::reading::Value;
use crate::passwd;
use crate::series::Series;

/// What Mosquitto's database begins with (persist.h).
const MAGIC: &[u8] = b"\x00\xb5\x00mosquitto db";

pub(super) fn database(reading: &Reading, machine: &dyn Machine) -> Result<(), Box<Stop>> {
    if !reading.global.is_true("persistence") {
        return Ok(());
    }
    let name = reading.global.text("persistence_file").unwrap_or("mosquitto.db");
    let path = match reading.global.text("persistence_location") {
        Some(folder) => format!("{folder}/{name}"),
        None => name.to_owned(),
    };
    // one that cannot be opened is taken for none, and an empty one for empty
    match machine.read(&path) {
        Ok(bytes) if !bytes.is_empty() && !bytes.starts_with(MAGIC) => {
            let place = reading.global.last("persistence").map(|value| value.place.clone()).unwrap_or_default();
            Err(Stop::new(Cause::Database { path }, &place, 1))
        }
        _ => Ok(()),
    }
}

/// A function that the plugins of 2.1 call and 2.0 does not have.
const OF_21: &[u8] = b"mosquitto_plugin_set_info";

pub(super) fn plugins(reading: &Reading, machine: &dyn Machine) -> Result<(), Box<Stop>> {
    let old = reading.series == Series::V20;
    let mut unused = None;
    for (at, plugin) in reading.plugins.iter().enumerate() {
        let in_use = plugin.by != "plugin_load"
            || reading.listeners.iter().chain(&reading.unopened).any(|listener| listener.plugins.contains(&at));
        if !in_use {
            unused = unused.or(Some(plugin));
            continue;
        }
        let fails = |why: Why| Stop::new(Cause::Plugin { path: plugin.path.clone(), why }, &plugin.place, UNKNOWN);
        if !plugin.path.contains('/') {
            let words = "a name without `/` is looked for among the system's libraries, not here";
            return Err(fails(Why::Holds(words.to_owned())));
        }
        match machine.read(&plugin.path) {
            Err(why) => return Err(fails(Why::Unreadable(why))),
            Ok(bytes) if !bytes.starts_with(b"\x7fELF") => {
                return Err(fails(Why::Holds("it is no shared library".to_owned())));
            }
            Ok(bytes) if old && bytes.windows(OF_21.len()).any(|part| part == OF_21) => {
                return Err(fails(Why::Holds("it is made for 2.1".to_owned())));
            }
            Ok(_) if !old => known_plugin(reading, plugin, machine)?,
            Ok(_) => {}
        }
    }
    // it is never loaded, so it has no version, and that ends the start (seen on 2.1.2)
    match unused {
        Some(plugin) => {
            let name = plugin.name.clone().unwrap_or_default();
            Err(Stop::new(Cause::PluginUnused { name }, &plugin.place, INVALID))
        }
        None => Ok(()),
    }
}

/// What the plugins that come with 2.1 make of their options.
fn known_plugin(reading: &Reading, plugin: &Plugin, machine: &dyn Machine) -> Result<(), Box<Stop>> {
    let own = match plugin.file_stem() {
        "mosquitto_password_file" => "password_file",
        "mosquitto_acl_file" => "acl_file",
        "mosquitto_persist_sqlite" if reading.global.is_true("persistence") => {
            return Err(Stop::new(Cause::PersistedTwice, &plugin.place, INVALID));
        }
        _ => return Ok(()),
    };
    for (key, value) in plugin.options.iter() {
        let key = key.trim_start_matches("plugin_opt_");
        if key != own {
            let cause = Cause::PluginOption { plugin: plugin.path.clone(), key: key.to_owned() };
            return Err(Stop::new(cause, &value.place, INVALID));
        }
    }
    match plugin.option(own) {
        Some(value) if own == "password_file" => passwords(value, reading.series, machine),
        Some(value) => access(value, reading.series, machine),
        None if own == "acl_file" => Ok(()),
        None => Err(Stop::new(
            Cause::Plugin { path: plugin.path.clone(), why: Why::Holds(format!("it has no `plugin_opt_{own}`")) },
            &plugin.place,
            UNKNOWN,
        )),
    }
}

/// Passwords, then ACL, then shared keys, each for all listeners (20:security_default.c:62, 21:security_default.c:32).
pub(super) fn security(reading: &Reading, machine: &dyn Machine) -> Result<(), Box<Stop>> {
    let groups: Vec<&Options> = if reading.per_listener_settings {
        reading.listeners.iter().chain(&reading.unopened).map(|listener| &listener.options).collect()
    } else {
        vec![&reading.global]
    };
    let named = |key: &'static str| groups.iter().filter_map(move |options| options.last(key));
    for value in named("password_file") {
        passwords(value, reading.series, machine)?;
    }
    for value in named("acl_file") {
        access(value, reading.series, machine)?;
    }
    for value in named("psk_file") {
        shared_keys(value, reading.series, machine)?;
    }
    Ok(())
}

/// A file that only the broker should read: 2.1 follows no link to it.
fn contents(key: &'static str, value: &Value, series: Series, machine: &dyn Machine) -> Result<Vec<u8>, Box<Stop>> {
    let path = &value.text;
    let why = if series != Series::V20 && machine.is_link(path) {
        Some(Why::Link)
    } else if machine.is_folder(path) {
        Some(Why::Unreadable(Unreadable::NoFile))
    } else {
        None
    };
    let found = match why {
        Some(why) => Err(why),
        None => machine.read(path).map_err(Why::Unreadable),
    };
    found.map_err(|why| Stop::new(Cause::File { key, path: path.clone(), why }, &value.place, UNKNOWN))
}

fn in_line(key: &'static str, path: &str, line: usize, column: usize, words: String) -> Box<Stop> {
    let place = Place { path: path.to_owned(), line, column };
    Stop::new(Cause::Line { key, path: path.to_owned(), words }, &place, INVALID)
}

fn passwords(value: &Value, series: Series, machine: &dyn Machine) -> Result<(), Box<Stop>> {
    let bytes = contents("password_file", value, series, machine)?;
    match passwd::read(&bytes, series).stop {
        Some(stop) => Err(in_line("password_file", &value.text, stop.line, stop.column, stop.what.to_string())),
        None => Ok(()),
    }
}

fn access(value: &Value, series: Series, machine: &dyn Machine) -> Result<(), Box<Stop>> {
    let bytes = contents("acl_file", value, series, machine)?;
    match acl::Document::parse(&bytes).reading(series).stop {
        Some((line, column, stop)) => Err(in_line("acl_file", &value.text, line, column, stop.words(&value.text))),
        None => Ok(()),
    }
}

/// `identity:key` in hexadecimal; what has no colon is read over.
fn shared_keys(value: &Value, series: Series, machine: &dyn Machine) -> Result<(), Box<Stop>> {
    let bytes = contents("psk_file", value, series, machine)?;
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.starts_with(b"#")) {
        if !line.contains(&b':') {
            continue;
        }
        let mut fields = line.split(|byte| *byte == b':').filter(|field| !field.is_empty());
        let key = fields.nth(1).unwrap_or_default().trim_ascii();
        if !key.iter().all(u8::is_ascii_hexdigit) {
            let words = "the key is no hexadecimal number".to_owned();
            return Err(in_line("psk_file", &value.text, at + 1, 1, words));
        }
    }
    Ok(())
}
