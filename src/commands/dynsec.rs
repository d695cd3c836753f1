//! `mqsec dynsec`.

mod activation;
mod admin;
mod import;
mod init;
mod lint;
mod list;
mod live;
mod password;
mod plugin_path;
mod reach;

use std::path::PathBuf;

use crate::context::Context;
use crate::error::Failure;
use crate::passwd::UserName;
use crate::series::Series;

/// Set up and use the dynamic security plugin
///
/// The plugin keeps clients, groups and roles in a file of its own, in place of the password file and the ACL, and takes
/// changes while the broker runs.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Init(init::Args),
    Import(import::Args),
    List(list::Args),
    #[command(subcommand)]
    Add(live::Add),
    #[command(subcommand)]
    Del(live::Del),
    /// Give a client or a group a role, or a client to a group
    Grant(live::Grant),
    /// Take a role from a client or a group, or a client out of a group
    Revoke(live::Holding),
    Passwd(live::Passwd),
    /// Let a client in again that was disabled
    Enable(live::One),
    /// Keep a client out, and end its connection; its roles and groups stay
    Disable(live::One),
    ResetAdmin(admin::Args),
    Lint(lint::Args),
}

/// What `init` and `import` have in common.
#[derive(clap::Args)]
struct Making {
    /// The oldest series that must load it: 2.0 loads in both, 2.1 needs fewer roles
    #[arg(long, value_name = "SERIES", default_value = "2.0")]
    target: Series,
    /// Where the broker finds the plugin [default: the image's, or the one of the installed Mosquitto]
    #[arg(long, value_name = "PATH")]
    plugin_path: Option<PathBuf>,
    /// Who may change clients, groups and roles [default: the first user of .env]
    #[arg(long, value_name = "USER")]
    admin: Option<UserName>,
    /// Replace the plugin's file that is there; a copy is kept
    #[arg(long)]
    force: bool,
}

/// How the broker, or its file, is reached.
#[derive(clap::Args)]
struct Reach {
    /// The admin to log in as [default: the first user of .env]; the password is that of .env, of MQSEC_ADMIN_PASSWORD, or
    /// asked for
    #[arg(long = "as", value_name = "ADMIN", conflicts_with = "offline")]
    admin: Option<UserName>,
    /// Read or change the file of a broker that does not run
    #[arg(long)]
    offline: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    match &args.command {
        Command::Init(args) => init::run(context, args),
        Command::Import(args) => import::run(context, args),
        Command::List(args) => list::run(context, args),
        Command::Add(args) => live::add(context, args),
        Command::Del(args) => live::delete(context, args),
        Command::Grant(args) => live::grant(context, args),
        Command::Revoke(args) => live::revoke(context, args),
        Command::Passwd(args) => live::passwd(context, args),
        Command::Enable(args) => live::enable(context, args, true),
        Command::Disable(args) => live::enable(context, args, false),
        Command::ResetAdmin(args) => admin::reset(context, args),
        Command::Lint(args) => lint::run(context, args),
    }
}
