//! The whole list checked before anything is issued: every row by itself, and against the list, the roster, the inventory and
//! the password file. What is compared lies in files, partition by partition, so that a million rows need no more memory.

mod known;
mod records;
mod told;

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
use crate::workspace::fs;
use crate::workspace::layout;
use known::ENDED;
use known::NEAR_ITS_END;
use known::REVOKED;
use records::Keys;
use records::Kind;
use records::MOST_IN_MEMORY;
use records::Record;
use records::Records;
use records::Sieve;
use told::First;
use told::Why;

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
    /// Issued before, from a row that said something else, or revoked or ended since.
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

/// Looks at every row once, and compares what is left of them.
pub fn make(workspace: &Workspace, source: &Source, rules: &Rules<'_>) -> Result<Plan, Failure> {
    make_with(workspace, source, rules, MOST_IN_MEMORY)
}

fn make_with(workspace: &Workspace, source: &Source, rules: &Rules<'_>, most: usize) -> Result<Plan, Failure> {
    let known = [layout::ROSTER, layout::INVENTORY].map(|path| fs::length(&workspace.path(path)).unwrap_or_default());
    let input = source.length() + known.iter().sum::<u64>() / 4;
    let mut records = [(); 2].map(|()| Records::new(workspace, input, most));
    let [names, users] = &mut records;
    let mut sieves = [(); 2].map(|()| Sieve::new());
    let keys = Keys::default();
    let mut plan = Making { fates: Vec::new(), bad: First::default(), kept: First::default(), reissue: rules.reissue };
    let mut lines = source.lines()?;
    while let Some(chunk) = lines.next(1024)? {
        for line in chunk.lines() {
            let at = plan.fates.len() as u64;
            let fate = match rules.row(&source.form, line) {
                Ok(None) => Fate::Nothing,
                Err(Problem(what)) => {
                    plan.bad.add(at, Why::Said(what));
                    Fate::Bad
                }
                Ok(Some(row)) => {
                    let key = keys.of(row.name.as_str());
                    sieves[0].put(key);
                    names.push(Record { key, kind: Kind::Row, at, about: row.digest() })?;
                    if row.has_login() {
                        let key = keys.of(row.user());
                        sieves[1].put(key);
                        users.push(Record { key, kind: Kind::Row, at, about: 0 })?;
                    }
                    Fate::New
                }
            };
            plan.fates.push(fate);
        }
    }
    source.unchanged()?;
    drop(lines);
    known::roster(workspace, &keys, &sieves[0], names)?;
    known::issued(workspace, rules.now, &keys, &sieves[0], names)?;
    known::logins(workspace, &keys, &sieves[1], users)?;
    let [names, users] = records;
    names.each(|said| plan.name(said))?;
    // whether a row is issued at all is known by now
    users.each(|said| plan.user(said))?;
    let [bad, kept] = told::sentences(source, rules, [plan.bad, plan.kept])?;
    Ok(Plan { fates: plan.fates, bad, kept })
}

struct Making {
    fates: Vec<Fate>,
    bad: First,
    kept: First,
    reissue: bool,
}

impl Making {
    fn set(&mut self, at: u64, fate: Fate, why: Why) {
        if let Some(place) = usize::try_from(at).ok().and_then(|at| self.fates.get_mut(at)) {
            *place = fate;
        }
        match fate {
            Fate::Bad => self.bad.add(at, why),
            _ => self.kept.add(at, why),
        }
    }

    fn fate(&self, at: u64) -> Fate {
        usize::try_from(at).ok().and_then(|at| self.fates.get(at)).copied().unwrap_or(Fate::Nothing)
    }

    /// All that is said of one name.
    fn name(&mut self, said: &[Record]) {
        let mut rows = said.iter().take_while(|record| record.kind == Kind::Row);
        let Some(row) = rows.next() else { return };
        rows.for_each(|again| self.set(again.at, Fate::Bad, Why::NameTwice(row.at)));
        let last = |kind: Kind| said.iter().rfind(|record| record.kind == kind);
        let issued = last(Kind::Issued).map_or(0, |record| record.about);
        let why = match last(Kind::Roster) {
            Some(_) if issued & REVOKED != 0 => Why::Revoked,
            Some(device) if device.about != row.about => Why::Changed,
            Some(_) if issued & ENDED != 0 => Why::Ended,
            Some(_) if issued & NEAR_ITS_END != 0 && self.reissue => return,
            Some(_) => {
                // a run that was killed goes on behind it
                if let Some(place) = usize::try_from(row.at).ok().and_then(|at| self.fates.get_mut(at)) {
                    *place = Fate::Done;
                }
                return;
            }
            None if issued & (REVOKED | ENDED) == 0 && last(Kind::Issued).is_some() => Why::Taken,
            None => return,
        };
        if !self.reissue {
            let fate = if why == Why::Taken { Fate::Taken } else { Fate::Changed };
            self.set(row.at, fate, why);
        }
    }

    /// All that is said of one user who is given a password.
    fn user(&mut self, said: &[Record]) {
        let mut rows = said.iter().filter(|record| record.kind == Kind::Row);
        let Some(row) = rows.find(|row| self.fate(row.at) != Fate::Bad) else { return };
        for again in rows {
            if self.fate(again.at) != Fate::Bad {
                self.set(again.at, Fate::Bad, Why::UserTwice(row.at));
            }
        }
        let is_there = said.iter().any(|record| record.kind == Kind::Login);
        if is_there && !self.reissue && self.fate(row.at) == Fate::New {
            self.set(row.at, Fate::Taken, Why::UserTaken);
        }
    }
}

#[cfg(test)]
mod tests;
