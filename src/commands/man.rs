//! `mqsec man`: the manual pages.

use clap::CommandFactory;

use crate::error::Failure;
use crate::error::Plain;

/// Print the manual page, or that of one command (see it with: mqsec man | man -l -)
#[derive(clap::Args)]
pub struct Args {
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

pub fn run(args: &Args) -> Result<u8, Failure> {
    let mut root = crate::cli::Cli::command();
    root.build();
    let command = match &args.command {
        None => root,
        Some(name) => root.find_subcommand(name).cloned().ok_or_else(|| {
            Plain::new("command-unknown", format!("there is no command `{name}`")).hint("see: mqsec help")
        })?,
    };
    let mut page = Vec::new();
    let _ = clap_mangen::Man::new(command).render(&mut page);
    crate::ui::raw(&page);
    Ok(0)
}
