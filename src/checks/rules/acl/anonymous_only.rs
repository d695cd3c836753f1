//! Lines above the first `user`, where nobody is without a name.

use super::admits_anonymous;
use super::files;
use crate::acl::Scope;
use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "acl-anonymous-only",
    topic: Topic::Acl,
    severity: Severity::Warning,
    title: "topic lines stand above the first user, and nobody may connect without a name",
    why: "Lines above the first `user` hold for clients without a user name alone, not for everyone. With `allow_anonymous \
          false` there is no such client, and the lines grant nothing to anybody.",
    fix: "move them below a user, or write `pattern` in place of `topic` for everyone",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#178, #1088",
    check,
    mend: None,
    fires: &[Example {
        name: "for everyone, one thinks",
        changes: &[C::Replace(layout::ACL, "\n# administers", "\ntopic read news/#\n\n# administers")],
    }],
    quiet: &[
        Example {
            name: "a pattern above the first user",
            changes: &[C::Replace(layout::ACL, "\n# administers", "\npattern read news/%u/#\n\n# administers")],
        },
        Example {
            name: "clients without a name get in",
            changes: &[
                C::Replace(layout::ACL, "\n# administers", "\ntopic read news/#\n\n# administers"),
                C::Replace(layout::CONF, "allow_anonymous false", "allow_anonymous true"),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    if admits_anonymous(subject) {
        return;
    }
    for (path, file) in files(subject) {
        let mut lines = file.reading.entries.iter().filter(|entry| entry.scope == Scope::Anonymous);
        if let Some(first) = lines.next() {
            let more = match lines.count() {
                0 => String::new(),
                count => format!(" (and {count} more)"),
            };
            let message =
                format!("above the first `user`: this holds for clients without a name, and there are none{more}");
            found.at(path.as_str(), first.line, first.column, message);
        }
    }
}
