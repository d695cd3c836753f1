//! `mqsec completions`: for the shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::error::Failure;

/// Print the completions for a shell
#[derive(clap::Args)]
pub struct Args {
    shell: Shell,
}

pub fn run(args: &Args) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::cli::Cli::command(), "mqsec", &mut script);
    crate::ui::raw(&script);
    Ok(0)
}
