//! Changes of clients, groups and roles: asked of the broker that runs, or made in its file.

use serde_json::Value;
use serde_json::json;

use super::Reach;
use super::password;
use super::reach;
use crate::context::Context;
use crate::dynsec::Acl;
use crate::dynsec::AclType;
use crate::dynsec::change::Change;
use crate::dynsec::initial;
use crate::dynsec::lint::Holder;
use crate::error::Failure;
use crate::passwd::UserName;
use crate::provision::users;
use crate::secret::Secret;
use crate::ui::Report;

/// Add a client, a group or a role
#[derive(clap::Subcommand)]
pub(super) enum Add {
    Client(NewClient),
    /// Add a group, whose roles its clients have
    Group {
        #[arg(value_name = "GROUP", value_parser = reach::name)]
        name: String,
        /// A role that the group gets
        #[arg(long = "role", value_name = "ROLE", value_parser = reach::name)]
        roles: Vec<String>,
        #[command(flatten)]
        reach: Reach,
    },
    /// Add a role
    Role {
        #[arg(value_name = "ROLE", value_parser = reach::name)]
        name: String,
        #[command(flatten)]
        rights: Rights,
        #[command(flatten)]
        reach: Reach,
    },
}

/// Add a client
///
/// It joins the group `everyone`, where there is one and no other is named.
#[derive(clap::Args)]
pub(super) struct NewClient {
    #[arg(value_name = "CLIENT")]
    name: UserName,
    /// A role that the client gets
    #[arg(long = "role", value_name = "ROLE", value_parser = reach::name)]
    roles: Vec<String>,
    /// A group that the client joins
    #[arg(long = "group", value_name = "GROUP", value_parser = reach::name)]
    groups: Vec<String>,
    #[command(flatten)]
    rights: Rights,
    /// The one client identifier with which it may connect
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Without a password: it gets in by the name in its certificate alone
    #[arg(long, conflicts_with_all = ["stdin", "generate"])]
    no_password: bool,
    #[command(flatten)]
    password: password::Source,
    #[command(flatten)]
    reach: Reach,
}

#[derive(clap::Args)]
pub(super) struct Rights {
    /// Topics that may be published to
    #[arg(long, value_name = "TOPIC", value_parser = reach::filter)]
    publish: Vec<String>,
    /// Topics that may be subscribed to and received
    #[arg(long, value_name = "TOPIC", value_parser = reach::filter)]
    subscribe: Vec<String>,
}

impl Rights {
    fn acls(&self) -> Vec<Acl> {
        let send = self.publish.iter().map(|topic| Acl::allow(AclType::PublishClientSend, topic));
        let read = self.subscribe.iter().flat_map(|topic| {
            [AclType::SubscribePattern, AclType::PublishClientReceive].map(|kind| Acl::allow(kind, topic))
        });
        send.chain(read).collect()
    }
}

/// Remove a client, a group or a role
#[derive(clap::Subcommand)]
pub(super) enum Del {
    /// Remove a client, and the role that was made for it alone
    Client(Named),
    /// Remove a group; its clients stay
    Group(Named),
    /// Remove a role from all who have it
    Role(Named),
}

#[derive(clap::Args)]
pub(super) struct Named {
    #[arg(value_name = "NAME", value_parser = reach::name)]
    name: String,
    #[command(flatten)]
    reach: Reach,
}

#[derive(clap::Args)]
pub(super) struct Grant {
    #[command(flatten)]
    holding: Holding,
    /// Roles are asked from the highest priority down
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: Option<i32>,
}

/// Who has what.
#[derive(clap::Args)]
pub(super) struct Holding {
    /// The client
    #[arg(value_name = "NAME", value_parser = reach::name)]
    name: String,
    #[arg(value_name = "ROLE", value_parser = reach::name)]
    role: String,
    /// NAME is a group
    #[arg(long, conflicts_with = "member")]
    group: bool,
    /// ROLE is a group, and NAME a client in it
    #[arg(long)]
    member: bool,
    #[command(flatten)]
    reach: Reach,
}

impl Holding {
    fn holder(&self) -> Holder {
        let name = self.name.clone();
        if self.group { Holder::Group(name) } else { Holder::Client(name) }
    }

    fn finish(&self, context: &Context<'_>, change: Change, did: &str) -> Result<u8, Failure> {
        let kind = if self.member { "group" } else { "role" };
        let shown = self.holder().shown();
        let text = format!("{} {did} the {kind} `{}`", shown.trim_start_matches("the "), self.role);
        finish(context, &self.reach, vec![change], text)
    }
}

/// Give a client a new password
#[derive(clap::Args)]
pub(super) struct Passwd {
    #[arg(value_name = "CLIENT")]
    name: UserName,
    #[command(flatten)]
    password: password::Source,
    #[command(flatten)]
    reach: Reach,
}

#[derive(clap::Args)]
pub(super) struct One {
    #[arg(value_name = "CLIENT")]
    name: UserName,
    #[command(flatten)]
    reach: Reach,
}

pub(super) fn add(context: &Context<'_>, args: &Add) -> Result<u8, Failure> {
    match args {
        Add::Client(args) => add_client(context, args),
        Add::Group { name, roles, reach } => {
            let holder = Holder::Group(name.clone());
            let grant = |role: &String| Change::Grant { holder: holder.clone(), role: role.clone(), priority: None };
            let changes: Vec<_> =
                [Change::AddGroup { name: name.clone() }].into_iter().chain(roles.iter().map(grant)).collect();
            finish(context, reach, changes, format!("group `{name}` added"))
        }
        Add::Role { name, rights, reach } => {
            let changes = vec![Change::AddRole { name: name.clone(), acls: rights.acls() }];
            finish(context, reach, changes, format!("role `{name}` added"))
        }
    }
}

