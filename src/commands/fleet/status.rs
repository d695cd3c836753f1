//! `mqsec fleet status`.

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;

/// Tell when the fleet's certificates end
#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_context: &Context<'_>, _args: &Args) -> Result<u8, Failure> {
    Err(Plain::new("fleet-unfinished", "not made yet").into())
}
