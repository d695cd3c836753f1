//! What 2.1 made for a demonstration is still there.

use super::FILE;
use super::GOOD_FILE;
use super::LOAD;
use super::at;
use super::files;
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
    id: "dynsec-demo-client",
    topic: Topic::DynamicSecurity,
    severity: Severity::Error,
    title: "the demonstration's client or its password file of Mosquitto 2.1 is still there",
    why: "A 2.1 broker that finds no file makes one, with a client `democlient` that may publish and read everything, and \
          leaves its password and the admin's in clear in `FILE.pw`.",
    fix: "Remove the client with `mqsec dynsec del client democlient`, give the admin a new password with \
          `mqsec dynsec passwd admin`, and remove the `.pw` file.",
    source: "plugin's config_init.c:103-160,228-266 of 2.1.2, measured",
    check,
    mend: None,
    fires: &[
        Example {
            name: "the client",
            changes: &[
                LOAD,
                GOOD_FILE,
                Change::Replace(
                    FILE,
                    "{\"username\": \"bob\", \"password\"",
                    "{\"username\": \"democlient\", \"roles\": []}, {\"username\": \"bob\", \"password\"",
                ),
            ],
        },
        Example {
            name: "the passwords in clear",
            changes: &[LOAD, GOOD_FILE, Change::Write("data/dynamic-security.json.pw", "admin x\ndemouser y\n")],
        },
    ],
    quiet: &[
        Example { name: "neither", changes: &[LOAD, GOOD_FILE] },
        Example {
            name: "another client's name holds the word",
            changes: &[
                LOAD,
                GOOD_FILE,
                Change::Replace(
                    FILE,
                    "{\"username\": \"bob\", \"password\"",
                    "{\"username\": \"democlient2\", \"roles\": []}, {\"username\": \"bob\", \"password\"",
                ),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (path, places, problem) in problems(subject) {
        if problem == Problem::DemoClient {
            let message = "`democlient`, which may publish and read everything, was made by the broker itself";
            at(found, &path, &places, ("username", "democlient"), message.to_owned())
                .hint("mqsec dynsec del client democlient");
        }
    }
    for named in files(subject) {
        let clear = format!("{}.pw", named.path);
        if subject.folder.file(&clear).is_some() {
            let message = "the broker wrote passwords in clear here when it made its own file";
            found.file(&clear, message).hint(format!("rm {clear}, after the admin has a new password"));
        }
    }
}
