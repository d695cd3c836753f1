//! What is wrong with a file that can be read. Each has a rule in `checks/rules/dynamic_security/`.

use std::collections::HashMap;
use std::collections::HashSet;

use super::Acl;
use super::AclType;
use super::Client;
use super::File;
use super::RoleName;
use super::access::matches;
use super::initial::CONTROL;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A client or a group names a role that is not there; a broker drops the name without a word.
    NoSuchRole { holder: Holder, role: String },
    /// A group names a client that is not there.
    NoSuchClient { group: String, client: String },
    /// `anonymousGroup` names a group that is not there.
    NoSuchGroup { group: String },
    /// The same name again; a broker takes the first (2.0.21 and 2.1.2).
    Twice { holder: Holder },
    /// What no role denies, everybody may.
    Open { what: &'static str },
    /// Nobody who can log in may change the file: who is locked out stays locked out.
    NoAdmin,
    /// The password has 2.1's form, which 2.0 does not see.
    NewForm { client: String },
    /// The password is nothing that a broker can compare with.
    BrokenPassword { client: String },
    /// The client that 2.1 makes for its own demonstration, which may do everything.
    DemoClient,
    /// `%u` or `%c`, which 2.0 takes by the letter.
    Substitution { role: String, topic: String },
    /// Who has no user name may change the file.
    AnonymousAdmin { group: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    Client(String),
    Group(String),
    Role(String),
}

impl Holder {
    /// Its kind and its name, for a reader.
    pub fn shown(&self) -> String {
        match self {
            Self::Client(name) => format!("the client `{name}`"),
            Self::Group(name) => format!("the group `{name}`"),
            Self::Role(name) => format!("the role `{name}`"),
        }
    }

    /// The key and the value by which the file names it.
    pub fn place(&self) -> (&'static str, &str) {
        match self {
            Self::Client(name) => ("username", name),
            Self::Group(name) => ("groupname", name),
            Self::Role(name) => ("rolename", name),
        }
    }
}

/// Everything, in the order of the file.
pub fn problems(file: &File) -> Vec<Problem> {
    let mut found = Vec::new();
    if file.default_access.send {
        found.push(Problem::Open { what: "publish" });
    }
    // what nobody receives, everybody may ask for: a broker that came from an acl_file has it so
    if file.default_access.subscribe && file.default_access.receive {
        found.push(Problem::Open { what: "read" });
    }
    clients(file, &mut found);
    names(file, &mut found);
    for role in &file.roles {
        let literal = |acl: &&Acl| acl.topic.split('/').any(|level| matches!(level, "%u" | "%c"));
        if let Some(acl) = role.acls.iter().find(literal) {
            found.push(Problem::Substitution { role: role.rolename.clone(), topic: acl.topic.clone() });
        }
    }
    if let Some(group) = file.anonymous_group.as_ref().and_then(|name| file.group(name)) {
        let admins = admin_roles(file);
        if group.roles.iter().any(|role| admins.contains(role.rolename.as_str())) {
            found.push(Problem::AnonymousAdmin { group: group.groupname.clone() });
        }
    }
    found
}

fn clients(file: &File, found: &mut Vec<Problem>) {
    for client in &file.clients {
        let name = || client.username.clone();
        if client.login.is_broken() {
            found.push(Problem::BrokenPassword { client: name() });
        } else if !client.login.is_empty() && !client.login.is_portable() {
            found.push(Problem::NewForm { client: name() });
        }
        if client.username == "democlient" {
            found.push(Problem::DemoClient);
        }
    }
    if admins(file).is_empty() {
        found.push(Problem::NoAdmin);
    }
}

/// Names that are not there, and names that are there twice.
fn names(file: &File, found: &mut Vec<Problem>) {
    let roles: HashSet<&str> = file.roles.iter().map(|role| role.rolename.as_str()).collect();
    let clients: HashSet<&str> = file.clients.iter().map(|client| client.username.as_str()).collect();
    let groups: HashSet<&str> = file.groups.iter().map(|group| group.groupname.as_str()).collect();
    let mut missing = |named: &[RoleName], holder: &dyn Fn() -> Holder| {
        for name in named.iter().filter(|name| !roles.contains(name.rolename.as_str())) {
            found.push(Problem::NoSuchRole { holder: holder(), role: name.rolename.clone() });
        }
    };
    for client in &file.clients {
        missing(&client.roles, &|| Holder::Client(client.username.clone()));
    }
    for group in &file.groups {
        missing(&group.roles, &|| Holder::Group(group.groupname.clone()));
    }
    for group in &file.groups {
        for member in group.clients.iter().filter(|member| !clients.contains(member.username.as_str())) {
            found.push(Problem::NoSuchClient { group: group.groupname.clone(), client: member.username.clone() });
        }
    }
    if let Some(group) = file.anonymous_group.as_ref().filter(|name| !groups.contains(name.as_str())) {
        found.push(Problem::NoSuchGroup { group: group.clone() });
    }
    let all = file.clients.iter().map(|client| Holder::Client(client.username.clone()));
    let all = all.chain(file.groups.iter().map(|group| Holder::Group(group.groupname.clone())));
    let all = all.chain(file.roles.iter().map(|role| Holder::Role(role.rolename.clone())));
    let mut counts: HashMap<(&'static str, String), usize> = HashMap::new();
    for holder in all {
        let (key, name) = holder.place();
        let count = counts.entry((key, name.to_owned())).or_default();
        *count += 1;
        if *count == 2 {
            found.push(Problem::Twice { holder });
        }
    }
}

/// The clients who may change the file and can log in.
pub fn admins(file: &File) -> Vec<&Client> {
    let roles = admin_roles(file);
    let by_group: HashSet<&str> = file
        .groups
        .iter()
        .filter(|group| group.roles.iter().any(|role| roles.contains(role.rolename.as_str())))
        .flat_map(|group| group.clients.iter().map(|member| member.username.as_str()))
        .collect();
    let may = |client: &&Client| {
        let own = client.roles.iter().any(|role| roles.contains(role.rolename.as_str()));
        (own || by_group.contains(client.username.as_str())) && !client.disabled && !client.login.is_empty()
    };
    file.clients.iter().filter(may).collect()
}

/// The roles that let their holder publish requests to the plugin.
fn admin_roles(file: &File) -> HashSet<&str> {
    let is_request = |acl: &Acl| acl.allow && acl.acltype == AclType::PublishClientSend && matches(&acl.topic, CONTROL);
    let roles = file.roles.iter().filter(|role| role.acls.iter().any(is_request));
    roles.map(|role| role.rolename.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Problem> {
        problems(&super::super::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn names_that_are_not_there_are_told() {
        let found = of(r#"{"anonymousGroup":"ghosts","clients":[{"username":"a","roles":[{"rolename":"x"}]}],
            "groups":[{"groupname":"g","roles":[{"rolename":"y"}],"clients":[{"username":"b"}]},{"groupname":"g"}]}"#);
        let role = |holder, role: &str| Problem::NoSuchRole { holder, role: role.to_owned() };
        assert!(found.contains(&role(Holder::Client("a".to_owned()), "x")));
        assert!(found.contains(&role(Holder::Group("g".to_owned()), "y")));
        assert!(found.contains(&Problem::NoSuchClient { group: "g".to_owned(), client: "b".to_owned() }));
        assert!(found.contains(&Problem::NoSuchGroup { group: "ghosts".to_owned() }));
        assert!(found.contains(&Problem::Twice { holder: Holder::Group("g".to_owned()) }));
    }

    #[test]
    fn an_admin_is_one_who_can_log_in() {
        let role = r#""roles":[{"rolename":"r","acls":[{"acltype":"publishClientSend","topic":"$CONTROL/+/v1","allow":true}]}]"#;
        let file = |client: &str| format!(r#"{{"clients":[{{"username":"a",{client}}}],{role}}}"#);
        let with = r#""roles":[{"rolename":"r"}],"password":"x","salt":"y","iterations":1"#;
        assert!(!of(&file(with)).contains(&Problem::NoAdmin));
        for client in [r#""roles":[{"rolename":"r"}]"#, &format!(r#"{with},"disabled":true"#), r#""password":"x""#] {
            assert!(of(&file(client)).contains(&Problem::NoAdmin), "{client}");
        }
    }

    #[test]
    fn open_is_what_everybody_may_without_a_role() {
        let open = |text: &str| of(text).into_iter().filter(|found| matches!(found, Problem::Open { .. })).count();
        assert_eq!(open(r#"{"defaultACLAccess":{"publishClientSend":true,"subscribe":true}}"#), 1);
        assert_eq!(open(r#"{"defaultACLAccess":{"publishClientReceive":true,"subscribe":true}}"#), 1);
        assert_eq!(open(r#"{"defaultACLAccess":{"publishClientReceive":true,"unsubscribe":true}}"#), 0);
    }
}
