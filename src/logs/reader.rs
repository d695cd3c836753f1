//! A log read from its beginning: what one line leaves open, the lines before it may tell.

use std::collections::BTreeMap;
use std::collections::HashSet;

use super::Cause;
use super::Gravity;
use super::Line;
use super::Row;
use super::knowledge::FOLLOWING;
use super::knowledge::RELOADED;
use super::row;
use super::row_of;

/// What is told of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub cause: Cause,
    /// The same was told before, of another line.
    pub again: bool,
    /// The line goes on with what the line above it began.
    pub continues: bool,
}

/// How often a code was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    pub code: &'static str,
    pub gravity: Gravity,
    pub count: u64,
}

impl Count {
    pub fn is_harmless(&self) -> bool {
        self.gravity == Gravity::Harmless
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Series {
    #[default]
    Unknown,
    Two0,
    Two1,
}

/// Reads line after line.
#[derive(Default)]
pub struct Reader {
    series: Series,
    /// The broker was told to reload since it started.
    reloaded: bool,
    /// The cause of the line above.
    above: Option<Cause>,
    told: HashSet<(&'static str, &'static str)>,
    counts: BTreeMap<&'static str, (Gravity, u64)>,
}

impl Reader {
    /// The cause of the next line.
    pub fn read(&mut self, line: &str) -> Option<Told> {
        let text = Line::parse(line).text;
        // some brokers end a warning with an empty line; the line that it belongs to is still the one above
        if text.trim().is_empty() {
            return None;
        }
        self.learn_from(text);
        let special = if self.reloaded && self.series != Series::Two1 { row_of(&RELOADED, text) } else { None };
        let told = match special {
            Some(row) => Some(self.tell(row)),
            None => self.continued(text).or_else(|| Some(self.tell(row(text)?))),
        };
        self.above = told.as_ref().map(|told| told.cause.clone());
        told
    }

    /// Takes what a line tells about the broker, as of a line that is not shown.
    pub fn learn(&mut self, line: &str) {
        self.learn_from(Line::parse(line).text);
    }

    /// What was told, the worst first, and of that the most frequent.
    pub fn counts(&self) -> Vec<Count> {
        let all = self.counts.iter().map(|(code, (gravity, count))| Count { code, gravity: *gravity, count: *count });
        let mut all: Vec<Count> = all.collect();
        all.sort_by_key(|one| (std::cmp::Reverse((one.gravity, one.count)), one.code));
        all
    }

    fn learn_from(&mut self, text: &str) {
        if let Some(rest) = text.strip_prefix("mosquitto version ") {
            self.series = match rest.get(..4) {
                Some("2.0.") => Series::Two0,
                Some("2.1.") => Series::Two1,
                _ => Series::Unknown,
            };
            self.reloaded &= !rest.ends_with(" starting");
        } else if text == "Reloading config." {
            self.reloaded = true;
        } else if self.series == Series::Unknown {
            self.series = series_by_form(text);
        }
    }

    /// A line that belongs to the line above it.
    fn continued(&self, text: &str) -> Option<Told> {
        let above = self.above.as_ref()?;
        let following = FOLLOWING.iter().find(|one| {
            let after = one.after.is_empty() || one.after.contains(&above.code);
            after && one.forms.iter().any(|form| super::form::fits(form, text).is_some())
        })?;
        let meaning = following.meaning.to_owned();
        Some(Told { cause: Cause { meaning, ..above.clone() }, again: true, continues: true })
    }

    fn tell(&mut self, row: Row<'_>) -> Told {
        let Row { known, meaning, found } = row;
        let (_, count) = self.counts.entry(known.code).or_insert((known.gravity, 0));
        *count += 1;
        let again = !self.told.insert((known.code, meaning));
        Told { cause: Cause::of(known, meaning, &found), again, continues: false }
    }
}

/// The series that writes lines of this form, when one of them alone does.
fn series_by_form(text: &str) -> Series {
    let is = |form: &str| super::form::fits(form, text).is_some();
    if is("Client * [*:*] disconnected*.") || is("Info: running mosquitto as user*") || is("OpenSSL Error *[*]: *") {
        Series::Two1
    } else if is("Client <unknown> *") || is("Client * disconnected, not authorised.") || is("OpenSSL Error[*]: *") {
        Series::Two0
    } else {
        Series::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code of each line, with `+` where it continues the one above, and `~` where it was told before.
    fn codes(log: &str) -> Vec<String> {
        let mut reader = Reader::default();
        let sign = |told: &Told| {
            if told.continues {
                "+"
            } else if told.again {
                "~"
            } else {
                ""
            }
        };
        let code =
            |told: Option<Told>| told.map(|told| format!("{}{}", sign(&told), told.cause.code)).unwrap_or_default();
        log.lines().map(|line| code(reader.read(line.trim_start()))).collect()
    }

    #[test]
    fn an_acl_that_a_reload_loses_opens_a_2_0_and_ends_a_2_1() {
        let log = |version: &str| {
            format!(
                "1: mosquitto version {version} starting
                 2: Reloading config.
                 3: Error: Invalid line in acl_file \"/a\": nonsense.
                 4: Error opening acl file \"/a\"."
            )
        };
        assert_eq!(codes(&log("2.0.21"))[1..], ["log-reloaded", "log-acl-line-invalid", "log-acl-fail-open"]);
        assert_eq!(codes(&log("2.1.2"))[1..], ["log-reloaded", "log-acl-line-invalid", "+log-acl-line-invalid"]);
        // at a start nobody is let in; a start after a reload is a start again
        let start = "2: Reloading config.\n3: mosquitto version 2.0.21 starting\n4: Error: Unable to open acl_file \"/a\".\n\
                     5: Error opening acl file \"/a\".";
        assert_eq!(codes(start)[2..], ["log-acl-unreadable", "+log-acl-unreadable"]);
        // the version is also told by the form of other lines
        let form =
            "Client c1 [10.0.0.1:5] disconnected: not authorised.\nReloading config.\nError opening acl file \"/a\".";
        assert_eq!(codes(form)[2], "log-acl-unreadable");
    }

    #[test]
    fn lines_that_belong_together_are_one_trouble() {
        let log = "1: OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed
                   1: Client <unknown> disconnected: Protocol error.
                   2: OpenSSL Error[0]: error:0A0000C7:SSL routines::peer did not return a certificate
                   2: Client <unknown> disconnected: Protocol error.
                   3: OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed
                   4: Client a disconnected due to protocol error.";
        let (verify, missing) = ("log-certificate-verify-failed", "tls-client-certificate-missing");
        assert_eq!(
            codes(log),
            [
                verify.into(),
                format!("+{verify}"),
                missing.into(),
                format!("+{missing}"),
                format!("~{verify}"),
                format!("+{verify}")
            ]
        );
        let log =
            "Error: Unknown configuration variable \"foo\".\nError found at /m.conf:4.\n\nError found at /m.conf:5.";
        assert_eq!(codes(log), ["log-option-unknown", "+log-option-unknown", "", "+log-option-unknown"]);
        // a line between them that tells nothing parts them
        let log = "Error: Unknown configuration variable \"foo\".\nmosquitto version 2.1.2 running\nError found at /m.conf:4.";
        assert_eq!(codes(log), ["log-option-unknown", "", "log-option-invalid"]);
        let log = "If you are trying to bind to a privileged port (<1024), try using setcap\n    sudo setcap 'x' y\n\
                   Error: Permission denied";
        assert_eq!(codes(log), ["port-not-permitted", "+port-not-permitted", "+port-not-permitted"]);
    }

    #[test]
    fn the_worst_is_counted_first_and_a_trouble_of_two_lines_once() {
        let mut reader = Reader::default();
        for line in ["Reloading config.", "Error opening acl file \"/a\".", "Client a closed its connection."] {
            reader.read(line);
        }
        for _ in 0..3 {
            reader.read("OpenSSL Error[0]: error:0A000126:SSL routines::unexpected eof while reading");
            reader.read("Client <unknown> disconnected: Protocol error.");
        }
        let counts: Vec<_> = reader.counts().iter().map(|one| (one.code, one.count)).collect();
        assert_eq!(counts, [("log-acl-fail-open", 1), ("log-connection-dropped", 4), ("log-reloaded", 1)]);
    }

    #[test]
    fn what_is_only_learned_is_not_counted() {
        let mut reader = Reader::default();
        reader.learn("mosquitto version 2.0.21 running");
        reader.learn("Reloading config.");
        let told = reader.read("Error opening acl file \"/a\".").unwrap();
        assert_eq!((told.cause.code, told.again), ("log-acl-fail-open", false));
        assert_eq!(reader.counts().len(), 1);
    }

    /// Every sample, with bytes changed, cut off and doubled: nothing panics, and no time runs away.
    #[test]
    fn mutated_lines_do_no_harm() {
        let samples: Vec<&str> = include_str!("samples.txt")
            .lines()
            .filter_map(|line| line.split_once(" | "))
            .map(|(_, line)| line)
            .collect();
        let mut reader = Reader::default();
        let mut state = 1_u64;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % below
        };
        for round in 0..20 {
            for sample in &samples {
                let mut bytes = format!("mosquitto-1  | 1795267894: {sample}").into_bytes();
                for _ in 0..=round {
                    let (at, length) = (next(bytes.len()), bytes.len());
                    match next(5) {
                        0 => bytes[at] = next(256) as u8,
                        1 => bytes.truncate(at + 1),
                        2 => bytes.extend_from_within(at..length.min(at + 40)),
                        3 => bytes.insert(at, b": |*[]\0\n\xff"[next(9)]),
                        _ => drop(bytes.drain(at..length.min(at + 3))),
                    }
                    if bytes.is_empty() {
                        bytes.push(b'x');
                    }
                }
                let line = String::from_utf8_lossy(&bytes);
                let told = reader.read(&line);
                assert!(told.is_none_or(|told| !told.cause.code.is_empty() && told.cause.meaning.len() < 2000));
            }
        }
        let hostile = ["Client ", "error:", ": ", "Protocol error from ", "[*", "é"].map(|part| part.repeat(10_000));
        for line in hostile {
            reader.read(&line);
            reader.read(&format!("OpenSSL Error[0]: {line}"));
            reader.read(&format!("Client connection from {line} failed: {line}"));
        }
    }
}
