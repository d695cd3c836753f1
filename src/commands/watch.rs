//! `mqsec watch`.

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;

/// Reload the broker whenever its files change
#[derive(clap::Args)]
pub struct Args {}

pub fn run(_context: &Context<'_>, _args: &Args) -> Result<u8, Failure> {
    Err(Plain::new("not-yet", "not there yet").into())
}
