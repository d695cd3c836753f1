//! `mqsec conf`: mosquitto.conf, as the broker understands it.

mod check;
mod edit;
mod file;
mod get;
mod init;
mod migrate;
mod set;
mod show;

use crate::conf::keyword;
use crate::conf::keyword::Keyword;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::series::Series;

/// Write, read and check mosquitto.conf as the broker understands it
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Init(init::Args),
    Set(set::Args),
    Get(get::Args),
    Show(show::Args),
    Check(check::Args),
    Migrate(migrate::Args),
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    match &args.command {
        Command::Init(args) => init::run(context, args),
        Command::Set(args) => set::run(context, args),
        Command::Get(args) => get::run(context, args),
        Command::Show(args) => show::run(context, args),
        Command::Check(args) => check::run(context, args),
        Command::Migrate(args) => migrate::run(context, args),
    }
}

/// The part of the file that is meant.
#[derive(clap::Args)]
struct Part {
    /// For the listener on this port
    #[arg(long, value_name = "PORT", conflicts_with = "bridge")]
    listener: Option<u16>,
    /// For the bridge of this name
    #[arg(long, value_name = "NAME")]
    bridge: Option<String>,
}

/// A series that one can have.
fn released(text: &str) -> Result<Series, &'static str> {
    Series::RELEASED.iter().copied().find(|series| series.to_string() == text).ok_or("it is 2.0 or 2.1")
}

fn unknown(key: &str) -> Plain {
    let error =
        Plain::new("conf-option-unknown", format!("Mosquitto has no option `{}`", crate::error::printable(key)));
    match keyword::nearest(key) {
        Some(near) => error.hint(format!("perhaps it is `{near}`: mqsec explain {near}")),
        None => error.hint("see which the file has: mqsec conf show"),
    }
}

fn no_part(what: String) -> Plain {
    Plain::new("conf-section-missing", format!("the configuration has no {what}"))
        .hint("see what it has: mqsec conf show --effective")
}

/// A line of the file as it may be shown.
fn without_secret(line: &str) -> String {
    let key = line.trim_start_matches(' ').split(' ').next().unwrap_or_default();
    match keyword::keyword(key).is_some_and(Keyword::is_secret) {
        true => format!("{key} [redacted]"),
        false => crate::error::printable(line),
    }
}

/// The whole file as it may be shown.
fn redacted(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().map(|line| without_secret(line) + "\n").collect()
}
