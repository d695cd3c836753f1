//! `mqsec csr`.

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;

/// Issue a certificate for a key that a device made itself
#[derive(clap::Args)]
pub struct Args {}

pub fn run(_context: &Context<'_>, _args: &Args) -> Result<u8, Failure> {
    Err(Plain::new("not-yet", "not there yet").into())
}
