//! `mqsec fleet issue`.

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;

/// Give every device of a list its key, certificate, password and permissions, in one pass
#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_context: &Context<'_>, _args: &Args) -> Result<u8, Failure> {
    Err(Plain::new("fleet-unfinished", "not made yet").into())
}
