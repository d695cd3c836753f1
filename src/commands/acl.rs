//! `mqsec acl`: asks, checks and changes the broker's ACL file.

mod ask;
mod edit;
mod file;
mod format;
mod lint;
mod list;
mod matrix;
mod prove;

use std::path::PathBuf;

use crate::context::Context;
use crate::error::Failure;

/// Decide, check and change who may read and write which topics
///
/// The file is the acl_file of config/mosquitto.conf, or --file. Mosquitto 2.0 and 2.1 do not read it alike: without
/// --target both are asked.
#[derive(clap::Args)]
pub struct Args {
    /// Another ACL file
    #[arg(long, global = true, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Tell whether a client may, and which line decides: exit 0 allowed, 1 denied
    Test(ask::Args),
    /// The same, with each line that the broker looks at on its way
    Why(ask::Args),
    /// Print who may read and write what
    Matrix(matrix::Args),
    /// Ask the running broker itself, and prove what it refuses
    Prove(prove::Args),
    /// Find what a broker refuses, and what surprises
    Lint(lint::Args),
    /// Write the file in its canonical form; no decision changes
    Fmt(format::Args),
    /// Add a line
    Add(edit::Args),
    /// Take out a line, or with --all a whole section
    Del(edit::Del),
    /// List the lines, or those of one user
    List(list::Args),
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let file = args.file.as_deref();
    match &args.command {
        Command::Test(args) => ask::test(context, file, args),
        Command::Why(args) => ask::why(context, file, args),
        Command::Matrix(args) => matrix::run(context, file, args),
        Command::Prove(args) => prove::run(context, file, args),
        Command::Lint(args) => lint::run(context, file, args),
        Command::Fmt(args) => format::run(context, file, args),
        Command::Add(args) => edit::add(context, file, args),
        Command::Del(args) => edit::del(context, file, args),
        Command::List(args) => list::run(context, file, args),
    }
}
