//! What the plugin decides (plugin's acl.c of 2.0.21 and 2.1.2): the client's own roles first, then its groups, each in
//! the order of their priorities, the entries of a role in the order of theirs; the first entry that fits decides, and
//! where none does the file's default access.

use super::Acl;
use super::AclType;
use super::File;
use super::Group;
use super::RoleName;
use super::model::rank;
use crate::series::Series;

/// One question about one client.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// None for a client without a user name.
    pub user: Option<&'a str>,
    pub client_id: &'a str,
    pub action: Action,
    pub topic: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Send,
    Receive,
    Subscribe,
}

/// Whether the broker lets it happen.
pub fn decide(file: &File, question: &Question<'_>, series: Series) -> bool {
    let mut holders: Vec<&[RoleName]> = Vec::new();
    match question.user {
        Some(user) => {
            let Some(client) = file.client(user) else { return false };
            holders.push(&client.roles);
            holders.extend(groups(file, user).into_iter().map(|group| group.roles.as_slice()));
        }
        None => {
            let group = file.anonymous_group.as_deref().and_then(|name| file.group(name));
            holders.extend(group.map(|group| group.roles.as_slice()));
        }
    }
    let found = holders.into_iter().find_map(|roles| by_roles(file, roles, question, series));
    found.unwrap_or_else(|| {
        let default = &file.default_access;
        !question.topic.starts_with("$CONTROL")
            && match question.action {
                Action::Send => default.send,
                Action::Receive => default.receive,
                Action::Subscribe => default.subscribe,
            }
    })
}

/// The groups of a client, the one with the highest priority first.
fn groups<'a>(file: &'a File, user: &str) -> Vec<&'a Group> {
    let member = |group: &Group| {
        let found = group.clients.iter().find(|member| member.username == user);
        found.map(|member| rank(member.priority.as_ref(), -1))
    };
    let mut found: Vec<_> = file.groups.iter().filter_map(|group| Some((member(group)?, group))).collect();
    found.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.groupname.cmp(&other.groupname)));
    found.into_iter().map(|(_, group)| group).collect()
}

fn by_roles(file: &File, roles: &[RoleName], question: &Question<'_>, series: Series) -> Option<bool> {
    let mut roles: Vec<&RoleName> = roles.iter().collect();
    roles.sort_by(|a, b| {
        let ranks = rank(b.priority.as_ref(), -1).cmp(&rank(a.priority.as_ref(), -1));
        ranks.then_with(|| a.rolename.cmp(&b.rolename))
    });
    roles.into_iter().filter_map(|name| file.role(&name.rolename)).find_map(|role| {
        let mut acls: Vec<&Acl> = role.acls.iter().filter(|acl| fits(acl, question, series)).collect();
        // a subscription is first compared by the letter
        acls.sort_by_key(|acl| (acl.acltype != AclType::SubscribeLiteral, -i64::from(rank(acl.priority.as_ref(), 0))));
        acls.first().map(|acl| acl.allow)
    })
}

fn fits(acl: &Acl, question: &Question<'_>, series: Series) -> bool {
    let topic = question.topic;
    let with = |matches: fn(&str, &str) -> bool| {
        substituted(&acl.topic, question, series).is_some_and(|filter| matches(&filter, topic))
    };
    match (question.action, acl.acltype) {
        (Action::Send, AclType::PublishClientSend) | (Action::Receive, AclType::PublishClientReceive) => with(matches),
        (Action::Subscribe, AclType::SubscribePattern) => with(covers),
        (Action::Subscribe, AclType::SubscribeLiteral) => acl.topic == topic,
        _ => false,
    }
}

/// 2.1 puts user name and client identifier in the place of a whole level `%u` or `%c`, and never matches where they are
/// no plain level; to 2.0 they are letters. Measured on 2.0.21 and 2.1.2.
fn substituted(filter: &str, question: &Question<'_>, series: Series) -> Option<String> {
    if series == Series::V20 {
        return Some(filter.to_owned());
    }
    let plain = |name: &str| (!name.contains(['+', '#', '/'])).then(|| name.to_owned());
    let level = |level: &str| match level {
        "%u" => plain(question.user?),
        "%c" => plain(question.client_id),
        other => Some(other.to_owned()),
    };
    Some(filter.split('/').map(level).collect::<Option<Vec<_>>>()?.join("/"))
}

