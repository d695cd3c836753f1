//! Arguments in, exit status out.

use std::process::ExitCode;

fn main() -> ExitCode {
    mqsec::run(std::env::args_os())
}
