//! `mqsec fleet revoke`.

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;

/// Revoke every device of a list
#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_context: &Context<'_>, _args: &Args) -> Result<u8, Failure> {
    Err(Plain::new("fleet-unfinished", "not made yet").into())
}
