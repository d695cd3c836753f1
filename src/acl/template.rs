//! The ACL file that mqsec writes: the first user administers, each other one has a subtree of its own.

use super::Document;
use super::Scope;
use crate::series::Series;

/// The first line of a file that mqsec wrote; users who come later get their sections where it stands.
const HEAD: &str = "# config/mosquitto.acl, written by mqsec: who may read and write which topics.";

/// Everyone's topic, for `mqsec test-connect` and for the proofs of `mqsec up`.
const TEST: &str = "test/connection";

/// The file for these users, the first of whom administers.
pub fn render(users: &[&str]) -> String {
    let mut text = format!(
        "{HEAD}
# What no line allows is refused, and a message that may not be read is not delivered. To change it: mqsec acl add USER
# read|write|readwrite|deny TOPIC, or edit it and run mqsec acl lint; then mqsec up. Who may do what: mqsec acl matrix.
"
    );
    for (index, user) in users.iter().enumerate() {
        text.push('\n');
        text.push_str(&section(user, index == 0));
    }
    text
}

fn section(user: &str, administers: bool) -> String {
    if administers {
        return format!(
            "# administers: everything, and the broker's own figures below $SYS, which # does not cover\n\
             user {user}\ntopic readwrite #\ntopic read $SYS/#\n"
        );
    }
    format!("user {user}\ntopic readwrite users/{}/#\ntopic readwrite {TEST}\n", level(user))
}

/// A user name as one level of a topic: what would be more than one level, a wildcard or a variable is written as in a URL,
/// because a broker does not start with `users/a+b/#`, and `users/a/b/#` would be the user `a`'s too.
pub fn level(user: &str) -> String {
    user.chars()
        .map(|letter| match letter {
            '/' | '+' | '#' | '%' => format!("%{:02X}", u32::from(letter)),
            other => other.to_string(),
        })
        .collect()
}

/// The file with a section for each of the users that have none; None where nothing is missing, where the file is not of
/// mqsec's making, or where a broker would not start with it.
pub fn with_users(bytes: &[u8], users: &[&str]) -> Option<Vec<u8>> {
    if !bytes.starts_with(HEAD.as_bytes()) {
        return None;
    }
    let mut document = Document::parse(bytes);
    let reading = document.reading(Series::V21);
    if reading.stop.is_some() || reading.unread.is_some() {
        return None;
    }
    let known: std::collections::HashSet<&[u8]> = reading.sections.iter().map(|(_, name)| name.as_slice()).collect();
    let missing: Vec<&&str> = users.iter().filter(|user| !known.contains(user.as_bytes())).collect();
    if missing.is_empty() {
        return None;
    }
    // a file whose every section was taken out has nobody who administers, and that is not for us to mend
    let text: String = missing.iter().map(|user| format!("\n{}", section(user, false))).collect();
    let blank_already = document.lines().last().is_some_and(|(_, line)| line.is_empty());
    document.append(text.strip_prefix('\n').filter(|_| blank_already).unwrap_or(&text));
    Some(document.to_bytes())
}

/// The topics of a user that another one may not touch: what `up` proves.
pub fn own_topic(user: &str) -> String {
    format!("users/{}/mqsec-proof", level(user))
}

/// Whether this scope is the one that the file's first section gives everything.
pub(super) fn is_first(reading: &super::Reading, scope: &Scope) -> bool {
    matches!((reading.sections.first(), scope), (Some((_, first)), Scope::User(name)) if first == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::Access;
    use crate::acl::Question;
    use crate::acl::Rules;

    #[test]
    fn each_user_has_its_own_and_nobody_elses() {
        let users = ["admin", "bob", "a/b", "a", "c+d", "e#", "two words", "50%u", "%c"];
        let text = render(&users);
        for series in Series::RELEASED {
            let rules = Rules::of(&Document::parse(text.as_bytes()), *series);
            assert_eq!(rules.reading().stop, None);
            let may = |user: &str, topic: &str| {
                let ask = |access| rules.decide(&Question { user: Some(user), client_id: "x+", access, topic }).allowed;
                (ask(Access::Read), ask(Access::Write))
            };
            for user in users {
                assert_eq!(may(user, TEST), (true, true), "{user}");
                for other in &users {
                    let own = user == *other || user == "admin";
                    assert_eq!(may(user, &own_topic(other)), (own, own), "{user} {other}");
                }
                assert_eq!(may(user, "$SYS/broker/uptime").0, user == "admin");
            }
        }
    }

    #[test]
    fn users_who_come_later_get_a_section() {
        let old = render(&["admin", "bob"]).replace("users/bob/#", "users/robert/#");
        let new = String::from_utf8(with_users(old.as_bytes(), &["admin", "bob", "eve"]).unwrap()).unwrap();
        assert_eq!(new, format!("{old}\nuser eve\ntopic readwrite users/eve/#\ntopic readwrite {TEST}\n"));
        assert_eq!(with_users(new.as_bytes(), &["eve"]), None);
        assert_eq!(with_users(b"user admin\ntopic #\n", &["eve"]), None);
        assert_eq!(with_users(format!("{old}nonsense\n").as_bytes(), &["eve"]), None);
    }
}
