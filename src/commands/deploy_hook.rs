//! `mqsec deploy-hook`.

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;

/// Install a certificate that certbot, lego or acme.sh got
#[derive(clap::Args)]
pub struct Args {}

pub fn run(_context: &Context<'_>, _args: &Args) -> Result<u8, Failure> {
    Err(Plain::new("not-yet", "not there yet").into())
}
