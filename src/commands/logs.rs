//! `mqsec logs`: what the broker wrote, and what it means.

mod output;
mod source;

use std::path::PathBuf;

use crate::context::Context;
use crate::error::Failure;

use output::Output;
use source::Source;

/// How many lines are shown where nothing else is asked for.
const LINES: usize = 50;

/// Print the end of the broker's log
///
/// With --explain, each line that tells of a trouble is followed by its cause and the next step. It knows the lines of
/// Mosquitto 2.0 and 2.1, with any form of time, also as Docker Compose and the journal print them.
#[derive(clap::Args)]
pub struct Args {
    /// How many lines [default: 50; with --explain a FILE is read whole]
    #[arg(long, short = 'n', value_name = "N")]
    lines: Option<usize>,
    /// Go on with what is written from now on
    #[arg(long, short)]
    follow: bool,
    /// Tell the cause below each line that is known
    #[arg(long)]
    explain: bool,
    /// A log, or `-` for standard input [default: the log of this folder's broker]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let whole = args.explain && args.file.is_some();
    let lines = args.lines.or((!whole).then_some(LINES));
    let source = match &args.file {
        None => Source::of_folder(context)?,
        Some(path) if path.as_os_str() == "-" => Source::Input,
        Some(path) => Source::File { path: path.clone(), name: path.display().to_string() },
    };
    let mut output = Output::new(context.ui, args.explain, &source.name());
    // an object has an end
    source.read(lines, args.follow && !context.ui.json, &mut output)?;
    output.end();
    Ok(0)
}
