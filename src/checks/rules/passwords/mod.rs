//! Rules of the topic `Passwords`, a file each.

mod byte_order_mark;
mod bytes_lost;
mod comment;
mod empty;
mod env_differs;
mod hash_weak;
mod iterations_high;
mod iterations_low;
mod line_ignored;
mod line_unreadable;
mod name_unusable;
mod no_final_newline;
mod plain_text;
mod salt_64;
mod user_twice;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::checks::Found;
use crate::checks::Mend;
use crate::checks::Rule;
use crate::checks::Subject;
use crate::passwd::Fault;
use crate::passwd::Form;
use crate::passwd::Problem;
use crate::passwd::Reading;
use crate::passwd::What;
use crate::series::Series;
use crate::workspace::layout;

pub(super) const RULES: &[&Rule] = &[
    &line_unreadable::RULE,
    &plain_text::RULE,
    &user_twice::RULE,
    &salt_64::RULE,
    &bytes_lost::RULE,
    &byte_order_mark::RULE,
    &name_unusable::RULE,
    &line_ignored::RULE,
    &comment::RULE,
    &no_final_newline::RULE,
    &hash_weak::RULE,
    &iterations_high::RULE,
    &iterations_low::RULE,
    &env_differs::RULE,
    &empty::RULE,
];

/// More lines than this with the same trouble are told by their number.
const MOST: usize = 20;

/// For examples: the password `secret`, with 1000 rounds.
#[rustfmt::skip]
macro_rules! hash {
    () => { "$7$1000$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==" };
}
use hash;

/// A password file that the broker is given, and what the series that are meant make of it.
struct PasswordFile<'a> {
    path: String,
    bytes: &'a [u8],
    readings: Vec<Arc<Reading>>,
}

fn files(subject: &Subject) -> impl Iterator<Item = PasswordFile<'_>> {
    let mut paths = subject.password_files();
    // without a configuration there is the file that one would name
    if subject.any_reading().is_none() {
        paths.push(layout::PASSWD.to_owned());
    }
    paths.into_iter().filter_map(|path| {
        let bytes = subject.folder.bytes(&path)?;
        let readings = subject.targets.iter().filter_map(|series| subject.passwords(&path, *series)).collect();
        Some(PasswordFile { path, bytes, readings })
    })
}

impl PasswordFile<'_> {
    /// Problems with the series that have them: one for each line and kind.
    fn problems(&self, wanted: fn(&What) -> bool) -> Vec<(Problem, Vec<Series>)> {
        let mut found: BTreeMap<usize, (Problem, Vec<Series>)> = BTreeMap::new();
        for reading in &self.readings {
            for problem in reading.problems.iter().filter(|problem| wanted(&problem.what)) {
                let (_, series) = found.entry(problem.line).or_insert_with(|| (problem.clone(), Vec::new()));
                if !series.contains(&reading.series) {
                    series.push(reading.series);
                }
            }
        }
        found.into_values().collect()
    }

    /// The lines of the file, from 1, without their ends.
    fn lines(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let bytes = self.bytes.strip_suffix(b"\n").unwrap_or(self.bytes);
        let lines = (!self.bytes.is_empty()).then(|| bytes.split(|byte| *byte == b'\n')).into_iter().flatten();
        lines.enumerate().map(|(at, line)| (at + 1, line))
    }

    /// Without a byte order mark and with a last newline: what two rules mend, each of them completely.
    fn mended(self) -> Option<Mend> {
        let bytes = self.bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(self.bytes);
        let end: &[u8] = if bytes.is_empty() || bytes.ends_with(b"\n") { b"" } else { b"\n" };
        (!self.path.starts_with('/')).then(|| Mend::Write { contents: [bytes, end].concat(), path: self.path })
    }

    fn tell(&self, found: &mut Found<'_>, problems: &[(Problem, Vec<Series>)], hint: fn(&Problem) -> Option<String>) {
        for (problem, series) in problems.iter().take(MOST) {
            let effect = effect(&problem.what, series);
            let finding = found.at(&self.path, problem.line, problem.column, format!("{}{effect}", problem.what));
            if let Some(hint) = hint(problem) {
                finding.hint(hint);
            }
        }
        if problems.len() > MOST {
            found.file(&self.path, format!("{} further lines have the same trouble", problems.len() - MOST));
        }
    }
}

/// What the brokers do about it, as the end of a sentence.
fn effect(what: &What, series: &[Series]) -> String {
    if !what.ends_2_1() {
        return String::new();
    }
    let does = |series: &Series| match series {
        Series::V20 if matches!(what, What::Duplicate { .. }) => "2.0 takes one of the two".to_owned(),
        Series::V20 => "2.0 drops the line".to_owned(),
        newer => format!("{newer} does not start"),
    };
    format!("; {}", series.iter().map(does).collect::<Vec<_>>().join(", "))
}

/// Why the hash of a line is not taken, where a rule of its own tells it.
fn has_own_rule(what: &What) -> bool {
    match what {
        What::Undecodable { fault: Fault::SaltLength(64), .. } => true,
        What::Undecodable { user, fault: Fault::Kind(Form::Plain) } => !user.starts_with('#'),
        _ => false,
    }
}

fn set_anew(problem: &Problem) -> Option<String> {
    match &problem.what {
        What::Undecodable { user, .. } | What::NoHash { user } | What::LongHash { user, .. } => {
            Some(format!("mqsec passwd set {}", crate::error::single_quoted(user)))
        }
        _ => None,
    }
}
