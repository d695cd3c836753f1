//! A password that stands in a guide, or that everybody tries first.

use super::password_is_user::is_name;
use super::users;
use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "env-example-password",
    topic: Topic::Environment,
    severity: Severity::Error,
    title: "a password is an example, a default, or one that everybody tries first",
    why: "Scanners try these on every broker that they find, and a broker has no limit on tries. `StrongPassword!123` \
          stands in a public template, so it is as good as none.",
    fix: "let mqsec make one: `mqsec passwd set USER --generate`, or remove the PASS_n line's value and run `mqsec up`",
    source: "the templates of systems that mqsec replaces; eclipse-mosquitto/mosquitto#2076; the lists that mqtt-pwn and Mirai's successors carry",
    check,
    mend: None,
    fires: &[
        Example {
            name: "the template's password",
            changes: &[C::Append(".env", "USER_9=x\nPASS_9=StrongPassword!123\n")],
        },
        Example { name: "change me", changes: &[C::Append(".env", "USER_9=x\nPASS_9=Change-Me\n")] },
        Example { name: "a number at its end", changes: &[C::Append(".env", "USER_9=x\nPASS_9=password2024\n")] },
    ],
    quiet: &[
        Example {
            name: "words by chance",
            changes: &[C::Append(".env", "USER_9=x\nPASS_9=correct-horse-battery-staple\n")],
        },
        Example { name: "a comment with the example", changes: &[C::Append(".env", "# PASS_1=StrongPassword!123\n")] },
    ],
};

/// Without case, signs and final digits.
const KNOWN: &[&str] = &[
    "abc",
    "admin",
    "adminadmin",
    "anothersecurepass",
    "changeit",
    "changeme",
    "default",
    "dragon",
    "emqx",
    "example",
    "geheim",
    "guest",
    "hallo",
    "hello",
    "homeassistant",
    "iloveyou",
    "iot",
    "letmein",
    "login",
    "master",
    "mosquitto",
    "mqtt",
    "mqttpass",
    "mqttpassword",
    "mypassword",
    "passw",
    "password",
    "passwort",
    "public",
    "qwerty",
    "raspberry",
    "replaceme",
    "root",
    "secret",
    "securepassword",
    "strongpassword",
    "sunshine",
    "superman",
    "supersecret",
    "test",
    "testtest",
    "todo",
    "user",
    "welcome",
    "yourpassword",
    "yoursecurepassword",
    "yourstrongpassword",
];

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (line, user) in users(subject) {
        // the name with a number is told by its own rule
        if is_known(user.password.expose()) && !is_name(user.name.as_str(), user.password.expose()) {
            let message = format!("the password of `{}` is an example or a default that everybody knows", user.name);
            found.at(layout::ENV, line, 1, message).hint(format!("mqsec passwd set {} --generate", user.name));
        }
    }
}

pub(super) fn is_known(password: &str) -> bool {
    let lower = password.to_lowercase();
    let letters: String = lower.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let plain: String = letters
        .chars()
        .map(|letter| match letter {
            '0' => 'o',
            '1' => 'i',
            '3' => 'e',
            '5' => 's',
            other => other,
        })
        .collect();
    let word = letters.trim_end_matches(|letter: char| letter.is_ascii_digit());
    // 12345678, 00000000, 4711
    let digits = !lower.is_empty() && lower.len() <= 12 && lower.bytes().all(|byte| byte.is_ascii_digit());
    digits || KNOWN.contains(&word) || KNOWN.contains(&letters.as_str()) || KNOWN.contains(&plain.as_str())
}
