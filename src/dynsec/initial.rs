//! The file that `dynsec init` writes: an admin, roles to build on, and everybody's place to test.

use super::Acl;
use super::AclType;
use super::Client;
use super::DefaultAccess;
use super::File;
use super::Group;
use super::Login;
use super::Member;
use super::Role;
use super::RoleName;
use crate::acl;
use crate::series::Series;

pub const ADMIN: &str = "admin";
pub const PUBLISH: &str = "publish";
pub const SUBSCRIBE: &str = "subscribe";
pub const OBSERVE: &str = "observe";
pub const EVERYONE: &str = "everyone";
const TEST: &str = "test-connection";
/// Each client's own subtree, where the series can say so in one role.
const OWN: &str = "own";
/// What the plugin takes requests and gives answers on.
pub const CONTROL: &str = "$CONTROL/dynamic-security/v1";
pub const ANSWERS: &str = "$CONTROL/dynamic-security/v1/response";

/// A client to be, and its password in the file's form.
pub struct Person {
    pub name: String,
    pub login: Login,
}

/// Denies what no role allows. `mosquitto_ctrl dynsec init` lets everybody receive what it could subscribe to; here both
/// rights are needed, as a role of ours gives both.
fn closed() -> DefaultAccess {
    DefaultAccess { unsubscribe: true, ..DefaultAccess::default() }
}

/// Roles `admin`, `publish`, `subscribe` and `observe`, which the admin has; every client may use `test/connection` and
/// has a subtree of its own, `users/NAME/#`: by one role on 2.1, which knows `%u`, by a role each on 2.0.
pub fn initial(admin: Person, others: Vec<Person>, target: Series) -> File {
    let mut file = File { default_access: closed(), roles: roles(target), ..File::default() };
    let mut everyone = Group { groupname: EVERYONE.to_owned(), roles: vec![RoleName::new(TEST)], ..Group::default() };
    if target > Series::V20 {
        everyone.roles.push(RoleName::new(OWN));
    }
    file.groups.push(everyone);
    add(&mut file, admin, &[ADMIN, PUBLISH, SUBSCRIBE, OBSERVE]);
    for other in others {
        add(&mut file, other, &[]);
    }
    file
}

/// Adds a client to `everyone`, with these roles and its own subtree.
fn add(file: &mut File, person: Person, roles: &[&str]) {
    let mut roles: Vec<RoleName> = roles.iter().map(|name| RoleName::new(*name)).collect();
    let by_letter = !file.roles.iter().any(|role| role.rolename == OWN);
    // 2.1 puts nothing in the place of `%u` for a name that is no plain level
    if by_letter || person.name.contains(['+', '#', '/']) {
        let role = own(&person.name);
        roles.push(RoleName::new(&role.rolename));
        file.roles.push(role);
    }
    let everyone = file.groups.iter_mut().find(|group| group.groupname == EVERYONE);
    if let Some(everyone) = everyone {
        everyone.clients.push(Member { username: person.name.clone(), ..Member::default() });
    }
    file.clients.push(Client { username: person.name, login: person.login, roles, ..Client::default() });
}

/// The role of one client's own subtree, which is the one that mqsec's ACL gives.
pub fn own(name: &str) -> Role {
    let topic = format!("users/{}/#", acl::level(name));
    role(&format!("own-{name}"), &format!("the subtree of {name}"), both_ways(&topic))
}

/// The role that lets a client change all of this.
pub fn admin_role() -> Role {
    let control = "$CONTROL/dynamic-security/#";
    role(
        ADMIN,
        "may change the clients, groups and roles of the broker",
        vec![
            Acl::allow(AclType::PublishClientSend, control),
            Acl::allow(AclType::PublishClientReceive, control),
            Acl::allow(AclType::SubscribePattern, control),
        ],
    )
}

fn roles(target: Series) -> Vec<Role> {
    use AclType as A;
    let read = |topic| vec![Acl::allow(A::SubscribePattern, topic), Acl::allow(A::PublishClientReceive, topic)];
    let mut roles = vec![
        admin_role(),
        role(PUBLISH, "may publish to every topic", vec![Acl::allow(A::PublishClientSend, "#")]),
        role(SUBSCRIBE, "may read every topic", read("#")),
        role(OBSERVE, "may read what the broker tells of itself", read("$SYS/#")),
        role(TEST, "may publish to test/connection and read it: mqsec test-connect", both_ways("test/connection")),
    ];
    if target > Series::V20 {
        roles.push(role(OWN, "the subtree of each client", both_ways("users/%u/#")));
    }
    roles
}

/// To publish, to subscribe and to receive.
pub fn both_ways(topic: &str) -> Vec<Acl> {
    [AclType::PublishClientSend, AclType::SubscribePattern, AclType::PublishClientReceive]
        .map(|kind| Acl::allow(kind, topic))
        .into()
}

fn role(name: &str, description: &str, acls: Vec<Acl>) -> Role {
    Role { rolename: name.to_owned(), textdescription: Some(description.to_owned()), acls, ..Role::default() }
}

#[cfg(test)]
mod tests {
    use super::super::access::Action;
    use super::super::access::Question;
    use super::super::access::decide;
    use super::*;

    fn person(name: &str) -> Person {
        Person { name: name.to_owned(), login: Login::new(&crate::secret::Secret::new("x"), 1) }
    }

    #[test]
    fn the_admin_may_all_and_the_others_their_own() {
        for target in [Series::V20, Series::V21] {
            let file = initial(person("admin"), vec![person("bob"), person("a/b")], target);
            let may = |user, action, topic| {
                decide(&file, &Question { user: Some(user), client_id: "c", action, topic }, target)
            };
            for (user, action, topic, allowed) in [
                ("admin", Action::Send, CONTROL, true),
                ("admin", Action::Receive, ANSWERS, true),
                ("admin", Action::Subscribe, ANSWERS, true),
                ("admin", Action::Receive, "$SYS/broker/uptime", true),
                ("admin", Action::Send, "any/thing", true),
                ("bob", Action::Send, CONTROL, false),
                ("bob", Action::Receive, ANSWERS, false),
                ("bob", Action::Send, "users/bob/x", true),
                ("bob", Action::Receive, "users/bob/x", true),
                ("bob", Action::Subscribe, "users/bob/#", true),
                ("bob", Action::Subscribe, "#", false),
                ("bob", Action::Receive, "users/admin/x", false),
                ("a/b", Action::Send, "test/connection", true),
                ("a/b", Action::Send, "users/a%2Fb/x", true),
                ("a/b", Action::Send, "users/a/b/x", false),
            ] {
                assert_eq!(may(user, action, topic), allowed, "{target} {user} {action:?} {topic}");
            }
            // `%u` is what 2.1 is there for
            let by_letter = target == Series::V20;
            assert_eq!(super::super::lint::problems(&file).len(), usize::from(!by_letter));
        }
    }
}
