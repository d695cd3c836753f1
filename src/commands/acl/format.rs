//! `mqsec acl fmt`.

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::file::AclFile;
use crate::acl;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::ui::Report;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Change nothing; exit status 1 where the form is another
    #[arg(long)]
    check: bool,
    /// Print the canonical form, and change nothing
    #[arg(long, conflicts_with = "check")]
    print: bool,
}

pub(super) fn run(context: &Context<'_>, file: Option<&Path>, args: &Args) -> Result<u8, Failure> {
    let file = AclFile::must_find(context, file)?;
    file.check()?;
    let formatted = acl::format(&file.document).map_err(|_| {
        Plain::new("acl-file-broken", format!("`{}` has a line that no broker reads whole", file.shown))
            .detail("a NUL, or a last line without its end that fills the broker's buffer")
            .hint("which one: mqsec acl lint")
    })?;
    let differs = formatted != file.document;
    if args.print {
        let text = String::from_utf8_lossy(&formatted.to_bytes()).into_owned();
        return Ok(context.ui.report(&Printed { file: file.shown, differs, text }));
    }
    if differs && !args.check {
        file.save(context, &formatted)?;
    }
    Ok(context.ui.report(&Done { file: file.shown, differs, check: args.check }))
}

struct Printed {
    file: String,
    differs: bool,
    text: String,
}

impl Report for Printed {
    fn text(&self, _fancy: bool) -> String {
        self.text.clone()
    }

    fn json(&self) -> Value {
        json!({ "schema": "mqsec/acl-fmt/1", "file": self.file, "differs": self.differs, "changed": false, "text": self.text })
    }
}

struct Done {
    file: String,
    differs: bool,
    check: bool,
}

impl Report for Done {
    fn text(&self, _fancy: bool) -> String {
        match (self.differs, self.check) {
            (false, _) => format!("`{}` has its canonical form\n", self.file),
            (true, true) => format!("`{}` has another form; write it: mqsec acl fmt\n", self.file),
            (true, false) => format!("`{}` written in its canonical form; no decision changes\n", self.file),
        }
    }

    fn json(&self) -> Value {
        let changed = self.differs && !self.check;
        json!({ "schema": "mqsec/acl-fmt/1", "file": self.file, "differs": self.differs, "changed": changed })
    }

    fn status(&self) -> u8 {
        u8::from(self.differs && self.check)
    }
}
