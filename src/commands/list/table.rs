//! The table, and its JSON.

use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use time::OffsetDateTime;

use super::states;
use crate::context::Context;
use crate::error::printable;
use crate::pki::in_words;
use crate::pki::inventory::Book;
use crate::pki::inventory::Row;
use crate::pki::inventory::State;
use crate::pki::inventory::time_of;
use crate::pki::short_date;
use crate::provision::inventory::Source;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::has_styles;
use crate::ui::paint;

pub(super) struct Table<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) book: &'a Book,
    pub(super) rows: Vec<(&'a Row, State)>,
    pub(super) now: i64,
    pub(super) soon: i64,
    pub(super) source: Source,
}

/// So many digits of a serial number tell ten thousand certificates apart.
const SERIAL: usize = 12;

impl Report for Table<'_> {
    fn text(&self, _fancy: bool) -> String {
        if self.rows.is_empty() {
            return match self.book.total() {
                0 => format!("nothing was issued yet\nnext: {} up\n", self.context.workspace.command()),
                total => format!("none of the {total} certificates fits\n"),
            };
        }
        // by hand: a hundred thousand rows in the time of a blink
        let names: Vec<_> = self.rows.iter().map(|(row, _)| self.book.name(row)).collect();
        let width = |name: &str| if name.is_ascii() { name.len() } else { name.chars().count() };
        let widest = names.iter().map(|name| width(name)).max().unwrap_or(0).clamp(4, 64);
        let mut text = String::with_capacity(self.rows.len() * (widest + 72));
        let _ = writeln!(text, "  {:widest$}  ROLE       SERIAL        ENDS        IN             STATE", "NAME");
        let (mut day, mut words) = (i64::MIN, String::new());
        let styled = has_styles();
        for ((row, state), name) in self.rows.iter().zip(&names) {
            text.push_str("  ");
            match name.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
                true => text.push_str(name),
                false => text.push_str(&printable(name)),
            }
            pad(&mut text, widest.saturating_sub(width(name)) + 2);
            text.push_str(row.role.name());
            pad(&mut text, 11 - row.role.name().len());
            let serial = self.book.serial(row);
            let shown = serial.get(..SERIAL).unwrap_or(serial);
            text.push_str(shown);
            pad(&mut text, SERIAL - shown.len() + 2);
            // rows are in the order of their ends, and neighbours mostly end on the same day
            if row.not_after.div_euclid(60) != day {
                day = row.not_after.div_euclid(60);
                let end = OffsetDateTime::from_unix_timestamp(row.not_after).unwrap_or(self.context.now);
                words = format!("{}  {:13}  ", short_date(end), in_words(end, self.context.now));
            }
            text.push_str(&words);
            self.state(&mut text, row, *state, styled);
            text.push('\n');
        }
        let _ = write!(text, "{}", self.summary());
        text
    }

    fn json(&self) -> Value {
        json!({})
    }
}

fn pad(text: &mut String, count: usize) {
    const SPACES: &str = "                                                                ";
    text.push_str(&SPACES[..count.min(SPACES.len())]);
}

/// A row for a program.
#[derive(Serialize)]
struct Told<'a> {
    name: &'a str,
    role: &'a str,
    state: &'a str,
    serial: &'a str,
    not_before: &'a str,
    not_after: &'a str,
    fingerprint_sha256: &'a str,
    issuer: &'a str,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl Table<'_> {
    fn state(&self, text: &mut String, row: &Row, state: State, styled: bool) {
        let mut painted = |tone, word: &str| match styled {
            true => text.push_str(&paint(tone, word)),
            false => text.push_str(word),
        };
        match (state, self.book.revocation(row)) {
            (State::Valid, _) => text.push_str("valid"),
            (State::Superseded, _) => text.push_str("superseded"),
            (State::Expiring, _) => painted(Tone::Warn, "expiring"),
            (State::Revoked, Some(entry)) => {
                painted(Tone::Bad, "revoked");
                let on = time_of(&entry.date).map(short_date).unwrap_or_default();
                let _ = write!(text, " ({}, {on})", entry.reason.name());
            }
            (state, _) => painted(Tone::Bad, state.name()),
        }
    }

    fn summary(&self) -> String {
        let counts = self.book.counts(self.now, self.soon);
        let parts: Vec<String> = State::ALL
            .iter()
            .filter(|state| counts.of(**state) > 0)
            .map(|state| format!("{} {}", counts.of(*state), state.name()))
            .collect();
        let total = self.book.total();
        let plural = if total == 1 { "" } else { "s" };
        let mut text = format!("{} shown; {total} certificate{plural} issued: {}\n", self.rows.len(), parts.join(", "));
        if counts.of(State::Expiring) > 0 {
            let _ = writeln!(text, "next: {} renew", self.context.workspace.command());
        }
        text
    }

    /// Row by row, because a tree of a hundred thousand objects costs more than all the rest; gives the exit status.
    pub(super) fn json(&self) -> u8 {
        let counts = self.book.counts(self.now, self.soon);
        let damage: Vec<Value> = self
            .book
            .damage
            .iter()
            .map(|damage| json!({ "line": damage.line, "cut_short": damage.cut_short }))
            .collect();
        let head = json!({
            "schema": "mqsec/list/1", "inventory": self.source == Source::Inventory, "issued": self.book.total(),
            "states": states(&counts), "damage": damage,
        });
        let mut text = head.to_string().into_bytes();
        text.pop();
        text.extend_from_slice(b", \"certificates\": [");
        let mut first = true;
        for (row, state) in &self.rows {
            let Some(entry) = self.book.entry(row) else { continue };
            let revoked = self.book.revocation(row);
            let told = Told {
                name: &entry.name(),
                role: entry.role.name(),
                state: state.name(),
                serial: entry.serial,
                not_before: entry.not_before,
                not_after: entry.not_after,
                fingerprint_sha256: entry.fingerprint,
                issuer: entry.issuer,
                file: &entry.file(),
                revoked_at: revoked.map(|entry| entry.date.as_ref()),
                reason: revoked.map(|entry| entry.reason.name()),
            };
            text.extend_from_slice(if first { b"\n  " } else { b",\n  " });
            first = false;
            let _ = serde_json::to_writer(&mut text, &told);
        }
        text.extend_from_slice(b"\n]}\n");
        crate::ui::raw(&text);
        0
    }
}
