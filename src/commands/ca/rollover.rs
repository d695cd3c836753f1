//! `mqsec ca rollover`: one authority takes another's place, and nobody is cut off.

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;

/// Replace the authority step by step, so that no client is cut off: prepare, reissue, drop
#[derive(clap::Args)]
pub struct Args {}

pub(super) fn run(_context: &Context<'_>, _args: &Args) -> Result<u8, Failure> {
    Err(Plain::new("not-yet", "not there yet").into())
}
