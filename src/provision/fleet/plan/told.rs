//! What is said of lines: the first of them by number, with their names looked up at the end, for the comparison has none.

use std::collections::BTreeMap;

use super::MOST_TOLD;
use super::Rules;
use super::Told;
use crate::error::Failure;
use crate::provision::fleet::source::Source;

/// What is to be said of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// A sentence.
    Said(String),
    /// The index of the line that has the name first.
    NameTwice(u64),
    UserTwice(u64),
    Changed,
    Revoked,
    Ended,
    Taken,
    UserTaken,
}

/// The first lines, by their index.
#[derive(Debug, Default)]
pub(super) struct First(BTreeMap<u64, Why>);

impl First {
    pub(super) fn add(&mut self, at: u64, why: Why) {
        self.0.insert(at, why);
        if self.0.len() > MOST_TOLD {
            self.0.pop_last();
        }
    }
}

/// The sentences, with the names that their lines have.
pub(super) fn sentences(source: &Source, rules: &Rules<'_>, all: [First; 2]) -> Result<[Vec<Told>; 2], Failure> {
    let is_open = |why: &Why| !matches!(why, Why::Said(_));
    let open = all.iter().flat_map(|first| first.0.iter().filter(|(_, why)| is_open(why)).map(|(at, _)| *at));
    let names = names(source, rules, open.collect())?;
    Ok(all.map(|first| {
        let told = |(at, why): (u64, Why)| {
            let (name, user) = names.get(&at).map_or(("?", "?"), |(name, user)| (name, user));
            let line = |at: u64| source.line_number(usize::try_from(at).unwrap_or(usize::MAX));
            let what = match why {
                Why::Said(what) => what,
                Why::NameTwice(first) => format!("the name `{name}` stands in line {} already", line(first)),
                Why::UserTwice(first) => {
                    format!("the user `{user}` of `{name}` is given a password in line {} already", line(first))
                }
                Why::Changed => {
                    format!("`{name}` was issued before, from a row that said something else; --reissue issues it anew")
                }
                Why::Ended => format!("`{name}` was issued before, and its certificate has ended; --reissue issues it anew"),
                Why::Revoked => format!("`{name}` was issued before, and was revoked; --reissue issues it anew"),
                Why::Taken => format!(
                    "`{name}` has a certificate that was not issued from a list; --reissue replaces it by one of the list's"
                ),
                Why::UserTaken => format!(
                    "the user `{user}` of `{name}` has a password already; --reissue gives it the list's"
                ),
            };
            Told { line: line(at), what }
        };
        first.0.into_iter().map(told).collect()
    }))
}

/// Name and user of the rows at these indices.
fn names(source: &Source, rules: &Rules<'_>, mut wanted: Vec<u64>) -> Result<BTreeMap<u64, (String, String)>, Failure> {
    let mut names = BTreeMap::new();
    wanted.sort_unstable();
    let mut wanted = wanted.into_iter().peekable();
    let mut lines = source.lines()?;
    while let Some(next) = wanted.peek()
        && let Some(chunk) = lines.next(4096)?
    {
        let first = chunk.first as u64;
        let count = chunk.count as u64;
        if *next >= first + count {
            continue;
        }
        for (at, line) in chunk.lines().enumerate() {
            let at = first + at as u64;
            if wanted.next_if_eq(&at).is_some()
                && let Ok(Some(row)) = rules.row(&source.form, line)
            {
                names.insert(at, (row.name.to_string(), row.user().to_owned()));
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_are_kept_whatever_the_order() {
        let mut first = First::default();
        (0..1000).rev().for_each(|at| first.add(at, Why::Changed));
        (0..1000).for_each(|at| first.add(at * 2, Why::Taken));
        let kept: Vec<u64> = first.0.into_keys().collect();
        assert_eq!(kept, (0..MOST_TOLD as u64).collect::<Vec<_>>());
    }
}
