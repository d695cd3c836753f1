//! The inventory as it is now: the newest certificate of each name, and its state. Taken in piece by piece, because a
//! hundred thousand lines are 25 MB, and a listing wants little of them.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::hash::Hasher;
use std::hash::RandomState;
use std::io::BufRead;

use super::Damage;
use super::Entry;
use super::Line;
use super::Revoked;
use super::Role;
use super::read_line;

/// Which certificates are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The newest of each name and role, with little more than its name: what a table or a count wants. A hundred thousand of
    /// these fit into the processor's cache, and whole lines do not.
    Brief,
    /// The newest of each name and role.
    Newest,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Valid,
    /// Valid, and near its end.
    Expiring,
    Expired,
    Revoked,
    /// Another certificate has its name and role.
    Superseded,
}

impl State {
    pub const ALL: [Self; 5] = [Self::Valid, Self::Expiring, Self::Expired, Self::Revoked, Self::Superseded];

    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Superseded => "superseded",
        }
    }
}

/// How many certificates are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([usize; 5]);

impl Counts {
    pub fn add(&mut self, state: State) {
        self.0[state as usize] += 1;
    }

    pub fn of(&self, state: State) -> usize {
        self.0[state as usize]
    }
}

/// A certificate, as little of it as a table shows.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    start: usize,
    end: usize,
    /// Where the name stands, as it is written, from the line's start.
    name: (u32, u32),
    serial: u32,
    pub role: Role,
    /// Seconds since 1970.
    pub not_before: i64,
    pub not_after: i64,
    newest: bool,
}

pub struct Book {
    keep: Keep,
    text: Vec<u8>,
    rows: Vec<Row>,
    newest: HashMap<u64, u32, Unchanged>,
    hasher: RandomState,
    revoked: HashMap<String, Revoked<'static>>,
    pub damage: Vec<Damage>,
    /// Certificates that are not kept, because a later one has their name.
    left_out: usize,
    /// The latest begin of a certificate that is no authority's.
    pub last: Option<i64>,
    /// What of the last piece was no whole line.
    rest: Vec<u8>,
    lines: usize,
}

impl Book {
    pub fn new(keep: Keep) -> Self {
        Self {
            keep,
            text: Vec::new(),
            rows: Vec::new(),
            newest: HashMap::default(),
            hasher: RandomState::new(),
            revoked: HashMap::new(),
            damage: Vec::new(),
            left_out: 0,
            last: None,
            rest: Vec::new(),
            lines: 0,
        }
    }

    /// One for the lines that follow those of this one, taken in by another thread, to be joined at the end.
    pub fn sequel(&self) -> Self {
        Self { hasher: self.hasher.clone(), ..Self::new(self.keep) }
    }

    /// Takes in what follows, as if its lines had been taken in here; both have to be finished.
    pub fn join(&mut self, next: Self) {
        let offset = self.text.len();
        self.text.extend_from_slice(&next.text);
        let mut hashes = vec![None; next.rows.len()];
        for (hash, place) in next.newest {
            hashes[place as usize] = Some(hash);
        }
        self.newest.reserve(next.rows.len());
        for (mut row, hash) in next.rows.into_iter().zip(hashes) {
            row.start += offset;
            row.end += offset;
            match hash {
                Some(hash) => self.put(hash, row),
                // a later one of the same piece has its name
                None => self.rows.push(row),
            }
        }
        self.left_out += next.left_out;
        self.last = self.last.max(next.last);
        self.damage.extend(next.damage.into_iter().map(|damage| Damage { line: damage.line + self.lines, ..damage }));
        self.lines += next.lines;
        for revoked in next.revoked.values() {
            self.revoke(revoked);
        }
    }

    /// Makes room for a file of so many bytes.
    pub fn expect(&mut self, length: u64) {
        const LEAST_OF_A_LINE: usize = 200;
        let length = usize::try_from(length).unwrap_or_default().min(1 << 30);
        self.text.reserve(if self.keep == Keep::Brief { length / 4 } else { length });
        self.rows.reserve(length / LEAST_OF_A_LINE);
        self.newest.reserve(length / LEAST_OF_A_LINE);
    }

    /// The next bytes of the file.
    pub fn take(&mut self, mut bytes: &[u8]) {
        if !self.rest.is_empty() {
            let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
            let mut rest = std::mem::take(&mut self.rest);
            rest.extend_from_slice(&bytes[..end]);
            bytes = &bytes[end..];
            if rest.last() != Some(&b'\n') {
                self.rest = rest;
                return;
            }
            self.line(&rest);
        }
        let mut left = bytes;
        while !left.is_empty() {
            // the system's own search for a byte, which is many times faster than a loop
            let length = left.skip_until(b'\n').unwrap_or_default();
            let (line, more) = bytes.split_at(length);
            bytes = more;
            if line.last() == Some(&b'\n') {
                self.line(line);
            } else {
                self.rest = line.to_vec();
            }
        }
    }

