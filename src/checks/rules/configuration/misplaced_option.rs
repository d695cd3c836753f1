//! An option above what it belongs to.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::reading::What;

pub(super) const RULE: Rule = Rule {
    id: "conf-misplaced-option",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "an option stands above the listener, the plugin or the setting that it belongs to",
    why: "An option of a listener belongs to the last `listener` above it, one of a plugin to the last plugin, and \
          `per_listener_settings` must stand above everything that it changes the meaning of. The broker does not \
          start.",
    fix: "move the line down, below the line that it is for; `per_listener_settings` to the top",
    source: "measured on 2.0.21 and 2.1.2; the REQUIRE macros of 2.1's conf.c",
    check,
    mend: None,
    fires: &[
        Example {
            name: "cafile above the listener, for 2.1",
            changes: &[
                C::With(|s| s.targets = vec![crate::series::Series::V21]),
                C::Replace(
                    "config/mosquitto.conf",
                    "allow_anonymous false",
                    "cafile certs/broker/ca.crt\nallow_anonymous false",
                ),
            ],
        },
        Example {
            name: "an option without its plugin",
            changes: &[C::Append("config/mosquitto.conf", "plugin_opt_config_file x\n")],
        },
        Example {
            name: "per_listener_settings at the end",
            changes: &[C::Append("config/mosquitto.conf", "per_listener_settings true\n")],
        },
    ],
    quiet: &[Example {
        name: "an option below its listener",
        changes: &[C::Append("config/mosquitto.conf", "max_topic_alias 5\n")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (series, problem) in super::problems(subject) {
        let misplaced = matches!(
            problem.what,
            What::NeedsListener { .. }
                | What::NeedsPlugin { .. }
                | What::PluginUnknown { .. }
                | What::PerListenerLate
                | What::IncludeNested
        );
        if misplaced && problem.fatal {
            let message = format!("{}: Mosquitto {series} does not start", problem.what);
            super::at(subject, found, &problem.place, message).hint(match problem.what {
                What::IncludeNested => "take the line out; and keep the configuration itself out of the folder",
                What::PerListenerLate => "move the line to the top of the file",
                _ => "move the line below the one that it is for",
            });
        }
    }
}
