//! `mqsec dynsec init`: the plugin's file from the users of `.env`, and the configuration that loads it.

use serde_json::Value;
use serde_json::json;

use super::Making;
use super::activation::Activation;
use crate::commands::files;
use crate::commands::files_json;
use crate::context::Context;
use crate::dynsec::Login;
use crate::dynsec::initial;
use crate::dynsec::initial::Person;
use crate::error::Failure;
use crate::error::Plain;
use crate::passwd::DEFAULT_ITERATIONS;
use crate::passwd::User;
use crate::passwd::UserName;
use crate::provision::dynsec;
use crate::provision::users;
use crate::secret::Secret;
use crate::ui::Report;
use crate::workspace::Change;
use crate::workspace::Transaction;
use crate::workspace::env_file::EnvFile;
use crate::workspace::layout;
use crate::workspace::utf8;

/// Write data/dynamic-security.json with the users of .env, and let the configuration load the plugin
///
/// The admin is the first user of .env; one who is not there yet gets a generated password, which is written into .env
/// and nowhere else. There are roles to publish, to subscribe and to observe; every client may use test/connection and
/// has a subtree of its own, users/NAME/#. password_file and acl_file go out of the configuration.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    making: Making,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    check_target(&args.making)?;
    let workspace = &context.workspace;
    if let Some(path) = dynsec::active(workspace)?
        && !args.making.force
        && let Some(file) = dynsec::read(workspace, &path)?
    {
        return Ok(context.ui.report(&Kept { path: workspace.show(path), clients: file.clients.len() }));
    }
    let plan = Activation::plan(context, &args.making)?;
    let mut change = Transaction::begin(workspace)?;
    let Staff { admin, others, is_new } = staff(context, &mut change, args.making.admin.as_ref())?;
    let skipped = not_taken_over(context, &admin, &others);
    let person =
        |user: &User| Person { name: user.name.to_string(), login: Login::new(&user.password, DEFAULT_ITERATIONS) };
    let file = initial::initial(person(&admin), others.iter().map(person).collect(), args.making.target);
    let removed = plan.removed.clone();
    let backup = plan.put(context, &mut change, &file)?;
    let changes = change.commit()?;
    super::super::warn_of_open_env(context);
    Ok(context.ui.report(&Made {
        context,
        schema: "mqsec/dynsec-init/1",
        admin: admin.name.to_string(),
        new_admin: is_new,
        clients: file.clients.len(),
        roles: file.roles.len(),
        changes,
        backup: backup.map(|path| workspace.show(path)),
        removed,
        notes: skipped,
    }))
}

/// All is there already.
struct Kept {
    path: String,
    clients: usize,
}

impl Report for Kept {
    fn text(&self, _fancy: bool) -> String {
        format!("the plugin is set up already, with {} clients in {}; nothing was changed\n", self.clients, self.path)
    }

    fn json(&self) -> Value {
        json!({ "schema": "mqsec/dynsec-init/1", "clients": self.clients, "file": self.path, "files": [] })
    }
}

pub(super) struct Staff {
    pub(super) admin: User,
    /// The other users of `.env`.
    pub(super) others: Vec<User>,
    /// Whether the admin was added to `.env`.
    pub(super) is_new: bool,
}

/// The users of `.env`, the admin apart; one who is not there is added with a generated password.
pub(super) fn staff(
    context: &Context<'_>,
    change: &mut Transaction<'_>,
    wanted: Option<&UserName>,
) -> Result<Staff, Failure> {
    let workspace = &context.workspace;
    let mut users = users::env_file(workspace)?.unwrap_or_default().users;
    let place = match wanted {
        Some(name) => users.iter().position(|user| user.name == *name),
        None => (!users.is_empty()).then_some(0),
    };
    if let Some(place) = place {
        let admin = users.remove(place);
        return Ok(Staff { admin, others: users, is_new: false });
    }
    let name = match wanted {
        Some(name) => name.clone(),
        None => UserName::parse(initial::ADMIN)?,
    };
    let admin = User { name, password: Secret::generate() };
    let path = workspace.show(layout::ENV);
    let text = workspace.read(layout::ENV)?.map(|bytes| utf8(bytes, &path)).transpose()?.unwrap_or_default();
    let text = zeroize::Zeroizing::new(with_user(&text, &admin));
    // a name that `.env` cannot hold is told before anything is written
    EnvFile::parse(&text, &path)?;
    change.put(layout::ENV, text.as_bytes());
    Ok(Staff { admin, others: users, is_new: true })
}

