//! What is compared: a digest of a name and what is known of it. Few lie in memory; more go to a file, partition by partition,
//! and each partition is sorted by itself, so that the list's length costs disk and no memory.

use std::hash::BuildHasher;
use std::hash::RandomState;

use super::super::source::scratch;
use crate::error::Failure;
use crate::workspace::Workspace;
use crate::workspace::fs::Stored;

/// Makes 128 bits of a name, with keys of this run alone: nobody can prepare two names that are taken for one.
#[derive(Default)]
pub(super) struct Keys {
    high: RandomState,
    low: RandomState,
}

impl Keys {
    pub(super) fn of(&self, name: &str) -> u128 {
        u128::from(self.high.hash_one(name)) << 64 | u128::from(self.low.hash_one(name))
    }
}

/// Who says something of a name. In this order they are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Kind {
    /// A row of the list; `about` is its digest.
    Row,
    /// The roster; `about` is the digest of the row that it was issued from.
    Roster,
    /// The inventory; `about` is whether the certificate was revoked or has ended.
    Issued,
    /// The password file.
    Login,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub key: u128,
    pub kind: Kind,
    /// The line's index where it stands; a later one takes the place of an earlier one.
    pub at: u64,
    pub about: u64,
}

const SIZE: usize = 33;

impl Record {
    fn bytes(&self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes[..16].copy_from_slice(&self.key.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.at.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.about.to_le_bytes());
        bytes[32] = self.kind as u8;
        bytes
    }

    fn of(bytes: &[u8; SIZE]) -> Self {
        let word = |from: usize| u64::from_le_bytes(std::array::from_fn(|at| bytes[from + at]));
        let kind = match bytes[32] {
            0 => Kind::Row,
            1 => Kind::Roster,
            2 => Kind::Issued,
            _ => Kind::Login,
        };
        Self { key: u128::from_le_bytes(std::array::from_fn(|at| bytes[at])), kind, at: word(16), about: word(24) }
    }
}

pub(super) struct Records<'w> {
    workspace: &'w Workspace,
    memory: Vec<Record>,
    /// How many of them are kept in memory.
    most: usize,
    parts: usize,
    disk: Option<Disk>,
}

/// One file, in which the pieces of all partitions stand as they came.
struct Disk {
    file: Stored,
    length: u64,
    parts: Vec<Part>,
}

#[derive(Default)]
struct Part {
    waiting: Vec<u8>,
    /// Where its pieces stand, and how long each is.
    pieces: Vec<(u64, usize)>,
}

/// 200 kB: a list of 200,000 is to need no more memory than one of 1,000.
pub(super) const MOST_IN_MEMORY: usize = 4 << 10;
/// How much of a partition waits to be written.
const PIECE: usize = SIZE * 62;

impl<'w> Records<'w> {
    /// `input` is how many bytes all of them are made from.
    pub(super) fn new(workspace: &'w Workspace, input: u64, most: usize) -> Self {
        let parts = usize::try_from(input >> 16).unwrap_or(usize::MAX).clamp(16, 1024);
        Self { workspace, memory: Vec::new(), most, parts, disk: None }
    }

    pub(super) fn push(&mut self, record: Record) -> Result<(), Failure> {
        if let Some(disk) = &mut self.disk {
            return disk.push(&record);
        }
        self.memory.push(record);
        if self.memory.len() < self.most {
            return Ok(());
        }
        let mut parts = Vec::new();
        parts.resize_with(self.parts, Part::default);
        let mut disk = Disk { file: scratch(self.workspace, "plan")?, length: 0, parts };
        std::mem::take(&mut self.memory).iter().try_for_each(|record| disk.push(record))?;
        self.disk = Some(disk);
        Ok(())
    }

