//! `mqsec acl matrix`: users × topics.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::file::AclFile;
use crate::acl;
use crate::acl::Access;
use crate::acl::Coverage;
use crate::acl::Question;
use crate::acl::Rules;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::error::printable;
use crate::provision::users;
use crate::series::Series;
use crate::ui::Report;

#[derive(clap::Args)]
pub(super) struct Args {
    /// A topic or a filter (repeatable) [default: those of the file]
    #[arg(long, value_name = "TOPIC")]
    topic: Vec<String>,
    /// A user (repeatable); `-` is a client without a user name [default: those of the password file and of the ACL file]
    #[arg(long, value_name = "USER")]
    user: Vec<String>,
    /// The client id of everyone [default: the user's name]
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    #[arg(long)]
    target: Option<Series>,
}

/// More cells than a reader reads.
const MOST: usize = 250_000;

/// What a client may: `rw`, `r`, `w`, `-`; in brackets what holds for some topics of a filter alone.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Cell {
    read: Coverage,
    write: Coverage,
}

impl Cell {
    fn text(self) -> String {
        let letter = |coverage, letter: &str| match coverage {
            Coverage::All => letter.to_owned(),
            Coverage::Some => format!("({letter})"),
            Coverage::None => String::new(),
        };
        let text = letter(self.read, "r") + &letter(self.write, "w");
        if text.is_empty() { "-".to_owned() } else { text }
    }
}

pub(super) fn run(context: &Context<'_>, file: Option<&Path>, args: &Args) -> Result<u8, Failure> {
    let file = AclFile::must_find(context, file)?;
    let rules = file.rules(&Series::targets(args.target))?;
    let users = users_of(context, &rules[0].1, args)?;
    let topics = topics_of(&rules[0].1, args);
    if let Some(wrong) = args.topic.iter().find(|topic| !acl::is_filter(topic.as_bytes())) {
        return Err(Plain::new("acl-topic-invalid", format!("`{}` is neither a topic nor a filter", printable(wrong)))
            .hint("one level is `a/+/b`, a whole subtree is `a/#`")
            .into());
    }
    if users.len().saturating_mul(topics.len()) > MOST {
        return Err(Plain::new(
            "acl-matrix-large",
            format!("{} users and {} topics are too many to print", users.len(), topics.len()),
        )
        .hint("choose some of them: mqsec acl matrix --user USER --topic TOPIC")
        .into());
    }
    let row = |user: &Option<String>| -> Vec<Vec<Cell>> {
        let client_id = args.client_id.as_deref().or(user.as_deref()).unwrap_or("client");
        let each =
            |topic: &String| rules.iter().map(|(_, rules)| cell(rules, user.as_deref(), client_id, topic)).collect();
        topics.iter().map(each).collect()
    };
    let cells = users.iter().map(row).collect();
    let series = rules.iter().map(|(series, _)| *series).collect();
    Ok(context.ui.report(&Matrix { file: file.shown, series, users, topics, cells }))
}

fn cell(rules: &Rules, user: Option<&str>, client_id: &str, topic: &str) -> Cell {
    let ask = |access| {
        let question = Question { user, client_id, access, topic };
        if acl::is_topic(topic.as_bytes()) {
            return if rules.decide(&question).allowed { Coverage::All } else { Coverage::None };
        }
        acl::received(rules, &question).and_then(|found| found.coverage).unwrap_or(Coverage::Some)
    };
    Cell { read: ask(Access::Read), write: ask(Access::Write) }
}

/// Those asked for; otherwise the broker's users, those that the file names, and the client without a name if it has lines.
fn users_of(context: &Context<'_>, rules: &Rules, args: &Args) -> Result<Vec<Option<String>>, Failure> {
    let parsed = |name: &String| (name != "-").then(|| name.clone());
    if !args.user.is_empty() {
        return Ok(args.user.iter().map(parsed).collect());
    }
    let mut names: Vec<Option<String>> =
        users::passwd_file(&context.workspace)?.users().map(|(name, _)| Some(name.to_owned())).collect();
    let mut known: BTreeSet<Option<String>> = names.iter().cloned().collect();
    let named = rules.reading().sections.iter().map(|(_, name)| Some(String::from_utf8_lossy(name).into_owned()));
    let anonymous = rules.topics_of(None).next().map(|_| None);
    for name in named.chain(anonymous) {
        if known.insert(name.clone()) {
            names.push(name);
        }
    }
    Ok(names)
}

fn topics_of(rules: &Rules, args: &Args) -> Vec<String> {
    if !args.topic.is_empty() {
        return args.topic.clone();
    }
    let topics: BTreeSet<String> = rules.reading().entries.iter().map(acl::Entry::topic).collect();
    topics.into_iter().collect()
}

struct Matrix {
    file: String,
    series: Vec<Series>,
    users: Vec<Option<String>>,
    topics: Vec<String>,
    /// By user, topic, series.
    cells: Vec<Vec<Vec<Cell>>>,
}

impl Report for Matrix {
    fn text(&self, _fancy: bool) -> String {
        if self.users.is_empty() || self.topics.is_empty() {
            return "no line: everything is refused\n".to_owned();
        }
        let name = |user: &Option<String>| user.as_deref().map_or("(no name)".to_owned(), printable);
        let mut rows =
            vec![std::iter::once(String::new()).chain(self.topics.iter().map(|t| printable(t))).collect::<Vec<_>>()];
        for (user, cells) in self.users.iter().zip(&self.cells) {
            let shown = |each: &Vec<Cell>| match each.as_slice() {
                [one, rest @ ..] if rest.iter().all(|other| other == one) => one.text(),
                several => {
                    let parts = self.series.iter().zip(several);
                    parts.map(|(series, cell)| format!("{series}:{}", cell.text())).collect::<Vec<_>>().join(" ")
                }
            };
            rows.push(std::iter::once(name(user)).chain(cells.iter().map(shown)).collect());
        }
        let mut text = crate::ui::columns(&rows);
        let all = || self.cells.iter().flatten().flatten();
        if all().any(|cell| cell.read == Coverage::Some || cell.write == Coverage::Some) {
            text.push_str("in brackets: for some of its topics\n");
        }
        text
    }

    fn json(&self) -> Value {
        let of_user = |(user, cells): (&Option<String>, &Vec<Vec<Cell>>)| {
            let of_topic = |(topic, cells): (&String, &Vec<Cell>)| {
                let mut object = json!({ "topic": topic });
                for (series, cell) in self.series.iter().zip(cells) {
                    object[series.to_string()] = cell.text().into();
                }
                object
            };
            json!({ "user": user, "topics": self.topics.iter().zip(cells).map(of_topic).collect::<Vec<_>>() })
        };
        let users: Vec<Value> = self.users.iter().zip(&self.cells).map(of_user).collect();
        json!({ "schema": "mqsec/acl-matrix/1", "file": self.file, "users": users })
    }
}
