//! `mqsec dynsec reset-admin`: back in, when the admin's password is lost.

use serde_json::Value;
use serde_json::json;

use super::init::staff;
use super::reach;
use crate::context::Context;
use crate::dynsec::Client;
use crate::dynsec::Login;
use crate::dynsec::Member;
use crate::dynsec::RoleName;
use crate::dynsec::initial;
use crate::dynsec::lint;
use crate::error::Failure;
use crate::passwd::DEFAULT_ITERATIONS;
use crate::passwd::UserName;
use crate::ui::Report;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// Let the admin back in with the password of .env, in the file of a broker that does not run
///
/// A client of that name is made where there is none, and enabled; one who is not in .env is added there with a generated
/// password. All other clients, groups and roles stay.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The admin [default: the first user of .env]
    #[arg(value_name = "ADMIN")]
    name: Option<UserName>,
}

pub(super) fn reset(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let mut change = Transaction::begin(workspace)?;
    let (path, mut file) = reach::offline(context)?;
    let staff = staff(context, &mut change, args.name.as_ref())?;
    let name = staff.admin.name.to_string();
    if file.client(&name).is_none() {
        file.clients.push(Client { username: name.clone(), ..Client::default() });
        if let Some(everyone) = file.groups.iter_mut().find(|group| group.groupname == initial::EVERYONE) {
            everyone.clients.push(Member { username: name.clone(), ..Member::default() });
        }
    }
    let login = Login::new(&staff.admin.password, DEFAULT_ITERATIONS);
    for client in file.clients.iter_mut().filter(|client| client.username == name) {
        (client.login, client.disabled) = (login.clone(), false);
    }
    if !lint::admins(&file).iter().any(|client| client.username == name) {
        // a role of that name that somebody changed may be needed by others: this one is ours
        let mut role = initial::admin_role();
        if file.role(&role.rolename).is_some_and(|found| found.acls != role.acls) {
            role.rolename = "mqsec-admin".to_owned();
        }
        for client in file.clients.iter_mut().filter(|client| client.username == name) {
            client.roles.push(RoleName::new(&role.rolename));
        }
        if file.role(&role.rolename).is_none() {
            file.roles.push(role);
        }
    }
    change.put(path, file.print());
    change.commit()?;
    let env = workspace.show(layout::ENV);
    Ok(context.ui.report(&Reset { name, env, is_new: staff.is_new, command: workspace.command() }))
}

struct Reset {
    name: String,
    env: String,
    is_new: bool,
    command: String,
}

impl Report for Reset {
    fn text(&self, _fancy: bool) -> String {
        let how = if self.is_new { "its password was generated and is in" } else { "its password is that of" };
        format!("`{}` is admin again; {how} {}\nnext: {} up\n", self.name, self.env, self.command)
    }

    fn json(&self) -> Value {
        json!({ "schema": "mqsec/dynsec-reset-admin/1", "admin": self.name, "admin_added_to_env": self.is_new })
    }
}
