//! `mqsec fleet`: many devices at once.

mod issue;
mod picks;
mod renew;
mod revoke;
mod status;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Failure;

/// Issue, renew, revoke and look at many devices at once
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Issue(issue::Args),
    Renew(renew::Args),
    Revoke(revoke::Args),
    Status(status::Args),
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    match &args.command {
        Command::Issue(args) => issue::run(context, args),
        Command::Renew(args) => renew::run(context, args),
        Command::Revoke(args) => revoke::run(context, args),
        Command::Status(args) => status::run(context, args),
    }
}
