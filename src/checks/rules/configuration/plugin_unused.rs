//! A plugin that is loaded for nobody.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::series::Series;

pub(super) const RULE: Rule = Rule {
    id: "conf-plugin-unused",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "a plugin is loaded by `plugin_load` and used by no listener",
    why: "2.1 does not load it after all, and then ends with exit status 3 and without a single word of why.",
    fix: "add `plugin_use NAME` below a listener, or take `plugin_load` out",
    source: "measured on 2.1.2: mosquitto_security_init finds a plugin without a version",
    check,
    mend: None,
    fires: &[Example {
        name: "nobody uses it",
        changes: &[
            C::With(|s| s.targets = vec![Series::V21]),
            C::Replace(
                "config/mosquitto.conf",
                "allow_anonymous false",
                "plugin_load one /usr/lib/x.so\nallow_anonymous false",
            ),
        ],
    }],
    quiet: &[Example {
        name: "a listener uses it",
        changes: &[
            C::With(|s| s.targets = vec![Series::V21]),
            C::Replace(
                "config/mosquitto.conf",
                "allow_anonymous false",
                "plugin_load one /usr/lib/x.so\nallow_anonymous false",
            ),
            C::Append("config/mosquitto.conf", "plugin_use one\n"),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(reading) = subject.reading(Series::V21).filter(|_| subject.targets(Series::V21)) else { return };
    for (at, plugin) in reading.plugins.iter().enumerate().filter(|(_, plugin)| plugin.by == "plugin_load") {
        if !reading.listeners.iter().any(|listener| listener.plugins.contains(&at)) {
            let name = plugin.name.as_deref().unwrap_or_default();
            let message = format!("no listener uses the plugin `{name}`, and 2.1 ends because of it");
            super::at(subject, found, &plugin.place, message).hint(format!("add below a listener: plugin_use {name}"));
        }
    }
}
