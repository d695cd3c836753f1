//! `mqsec metrics`.

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;

/// Print the certificates' state for Prometheus' text file collector
#[derive(clap::Args)]
pub struct Args {}

pub fn run(_context: &Context<'_>, _args: &Args) -> Result<u8, Failure> {
    Err(Plain::new("not-yet", "not there yet").into())
}
