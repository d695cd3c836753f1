//! `mqsec acl prove`: the running broker is asked, and what it refuses is proven.

mod ask;
mod plan;
mod report;

use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use super::file::AclFile;
use crate::acl;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::provision::credentials::must_read;
use crate::workspace::FsError;
use crate::workspace::utf8;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Expectations, a line each or with `;` between [default: what the ACL file says of every user and topic]
    ///
    /// `alice may write sensors/alice/#`, `bob may not read sensors/alice/#`, `- may read a` for a client without a user
    /// name, `alice as ID may read a` for a client id. `-` reads them from standard input.
    #[arg(value_name = "FILE")]
    expectations: Option<PathBuf>,
    /// Without FILE: publish to the topics of the ACL file that have no wildcard, too
    ///
    /// Something may listen there that acts on what it hears. Topics with wildcards are tried with a level of their own,
    /// `mqsec-prove`.
    #[arg(long, conflicts_with = "expectations")]
    every_topic: bool,
}

pub(super) fn run(context: &Context<'_>, file: Option<&Path>, args: &Args) -> Result<u8, Failure> {
    let file = AclFile::find(context, file)?;
    if file.exists {
        file.check()?;
    }
    let plan = match &args.expectations {
        Some(path) => {
            let text = expectations(path)?;
            plan::Plan::of_expectations(acl::expectations(&text)?, &file)
        }
        None => {
            let file = AclFile::must_find(context, args_file(&file))?;
            plan::Plan::of_file(context, &file, args.every_topic)?
        }
    };
    if plan.questions.is_empty() && plan.left_out.is_empty() {
        return Err(Plain::new("acl-nothing-to-prove", "there is nothing to ask the broker")
            .hint("write what you expect into a file: alice may write sensors/alice/#")
            .into());
    }
    let answers = ask::ask(context, &plan)?;
    Ok(context.ui.report(&report::Proven { plan, answers }))
}

/// What is expected, from a file or from standard input.
fn expectations(path: &Path) -> Result<String, Failure> {
    if path != Path::new("-") {
        return Ok(utf8(must_read(path)?, &path.display().to_string())?);
    }
    let path = Path::new("standard input");
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(|source| FsError::new("read", path, source))?;
    Ok(utf8(bytes, &path.display().to_string())?)
}

/// The file again, which now has to be there.
fn args_file(file: &AclFile) -> Option<&Path> {
    (!file.named).then(|| Path::new(&file.shown))
}
