//! A listener that others reach, and that does not encrypt.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-plain-listener",
    topic: Topic::Configuration,
    severity: Severity::Warning,
    title: "a listener that other machines reach does not encrypt",
    why: "Everybody on the way reads user names, passwords and messages, and can change them.",
    fix: "give the listener `certfile` and `keyfile`, or bind it to this machine: `listener 1883 127.0.0.1`",
    source: "OASIS MQTT 5.0 §5.4.5",
    check,
    mend: None,
    fires: &[
        Example {
            name: "port 1883 on every address",
            changes: &[C::Append("config/mosquitto.conf", "listener 1883\n")],
        },
        Example {
            name: "an address of the local network",
            changes: &[C::Append("config/mosquitto.conf", "listener 1883 192.168.1.5\n")],
        },
    ],
    quiet: &[
        Example {
            name: "this machine alone",
            changes: &[C::Append("config/mosquitto.conf", "listener 1883 127.0.0.1\n")],
        },
        Example {
            name: "a container, where the compose file decides",
            changes: &[C::Append("config/mosquitto.conf", "listener 1883\n"), C::With(|s| s.runtime.container = true)],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    if subject.runtime.container {
        return;
    }
    super::listeners(subject, |_, listener| {
        let open = !listener.is_tls() && !listener.is_psk() && !listener.is_local() && !listener.hidden;
        open.then(|| format!("port {} does not encrypt, and other machines reach it", listener.port))
    })
    .into_iter()
    .for_each(|(place, message)| {
        super::at(subject, found, &place, message)
            .hint("give it `certfile` and `keyfile`, or bind it to this machine: listener PORT 127.0.0.1");
    });
}
