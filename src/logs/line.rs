//! A line of a log taken apart: what Compose, the journal and `log_timestamp_format` put before the broker's own words.

/// One line, with its time as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    pub time: Option<&'a str>,
    pub text: &'a str,
}

/// A time and what stands around it end within this many bytes.
const HEAD: usize = 120;

impl<'a> Line<'a> {
    /// Takes off, in this order: `NAME | ` of Compose, the time of `docker logs -t`, `TIME HOST mosquitto[PID]: ` of
    /// the journal, and the broker's own `TIME: `.
    pub fn parse(line: &'a str) -> Self {
        let mut text = without_service(line.trim_end_matches(['\n', '\r']));
        let mut time = None;
        if let Some((first, rest)) = text.split_once(' ').filter(|(first, _)| is_instant(first)) {
            (time, text) = (Some(first), rest);
        }
        if let Some((before, rest)) = from_journal(text) {
            (time, text) = (time.or(before), rest);
        }
        if let Some((own, rest)) = split_time(text) {
            (time, text) = (Some(own), rest);
        }
        Self { time, text }
    }
}

/// `mosquitto-1  | text`.
fn without_service(line: &str) -> &str {
    let Some((name, rest)) = head(line).split_once('|').map(|(name, _)| (name, &line[name.len() + 1..])) else {
        return line;
    };
    let service = name.trim_end_matches(' ');
    let is_name = !service.is_empty() && service.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if is_name && service.len() < name.len() { rest.strip_prefix(' ').unwrap_or(rest) } else { line }
}

/// `Nov 21 10:00:00 host mosquitto[123]: text`, or `mosquitto[123]: text`.
fn from_journal(text: &str) -> Option<(Option<&str>, &str)> {
    let end = head(text).find("]: ")?;
    let before = &text[..end];
    let (before, number) = before.rsplit_once("mosquitto[")?;
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let rest = &text[end + 3..];
    if before.is_empty() {
        return Some((None, rest));
    }
    let (time, _host) = before.strip_suffix(' ')?.rsplit_once(' ')?;
    is_time(time).then_some((Some(time), rest))
}

/// `TIME: text`, where the time is of any form that consists of numbers, names of days and months, and marks.
fn split_time(text: &str) -> Option<(&str, &str)> {
    let head = head(text);
    head.match_indices(": ").map(|(at, _)| at).find(|at| is_time(&head[..*at])).map(|at| (&text[..at], &text[at + 2..]))
}

/// The beginning of a line, ending between two letters.
fn head(text: &str) -> &str {
    let end = (0..=HEAD.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// `2026-11-21T10:00:00.123456789Z`, or with an offset.
fn is_instant(word: &str) -> bool {
    let at = |index: usize| word.as_bytes().get(index).copied();
    at(4) == Some(b'-') && at(10) == Some(b'T') && at(18).is_some() && !word.ends_with(':') && is_time(word)
}

/// Whether a text is nothing but a time. The broker's words are never taken for one: each has a word that is none of
/// these.
fn is_time(text: &str) -> bool {
    const MARKS: &[u8] = b" :.,/-+[]()";
    let mut rest = text.as_bytes();
    let mut has_digit = false;
    while let Some(first) = rest.first() {
        let of_kind = |kind: fn(&u8) -> bool| rest.iter().take_while(|b| kind(b)).count();
        let length = match first {
            b'0'..=b'9' => {
                has_digit = true;
                of_kind(u8::is_ascii_digit)
            }
            b'a'..=b'z' | b'A'..=b'Z' => of_kind(u8::is_ascii_alphabetic),
            mark if MARKS.contains(mark) => 1,
            _ => return false,
        };
        if first.is_ascii_alphabetic() && !is_word_of_time(&rest[..length]) {
            return false;
        }
        rest = &rest[length..];
    }
    has_digit
}

/// A day, a month (both also by three letters), or a mark in capitals: `T`, `Z`, `PM`, `UTC`, `CEST`.
fn is_word_of_time(word: &[u8]) -> bool {
    const NAMES: [&str; 19] = [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let is = |name: &str| name.as_bytes() == word || name.as_bytes()[..3] == *word;
    word.len() <= 5 && word.iter().all(u8::is_ascii_uppercase) || NAMES.iter().any(|name| is(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> (Option<&str>, &str) {
        let line = Line::parse(line);
        (line.time, line.text)
    }

    #[test]
    fn any_form_of_time_is_known() {
        let text = "Client c1 disconnected, not authorised.";
        for time in [
            "1795267894",
            "2026-11-21T13:31:41",
            "Sat 21 Nov 2026 13:31:41",
            "[21/Nov/2026:13:31:42 +0000]",
            "Saturday, November 21 01:31:42 PM CET",
            "13:31:42.123",
        ] {
            assert_eq!(parse(&format!("{time}: {text}")), (Some(time), text));
            assert_eq!(parse(&format!("mosquitto-1  | {time}: {text}\n")), (Some(time), text));
        }
        assert_eq!(parse(text), (None, text));
        assert_eq!(parse(&format!("mosquitto  | {text}")), (None, text));
    }

    #[test]
    fn what_stands_around_is_taken_off() {
        let text = "Error: Address already in use";
        let stamp = "2026-11-21T10:00:00.123456789Z";
        assert_eq!(parse(&format!("{stamp} {text}")), (Some(stamp), text));
        assert_eq!(parse(&format!("{stamp} 1795267894: {text}")), (Some("1795267894"), text));
        assert_eq!(parse(&format!("Nov 21 10:00:00 my-host mosquitto[77]: {text}")), (Some("Nov 21 10:00:00"), text));
        assert_eq!(parse(&format!("Nov 21 10:00:00 h mosquitto[77]: 1795267894: {text}")), (Some("1795267894"), text));
        assert_eq!(parse(&format!("mosquitto[77]: {text}")), (None, text));
    }

    #[test]
    fn the_brokers_own_words_are_no_time() {
        for text in [
            "Client 12: 13 disconnected, not authorised.",
            "New client connected from 10.0.0.1:5 as mosquitto[1]: Error: Out of memory. (p2, c1, k60).",
            "New client connected from 10.0.0.1:5 as a: Error: Address already in use (p2, c1, k60).",
            "Protocol error from 10.0.0.1:5: First packet not CONNECT (47).",
            "dynsec: a/b | createClient | username=x",
            "a|b",
            "|",
            " | ",
            "",
            ": ",
            "\u{fffd}: x",
        ] {
            assert_eq!(parse(text), (None, text), "{text}");
        }
    }
}
