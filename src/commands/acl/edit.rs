//! `mqsec acl add` and `mqsec acl del`: the lines concerned change, and no other.

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::file::AclFile;
use super::list::who;
use crate::acl::Document;
use crate::acl::Entry;
use crate::acl::Grant;
use crate::acl::Scope;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::error::printable;
use crate::series::Series;
use crate::ui::Report;

#[derive(clap::Args)]
pub(super) struct Args {
    /// [USER] read|write|readwrite|deny TOPIC
    #[arg(value_names = ["USER", "ACCESS", "TOPIC"], num_args = 1..=3, required_unless_present_any = ["anonymous", "pattern"])]
    words: Vec<String>,
    /// For clients without a user name; USER is left out
    #[arg(long)]
    anonymous: bool,
    /// For every client, with %u and %c for its names; USER is left out
    #[arg(long, conflicts_with = "anonymous")]
    pattern: bool,
}

#[derive(clap::Args)]
pub(super) struct Del {
    #[command(flatten)]
    line: Args,
    /// All lines of the user, and its section
    #[arg(long)]
    all: bool,
}

impl Args {
    /// To whom the line applies, and the words that are left.
    fn scope(&self) -> (Option<Scope>, &[String]) {
        match (self.anonymous, self.pattern, self.words.split_first()) {
            (true, ..) => (Some(Scope::Anonymous), &self.words),
            (_, true, _) => (Some(Scope::Pattern), &self.words),
            (.., Some((user, rest))) => (Some(Scope::User(user.as_bytes().to_vec())), rest),
            (.., None) => (None, &[]),
        }
    }

    fn line(&self) -> Result<(Scope, Grant, &str), Failure> {
        let (Some(scope), [grant, topic]) = self.scope() else { return Err(incomplete().into()) };
        let grant = <Grant as clap::ValueEnum>::from_str(grant, false).map_err(|_| {
            Plain::new("acl-question", format!("`{}` is none of read, write, readwrite and deny", printable(grant)))
                .hint("an ACL file knows no other access; who subscribes reads")
        })?;
        Entry::writable(&scope, topic.as_bytes())?;
        Ok((scope, grant, topic))
    }
}

fn incomplete() -> Plain {
    Plain::new("acl-question", "a line has a user, an access and a topic")
        .hint("mqsec acl add USER read|write|readwrite|deny TOPIC; or --anonymous or --pattern in place of USER")
}

pub(super) fn add(context: &Context<'_>, file: Option<&Path>, args: &Args) -> Result<u8, Failure> {
    let (scope, grant, topic) = args.line()?;
    let file = AclFile::find(context, file)?;
    file.check()?;
    let mut document = file.document.clone();
    let reading = document.reading(Series::V21);
    let same = |entry: &&Entry| entry.scope == scope && entry.grant == grant && entry.filter == topic.as_bytes();
    if let Some(entry) = reading.entries.iter().find(same) {
        let lines = vec![(entry.line, file.document.text(entry.line))];
        return Ok(context.ui.report(&Done {
            command: context.workspace.command(),
            file: file.shown,
            did: "there already",
            lines,
            who: who(&scope),
            named: file.named,
        }));
    }
    let line = document.add(&scope, grant, topic.as_bytes());
    check_read_back(&document, line, &scope, topic)?;
    file.save(context, &document)?;
    warn_of(context, &document, line);
    if !file.named {
        context.ui.warn(format!("the configuration does not name `{}`: no broker reads it", file.shown));
    }
    let lines = vec![(line, document.text(line))];
    Ok(context.ui.report(&Done {
        command: context.workspace.command(),
        file: file.shown,
        did: "added",
        lines,
        who: who(&scope),
        named: file.named,
    }))
}

/// The broker's reading of what will stand there, before it stands there.
fn check_read_back(document: &Document, line: usize, scope: &Scope, topic: &str) -> Result<(), Failure> {
    let reading = document.reading(Series::V21);
    let there = |entry: &Entry| entry.line == line && entry.scope == *scope && entry.filter == topic.as_bytes();
    if reading.stop.is_none() && reading.entries.iter().any(there) {
        return Ok(());
    }
    Err(Plain::new("acl-file-broken", "a broker would not read the new line: a NUL before it hides it")
        .hint("which line: mqsec acl lint")
        .into())
}

/// What surprises about the new line.
fn warn_of(context: &Context<'_>, document: &Document, line: usize) {
    for series in [Series::V21] {
        for problem in crate::acl::problems(document, series).iter().filter(|problem| problem.line == line) {
            context.ui.warn(format!("line {line}: {}", problem.what.message()));
        }
    }
}

pub(super) fn del(context: &Context<'_>, file: Option<&Path>, args: &Del) -> Result<u8, Failure> {
    let found = AclFile::must_find(context, file)?;
    found.check()?;
    let reading = found.document.reading(Series::V21);
    let (scope, numbers): (Scope, Vec<usize>) = if args.all {
        let (Some(scope), []) = args.line.scope() else {
            return Err(Plain::new("acl-question", "--all takes a user and nothing else")
                .hint("mqsec acl del USER --all")
                .into());
        };
        let entries = reading.entries.iter().filter(|entry| entry.scope == scope).map(|entry| entry.line);
        let heads = reading.sections.iter().filter(|(_, name)| Scope::User(name.clone()) == scope);
        let numbers: Vec<usize> = entries.chain(heads.map(|(line, _)| *line)).collect();
        // a pattern or a comment that stands in the section moves into the one before, which changes neither
        (scope, numbers)
    } else {
        let (scope, grant, topic) = args.line.line()?;
        let same = |entry: &&Entry| entry.scope == scope && entry.grant == grant && entry.filter == topic.as_bytes();
        let numbers = reading.entries.iter().filter(same).map(|entry| entry.line).collect();
        (scope, numbers)
    };
    if numbers.is_empty() {
        return Err(Plain::no("acl-line-missing", format!("`{}` has no such line", found.shown))
            .hint("what it has: mqsec acl list")
            .into());
    }
    let mut numbers = numbers;
    numbers.sort_unstable();
    let lines: Vec<(usize, String)> = numbers.iter().map(|line| (*line, found.document.text(*line))).collect();
    let mut document = found.document.clone();
    document.remove(&numbers);
    found.save(context, &document)?;
    Ok(context.ui.report(&Done {
        command: context.workspace.command(),
        file: found.shown,
        did: "removed",
        lines,
        who: who(&scope),
        named: found.named,
    }))
}

struct Done {
    command: String,
    file: String,
    did: &'static str,
    lines: Vec<(usize, String)>,
    who: String,
    /// Whether a broker reads the file.
    named: bool,
}

impl Report for Done {
    fn text(&self, _fancy: bool) -> String {
        let mut text = String::new();
        for (line, words) in &self.lines {
            text.push_str(&format!("{}:{line}: {} ({}) {}\n", self.file, printable(words), self.who, self.did));
        }
        if self.named && self.did != "there already" {
            text.push_str(&format!(
                "next: {} up (a broker that runs takes it over, and all is proven again)\n",
                self.command
            ));
        }
        text
    }

    fn json(&self) -> Value {
        let lines: Vec<Value> = self.lines.iter().map(|(line, text)| json!({ "line": line, "text": text })).collect();
        json!({ "schema": "mqsec/acl-edit/1", "file": self.file, "did": self.did, "who": self.who, "lines": lines })
    }
}
