//! `mqsec bridge`: connections of this broker to other brokers.

mod add;
mod authority;
mod del;
mod list;
mod paths;
mod test;

use crate::checks::Subject;
use crate::conf::reading::Bridge;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::provision::configuration;
use crate::series::Series;
use crate::snapshot;
use crate::workspace::layout;

/// Connect this broker to another one, with TLS that is verified
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Add(Box<add::Args>),
    List(list::Args),
    Del(del::Args),
    Test(test::Args),
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    match &args.command {
        Command::Add(args) => add::run(context, args),
        Command::List(_) => list::run(context),
        Command::Del(args) => del::run(context, args),
        Command::Test(args) => test::run(context, args),
    }
}

/// The workspace with its configuration, which must be there.
fn subject(context: &Context<'_>) -> Result<Subject, Failure> {
    let workspace = &context.workspace;
    if workspace.read(layout::CONF)?.is_none() {
        return Err(configuration::missing(workspace).into());
    }
    Ok(snapshot::take(workspace, context.now, Series::RELEASED.to_vec()))
}

/// The bridges of the configuration and of what it includes.
fn bridges(subject: &Subject) -> &[Bridge] {
    subject.reading(Series::V21).map_or(&[], |reading| &reading.bridges)
}

fn no_such(name: &str) -> Plain {
    Plain::new("bridge-not-found", format!("there is no bridge `{name}` in the configuration"))
        .hint("see which there are: mqsec bridge list")
}
