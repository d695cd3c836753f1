//! `mqsec renew`.

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;

/// Issue anew what is near its end, and have it served
#[derive(clap::Args)]
pub struct Args {}

pub fn run(_context: &Context<'_>, _args: &Args) -> Result<u8, Failure> {
    Err(Plain::new("not-yet", "not there yet").into())
}
