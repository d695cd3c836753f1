//! `mosquitto`: an options file for mosquitto_pub and mosquitto_sub.
//!
//! Both read `$XDG_CONFIG_HOME/PROGRAM` (or `~/.config/PROGRAM`), an option a line: the word up to the first blank is the
//! option, all behind it is the value, without quotes. 2.1 alone has `-o FILE` too. A line of 1024 bytes is cut.

use super::material;
use crate::error::Plain;
use crate::error::shell_word;
use crate::export::Bundle;
use crate::export::Device;
use crate::export::File;
use crate::export::Options;
use crate::export::Target;

const LONGEST: usize = 1000;

pub(in crate::export) fn bundle(device: &Device<'_>, options: &Options) -> Result<Bundle, Plain> {
    device.key(Target::Mosquitto)?;
    let material::Names { key, certificate, .. } = material::names(device);
    let text = zeroize::Zeroizing::new(lines(device, options)?);
    let mut files = material::files(device);
    for program in ["mosquitto_pub", "mosquitto_sub"] {
        files.push(File::secret(program, text.as_bytes()));
    }
    let topic = shell_word(&device.example_topic());
    let notes = vec![
        "The programs find their options in the folder that XDG_CONFIG_HOME names: export XDG_CONFIG_HOME=\"$PWD\" here, \
         or copy `mosquitto_pub` and `mosquitto_sub` into ~/.config/ for good."
            .to_owned(),
        match &options.place {
            Some(place) => format!("They name `ca.crt`, `{certificate}` and `{key}` in {place}."),
            None => format!("They name `ca.crt`, `{certificate}` and `{key}` in the current folder."),
        },
        "Then: mosquitto_sub -t TOPIC, mosquitto_pub -t TOPIC -m MESSAGE. From 2.1 on also: mosquitto_sub -o \
         mosquitto_sub -t TOPIC."
            .to_owned(),
    ];
    let test = format!("XDG_CONFIG_HOME=\"$PWD\" mosquitto_pub -t {topic} -m hello -q 1");
    Ok(Bundle { files, notes, warnings: Vec::new(), test: Some(test) })
}

fn lines(device: &Device<'_>, options: &Options) -> Result<String, Plain> {
    let (names, broker) = (material::names(device), device.broker);
    let mut all = vec![
        ("-h", broker.host.clone()),
        ("-p", broker.port.to_string()),
        ("--cafile", options.in_place("ca.crt")),
        ("--cert", options.in_place(&names.certificate)),
        ("--key", options.in_place(&names.key)),
    ];
    if let Some(user) = device.user {
        all.push(("-u", user.to_owned()));
        all.push(("-P", device.password_text().to_owned()));
    }
    let mut text = String::from("# Made by mqsec; it may hold a password: keep it mode 0600.\n");
    for (option, value) in all {
        // a longer line is cut, and a value that begins with a blank loses it
        if value.len() > LONGEST || value.starts_with(' ') || value.is_empty() || value.contains(['\n', '\r', '\0']) {
            let what = if option == "-P" { "password" } else { option };
            return Err(Plain::no("export-unfit", format!("an options file of mosquitto_pub cannot hold the {what}"))
                .detail("it is empty, begins with a space, has a line break, or more than 1000 bytes")
                .hint("the files alone: mqsec export NAME --for pem"));
        }
        text.push_str(&format!("{option} {value}\n"));
    }
    Ok(text)
}
