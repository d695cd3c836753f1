//! What is wrong with an ACL file, or will surprise: each with its line and column.

mod cover;
mod words;

use std::collections::HashMap;

use super::Access;
use super::Document;
use super::Entry;
use super::Grant;
use super::Reading;
use super::Scope;
use super::Stop;
use super::matching::names_client;
use super::matching::names_user;
use super::template::is_first;
use crate::series::Series;
use cover::covers;
use cover::meet;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// From 1, in bytes.
    pub column: usize,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The broker does not start, and why, as far as one can see.
    Stop(Stop, Slip),
    /// A NUL hides what follows, to the file's end or to the line's.
    Nul { rest: bool },
    /// The last line has no end and fills the broker's buffer: it is not read.
    LastLineLost,
    /// Nobody is granted anything.
    Empty,
    /// `topic read` and no more is a topic of that name.
    WordAsTopic,
    /// A tab is part of the topic: `topic read<tab>a` is a grant for a topic of that name.
    TabInTopic,
    /// Quotes are part of the topic, or of the name.
    Quoted,
    /// `user bob # he`: the comment is part of the name.
    CommentInName,
    /// A section without a line.
    EmptySection,
    /// `%c` or `%u` in a `topic` line are two letters.
    VariableInTopic,
    /// A pattern whose `%c` or `%u` is not a whole level: 2.1 matches it literally.
    VariableInsideLevel,
    /// A pattern without a variable is a grant to everybody.
    PatternForAll,
    /// A `pattern deny` that a `topic` line overrides, with that line.
    DenyOverridden { line: usize, user: Option<String> },
    /// A grant to write below `$SYS`, which nobody can.
    SysWrite,
    /// A filter that begins with `$share`.
    Share,
    /// `#` that does not reach `$SYS`, where the same reader has no line for that.
    SysNotCovered,
    /// The line before it already says so.
    Duplicate { line: usize },
    /// What an earlier line decides for all of its topics.
    Unreachable { line: usize, denied: bool },
    /// `#` for somebody who does not administer.
    Everything { user: Option<String> },
    /// A user with `+` or `#` in a file that has patterns.
    WildName { user: String },
}

/// What somebody probably did to a line that stops the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slip {
    Bom,
    Tab,
    /// A comment that does not begin in column 1.
    Comment,
    /// `subscribe`, `rw`, `allow`, …
    Access,
    Other,
}

/// In the order of the file.
pub fn problems(document: &Document, series: Series) -> Vec<Problem> {
    let reading = document.reading(series);
    let mut found = Vec::new();
    let mut push = |line, column, what| found.push(Problem { line, column, what });
    for (line, column, stop) in reading.stop.iter().chain(&reading.later) {
        let slip = slip(document.line(*line), *line, stop);
        push(*line, *column, What::Stop(stop.clone(), slip));
    }
    for (number, text) in document.lines() {
        if let Some(at) = text.iter().position(|byte| *byte == 0) {
            push(number, at + 1, What::Nul { rest: reading.unread == Some(number) });
        } else if reading.unread == Some(number) {
            push(number, 1, What::LastLineLost);
        }
    }
    if reading.stop.is_none() && !reading.entries.iter().any(|entry| entry.grant != Grant::Deny) {
        push(1, 1, What::Empty);
    }
    for (index, (line, name)) in reading.sections.iter().enumerate() {
        section(&reading, index, *line, name, &mut push);
    }
    for entry in &reading.entries {
        of_line(entry, series, &mut push);
    }
    of_scopes(&reading, &mut push);
    overridden(&reading, &mut push);
    found.sort_by_key(|problem| (problem.line, problem.column));
    found
}

fn slip(text: &[u8], line: usize, stop: &Stop) -> Slip {
    let trimmed = text.trim_ascii_start();
    match stop {
        _ if line == 1 && text.starts_with(b"\xef\xbb\xbf") => Slip::Bom,
        Stop::Line(_) if trimmed.starts_with(b"#") => Slip::Comment,
        Stop::Line(_) if text.contains(&b'\t') => Slip::Tab,
        Stop::Access(word) if word.contains(&b'\t') => Slip::Tab,
        Stop::Topic(topic) if topic.windows(2).any(|pair| pair == b" #" || pair == b"\t#") => Slip::Comment,
        Stop::Access(_) if text.windows(2).any(|pair| pair == b" #") => Slip::Comment,
        Stop::Access(_) => Slip::Access,
        _ => Slip::Other,
    }
}

fn is_quoted(text: &[u8]) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b'"' | b'\''));
    text.len() > 1 && edge(text.first()) && edge(text.last())
}

fn section(reading: &Reading, index: usize, line: usize, name: &[u8], push: &mut impl FnMut(usize, usize, What)) {
    if name.windows(2).any(|pair| pair == b" #" || pair == b"\t#") {
        push(line, 6, What::CommentInName);
    } else if is_quoted(name) {
        push(line, 6, What::Quoted);
    }
    let next = reading.sections.get(index + 1).map_or(usize::MAX, |(next, _)| *next);
    let first = reading.entries.partition_point(|entry| entry.line < line);
    let here = reading.entries[first..].iter().take_while(|entry| entry.line < next);
    if reading.stop.is_none() && !here.into_iter().any(|entry| entry.scope != Scope::Pattern) {
        push(line, 1, What::EmptySection);
    }
    let name = String::from_utf8_lossy(name);
    if name.contains(['+', '#']) && reading.entries.iter().any(|entry| entry.scope == Scope::Pattern) {
        push(line, 6, What::WildName { user: name.into_owned() });
    }
}

