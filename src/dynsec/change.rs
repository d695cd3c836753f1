//! One change: as requests to the broker that runs, or to the file of one that does not.

use super::Acl;
use super::Client;
use super::File;
use super::Group;
use super::Login;
use super::Member;
use super::Role;
use super::RoleName;
use super::control::Command;
use super::lint::Holder;
use crate::error::Diagnose;
use crate::error::Kind;
use crate::passwd::DEFAULT_ITERATIONS;
use crate::secret::Secret;

#[derive(Clone, Debug)]
pub enum Change {
    AddClient {
        name: String,
        password: Option<Secret>,
        client_id: Option<String>,
    },
    AddGroup {
        name: String,
    },
    AddRole {
        name: String,
        acls: Vec<Acl>,
    },
    Delete(Holder),
    /// A role for a client or a group.
    Grant {
        holder: Holder,
        role: String,
        priority: Option<i32>,
    },
    Revoke {
        holder: Holder,
        role: String,
    },
    Join {
        group: String,
        client: String,
    },
    Leave {
        group: String,
        client: String,
    },
    Password {
        name: String,
        password: Secret,
    },
    Enable(String),
    Disable(String),
}

/// Why a file does not take a change.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    #[error("{} is there already", .0.shown())]
    Exists(Holder),
    #[error("{} is not there", .0.shown())]
    NotFound(Holder),
    #[error("{} does not have the role `{role}`", holder.shown())]
    NotGranted { holder: Holder, role: String },
    #[error("the client `{client}` is not in the group `{group}`")]
    NotMember { group: String, client: String },
}

impl Diagnose for Impossible {
    fn code(&self) -> &'static str {
        match self {
            Self::Exists(_) => "dynsec-exists",
            _ => "dynsec-not-found",
        }
    }

    fn kind(&self) -> Kind {
        Kind::No
    }

    fn hints(&self) -> Vec<String> {
        vec!["see what there is: mqsec dynsec list --offline".to_owned()]
    }
}

impl Change {
    /// As the plugin takes it.
    pub fn command(&self) -> Command {
        let named = |command, holder: &Holder| {
            let (key, name) = holder.place();
            Command::new(command).with(key, name)
        };
        match self {
            Self::AddClient { name, password, client_id } => {
                let mut command = Command::new("createClient").with("username", name.as_str());
                if let Some(password) = password {
                    command = command.with("password", password.expose());
                }
                client_id.iter().fold(command, |command, id| command.with("clientid", id.as_str()))
            }
            Self::AddGroup { name } => Command::new("createGroup").with("groupname", name.as_str()),
            Self::AddRole { name, acls } => {
                let acls: Vec<_> = acls.iter().filter_map(|acl| serde_json::to_value(acl).ok()).collect();
                Command::new("createRole").with("rolename", name.as_str()).with("acls", acls)
            }
            Self::Delete(holder) => {
                let command = match holder {
                    Holder::Client(_) => "deleteClient",
                    Holder::Group(_) => "deleteGroup",
                    Holder::Role(_) => "deleteRole",
                };
                named(command, holder)
            }
            Self::Grant { holder, role, priority } => {
                let command = if matches!(holder, Holder::Group(_)) { "addGroupRole" } else { "addClientRole" };
                let command = named(command, holder).with("rolename", role.as_str());
                priority.iter().fold(command, |command, priority| command.with("priority", *priority))
            }
            Self::Revoke { holder, role } => {
                let command = if matches!(holder, Holder::Group(_)) { "removeGroupRole" } else { "removeClientRole" };
                named(command, holder).with("rolename", role.as_str())
            }
            Self::Join { group, client } => {
                Command::new("addGroupClient").with("groupname", group.as_str()).with("username", client.as_str())
            }
            Self::Leave { group, client } => {
                Command::new("removeGroupClient").with("groupname", group.as_str()).with("username", client.as_str())
            }
            Self::Password { name, password } => {
                Command::new("setClientPassword").with("username", name.as_str()).with("password", password.expose())
            }
            Self::Enable(name) => Command::new("enableClient").with("username", name.as_str()),
            Self::Disable(name) => Command::new("disableClient").with("username", name.as_str()),
        }
    }

