//! Packets of any size.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::series::Series;

pub(super) const RULE: Rule = Rule {
    id: "conf-no-packet-limit",
    topic: Topic::Configuration,
    severity: Severity::Note,
    title: "Mosquitto 2.0 takes packets of any size",
    why: "Without `max_packet_size` a client may send messages of up to 256 MB, and a few of them fill the memory. \
          2.1 has a limit of 2 MB by itself.",
    fix: "write `max_packet_size 1048576`, or what your messages need",
    source: "measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[Example {
        name: "no limit",
        changes: &[C::Replace("config/mosquitto.conf", "max_packet_size", "#max_packet_size")],
    }],
    quiet: &[Example {
        name: "for 2.1 alone",
        changes: &[
            C::With(|s| s.targets = vec![Series::V21]),
            C::Replace("config/mosquitto.conf", "max_packet_size", "#max_packet_size"),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(reading) = subject.reading(Series::V20).filter(|_| subject.targets(Series::V20)) else { return };
    let limited = reading.global.has("max_packet_size") || reading.global.has("message_size_limit");
    // a file that stops the broker, or serves nobody else, has other troubles
    if !limited && reading.stop.is_none() && !reading.local_only {
        let message = "no `max_packet_size`: Mosquitto 2.0 takes messages of up to 256 MB";
        found.file(subject.conf_path(), message).hint("mqsec conf set max_packet_size 1048576");
    }
}