/// What one line shows by itself.
fn of_line(entry: &Entry, series: Series, push: &mut impl FnMut(usize, usize, What)) {
    let mut push = |what| push(entry.line, entry.column, what);
    let filter = entry.filter.as_slice();
    let variable = names_user(filter) || names_client(filter);
    let whole = |level: &[u8]| matches!(level, b"%c" | b"%u") || !(names_user(level) || names_client(level));
    if !entry.explicit && Grant::of_word(filter).is_some() {
        push(What::WordAsTopic);
    }
    if filter.contains(&b'\t') {
        push(What::TabInTopic);
    }
    if is_quoted(filter) {
        push(What::Quoted);
    }
    if entry.scope != Scope::Pattern && variable {
        push(What::VariableInTopic);
    }
    // everything for everybody is told as that
    let everything = filter == b"#" && entry.grant == Grant::ReadWrite;
    if entry.scope == Scope::Pattern && !variable && entry.grant != Grant::Deny && !everything {
        push(What::PatternForAll);
    }
    if entry.scope == Scope::Pattern && series != Series::V20 && !filter.split(|byte| *byte == b'/').all(whole) {
        push(What::VariableInsideLevel);
    }
    if filter.starts_with(b"$share") {
        push(What::Share);
    } else if filter.starts_with(b"$SYS") && entry.grant.allows(Access::Write) && !covers(STATE, filter) {
        push(What::SysWrite);
    }
}

/// The one topic of `$SYS` to which clients (bridges) may publish.
const STATE: &[u8] = b"$SYS/broker/connection/+/state";

/// What the lines of one reader say together.
fn of_scopes(reading: &Reading, push: &mut impl FnMut(usize, usize, What)) {
    let mut scopes: HashMap<&Scope, Vec<&Entry>> = HashMap::new();
    for entry in &reading.entries {
        scopes.entry(&entry.scope).or_default().push(entry);
    }
    for (scope, entries) in scopes {
        let everything = entries.iter().find(|entry| entry.filter == b"#" && entry.grant != Grant::Deny);
        if let Some(entry) = everything {
            let limited = entries.iter().any(|entry| entry.grant == Grant::Deny);
            if entry.grant == Grant::ReadWrite && *scope != Scope::Pattern && !is_first(reading, scope) && !limited {
                push(entry.line, entry.column, What::Everything { user: scope.user() });
            }
            let reads_sys = |entry: &&&Entry| entry.filter.starts_with(b"$SYS");
            if entry.grant.allows(Access::Read) && *scope != Scope::Pattern && entries.iter().find(reads_sys).is_none()
            {
                push(entry.line, entry.column, What::SysNotCovered);
            }
        }
        useless(&entries, push);
    }
}

/// A scope with more lines than this is compared for equal lines alone.
const MOST: usize = 300;

/// Lines that change nothing, because others of their scope have decided before the broker comes to them.
fn useless(entries: &[&Entry], push: &mut impl FnMut(usize, usize, What)) {
    let mut seen: HashMap<&[u8], Vec<&Entry>> = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let says_all = |other: &&&Entry| {
            other.grant == entry.grant || (other.grant == Grant::ReadWrite && entry.grant != Grant::Deny)
        };
        let same = seen.entry(&entry.filter).or_default();
        if let Some(line) = same.iter().find(says_all).map(|other| other.line) {
            push(entry.line, entry.column, What::Duplicate { line });
            continue;
        }
        same.push(entry);
        if entries.len() > MOST {
            continue;
        }
        let denied = entries.iter().find(|other| {
            other.grant == Grant::Deny && covers(&other.filter, &entry.filter) && other.line != entry.line
        });
        let earlier = entries[..index].iter().filter(|other| other.grant != Grant::Deny);
        let allowed = earlier.filter(says_all).find(|other| covers(&other.filter, &entry.filter));
        match (denied, allowed) {
            // of two denies with the same filter the second is the duplicate
            (Some(deny), _) if deny.filter != entry.filter || entry.grant != Grant::Deny => {
                push(
                    entry.line,
                    entry.column,
                    What::Unreachable { line: deny.line, denied: entry.grant != Grant::Deny },
                );
            }
            (_, Some(allow)) => {
                push(entry.line, entry.column, What::Unreachable { line: allow.line, denied: false });
            }
            _ => {}
        }
    }
}

/// `pattern deny` comes too late for whoever has a topic line that allows.
fn overridden(reading: &Reading, push: &mut impl FnMut(usize, usize, What)) {
    let denies = reading.entries.iter().filter(|entry| entry.scope == Scope::Pattern && entry.grant == Grant::Deny);
    // linear for any file that somebody wrote by hand
    let mut left = 1_000_000_usize;
    for deny in denies {
        for entry in reading.entries.iter().filter(|entry| entry.scope != Scope::Pattern && entry.grant != Grant::Deny)
        {
            left = left.saturating_sub(1);
            if left == 0 {
                return;
            }
            let user = match &entry.scope {
                Scope::User(name) => Some(name.as_slice()),
                _ => None,
            };
            if user.is_none() && names_user(&deny.filter) {
                continue;
            }
            let names = super::matching::Names { client_id: b"+", user };
            if meet(&super::matching::expand(&deny.filter, names), &entry.filter) {
                let (line, user) = (entry.line, entry.scope.user());
                push(deny.line, deny.column, What::DenyOverridden { line, user });
                break;
            }
        }
    }
}