    /// Makes the change in a file.
    pub fn apply(&self, file: &mut File) -> Result<(), Impossible> {
        match self {
            Self::AddClient { name, password, client_id } => {
                absent(file, Holder::Client(name.clone()))?;
                let login = password.as_ref().map(|password| Login::new(password, DEFAULT_ITERATIONS));
                let login = login.unwrap_or_default();
                let (username, clientid) = (name.clone(), client_id.clone());
                file.clients.push(Client { username, clientid, login, ..Client::default() });
            }
            Self::AddGroup { name } => {
                absent(file, Holder::Group(name.clone()))?;
                file.groups.push(Group { groupname: name.clone(), ..Group::default() });
            }
            Self::AddRole { name, acls } => {
                absent(file, Holder::Role(name.clone()))?;
                file.roles.push(Role { rolename: name.clone(), acls: acls.clone(), ..Role::default() });
            }
            Self::Delete(holder) => delete(file, holder)?,
            Self::Grant { holder, role, priority } => {
                present(file, Holder::Role(role.clone()))?;
                let priority = priority.map(serde_json::Number::from);
                let roles = roles_of(file, holder)?;
                if roles.iter().all(|had| had.rolename != *role) {
                    roles.push(RoleName { priority, ..RoleName::new(role) });
                }
            }
            Self::Revoke { holder, role } => {
                let roles = roles_of(file, holder)?;
                let before = roles.len();
                roles.retain(|had| had.rolename != *role);
                if roles.len() == before {
                    return Err(Impossible::NotGranted { holder: holder.clone(), role: role.clone() });
                }
            }
            Self::Join { group, client } => {
                present(file, Holder::Client(client.clone()))?;
                let members = members_of(file, group)?;
                if members.iter().all(|member| member.username != *client) {
                    members.push(Member { username: client.clone(), ..Member::default() });
                }
            }
            Self::Leave { group, client } => {
                let members = members_of(file, group)?;
                let before = members.len();
                members.retain(|member| member.username != *client);
                if members.len() == before {
                    return Err(Impossible::NotMember { group: group.clone(), client: client.clone() });
                }
            }
            Self::Password { name, password } => {
                client_of(file, name)?.login = Login::new(password, DEFAULT_ITERATIONS);
            }
            Self::Enable(name) => client_of(file, name)?.disabled = false,
            Self::Disable(name) => client_of(file, name)?.disabled = true,
        }
        Ok(())
    }

    /// Whether a file that the broker saved has it: a broker that cannot save answers as if it had.
    pub fn is_in(&self, file: &File) -> bool {
        let has = |holder: &Holder, role: &str| {
            let roles = match holder {
                Holder::Client(name) => file.client(name).map(|client| &client.roles),
                Holder::Group(name) => file.group(name).map(|group| &group.roles),
                Holder::Role(_) => None,
            };
            roles.is_some_and(|roles| roles.iter().any(|had| had.rolename == role))
        };
        let is_member = |group: &str, client: &str| {
            file.group(group).is_some_and(|group| group.clients.iter().any(|member| member.username == client))
        };
        match self {
            Self::AddClient { name, .. } => file.client(name).is_some(),
            Self::AddGroup { name } => file.group(name).is_some(),
            Self::AddRole { name, .. } => file.role(name).is_some(),
            Self::Delete(holder) => absent(file, holder.clone()).is_ok(),
            Self::Grant { holder, role, .. } => has(holder, role),
            Self::Revoke { holder, role } => !has(holder, role),
            Self::Join { group, client } => is_member(group, client),
            Self::Leave { group, client } => !is_member(group, client),
            Self::Password { name, password } => file.client(name).is_some_and(|client| client.login.verify(password)),
            Self::Enable(name) => file.client(name).is_some_and(|client| !client.disabled),
            Self::Disable(name) => file.client(name).is_some_and(|client| client.disabled),
        }
    }
}

fn absent(file: &File, holder: Holder) -> Result<(), Impossible> {
    match present(file, holder) {
        Ok(holder) => Err(Impossible::Exists(holder)),
        Err(_) => Ok(()),
    }
}

fn present(file: &File, holder: Holder) -> Result<Holder, Impossible> {
    let found = match &holder {
        Holder::Client(name) => file.client(name).is_some(),
        Holder::Group(name) => file.group(name).is_some(),
        Holder::Role(name) => file.role(name).is_some(),
    };
    if found { Ok(holder) } else { Err(Impossible::NotFound(holder)) }
}

