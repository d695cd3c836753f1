//! `mqsec dynsec list`: clients, groups and roles as the broker has them now.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;

use super::Reach;
use super::reach;
use crate::context::Context;
use crate::dynsec::Acl;
use crate::dynsec::File;
use crate::dynsec::RoleName;
use crate::dynsec::control::Command;
use crate::error::Failure;
use crate::error::Plain;
use crate::error::printable;
use crate::provision::dynsec::Admin;
use crate::ui::Report;
use crate::ui::columns;

/// List clients, groups and roles
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    reach: Reach,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let file = if args.reach.offline {
        // reading does no harm to a broker that runs
        let path = reach::file(context)?;
        crate::provision::dynsec::must_read(&context.workspace, &path)?
    } else {
        let admin = reach::admin(context, &args.reach)?;
        let mut file = File {
            clients: all(&admin, "listClients", "clients")?,
            groups: all(&admin, "listGroups", "groups")?,
            roles: all(&admin, "listRoles", "roles")?,
            ..File::default()
        };
        let answers = admin.ask(vec![Command::new("getAnonymousGroup"), Command::new("getDefaultACLAccess")])?;
        if let [Ok(group), Ok(access)] = answers.as_slice() {
            file.anonymous_group =
                group["group"]["groupname"].as_str().filter(|name| !name.is_empty()).map(str::to_owned);
            let allows = |kind: &str| {
                let acls = access["acls"].as_array().into_iter().flatten();
                acls.filter(|acl| acl["acltype"] == kind).any(|acl| acl["allow"] == true)
            };
            file.default_access.send = allows("publishClientSend");
            file.default_access.receive = allows("publishClientReceive");
            file.default_access.subscribe = allows("subscribe");
            file.default_access.unsubscribe = allows("unsubscribe");
        }
        file
    };
    Ok(context.ui.report(&List { file }))
}

/// What one message may hold: with a page of this size it stays far below the longest that is read.
const PAGE: usize = 500;

/// Every element of one kind, page by page.
fn all<T: DeserializeOwned>(admin: &Admin, command: &'static str, key: &str) -> Result<Vec<T>, Failure> {
    let mut found: Vec<T> = Vec::new();
    loop {
        let page = Command::new(command).with("verbose", true).with("count", PAGE).with("offset", found.len());
        let answer = admin.ask(vec![page])?.remove(0)?;
        let list: Vec<T> = serde_json::from_value(answer[key].clone()).map_err(|error| {
            Plain::new("dynsec-refused", format!("the plugin's answer to `{command}` cannot be read: {error}"))
        })?;
        let count = list.len();
        found.extend(list);
        if count < PAGE {
            return Ok(found);
        }
    }
}

struct List {
    file: File,
}

impl Report for List {
    fn text(&self, _fancy: bool) -> String {
        let File { clients, groups, roles, default_access, .. } = &self.file;
        let mut text = format!("clients ({}):\n", clients.len());
        let rows: Vec<_> = clients
            .iter()
            .map(|client| {
                let state = if client.disabled { "disabled" } else { "" };
                vec![printable(&client.username), names(&client.roles), state.to_owned()]
            })
            .collect();
        text.push_str(&columns(&rows));
        text.push_str(&format!("groups ({}):\n", groups.len()));
        let rows: Vec<_> = groups
            .iter()
            .map(|group| {
                let anonymous = self.file.anonymous_group.as_ref() == Some(&group.groupname);
                let who = if anonymous {
                    "whoever has no user name".to_owned()
                } else {
                    format!("{} clients", group.clients.len())
                };
                vec![printable(&group.groupname), names(&group.roles), who]
            })
            .collect();
        text.push_str(&columns(&rows));
        text.push_str(&format!("roles ({}):\n", roles.len()));
        for role in roles {
            text.push_str(&format!("  {}\n", printable(&role.rolename)));
            let rows: Vec<_> = role.acls.iter().map(acl).collect();
            text.push_str(&columns(&rows).lines().map(|line| format!("  {line}\n")).collect::<String>());
        }
        let default = [
            ("publish", default_access.send),
            ("receive", default_access.receive),
            ("subscribe", default_access.subscribe),
        ];
        let open: Vec<&str> = default.iter().filter(|(_, allowed)| *allowed).map(|(what, _)| *what).collect();
        let open = if open.is_empty() { "nothing".to_owned() } else { open.join(", ") };
        text.push_str(&format!("where no role decides, everybody may: {open}\n"));
        text
    }

    /// Passwords are left out, in whichever form.
    fn json(&self) -> Value {
        let File { clients, groups, roles, default_access, anonymous_group, .. } = &self.file;
        let names = |roles: &[RoleName]| roles.iter().map(|role| role.rolename.clone()).collect::<Vec<_>>();
        let mut members: HashMap<&str, Vec<&str>> = HashMap::new();
        for group in groups {
            for member in &group.clients {
                members.entry(&member.username).or_default().push(&group.groupname);
            }
        }
        let members = |name: &str| members.get(name).cloned().unwrap_or_default();
        json!({
            "schema": "mqsec/dynsec-list/1",
            "clients": clients.iter().map(|client| json!({
                "name": client.username, "disabled": client.disabled, "roles": names(&client.roles),
                "groups": members(&client.username), "client_id": client.clientid,
            })).collect::<Vec<_>>(),
            "groups": groups.iter().map(|group| json!({
                "name": group.groupname, "roles": names(&group.roles),
                "clients": group.clients.iter().map(|member| member.username.clone()).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "roles": roles.iter().map(|role| json!({ "name": role.rolename, "acls": role.acls })).collect::<Vec<_>>(),
            "anonymous_group": anonymous_group,
            "default_access": {
                "publish": default_access.send, "receive": default_access.receive,
                "subscribe": default_access.subscribe, "unsubscribe": default_access.unsubscribe,
            },
        })
    }
}

fn names(roles: &[RoleName]) -> String {
    roles.iter().map(|role| printable(&role.rolename)).collect::<Vec<_>>().join(", ")
}

fn acl(acl: &Acl) -> Vec<String> {
    let verb = if acl.allow { "allow" } else { "deny" };
    let priority = acl.priority.as_ref().filter(|priority| priority.as_f64() != Some(0.0));
    let priority = priority.map(|priority| format!("priority {priority}")).unwrap_or_default();
    vec![verb.to_owned(), acl.acltype.to_string(), printable(&acl.topic), priority]
}
