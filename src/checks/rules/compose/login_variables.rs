//! A login in variables, which the stock image does not know.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-login-variables",
    topic: Topic::Compose,
    severity: Severity::Warning,
    title: "the environment names a user and a password, which the stock image does not read",
    why: "The broker has no such user: who believes in it has either a broker that refuses everybody, or one \
          that lets everybody in. The password stands in clear in the compose file.",
    fix: "write the user into the password file: `mqsec passwd add NAME`, and remove the variables",
    source: "the variables that the broker reads, from its source (2.1.2, mosquitto.c and conf.c)",
    check,
    mend: None,
    fires: &[Example {
        name: "variables of another image",
        changes: &[C::Replace("docker-compose.yml", "TZ=${TZ:-UTC}", "MOSQUITTO_PASSWORD=x")],
    }],
    quiet: &[Example {
        name: "the variable of dynamic security, in .env",
        changes: &[C::Replace("docker-compose.yml", "TZ=${TZ:-UTC}", "MOSQUITTO_DYNSEC_PASSWORD=${DYNSEC}")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(service) = subject.service() else { return };
    let stock = service.image.as_ref().is_some_and(|image| super::stock_tag(&image.value).is_some());
    for (key, text) in service.environment.iter().filter(|_| stock) {
        let login = ["PASS", "USER"].iter().any(|word| key.contains(word)) && key != "MOSQUITTO_DYNSEC_PASSWORD";
        if login {
            let message = format!("the stock image does not read `{key}`");
            found.at(layout::COMPOSE, text.line, text.column, message).hint("mqsec passwd add NAME");
        }
    }
}