    /// After the last bytes.
    pub fn finish(&mut self) {
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            self.line(&rest);
        }
    }

    fn line(&mut self, line: &[u8]) {
        self.lines += 1;
        match read_line(line) {
            Ok(None) => {}
            Ok(Some(Line::Issued(entry))) => self.issued(&entry, line),
            Ok(Some(Line::Revoked(entry))) => self.revoke(&entry),
            Err(cut_short) => self.damage.push(Damage { line: self.lines, cut_short }),
        }
    }

    /// A revocation; an earlier one of the same serial number counts.
    pub fn revoke(&mut self, entry: &Revoked<'_>) {
        if !self.revoked.contains_key(entry.serial.as_ref()) {
            let own = Revoked {
                serial: entry.serial.clone().into_owned().into(),
                issuer: entry.issuer.clone().into_owned().into(),
                date: entry.date.clone().into_owned().into(),
                reason: entry.reason,
            };
            self.revoked.insert(entry.serial.clone().into_owned(), own);
        }
    }

    fn issued(&mut self, entry: &Entry<'_>, line: &[u8]) {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u8(entry.role as u8);
        match entry.role {
            // root, signing authority and cross certificate of one name stand side by side
            Role::Authority => {
                hasher.write(entry.name.as_bytes());
                hasher.write_u8(0xff);
                hasher.write(entry.file.as_bytes());
            }
            // there is one, whatever its name is
            Role::Broker if is_the_broker(entry.file) => {}
            _ => hasher.write(entry.name.as_bytes()),
        }
        if entry.role != Role::Authority {
            self.last = self.last.max(Some(entry.period.0));
        }
        let at = |word: &str| (word.as_ptr() as usize - line.as_ptr() as usize) as u32;
        let start = self.text.len();
        let whole = self.keep != Keep::Brief || entry.role == Role::Authority;
        let end = at(entry.name) as usize + entry.name.len();
        self.text.extend_from_slice(if whole { line.trim_ascii_end() } else { &line[..end] });
        let row = Row {
            start,
            end: self.text.len(),
            name: (at(entry.name), entry.name.len() as u32),
            serial: at(entry.serial),
            role: entry.role,
            not_before: entry.period.0,
            not_after: entry.period.1,
            newest: true,
        };
        self.put(hasher.finish(), row);
    }

    /// The newest row so far of its name and role.
    fn put(&mut self, hash: u64, row: Row) {
        let next = self.rows.len() as u32;
        match (self.newest.insert(hash, next), self.keep) {
            (None, _) => self.rows.push(row),
            (Some(old), Keep::All) => {
                self.rows[old as usize].newest = false;
                self.rows.push(row);
            }
            (Some(old), _) => {
                self.newest.insert(hash, old);
                self.rows[old as usize] = row;
                self.left_out += 1;
            }
        }
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Every word of a row; nothing where it was kept briefly.
    pub fn entry(&self, row: &Row) -> Option<Entry<'_>> {
        match Line::parse(self.text(row.start, row.end)) {
            Some(Line::Issued(entry)) => Some(entry),
            _ => None,
        }
    }

    pub fn name(&self, row: &Row) -> std::borrow::Cow<'_, str> {
        let start = row.start + row.name.0 as usize;
        super::unescape(self.text(start, start + row.name.1 as usize))
    }

    pub fn serial(&self, row: &Row) -> &str {
        let text = self.text(row.start + row.serial as usize, row.end);
        text.split_once('\t').map_or(text, |(serial, _)| serial)
    }

    fn text(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// Authorities that are neither in use nor trusted any more are out of date; `live` has the fingerprints of those that are.
    pub fn retire_authorities(&mut self, live: &[String]) {
        if live.is_empty() {
            return;
        }
        for index in 0..self.rows.len() {
            let row = self.rows[index];
            if row.role == Role::Authority && row.newest {
                let lives =
                    self.entry(&row).is_some_and(|entry| live.iter().any(|one| one.as_str() == entry.fingerprint));
                self.rows[index].newest = lives;
            }
        }
    }

    pub fn revocation(&self, row: &Row) -> Option<&Revoked<'static>> {
        if self.revoked.is_empty() { None } else { self.revoked.get(self.serial(row)) }
    }

    pub fn revoked(&self) -> impl Iterator<Item = &Revoked<'static>> {
        self.revoked.values()
    }

    /// `soon` is the last moment of what is near its end.
    pub fn state(&self, row: &Row, now: i64, soon: i64) -> State {
        match row {
            _ if self.revocation(row).is_some() => State::Revoked,
            _ if row.not_after <= now => State::Expired,
            Row { newest: false, .. } => State::Superseded,
            _ if row.not_after <= soon => State::Expiring,
            _ => State::Valid,
        }
    }

    pub fn is_newest(row: &Row) -> bool {
        row.newest
    }

    /// How many certificates were ever issued.
    pub fn total(&self) -> usize {
        self.rows.len() + self.left_out
    }

    /// The states of all rows; what was not kept is revoked or out of date.
    pub fn counts(&self, now: i64, soon: i64) -> Counts {
        let mut counts = Counts::default();
        for row in &self.rows {
            counts.add(self.state(row, now, soon));
        }
        // a revocation is kept although its certificate is not
        let hidden = self.revoked.len().saturating_sub(counts.of(State::Revoked)).min(self.left_out);
        counts.0[State::Revoked as usize] += hidden;
        counts.0[State::Superseded as usize] += self.left_out - hidden;
        counts
    }
}

