//! `mqsec fleet renew`.

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;

/// Issue the fleet's certificates anew that are near their end
#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_context: &Context<'_>, _args: &Args) -> Result<u8, Failure> {
    Err(Plain::new("fleet-unfinished", "not made yet").into())
}
