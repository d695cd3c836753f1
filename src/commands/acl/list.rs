//! `mqsec acl list`.

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::file::AclFile;
use crate::acl::Entry;
use crate::acl::Scope;
use crate::context::Context;
use crate::error::Failure;
use crate::error::printable;
use crate::series::Series;
use crate::ui::Report;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The lines that apply to this user, patterns included; `-` is a client without a user name
    user: Option<String>,
}

pub(super) fn run(context: &Context<'_>, file: Option<&Path>, args: &Args) -> Result<u8, Failure> {
    let file = AclFile::must_find(context, file)?;
    file.check()?;
    let wanted = args.user.as_deref().map(|user| Scope::of_user((user != "-").then_some(user)));
    let applies =
        |entry: &Entry| wanted.as_ref().is_none_or(|scope| entry.scope == *scope || entry.scope == Scope::Pattern);
    let entries = file.document.reading(Series::V21).entries.into_iter().filter(applies).collect();
    Ok(context.ui.report(&List { file: file.shown, entries }))
}

struct List {
    file: String,
    entries: Vec<Entry>,
}

/// To whom a line applies, for a reader.
pub(super) fn who(scope: &Scope) -> String {
    match scope {
        Scope::Anonymous => "without a user name".to_owned(),
        Scope::User(name) => printable(&String::from_utf8_lossy(name)),
        Scope::Pattern => "everyone (pattern)".to_owned(),
    }
}

impl Report for List {
    fn text(&self, _fancy: bool) -> String {
        if self.entries.is_empty() {
            return "no line: everything is refused\n".to_owned();
        }
        let row = |entry: &Entry| {
            vec![format!("{}", entry.line), who(&entry.scope), entry.grant.word().to_owned(), printable(&entry.topic())]
        };
        crate::ui::columns(&self.entries.iter().map(row).collect::<Vec<_>>())
    }

    fn json(&self) -> Value {
        let entry = |entry: &Entry| {
            let kind = match entry.scope {
                Scope::Anonymous => "anonymous",
                Scope::User(_) => "user",
                Scope::Pattern => "pattern",
            };
            json!({ "line": entry.line, "scope": kind, "user": entry.scope.user(), "grant": entry.grant.word(), "topic": entry.topic() })
        };
        let lines: Vec<Value> = self.entries.iter().map(entry).collect();
        json!({ "schema": "mqsec/acl-list/1", "file": self.file, "lines": lines })
    }
}