    /// All that is said of each name, in the order of the kinds and then of the lines.
    pub(super) fn each(mut self, mut look: impl FnMut(&[Record])) -> Result<(), Failure> {
        let mut groups = |records: &mut Vec<Record>| {
            records.sort_unstable_by_key(|record| (record.key, record.kind, record.at));
            records.chunk_by(|a, b| a.key == b.key).for_each(&mut look);
        };
        let Some(disk) = self.disk.take() else {
            groups(&mut self.memory);
            return Ok(());
        };
        let mut bytes = Vec::new();
        for part in &disk.parts {
            self.memory.clear();
            let mut add = |bytes: &[u8]| self.memory.extend(bytes.as_chunks::<SIZE>().0.iter().map(Record::of));
            for (offset, length) in &part.pieces {
                bytes.resize(*length, 0);
                disk.file.read_at(&mut bytes, *offset)?;
                add(&bytes);
            }
            add(&part.waiting);
            groups(&mut self.memory);
        }
        Ok(())
    }
}

impl Disk {
    fn push(&mut self, record: &Record) -> Result<(), Failure> {
        let count = self.parts.len() as u128;
        let part = &mut self.parts[(record.key % count) as usize];
        part.waiting.extend_from_slice(&record.bytes());
        if part.waiting.len() >= PIECE {
            self.file.append(&part.waiting)?;
            part.pieces.push((self.length, part.waiting.len()));
            self.length += part.waiting.len() as u64;
            part.waiting.clear();
        }
        Ok(())
    }
}

/// Tells of most names that they are not among those that were put in. A megabyte, however many they are.
pub(super) struct Sieve(Vec<u64>);

const SIEVE_BITS: u128 = 8 << 20;

impl Sieve {
    pub(super) fn new() -> Self {
        Self(vec![0; (SIEVE_BITS / 64) as usize])
    }

    fn place(key: u128) -> (usize, u64) {
        let bit = (key >> 32) % SIEVE_BITS;
        ((bit / 64) as usize, 1 << (bit % 64))
    }

    pub(super) fn put(&mut self, key: u128) {
        let (word, bit) = Self::place(key);
        self.0[word] |= bit;
    }

    pub(super) fn may_have(&self, key: u128) -> bool {
        let (word, bit) = Self::place(key);
        self.0[word] & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(most: usize) -> Vec<Vec<(Kind, u64, u64)>> {
        let base = std::env::temp_dir().join(format!("mqsec-records-{}-{most}", std::process::id()));
        let workspace = Workspace::at(base.clone());
        let keys = Keys::default();
        let mut records = Records::new(&workspace, 0, most);
        for at in 0..5000_u64 {
            let key = keys.of(&format!("device {at}"));
            records.push(Record { key, kind: Kind::Roster, at, about: u64::MAX - at }).unwrap();
            records.push(Record { key, kind: Kind::Row, at: 2 * at, about: at }).unwrap();
        }
        let mut seen = Vec::new();
        records
            .each(|group| seen.push(group.iter().map(|record| (record.kind, record.at, record.about)).collect()))
            .unwrap();
        seen.sort_by_key(|group: &Vec<(Kind, u64, u64)>| group[0].1);
        // what they lay in has no name any more
        let left = Workspace::at(base.clone()).path(crate::workspace::layout::FLEET);
        assert!(crate::workspace::fs::files(&left).is_empty());
        crate::workspace::fs::remove_dir(&base).unwrap();
        seen
    }

    #[test]
    fn partitions_and_memory_give_the_same() {
        let in_memory = all(1 << 20);
        assert_eq!(in_memory.len(), 5000);
        assert_eq!(in_memory[7], [(Kind::Row, 14, 7), (Kind::Roster, 7, u64::MAX - 7)]);
        assert_eq!(all(100), in_memory);
    }

    #[test]
    fn the_sieve_lets_what_was_put_in_through() {
        let (keys, mut sieve) = (Keys::default(), Sieve::new());
        (0..1000).for_each(|at| sieve.put(keys.of(&at.to_string())));
        assert!((0..1000).all(|at| sieve.may_have(keys.of(&at.to_string()))));
        let others = (1000..11_000).filter(|at| sieve.may_have(keys.of(&at.to_string()))).count();
        assert!(others < 20, "{others}");
    }
}
