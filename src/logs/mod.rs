//! Mosquitto's log, of 2.0 and 2.1: which lines tell of a trouble, what they mean, and what to do.
//!
//! Pure: lines in, causes out. What is known of the lines stands in `knowledge/`, a table that grows by a row; [`explain`]
//! looks at one line alone, [`Reader`] also knows what stood before it.

mod form;
mod knowledge;
mod line;
mod lines;
mod reader;
mod sessions;

pub use line::Line;
pub use lines::LONGEST;
pub use lines::Splitter;
pub use reader::Count;
pub use reader::Reader;
pub use reader::Told;
pub use sessions::Sessions;

use knowledge::Known;
use knowledge::Table;

/// How much a line matters, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// Part of an ordinary day.
    Harmless,
    /// Works, and should be changed.
    Warning,
    /// A client, a message or a bridge was refused or lost.
    Refused,
    /// The broker did not start, ended, or lost what it should keep.
    Failed,
    /// The broker lets in whom it should not.
    Open,
}

/// Why the broker wrote a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub code: &'static str,
    pub meaning: String,
    /// What to do next, with a command where there is one.
    pub hint: Option<String>,
    pub harmless: bool,
    pub gravity: Gravity,
}

impl Cause {
    fn of(known: &'static Known, meaning: &str, found: &[&str]) -> Self {
        Self {
            code: known.code,
            meaning: form::fill(meaning, found),
            hint: (!known.hint.is_empty()).then(|| known.hint.to_owned()),
            harmless: known.gravity == Gravity::Harmless,
            gravity: known.gravity,
        }
    }
}

/// The cause of one line, whatever stood before it; nothing for a line that tells of no trouble.
pub fn explain(line: &str) -> Option<Cause> {
    Some(row(Line::parse(line).text)?.cause())
}

/// The row of the table that a text belongs to.
struct Row<'a> {
    known: &'static Known,
    meaning: &'static str,
    found: Vec<&'a str>,
}

impl Row<'_> {
    fn cause(&self) -> Cause {
        Cause::of(self.known, self.meaning, &self.found)
    }
}

fn row(text: &str) -> Option<Row<'_>> {
    // OpenSSL's words stand in lines of two forms, behind numbers that differ from version to version
    match tls_reason(text) {
        Some(reason) => row_of(&knowledge::TLS, reason),
        None => row_of(&knowledge::LINES, text),
    }
}

fn row_of<'a>(table: &Table, text: &'a str) -> Option<Row<'a>> {
    table.candidates(text).iter().find_map(|candidate| {
        let found = form::fits(candidate.form, text)?;
        Some(Row { known: candidate.known, meaning: candidate.meaning, found })
    })
}

/// The reason in `OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed` and its like.
fn tls_reason(text: &str) -> Option<&str> {
    let report = match text.strip_prefix("OpenSSL Error") {
        Some(rest) => rest.split_once("]: ")?.1,
        None => text.strip_prefix("Client connection from ")?.split_once(" failed: ")?.1.trim_end_matches('.'),
    };
    report.strip_prefix("error:")?.splitn(4, ':').nth(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openssl_says_the_same_in_each_version() {
        for line in [
            "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed",
            "OpenSSL Error [0]: error:0A000086:SSL routines::certificate verify failed",
            "OpenSSL Error while trying to get the error[0]: error:0A000086:SSL routines::certificate verify failed",
            "Client connection from 10.0.0.1 failed: error:0A000086:SSL routines::certificate verify failed.",
            "OpenSSL Error[0]: error:1417C086:SSL routines:tls_process_client_certificate:certificate verify failed",
        ] {
            assert_eq!(tls_reason(line), Some("certificate verify failed"), "{line}");
        }
        for line in ["OpenSSL Error", "OpenSSL Error[0]: error:1:2", "Client connection from a failed: b", "x"] {
            assert_eq!(tls_reason(line), None);
        }
    }

    #[test]
    fn a_line_without_trouble_has_no_cause() {
        for line in [
            "",
            "1795267894: mosquitto version 2.1.2 running",
            "1795267894: New connection from 127.0.0.1:36240 on port 18703.",
            "1795267894: New client connected from 127.0.0.1:1 as x disconnected, not authorised. (p2, c1, k60).",
            "1795267894: Opening ipv4 listen socket on port 8883.",
            "1795267894: Client c1 disconnected.",
            "Received PUBLISH from a (d0, q0, r0, m0, 'Error: Out of memory.', ... (1 bytes))",
        ] {
            assert_eq!(explain(line), None, "{line}");
        }
    }
}
