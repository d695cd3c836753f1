//! A user who may do nothing.

use super::files;
use super::users;
use crate::acl::Grant;
use crate::acl::Rules;
use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "acl-user-without-lines",
    topic: Topic::Acl,
    severity: Severity::Warning,
    title: "a user of the password file has no line in the ACL file, and may do nothing",
    why: "The user logs in, publishes and subscribes, and the broker takes all of it without a word: messages vanish, and \
          nothing arrives. No client of MQTT 3.1.1 is told why.",
    fix: "`mqsec acl add USER readwrite users/USER/#`",
    source: "measured on 2.0.21 and 2.1.2; user problem 4: paho.mqtt.python#895, MQTT.js#1376",
    check,
    mend: None,
    fires: &[Example {
        name: "a section is gone",
        changes: &[C::Write(layout::ACL, "user admin\ntopic readwrite #\ntopic read $SYS/#\n")],
    }],
    quiet: &[
        Example {
            name: "a pattern is for everyone",
            changes: &[C::Write(
                layout::ACL,
                "user admin\ntopic read #\ntopic read $SYS/#\npattern readwrite users/%u/#\n",
            )],
        },
        Example { name: "a file that grants nothing has a rule of its own", changes: &[C::Write(layout::ACL, "")] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(users) = users(subject) else { return };
    let files: Vec<(String, Rules)> =
        files(subject).map(|(path, file)| (path, Rules::of(&file.document, file.series))).collect();
    // several files belong to several listeners, and who uses which is not known
    let [(path, rules)] = files.as_slice() else { return };
    let grants = |entry: &crate::acl::Entry| entry.grant != Grant::Deny;
    let is_silent = rules.reading().stop.is_some() || !rules.reading().entries.iter().any(grants);
    if is_silent || rules.patterns().any(grants) {
        return;
    }
    for user in users.iter().filter(|user| !rules.topics_of(Some(user)).any(grants)) {
        let message = format!("`{}` has no line here, and may do nothing", crate::error::printable(user));
        found.file(path.as_str(), message).hint(format!(
            "mqsec acl add {} readwrite {}",
            crate::error::single_quoted(user),
            crate::error::single_quoted(&format!("users/{}/#", crate::acl::level(user)))
        ));
    }
}
