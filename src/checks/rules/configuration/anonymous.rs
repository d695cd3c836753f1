//! Anybody may come in.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "conf-anonymous",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "a listener that other machines reach lets in anybody",
    why: "With `allow_anonymous true` a client without a user name gets in. Without a password file or a plugin any \
          user name and any password do, too, and the name is believed by the ACL.",
    fix: "write `allow_anonymous false` and give the clients passwords: `mqsec passwd add NAME`",
    source: "measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[
        Example {
            name: "for everybody",
            changes: &[
                C::Replace("config/mosquitto.conf", "allow_anonymous false", "allow_anonymous true"),
                C::Replace("config/mosquitto.conf", "require_certificate true", "require_certificate false"),
            ],
        },
        Example {
            name: "on one listener of 2.1",
            changes: &[
                C::With(|s| s.targets = vec![crate::series::Series::V21]),
                C::Append(
                    "config/mosquitto.conf",
                    "listener 8884\ncertfile certs/broker/broker.crt\nkeyfile certs/broker/broker.key\nlistener_allow_anonymous true\n",
                ),
            ],
        },
    ],
    quiet: &[
        Example {
            name: "this machine alone",
            changes: &[C::Write(
                "config/mosquitto.conf",
                "allow_anonymous true\nmax_packet_size 1000000\nlistener 1883 127.0.0.1\n",
            )],
        },
        Example {
            name: "certificates are asked for, which has a rule of its own",
            changes: &[C::Replace("config/mosquitto.conf", "allow_anonymous false", "allow_anonymous true")],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    super::listeners(subject, |reading, listener| {
        let guarded = listener.is_tls() && listener.options.is_true("require_certificate");
        let open = reading.allows_anonymous(listener) && !listener.is_local() && !guarded;
        let who =
            if reading.authenticates(listener) { "clients without a user name" } else { "anybody, under any name" };
        open.then(|| format!("port {} lets in {who}", listener.port))
    })
    .into_iter()
    .for_each(|(place, message)| {
        super::at(subject, found, &place, message).hint("mqsec conf set allow_anonymous false");
    });
}
