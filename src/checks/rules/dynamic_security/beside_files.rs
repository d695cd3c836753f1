//! Two systems that both have to agree.

use super::CONF;
use super::GOOD_FILE;
use super::LOAD;
use super::PLUGIN_LINES;
use super::loaded;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::dynsec;

pub(super) const RULE: Rule = Rule {
    id: "dynsec-beside-files",
    topic: Topic::DynamicSecurity,
    severity: Severity::Error,
    title: "a password file or an ACL stands beside the dynamic security plugin",
    why: "The broker asks the file first, and its no is final: clients of the plugin that the file does not know are \
          refused, and a file that was moved away (`Unable to open pwfile`) keeps the broker from starting.",
    fix: "Take `password_file` and `acl_file` out of the configuration; `mqsec dynsec import` brings what they hold into \
          the plugin's file and does that.",
    source: "https://github.com/eclipse-mosquitto/mosquitto/issues/2727; measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[Example {
        name: "the password file was left in",
        changes: &[Change::Append(CONF, PLUGIN_LINES), GOOD_FILE],
    }],
    quiet: &[
        Example { name: "they went out", changes: &[LOAD, GOOD_FILE] },
        Example {
            name: "it is a comment",
            changes: &[LOAD, GOOD_FILE, Change::Append(CONF, "\n#password_file config/mosquitto.passwd\n")],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some((path, text, _)) = loaded(subject) else { return };
    // with `per_listener_settings` one listener can have the files and another the plugin
    if dynsec::is_per_listener(text) {
        return;
    }
    for (line, key, value) in dynsec::beside(text) {
        let message = format!("`{key} {value}` beside the dynamic security plugin: both have to agree to each answer");
        found.at(path, line, 1, message).hint("mqsec dynsec import");
    }
}
