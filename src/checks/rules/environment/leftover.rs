//! Variables of other images and scripts, which nothing reads.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "env-leftover-variable",
    topic: Topic::Environment,
    severity: Severity::Warning,
    title: "a variable names a user or password that nothing reads",
    why: "The stock image takes no user and no password from variables: who writes `MQTT_PASSWORD=…` believes in a login \
          that does not exist, and leaves a password in clear.",
    fix: "write USER_n and PASS_n instead, run `mqsec passwd`, and remove the line",
    source: "the variables that the broker reads, from its source (2.1.2, mosquitto.c and conf.c)",
    check,
    mend: None,
    fires: &[
        Example {
            name: "variables of another image",
            changes: &[C::Append(".env", "MQTT_USERNAME=x\nMQTT_PASSWORD=y\n")],
        },
        Example { name: "those of a script", changes: &[C::Append(".env", "MOSQUITTO_PASSWORD=y\n")] },
    ],
    quiet: &[
        Example {
            name: "a variable that 2.1 reads",
            changes: &[C::Append(".env", "MOSQUITTO_DYNSEC_PASSWORD=vexB4qHsu2Lk\n")],
        },
        Example {
            name: "one that the compose file passes on",
            changes: &[
                C::Append(".env", "MQTT_PASSWORD=y\n"),
                C::Append("docker-compose.yml", "# for the bridge: ${MQTT_PASSWORD}\n"),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    const READ: &[&str] =
        &["MOSQUITTO_DYNSEC_PASSWORD", "MOSQUITTO_PERSISTENCE_LOCATION", "MOSQUITTO_UNSAFE_ALLOW_SYMLINKS"];
    let compose = subject.folder.text(layout::COMPOSE).unwrap_or_default();
    for (at, line) in subject.folder.text(layout::ENV).unwrap_or_default().lines().enumerate() {
        let key = line.trim().trim_start_matches("export ").split('=').next().unwrap_or_default().trim();
        let theirs = key.starts_with("MQTT_") || key.starts_with("MOSQUITTO_");
        let login = ["USER", "PASS"].iter().any(|word| key.contains(word));
        if line.contains('=') && theirs && login && !READ.contains(&key) && !compose.contains(key) {
            found
                .at(layout::ENV, at + 1, 1, format!("nothing reads `{key}`: the broker's users are USER_n and PASS_n"))
                .hint("write USER_n=name and PASS_n='...'; then: mqsec passwd");
        }
    }
}