fn client_of<'a>(file: &'a mut File, name: &str) -> Result<&'a mut Client, Impossible> {
    let found = file.clients.iter_mut().find(|client| client.username == name);
    found.ok_or_else(|| Impossible::NotFound(Holder::Client(name.to_owned())))
}

fn members_of<'a>(file: &'a mut File, name: &str) -> Result<&'a mut Vec<Member>, Impossible> {
    let found = file.groups.iter_mut().find(|group| group.groupname == name);
    found.map(|group| &mut group.clients).ok_or_else(|| Impossible::NotFound(Holder::Group(name.to_owned())))
}

fn roles_of<'a>(file: &'a mut File, holder: &Holder) -> Result<&'a mut Vec<RoleName>, Impossible> {
    let found = match holder {
        Holder::Client(name) => {
            file.clients.iter_mut().find(|client| client.username == *name).map(|client| &mut client.roles)
        }
        Holder::Group(name) => {
            file.groups.iter_mut().find(|group| group.groupname == *name).map(|group| &mut group.roles)
        }
        Holder::Role(_) => None,
    };
    found.ok_or_else(|| Impossible::NotFound(holder.clone()))
}

/// Takes it out of everything that names it, too, as the plugin does.
fn delete(file: &mut File, holder: &Holder) -> Result<(), Impossible> {
    present(file, holder.clone())?;
    match holder {
        Holder::Client(name) => {
            file.clients.retain(|client| client.username != *name);
            file.groups.iter_mut().for_each(|group| group.clients.retain(|member| member.username != *name));
        }
        Holder::Group(name) => {
            file.groups.retain(|group| group.groupname != *name);
            file.anonymous_group.take_if(|group| group == name);
        }
        Holder::Role(name) => {
            file.roles.retain(|role| role.rolename != *name);
            file.clients.iter_mut().for_each(|client| client.roles.retain(|role| role.rolename != *name));
            file.groups.iter_mut().for_each(|group| group.roles.retain(|role| role.rolename != *name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_in_the_file_that_it_was_made_in() {
        let mut file = File::default();
        let (client, role) = (|| Holder::Client("u".to_owned()), || "r".to_owned());
        let secret = || Secret::new("s");
        let name = || "u".to_owned();
        let changes = [
            Change::AddClient { name: name(), password: Some(secret()), client_id: None },
            Change::AddRole { name: role(), acls: Vec::new() },
            Change::AddGroup { name: "g".to_owned() },
            Change::Grant { holder: client(), role: role(), priority: Some(3) },
            Change::Grant { holder: Holder::Group("g".to_owned()), role: role(), priority: None },
            Change::Join { group: "g".to_owned(), client: name() },
            Change::Password { name: name(), password: Secret::new("t") },
            Change::Disable(name()),
            Change::Enable(name()),
            Change::Leave { group: "g".to_owned(), client: name() },
            Change::Revoke { holder: client(), role: role() },
            Change::Delete(client()),
            Change::Delete(Holder::Role(role())),
            Change::Delete(Holder::Group("g".to_owned())),
        ];
        for change in &changes {
            let missing = !change.is_in(&file) || matches!(change, Change::Enable(_) | Change::Grant { .. });
            assert!(missing, "{change:?}");
            change.apply(&mut file).unwrap();
            assert!(change.is_in(&file), "{change:?}");
        }
        assert_eq!(file, File::default());
    }

    #[test]
    fn what_is_there_twice_or_not_at_all_is_refused() {
        let mut file = File::default();
        let add = Change::AddClient { name: "u".to_owned(), password: None, client_id: None };
        add.apply(&mut file).unwrap();
        assert_eq!(add.apply(&mut file).unwrap_err().code(), "dynsec-exists");
        let holder = || Holder::Client("u".to_owned());
        for change in [
            Change::Grant { holder: holder(), role: "no".to_owned(), priority: None },
            Change::Revoke { holder: holder(), role: "no".to_owned() },
            Change::Delete(Holder::Role("no".to_owned())),
            Change::Join { group: "no".to_owned(), client: "u".to_owned() },
            Change::Enable("no".to_owned()),
        ] {
            assert_eq!(change.apply(&mut file).unwrap_err().code(), "dynsec-not-found", "{change:?}");
        }
    }
}
