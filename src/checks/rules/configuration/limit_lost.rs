//! Limits that 2.0 forgets at each reload.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::keyword::Effect;
use crate::conf::keyword::keyword;
use crate::series::Series;

pub(super) const RULE: Rule = Rule {
    id: "conf-limit-lost",
    topic: Topic::Configuration,
    severity: Severity::Warning,
    title: "Mosquitto 2.0 forgets a listener's limit at every reload",
    why: "Each SIGHUP sets `max_connections`, `max_qos` and `max_topic_alias` of every listener back to their \
          defaults, and the lines are not read again: after the first renewed certificate there is no limit any more.",
    fix: "use the global limits (`max_packet_size`, `max_queued_messages`), or 2.1, which has \
          `global_max_connections`, too",
    source: "a limit of 2 let in 5 clients after a reload, measured on 2.0.11 and 2.0.21",
    check,
    mend: None,
    fires: &[Example {
        name: "max_connections",
        changes: &[C::Append("config/mosquitto.conf", "max_connections 100\n")],
    }],
    quiet: &[Example {
        name: "for 2.1 alone",
        changes: &[
            C::With(|s| s.targets = vec![Series::V21]),
            C::Append("config/mosquitto.conf", "max_connections 100\n"),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(reading) = subject.reading(Series::V20).filter(|_| subject.targets(Series::V20)) else { return };
    for listener in &reading.listeners {
        for (key, value) in listener.options.iter() {
            let default = keyword(key).map_or("", |known| known.default);
            let lost = keyword(key).is_some_and(|known| known.reload.v20 == Effect::Reset) && value.text != default;
            if lost {
                let message =
                    format!("`{key} {}` of port {} is gone after the first reload of 2.0", value.text, listener.port);
                super::at(subject, found, &value.place, message).hint("restart instead of reloading, or use 2.1");
            }
        }
    }
}
