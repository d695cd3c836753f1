//! A password that no broker can compare with.

use super::FILE;
use super::GOOD_FILE;
use super::LOAD;
use super::at;
use super::problems;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::dynsec::lint::Problem;

pub(super) const RULE: Rule = Rule {
    id: "dynsec-password-broken",
    topic: Topic::DynamicSecurity,
    severity: Severity::Warning,
    title: "a client's password in the dynamic security plugin's file is none",
    why: "The client is there and cannot log in: its password is in clear, is cut off, or has a salt of another length \
          than the broker takes.",
    fix: "Give the client a password with `mqsec dynsec passwd NAME`.",
    source: "plugin's clients.c: 64 bytes of hash, 12 bytes of salt (2.0), 12 or 64 (2.1), in base64",
    check,
    mend: None,
    fires: &[Example {
        name: "a password in clear",
        changes: &[
            LOAD,
            GOOD_FILE,
            Change::Replace(
                FILE,
                "{\"username\": \"bob\", \"password\": \"mE1W",
                "{\"username\": \"bob\", \"password\": \"hello",
            ),
        ],
    }],
    quiet: &[
        Example { name: "hashes", changes: &[LOAD, GOOD_FILE] },
        Example {
            name: "no password at all: such a client gets in by its certificate",
            changes: &[
                LOAD,
                GOOD_FILE,
                Change::Replace(
                    FILE,
                    "{\"username\": \"bob\", \"password\"",
                    "{\"username\": \"dev\", \"roles\": []}, {\"username\": \"bob\", \"password\"",
                ),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (path, places, problem) in problems(subject) {
        let Problem::BrokenPassword { client } = problem else { continue };
        let message = format!("the password of the client `{client}` is no hash that a broker reads: it cannot log in");
        let hint = format!("mqsec dynsec passwd {}", crate::error::single_quoted(&client));
        at(found, &path, &places, ("username", &client), message).hint(hint);
    }
}
