//! `mqsec export`: a client's files in the form that a device or a program takes.

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::export::Target;
use crate::pki::names::ClientName;

/// Write a client's files in the form that a device or a program takes, with how to use them
#[derive(clap::Args)]
pub struct Args {
    name: ClientName,
    /// What the files are for
    #[arg(long = "for", value_name = "TARGET")]
    target: Target,
}

pub fn run(_context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    Err(Plain::new("export-unfit", format!("`{}` for {} is not made yet", args.name, args.target.name())).into())
}