/// `.env` with one more pair, under the first number that is free above all others.
fn with_user(text: &str, user: &User) -> String {
    let number = |line: &str| line.split_once('=')?.0.rsplit_once('_')?.1.trim().parse::<u64>().ok();
    let next = text.lines().filter_map(number).max().map_or(1, |last| last.saturating_add(1));
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let quote = if user.name.as_str().contains('\'') { '"' } else { '\'' };
    format!("{text}{end}USER_{next}={quote}{}{quote}\nPASS_{next}={}\n", user.name, user.password.expose())
}

/// Users of the password file who are locked out by this.
fn not_taken_over(context: &Context<'_>, admin: &User, others: &[User]) -> Vec<String> {
    let Ok(file) = users::passwd_file(&context.workspace) else { return Vec::new() };
    let known = |name: &str| admin.name.as_str() == name || others.iter().any(|user| user.name.as_str() == name);
    let left: Vec<&str> = file.users().map(|(name, _)| name).filter(|name| !known(name)).collect();
    match left.len() {
        0 => Vec::new(),
        1 => vec![format!(
            "`{}` of `{}` is not in `.env` and cannot log in any more; to take all over: mqsec dynsec import --force",
            left[0],
            context.workspace.show(layout::PASSWD)
        )],
        count => vec![format!(
            "{count} users of `{}` are not in `.env` and cannot log in any more; to take them over: mqsec dynsec import --force",
            context.workspace.show(layout::PASSWD)
        )],
    }
}

/// What `init` and `import` tell.
pub(super) struct Made<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) schema: &'static str,
    pub(super) admin: String,
    pub(super) new_admin: bool,
    pub(super) clients: usize,
    pub(super) roles: usize,
    pub(super) changes: Vec<Change>,
    pub(super) backup: Option<String>,
    pub(super) removed: Vec<String>,
    pub(super) notes: Vec<String>,
}

impl Report for Made<'_> {
    fn text(&self, _fancy: bool) -> String {
        let Self { context, admin, clients, roles, .. } = self;
        let mut text = format!("{clients} clients and {roles} roles for the dynamic security plugin\n");
        text.push_str(&files(context, &self.changes));
        if let Some(backup) = &self.backup {
            text.push_str(&format!("  the old file is kept in {backup}\n"));
        }
        let env = context.workspace.show(layout::ENV);
        let how = if self.new_admin { "its password was generated and is in" } else { "its password is that of" };
        text.push_str(&format!("the admin is `{admin}`; {how} {env}\n"));
        if !self.removed.is_empty() {
            text.push_str(&format!("taken out of {}:\n", context.workspace.show(layout::CONF)));
            self.removed.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        }
        self.notes.iter().for_each(|note| text.push_str(&format!("note: {note}\n")));
        text.push_str(&format!(
            "next: {} up (the broker loads the plugin, and all is proven)\n",
            context.workspace.command()
        ));
        text
    }

    fn json(&self) -> Value {
        json!({
            "schema": self.schema, "admin": self.admin, "admin_added_to_env": self.new_admin, "clients": self.clients,
            "roles": self.roles, "files": files_json(self.context, &self.changes), "backup": self.backup,
            "removed": self.removed, "notes": self.notes,
        })
    }
}

/// A series that has no plugin of its own yet.
pub(super) fn check_target(making: &Making) -> Result<(), Failure> {
    if crate::series::Series::RELEASED.contains(&making.target) {
        return Ok(());
    }
    Err(Plain::new(
        "series-unreleased",
        format!("Mosquitto {} is not released; nothing is known of its plugin", making.target),
    )
    .hint("leave --target out: what is written then loads in every series that there is")
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_that_is_added_to_env_is_read_back() {
        for (text, name) in [("", "admin"), ("USER_7=x\nPASS_7=y\nBROKER_CN=b", "it's me"), ("# c\n", "a$b c")] {
            let user = User { name: UserName::parse(name).unwrap(), password: Secret::generate() };
            let read = EnvFile::parse(&with_user(text, &user), ".env");
            let found = read.unwrap().users.pop().unwrap();
            assert_eq!((found.name, found.password), (user.name, user.password), "{name}");
        }
    }
}
