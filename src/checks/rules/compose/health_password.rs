//! A password in the health check.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-healthcheck-password",
    topic: Topic::Compose,
    severity: Severity::Warning,
    title: "the health check has a password on its command line",
    why: "It stands in the compose file, in `docker inspect`, and in the process list each time. The check \
          also logs in as that user every few seconds.",
    fix: "look for the open port instead, as the file that `mqsec up` writes does; or give the check a user \
          that may read one topic alone",
    source: "eclipse-mosquitto/mosquitto#1270",
    check,
    mend: None,
    fires: &[
        Example {
            name: "mosquitto_sub with -P",
            changes: &[C::With(|subject| super::health(subject, "mosquitto_sub -t x -C 1 -u admin -P geheim"))],
        },
        Example {
            name: "a variable that compose fills in",
            changes: &[C::With(|subject| super::health(subject, "mosquitto_pub --pw secret -t x -m y"))],
        },
    ],
    quiet: &[
        Example { name: "the listening port", changes: &[] },
        Example {
            name: "a port number after -p",
            changes: &[C::With(|subject| super::health(subject, "mosquitto_sub -p 8883 -t x -C 1"))],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(test) = subject.service().and_then(|service| service.health_test.as_ref()) else { return };
    let words: Vec<&str> = test.value.split_whitespace().map(|word| word.trim_matches(['"', '\'', ','])).collect();
    let broker = words.iter().any(|word| word.contains("mosquitto_"));
    let password = words.iter().any(|word| *word == "-P" || word.starts_with("--pw"));
    if broker && password {
        let message = "the health check gives a password on its command line";
        found.at(layout::COMPOSE, test.line, test.column, message).hint("mqsec explain compose-healthcheck-password");
    }
}
