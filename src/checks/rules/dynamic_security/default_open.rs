//! What no role denies is open to everybody.

use super::FILE;
use super::GOOD_FILE;
use super::LOAD;
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
    id: "dynsec-default-open",
    topic: Topic::DynamicSecurity,
    severity: Severity::Warning,
    title: "every client may publish or read what no role speaks of",
    why: "`defaultACLAccess` holds where no role does. With `publishClientSend` each client may write every topic, with \
          `subscribe` and `publishClientReceive` together it may read every topic: roles then only take away.",
    fix: "Turn it off with the broker's own tool, `mosquitto_ctrl dynsec setDefaultACLAccess publishClientSend deny`, and \
          give roles what clients need.",
    source: "plugin's acl.c of 2.0.21 and 2.1.2, measured; https://mosquitto.org/documentation/dynamic-security/",
    check,
    mend: None,
    fires: &[
        Example {
            name: "everybody may publish",
            changes: &[LOAD, GOOD_FILE, Change::Replace(FILE, "Send\": false", "Send\": true")],
        },
        Example {
            name: "everybody may read",
            changes: &[
                LOAD,
                GOOD_FILE,
                Change::Replace(FILE, "Receive\": false, \"subscribe\": false", "Receive\": true, \"subscribe\": true"),
            ],
        },
    ],
    quiet: &[
        Example {
            name: "as `mosquitto_ctrl dynsec init` has it",
            changes: &[LOAD, GOOD_FILE, Change::Replace(FILE, "Receive\": false", "Receive\": true")],
        },
        Example {
            name: "as it comes from an ACL: what is received decides",
            changes: &[LOAD, GOOD_FILE, Change::Replace(FILE, "\"subscribe\": false", "\"subscribe\": true")],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (path, places, problem) in problems(subject) {
        let Problem::Open { what } = problem else { continue };
        let message = format!("every client may {what} every topic of which no role speaks");
        let (line, column) = places.key("defaultACLAccess").unwrap_or((1, 1));
        found.at(path, line, column, message);
    }
}