fn add_client(context: &Context<'_>, args: &NewClient) -> Result<u8, Failure> {
    // before a password is asked for
    reach::file(context)?;
    let name = args.name.to_string();
    let known = reach::known(context);
    let password = if args.no_password { None } else { Some(args.password.password(context, &name)?) };
    let holder = Holder::Client(name.clone());
    let grant = |role: String| Change::Grant { holder: holder.clone(), role, priority: None };
    let mut changes = Vec::new();
    let acls = args.rights.acls();
    let own = initial::own(&name).rolename;
    if !acls.is_empty() {
        changes.push(Change::AddRole { name: own.clone(), acls: acls.clone() });
    }
    changes.push(Change::AddClient {
        name: name.clone(),
        password: password.clone(),
        client_id: args.client_id.clone(),
    });
    if !acls.is_empty() {
        changes.push(grant(own));
    }
    changes.extend(args.roles.iter().cloned().map(grant));
    let everyone = initial::EVERYONE.to_owned();
    let usual = known.is_some_and(|file| file.group(&everyone).is_some()).then_some(everyone);
    let groups = if args.groups.is_empty() { usual.into_iter().collect() } else { args.groups.clone() };
    changes.extend(groups.into_iter().map(|group| Change::Join { group, client: name.clone() }));
    reach::make(context, &args.reach, &changes)?;
    if let Some(password) = password.filter(|_| args.password.generate) {
        args.password.show(context, &name, &password);
        return Ok(0);
    }
    Ok(context.ui.report(&Done { text: format!("client `{name}` added"), offline: args.reach.offline }))
}

pub(super) fn delete(context: &Context<'_>, args: &Del) -> Result<u8, Failure> {
    let (args, holder) = match args {
        Del::Client(args) => (args, Holder::Client(args.name.clone())),
        Del::Group(args) => (args, Holder::Group(args.name.clone())),
        Del::Role(args) => (args, Holder::Role(args.name.clone())),
    };
    let mut changes = vec![Change::Delete(holder.clone())];
    let own = initial::own(&args.name).rolename;
    let is_client = matches!(holder, Holder::Client(_));
    if is_client && reach::known(context).is_some_and(|file| file.role(&own).is_some()) {
        changes.push(Change::Delete(Holder::Role(own)));
    }
    finish(context, &args.reach, changes, format!("{} removed", holder.shown().trim_start_matches("the ")))
}

pub(super) fn grant(context: &Context<'_>, args: &Grant) -> Result<u8, Failure> {
    let (of, role) = (&args.holding, args.holding.role.clone());
    if of.member {
        return of.finish(context, Change::Join { group: role, client: of.name.clone() }, "is in");
    }
    of.finish(context, Change::Grant { holder: of.holder(), role, priority: args.priority }, "has")
}

pub(super) fn revoke(context: &Context<'_>, of: &Holding) -> Result<u8, Failure> {
    let role = of.role.clone();
    if of.member {
        return of.finish(context, Change::Leave { group: role, client: of.name.clone() }, "is no longer in");
    }
    of.finish(context, Change::Revoke { holder: of.holder(), role }, "no longer has")
}

pub(super) fn passwd(context: &Context<'_>, args: &Passwd) -> Result<u8, Failure> {
    reach::file(context)?;
    let name = args.name.to_string();
    let password = args.password.password(context, &name)?;
    reach::make(context, &args.reach, &[Change::Password { name: name.clone(), password: password.clone() }])?;
    warn_of_env(context, &args.name, &password);
    if args.password.generate {
        args.password.show(context, &name, &password);
        return Ok(0);
    }
    let text = format!("client `{name}` has a new password");
    Ok(context.ui.report(&Done { text, offline: args.reach.offline }))
}

/// `.env` is where `up` and `test-connect` take passwords from.
fn warn_of_env(context: &Context<'_>, name: &UserName, password: &Secret) {
    let Ok(Some(env)) = users::env_file(&context.workspace) else { return };
    if env.users.iter().any(|user| user.name == *name && user.password != *password) {
        let path = context.workspace.show(crate::workspace::layout::ENV);
        context.ui.warn(format!("`{path}` has another password for `{name}`: put the new one there, too"));
    }
}

pub(super) fn enable(context: &Context<'_>, args: &One, on: bool) -> Result<u8, Failure> {
    let name = args.name.to_string();
    let (change, did) = if on {
        (Change::Enable(name.clone()), "enabled")
    } else if args.reach.offline {
        (Change::Disable(name.clone()), "disabled")
    } else {
        (Change::Disable(name.clone()), "disabled, and thrown out where it was connected")
    };
    finish(context, &args.reach, vec![change], format!("client `{name}` {did}"))
}

fn finish(context: &Context<'_>, reach: &Reach, changes: Vec<Change>, text: String) -> Result<u8, Failure> {
    reach::make(context, reach, &changes)?;
    Ok(context.ui.report(&Done { text, offline: reach.offline }))
}

struct Done {
    text: String,
    offline: bool,
}

impl Report for Done {
    fn text(&self, _fancy: bool) -> String {
        format!("{}\n", self.text)
    }

    fn json(&self) -> Value {
        json!({ "schema": "mqsec/dynsec-change/1", "did": self.text, "offline": self.offline })
    }
}