/// In its place, or a copy of an earlier one.
fn is_the_broker(file: &str) -> bool {
    file.starts_with("certs/broker/") || file.starts_with("certs/backup/")
}

/// The keys are hashes already.
#[derive(Clone, Copy, Debug, Default)]
struct Unchanged(u64);

impl BuildHasher for Unchanged {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self(0)
    }
}

impl Hasher for Unchanged {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reason;
    use super::super::seconds;
    use super::*;

    fn line(serial: &str, role: &str, name: &str, end: &str) -> String {
        let digest = "ab".repeat(32);
        format!("issued\t{serial}\t{role}\t{name}\t2026-01-01T00:00:00Z\t{end}T00:00:00Z\t01\tcerts/x\t{digest}\n")
    }

    fn read(text: &str, piece: usize, keep: Keep) -> Book {
        let mut book = Book::new(keep);
        text.as_bytes().chunks(piece).for_each(|piece| book.take(piece));
        book.finish();
        book
    }

    fn joined(text: &str, cut: usize, keep: Keep) -> Book {
        let mut first = read(&text[..cut], 50, keep);
        let mut second = first.sequel();
        second.take(&text.as_bytes()[cut..]);
        second.finish();
        first.join(second);
        first
    }

    #[test]
    fn the_newest_of_each_name_is_kept_however_the_file_is_cut_into_pieces() {
        let text = [
            line("01", "client", "a", "2026-02-01"),
            line("02", "client", "b", "2026-03-01"),
            line("03", "broker", "a", "2026-04-01"),
            line("04", "client", "a", "2028-05-01"),
            "nonsense\n".to_owned(),
            "revoked\t02\t01\t2026-01-05T00:00:00Z\tkeyCompromise\n".to_owned(),
            "issued\t05".to_owned(),
        ]
        .concat();
        let (now, soon) = (seconds("2026-03-15T00:00:00Z").unwrap(), seconds("2026-04-14T00:00:00Z").unwrap());
        for piece in 1..200 {
            let keep = if piece % 2 == 0 { Keep::Newest } else { Keep::Brief };
            let book = read(&text, piece, keep);
            let cut = text[..(piece * 5).min(text.len())].rfind('\n').map_or(0, |at| at + 1);
            let book = if piece % 3 == 0 { joined(&text, cut, keep) } else { book };
            let rows: Vec<_> = book
                .rows()
                .iter()
                .map(|row| (book.serial(row), book.name(row).into_owned(), book.state(row, now, soon)))
                .collect();
            let expected = [
                ("04", "a".to_owned(), State::Valid),
                ("02", "b".to_owned(), State::Revoked),
                ("03", "a".to_owned(), State::Expiring),
            ];
            assert_eq!(rows, expected, "pieces of {piece}");
            assert_eq!(book.revocation(&book.rows()[1]).unwrap().reason, Reason::KeyCompromise);
            let damage = [Damage { line: 5, cut_short: false }, Damage { line: 7, cut_short: true }];
            assert_eq!(book.damage, damage);
            assert_eq!((book.total(), book.counts(now, soon).of(State::Superseded)), (4, 1));
        }
        let lines: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        let joined = lines.iter().map(|cut| joined(&text, *cut, Keep::All));
        for book in joined.chain([read(&text, 64, Keep::All)]) {
            let states: Vec<_> = book.rows().iter().map(|row| book.state(row, now, soon)).collect();
            assert_eq!(states, [State::Expired, State::Revoked, State::Expiring, State::Valid]);
            assert_eq!(book.total(), 4);
        }
    }

    #[test]
    fn authorities_that_are_gone_are_out_of_date() {
        let text = line("01", "authority", "CA", "2036-01-01") + &line("02", "client", "a", "2036-01-01");
        let mut book = read(&text, 1000, Keep::Newest);
        book.retire_authorities(&["cd".repeat(32)]);
        let states: Vec<_> = book.rows().iter().map(|row| book.state(row, 0, 0)).collect();
        assert_eq!(states, [State::Superseded, State::Valid]);
        let mut book = read(&text, 1000, Keep::Newest);
        book.retire_authorities(&["ab".repeat(32)]);
        assert_eq!(book.state(&book.rows()[0], 0, 0), State::Valid);
    }
}
