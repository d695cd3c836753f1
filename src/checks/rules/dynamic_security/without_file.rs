//! The plugin without its option does nothing.

use super::CONF;
use super::GOOD_FILE;
use super::LOAD;
use super::loaded;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "dynsec-file-unnamed",
    topic: Topic::DynamicSecurity,
    severity: Severity::Error,
    title: "the dynamic security plugin is loaded without a file",
    why: "The plugin is there and decides nothing. With `allow_anonymous false` and no password file nobody gets in; with \
          `allow_anonymous true` everybody may do everything.",
    fix: "Write `plugin_opt_config_file data/dynamic-security.json` in the line below the plugin's.",
    source: "measured on 2.0.21 and 2.1.2; plugin's plugin.c: without `config_file` no callback is registered",
    check,
    mend: None,
    fires: &[Example {
        name: "the option was forgotten",
        changes: &[LOAD, Change::Replace(CONF, "\nplugin_opt_config_file data/dynamic-security.json\n", "\n")],
    }],
    quiet: &[Example { name: "the option follows", changes: &[LOAD, GOOD_FILE] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some((path, _, uses)) = loaded(subject) else { return };
    for plugin in uses.into_iter().filter(|plugin| plugin.file.is_none()) {
        let message = "the plugin has no `plugin_opt_config_file`, and decides nothing";
        found.at(path, plugin.line, 1, message).hint("plugin_opt_config_file data/dynamic-security.json");
    }
}