/// Whether a topic is among those that a filter names (MQTT 5, section 4.7).
pub fn matches(filter: &str, topic: &str) -> bool {
    if filter.starts_with('$') != topic.starts_with('$') {
        return false;
    }
    let (mut filter, mut topic) = (filter.split('/'), topic.split('/'));
    loop {
        match (filter.next(), topic.next()) {
            (Some("#"), _) => return true,
            (Some("+"), Some(_)) => {}
            (Some(want), Some(level)) if want == level => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// Whether every topic of a subscription is among those that a filter names.
pub fn covers(filter: &str, subscription: &str) -> bool {
    if filter.starts_with('$') != subscription.starts_with('$') {
        return false;
    }
    let (mut filter, mut wanted) = (filter.split('/'), subscription.split('/'));
    loop {
        match (filter.next(), wanted.next()) {
            (Some("#"), _) => return true,
            (_, Some("#")) => return false,
            (Some("+"), Some(_)) => {}
            (Some(want), Some(level)) if want == level => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_and_topics() {
        for (filter, topic, fits) in [
            ("#", "a/b", true),
            ("#", "$SYS/x", false),
            ("$SYS/#", "$SYS/x", true),
            ("a/#", "a", true),
            ("a/+", "a", false),
            ("a/+/c", "a/b/c", true),
            ("+/+", "/a", true),
            ("a", "a/b", false),
        ] {
            assert_eq!(matches(filter, topic), fits, "{filter} {topic}");
        }
        assert!(covers("a/#", "a/+/c") && covers("a/+", "a/+") && !covers("a/+", "a/#") && !covers("a/b", "a/+"));
    }

    #[test]
    fn own_roles_come_before_groups_and_priorities_decide() {
        let text = br#"{"clients":[{"username":"u","roles":[{"rolename":"low"},{"rolename":"high","priority":5}]}],
            "groups":[{"groupname":"g","roles":[{"rolename":"all"}],"clients":[{"username":"u"}]}],
            "roles":[{"rolename":"high","acls":[{"acltype":"publishClientSend","topic":"a/#","priority":1,"allow":true},
                {"acltype":"publishClientSend","topic":"a/no","priority":2,"allow":false}]},
              {"rolename":"low","acls":[{"acltype":"publishClientSend","topic":"a/b","allow":false},
                {"acltype":"publishClientSend","topic":"own/%u","allow":true}]},
              {"rolename":"all","acls":[{"acltype":"publishClientSend","topic":"g/#","allow":true}]}]}"#;
        let file = super::super::parse(text).unwrap();
        let may = |topic, series| {
            let question = Question { user: Some("u"), client_id: "c", action: Action::Send, topic };
            decide(&file, &question, series)
        };
        for (topic, allowed) in [("a/b", true), ("a/no", false), ("g/x", true), ("x", false)] {
            assert_eq!(may(topic, Series::V20), allowed, "{topic}");
        }
        let odd = |user, topic| {
            let file = super::super::parse(
                br#"{"clients":[{"username":"+","roles":[{"rolename":"r"}]},{"username":"a/b","roles":[{"rolename":"r"}]}],
                "roles":[{"rolename":"r","acls":[{"acltype":"publishClientSend","topic":"own/%u","allow":true}]}]}"#,
            );
            let question = Question { user: Some(user), client_id: "c", action: Action::Send, topic };
            decide(&file.unwrap(), &question, Series::V21)
        };
        assert!(!odd("+", "own/x") && !odd("a/b", "own/a/b"));
        assert!(may("own/u", Series::V21) && !may("own/u", Series::V20) && may("own/%u", Series::V20));
    }
}
