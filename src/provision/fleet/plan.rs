//! The whole list checked before anything is issued: every row by itself, and against the list, the roster, the inventory and
//! the password file. What is compared lies in files, partition by partition, so that a million rows need no more memory.

use std::collections::HashMap;

use time::OffsetDateTime;

use super::source::Source;
use crate::error::Failure;
use crate::fleet::groups::Groups;
use crate::fleet::list::Form;
use crate::fleet::list::Problem;
use crate::fleet::row::Password;
use crate::fleet::row::Row;
use crate::pki::keys::KeyType;
use crate::workspace::Workspace;

/// What becomes of a line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fate {
    /// Empty or a comment.
    Nothing,
    /// To be issued.
    New,
    /// Issued before, from the same row.
    Done,
    /// Issued before, from a row that said something else, or revoked since.
    Changed,
    /// The name has a certificate that is no fleet's, or its user a password.
    Taken,
    /// It cannot be issued: what is wrong with it was told.
    Bad,
}

/// A line that something is to be said of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The line's number in the list, from 1.
    pub line: usize,
    pub what: String,
}

/// What is to be done with the list.
#[derive(Debug)]
pub struct Plan {
    /// One for each line of [`Source::lines`].
    pub fates: Vec<Fate>,
    /// What is wrong, in the order of the lines; the first of them alone where they are many.
    pub bad: Vec<Told>,
    /// Changed and taken ones, the same.
    pub kept: Vec<Told>,
}

/// What every row of a run is held to.
pub struct Rules<'a> {
    pub groups: &'a Groups,
    /// Of the rows that name none.
    pub key_type: KeyType,
    /// Rows without a password get one.
    pub generate_passwords: bool,
    /// Changed rows and taken names are issued anew.
    pub reissue: bool,
    pub now: OffsetDateTime,
}

impl Rules<'_> {
    /// A line as the row that it is for this run: the same in every pass.
    pub fn row(&self, form: &Form, line: &[u8]) -> Result<Option<Row>, Problem> {
        let Some(mut row) = form.row(line)? else { return Ok(None) };
        if self.generate_passwords && row.password == Password::None {
            row.password = Password::Generate;
        }
        row.check(self.groups, self.key_type)?;
        Ok(Some(row))
    }
}

/// How many lines of a kind are told.
pub const MOST_TOLD: usize = 50;

impl Plan {
    pub fn count(&self, fate: Fate) -> usize {
        self.fates.iter().filter(|one| **one == fate).count()
    }
}

pub fn make(_workspace: &Workspace, source: &Source, rules: &Rules<'_>) -> Result<Plan, Failure> {
    let mut plan = Plan { fates: Vec::new(), bad: Vec::new(), kept: Vec::new() };
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut lines = source.lines()?;
    while let Some(chunk) = lines.next(1024)? {
        for (at, line) in chunk.lines().enumerate() {
            let line_number = source.line_number(chunk.first + at);
            let fate = match rules.row(&source.form, line) {
                Ok(None) => Fate::Nothing,
                Err(Problem(what)) => {
                    plan.bad.push(Told { line: line_number, what });
                    Fate::Bad
                }
                Ok(Some(row)) => match seen.insert(row.name.to_string(), line_number) {
                    None => Fate::New,
                    Some(first) => {
                        plan.bad.push(Told {
                            line: line_number,
                            what: format!("`{}` stands in line {first} already", row.name),
                        });
                        Fate::Bad
                    }
                },
            };
            plan.fates.push(fate);
        }
    }
    Ok(plan)
}
