//! Rules of the topic `DynamicSecurity`, a file each.

mod beside_files;
mod broken_password;
mod default_open;
mod demo_client;
mod file_corrupt;
mod file_missing;
mod folder_not_writable;
mod name_unknown;
mod no_admin;
mod password_form;
mod substitution;
mod without_file;

use std::sync::Arc;

use crate::checks::Change;
use crate::checks::Finding;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Subject;
use crate::dynsec;
use crate::dynsec::Places;
use crate::dynsec::Use;
use crate::dynsec::lint::Problem;

pub const RULES: &[&Rule] = &[
    &file_missing::RULE,
    &file_corrupt::RULE,
    &folder_not_writable::RULE,
    &without_file::RULE,
    &beside_files::RULE,
    &no_admin::RULE,
    &default_open::RULE,
    &demo_client::RULE,
    &name_unknown::RULE,
    &broken_password::RULE,
    &password_form::RULE,
    &substitution::RULE,
];

/// The configuration's path and text, and where it loads the plugin.
fn loaded(subject: &Subject) -> Option<(&str, &str, Vec<Use>)> {
    let path = subject.conf_path();
    let text = subject.folder.text(path)?;
    let uses = dynsec::uses(text);
    (!uses.is_empty()).then_some((path, text, uses))
}

/// A plugin's file that the configuration names.
struct Named {
    /// The line that names it.
    line: usize,
    /// In the folder.
    path: String,
}

fn files(subject: &Subject) -> Vec<Named> {
    let uses = loaded(subject).map(|(.., uses)| uses).unwrap_or_default();
    let files = uses.into_iter().filter_map(|found| found.file);
    files.map(|(line, named)| Named { line, path: subject.resolve(&named) }).collect()
}

/// What is wrong with each file that can be read, with its path and where its parts stand.
fn problems(subject: &Subject) -> Vec<(String, Arc<Places>, Problem)> {
    let mut found = Vec::new();
    for Named { path, .. } in files(subject) {
        let Some(file) = subject.dynsec(&path) else { continue };
        let problems = file.problems.iter().flatten().cloned();
        found.extend(problems.map(|problem| (path.clone(), Arc::clone(&file.places), problem)));
    }
    found
}

/// A finding where a value stands, or about the file where it is not found.
fn at<'f>(
    found: &'f mut Found<'_>,
    path: &str,
    places: &Places,
    (key, value): (&str, &str),
    message: String,
) -> &'f mut Finding {
    match places.value(key, value) {
        Some((line, column)) => found.at(path, line, column, message),
        None => found.file(path, message),
    }
}

const CONF: &str = crate::workspace::layout::CONF;
const FILE: &str = crate::workspace::layout::DYNSEC;
/// What an example appends to the configuration to load the plugin beside what is there.
const PLUGIN_LINES: &str =
    "\nplugin /usr/lib/mosquitto_dynamic_security.so\nplugin_opt_config_file data/dynamic-security.json\n";
/// What an example does to load the plugin in the place of password file and ACL.
const LOAD: Change = Change::With(load);
const GOOD_FILE: Change = Change::Write(FILE, GOOD);

fn load(subject: &mut Subject) {
    let text = subject.folder.text(CONF).unwrap_or_default().to_owned();
    let text = dynsec::with_plugin(&text, "/usr/lib/mosquitto_dynamic_security.so", FILE);
    if let Some(file) = subject.folder.file_mut(CONF) {
        file.bytes = Some(text.into_bytes());
    }
}

/// A file in which nothing is wrong: an admin who can log in, and a client.
const GOOD: &str = r##"{
  "defaultACLAccess": {"publishClientSend": false, "publishClientReceive": false, "subscribe": false, "unsubscribe": true},
  "clients": [
    {"username": "admin", "password": "mE1WdCbrVlhO7xxEE8N2hdawlP20N+z3E6LTSD5vhGvFXTaUJPtlZgd3km/ByXe0l6Bkk4z0RNAFh5g3imDPwg==", "salt": "uqlEjUl/QvvS6PRi", "iterations": 101, "roles": [{"rolename": "admin"}]},
    {"username": "bob", "password": "mE1WdCbrVlhO7xxEE8N2hdawlP20N+z3E6LTSD5vhGvFXTaUJPtlZgd3km/ByXe0l6Bkk4z0RNAFh5g3imDPwg==", "salt": "uqlEjUl/QvvS6PRi", "iterations": 101, "roles": [{"rolename": "read"}]}
  ],
  "groups": [{"groupname": "everyone", "roles": [{"rolename": "read"}], "clients": [{"username": "bob"}]}],
  "roles": [
    {"rolename": "admin", "acls": [{"acltype": "publishClientSend", "topic": "$CONTROL/dynamic-security/#", "allow": true}]},
    {"rolename": "read", "acls": [{"acltype": "subscribePattern", "topic": "a/#", "allow": true}]}
  ]
}
"##;
