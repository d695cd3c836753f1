//! Certificates are demanded where TLS is not spoken.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-require-on-plain",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "client certificates are demanded on a listener that does not speak TLS",
    why: "`require_certificate` does not turn TLS on. Without `certfile` and `keyfile` the listener is plain and \
          asks for no certificate, and nothing in the log says so.",
    fix: "add `certfile` and `keyfile` below the listener",
    source: "measured on 2.0.21 and 2.1.2: TLS is turned on by certfile and keyfile; home-assistant/addons#2501",
    check,
    mend: None,
    fires: &[Example {
        name: "no certificate",
        changes: &[C::Append("config/mosquitto.conf", "listener 8884 127.0.0.1\nrequire_certificate true\n")],
    }],
    quiet: &[Example {
        name: "with a certificate",
        changes: &[C::Append("config/mosquitto.conf", "max_topic_alias 10\n")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    super::listeners(subject, |_, listener| {
        let options = &listener.options;
        // half a pair ends the start, and has a rule of its own
        let plain = !options.has("certfile") && !options.has("keyfile") && options.is_true("require_certificate");
        plain.then(|| format!("port {} speaks no TLS, and asks for no certificate", listener.port))
    })
    .into_iter()
    .for_each(|(place, message)| {
        super::at(subject, found, &place, message).hint("add `certfile` and `keyfile` below the listener");
    });
}
