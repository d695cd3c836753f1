//! `mqsec ca`: the authority.

mod export;
mod import;
mod init;
mod lock;
mod rollover;
mod show;

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;

pub use init::InitArgs;
pub use init::init;

/// Make and look at the certificate authority
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Init(InitArgs),
    Import(import::Args),
    /// Tell what the authority is: both tiers, what is left of their lives, where their keys are, the revocation list
    Show,
    Export(export::Args),
    /// Put a passphrase on the authority's keys
    ///
    /// PKCS#8 with scrypt and AES-256, which openssl reads too. The passphrase is asked for, or comes from
    /// --ca-passphrase-file or MQSEC_CA_PASSPHRASE. To change one: mqsec ca decrypt, then mqsec ca encrypt.
    Encrypt,
    /// Take the passphrase off the authority's keys
    Decrypt,
    Rollover(rollover::Args),
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    match &args.command {
        Command::Init(args) => init(context, args),
        Command::Import(args) => import::run(context, args),
        Command::Show => show::run(context),
        Command::Export(args) => export::run(context, args),
        Command::Encrypt => lock::run(context, true),
        Command::Decrypt => lock::run(context, false),
        Command::Rollover(args) => rollover::run(context, args),
    }
}

fn missing(context: &Context<'_>) -> Failure {
    let path = context.workspace.show(crate::workspace::layout::CA_CERT);
    Plain::new("ca-missing", format!("there is no authority: no `{path}`"))
        .hint("make one: mqsec ca init")
        .hint("or take one that you have: mqsec ca import --cert FILE --key FILE")
        .into()
}
