//! `mqsec list`.

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;

/// List the certificates that were issued
#[derive(clap::Args)]
pub struct Args {}

pub fn run(_context: &Context<'_>, _args: &Args) -> Result<u8, Failure> {
    Err(Plain::new("not-yet", "not there yet").into())
}
