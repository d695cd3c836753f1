//! A client may take another's session.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-client-id-free",
    topic: Topic::Configuration,
    severity: Severity::Note,
    title: "a client with a certificate may use another client's id",
    why: "The certificate says who the user is, but the client id is still the client's own choice. Whoever takes \
          the id of another client takes over its session: the other one is thrown out, and its waiting messages are \
          lost to it.",
    fix: "add `use_username_as_clientid true` below the listener, if every user is one device",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#1856, #2886",
    check,
    mend: None,
    fires: &[Example {
        name: "the name from the certificate",
        changes: &[C::Append("config/mosquitto.conf", "use_identity_as_username true\n")],
    }],
    quiet: &[
        Example {
            name: "the id, too",
            changes: &[C::Append(
                "config/mosquitto.conf",
                "use_identity_as_username true\nuse_username_as_clientid true\n",
            )],
        },
        Example { name: "passwords", changes: &[C::Append("config/mosquitto.conf", "max_topic_alias 10\n")] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    super::listeners(subject, |_, listener| {
        let options = &listener.options;
        let identity = options.is_true("use_identity_as_username") && options.is_true("require_certificate");
        let free = identity && !options.is_true("use_username_as_clientid");
        free.then(|| format!("on port {} a client may choose another client's id", listener.port))
    })
    .into_iter()
    .for_each(|(place, message)| {
        super::at(subject, found, &place, message).hint("add below the listener: use_username_as_clientid true");
    });
}
