//! A section for somebody who cannot log in.

use std::collections::HashSet;

use super::files;
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
    id: "acl-unknown-user",
    topic: Topic::Acl,
    severity: Severity::Warning,
    title: "a section of the ACL file is for a user whom the password file does not have",
    why: "The broker says nothing of it. Most often the name is misspelt (case counts), and the real user has no rights; or the \
          user is gone, and whoever gets that name again gets the rights with it.",
    fix: "correct the name, or take the section out: `mqsec acl del USER --all`",
    source: "measured on 2.0.21 and 2.1.2: names are compared byte by byte",
    check,
    mend: None,
    fires: &[
        Example { name: "another case", changes: &[C::Append(layout::ACL, "user Client\ntopic read news\n")] },
        Example {
            name: "a wildcard, which is none here",
            changes: &[C::Append(layout::ACL, "user *\ntopic read news\n")],
        },
    ],
    quiet: &[
        Example {
            name: "a second section of a user",
            changes: &[C::Append(layout::ACL, "user admin\ntopic deny no\n")],
        },
        Example { name: "a user of .env who was taken out", changes: &[C::Write(layout::PASSWD, "")] },
        Example {
            name: "names come from certificates",
            changes: &[
                C::Append(layout::ACL, "user sensor\ntopic read news\n"),
                C::Append(layout::CONF, "use_identity_as_username true\n"),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(users) = users(subject) else { return };
    let mut known: HashSet<&str> = users.iter().map(String::as_str).collect();
    // whom `mqsec passwd` would add has a rule of its own, and must not lose the rights
    let env = subject.env().and_then(|env| env.as_ref().ok());
    known.extend(env.iter().flat_map(|env| &env.users).map(|user| user.name.as_str()));
    for (path, file) in files(subject) {
        for (line, name) in &file.reading.sections {
            let name = String::from_utf8_lossy(name);
            // a comment in a name has a rule of its own, and so have quotes
            let explained = name.contains(" #") || name.contains("\t#") || name.starts_with(['"', '\'']);
            if known.contains(&*name) || explained {
                continue;
            }
            let near = users.iter().filter(|user| {
                (users.len() * file.reading.sections.len()) < 1_000_000 && strsim::damerau_levenshtein(user, &name) <= 2
            });
            let near = near.min_by_key(|user| strsim::damerau_levenshtein(user, &name));
            let shown = crate::error::printable(&name);
            let finding = found.at(path.as_str(), *line, 6, format!("no password file has a user `{shown}`"));
            match near {
                Some(user) => finding.hint(format!("is `{user}` meant?")),
                None => finding.hint(format!("mqsec acl del {} --all", crate::error::single_quoted(&name))),
            };
        }
    }
}
