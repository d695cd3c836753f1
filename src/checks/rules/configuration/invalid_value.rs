//! A value that the broker does not take.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::reading::What;

pub(super) const RULE: Rule = Rule {
    id: "conf-invalid-value",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "an option has a value that the broker does not take",
    why: "The broker does not start (exit status 3). Numbers are read differently: 2.0 takes `10k` for 10 and words \
          for 0, 2.1 refuses them.",
    fix: "mend the value; `mqsec explain OPTION` tells what it takes",
    source: "the ranges of conf.c, measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[
        Example {
            name: "yes instead of true",
            changes: &[C::Replace("config/mosquitto.conf", "allow_anonymous false", "allow_anonymous no")],
        },
        Example {
            name: "a packet that is too small",
            changes: &[C::Replace("config/mosquitto.conf", "max_packet_size 1048576", "max_packet_size 5")],
        },
        Example {
            name: "a number with a letter, for 2.1",
            changes: &[C::Replace("config/mosquitto.conf", "max_queued_messages 1000", "max_queued_messages 10k")],
        },
        Example {
            name: "an unknown kind of log",
            changes: &[C::Append("config/mosquitto.conf", "log_type verbose\n")],
        },
    ],
    quiet: &[Example {
        name: "a comment behind a number is not read",
        changes: &[C::Replace("config/mosquitto.conf", "max_queued_messages 1000", "max_queued_messages 10 # ten")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (series, problem) in super::problems(subject) {
        let wrong = match &problem.what {
            // the equals sign has a rule of its own
            What::NotANumber { given, .. } => given != "=",
            What::Empty { .. } => problem.fatal,
            What::NotABool { .. }
            | What::OutOfRange { .. }
            | What::NotADuration { .. }
            | What::NoChoice { .. }
            | What::NotUtf8 { .. }
            | What::TooLong { .. }
            | What::MountPoint { .. }
            | What::NotHex { .. }
            | What::SocketWithoutPath
            | What::Unresolved { .. }
            | What::PluginOptionName { .. } => true,
            _ => false,
        };
        if wrong {
            let message = format!("{} (Mosquitto {series})", problem.what);
            super::at(subject, found, &problem.place, message)
                .hint("mend the value; mqsec explain OPTION tells what it takes");
        }
    }
}
