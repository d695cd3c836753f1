//! How the broker takes a value out of the rest of a line (20:conf.c:2346-2421, 21:conf.c:3096-3200).

use super::What;
use crate::conf::keyword::Keyword;
use crate::conf::keyword::ValueType;
use crate::series::Series;

/// The next word, as `strtok_r` with a space gives it, and what is left behind it.
pub(super) fn word(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = rest.iter().position(|byte| *byte != b' ')?;
    let rest = &rest[start..];
    match rest.iter().position(|byte| *byte == b' ') {
        Some(end) => Some((&rest[..end], &rest[end + 1..])),
        None => Some((rest, &[])),
    }
}

pub(super) fn words(mut rest: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let Some((next, behind)) = word(rest) {
        found.push(next);
        rest = behind;
    }
    found
}

pub(super) fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

pub(super) fn trimmed(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_space(*byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_space(*byte)).map_or(start, |last| last + 1);
    &text[start..end.max(start)]
}

/// The rest of the line as a string option takes it.
pub(super) fn text(key: &'static str, rest: &[u8]) -> Result<String, What> {
    let text = trimmed(rest);
    if text.is_empty() {
        return Err(What::Empty { key });
    }
    if text.len() > 65_535 {
        return Err(What::TooLong { key, length: text.len() });
    }
    let valid = std::str::from_utf8(text).ok().filter(|text| !text.chars().any(is_refused));
    valid.map(str::to_owned).ok_or_else(|| What::NotUtf8 { key, given: shown(text) })
}

/// Characters that no string of the broker may hold: control characters and the code points that are none (utf8_mosq.c).
fn is_refused(letter: char) -> bool {
    let code = u32::from(letter);
    letter.is_control() || (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE
}

/// `atoi`: what looks like a number at the beginning; anything else is 0.
pub(super) fn atoi(word: &[u8]) -> i64 {
    // C's `int` takes the low half of a long
    i64::from(atol(word) as i32)
}

pub(super) fn atol(word: &[u8]) -> i64 {
    let start = word.iter().position(|byte| !is_space(*byte)).unwrap_or(word.len());
    let (negative, digits) = match &word[start..] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    number(digits, negative, 10).0
}

/// A number in this base, as large as there is, and how many digits it had.
fn number(digits: &[u8], negative: bool, base: u32) -> (i64, usize) {
    let mut value: i64 = 0;
    let mut count = 0;
    for digit in digits.iter().map_while(|byte| char::from(*byte).to_digit(base)) {
        let digit = i64::from(digit);
        let next = value.checked_mul(i64::from(base));
        let next = next.and_then(|v| if negative { v.checked_sub(digit) } else { v.checked_add(digit) });
        value = next.unwrap_or(if negative { i64::MIN } else { i64::MAX });
        count += 1;
    }
    (value, count)
}

/// `strtol` with base 0, of which nothing may be left over: 2.1 takes `0x10` for 16 and `010` for 8.
fn strict(word: &[u8]) -> Option<i64> {
    let start = word.iter().position(|byte| !is_space(*byte))?;
    let (negative, digits) = match &word[start..] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (digits, base) = match digits {
        [b'0', b'x' | b'X', rest @ ..] => (rest, 16),
        [b'0', ..] => (digits, 8),
        _ => (digits, 10),
    };
    let (value, count) = number(digits, negative, base);
    (count > 0 && count == digits.len()).then_some(value)
}

/// A whole number as the series reads it, without a look at its range.
pub(super) fn int(key: &'static str, word: &[u8], series: Series) -> Result<i64, What> {
    if series == Series::V20 {
        return Ok(atoi(word));
    }
    let value = strict(word).ok_or_else(|| What::NotANumber { key, given: shown(word) })?;
    let beyond = || What::OutOfRange { key, given: shown(word), min: i32::MIN.into(), max: i32::MAX.into() };
    i32::try_from(value).map(i64::from).map_err(|_| beyond())
}

/// The value of an option of one word; None where the series lets it be missing.
pub(super) fn one_word(known: &Keyword, rest: &[u8], series: Series) -> Result<Option<String>, What> {
    let key = known.name;
    // `bridge_protocol_version` takes the rest of the line as it is
    let first = if key == "bridge_protocol_version" {
        Some(rest).filter(|rest| !rest.is_empty())
    } else {
        word(rest).map(|(first, _)| first)
    };
    let Some(first) = first else {
        let lenient = ["log_type", "max_connections", "protocol", "persistent_client_expiration"];
        return match series {
            Series::V20 if lenient.contains(&key) => Ok(None),
            _ => Err(What::Empty { key }),
        };
    };
    let given = || shown(first);
    match known.value {
        ValueType::Bool if !matches!(first, b"true" | b"false" | b"1" | b"0") => {
            return Err(What::NotABool { key, given: given() });
        }
        ValueType::Choice(allowed) => {
            let known =
                |choice: &&&str| choice.as_bytes() == first && (series != Series::V20 || **choice != "http_api");
            if !allowed.iter().any(|choice| known(&choice)) {
                return Err(What::NoChoice { key, given: given(), allowed });
            }
        }
        ValueType::Duration => duration(key, first, series)?,
        ValueType::Int { min, max } => {
            let value = match (key, series) {
                // both series read these without a look at what follows the digits
                ("memory_limit", _) => atol(first),
                _ => int(key, first, series)?,
            };
            let free = key == "retain_expiry_interval" && series == Series::V20;
            if !free && !(min..=max).contains(&value) {
                return Err(What::OutOfRange { key, given: given(), min, max });
            }
            // `010` means 8 to 2.1
            return Ok(Some(value.to_string()));
        }
        _ => {}
    }
    Ok(Some(shown(first)))
}

fn duration(key: &'static str, word: &[u8], series: Series) -> Result<(), What> {
    let bad = || What::NotADuration { key, given: shown(word) };
    let (unit, count) = word.split_last().ok_or_else(bad)?;
    let known = b"hdwmy".contains(unit) || (*unit == b's' && series != Series::V20);
    if known && atoi(count) > 0 { Ok(()) } else { Err(bad()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_c_reads_them() {
        assert_eq!((atoi(b"12x"), atoi(b"="), atoi(b"-5"), atoi(b"\t7"), atoi(b"+3")), (12, 0, -5, 7, 3));
        assert_eq!((atoi(b"4294967297"), atoi(b"99999999999999999999")), (1, -1));
        assert_eq!((strict(b"0x10"), strict(b"010"), strict(b"09"), strict(b"1a")), (Some(16), Some(8), None, None));
        assert_eq!((strict(b"0"), strict(b"-3"), strict(b""), strict(b"0x")), (Some(0), Some(-3), None, None));
    }

    #[test]
    fn a_string_is_the_rest_of_the_line() {
        assert_eq!(text("certfile", b"  /a b # c \t"), Ok("/a b # c".to_owned()));
        assert!(matches!(text("certfile", b"a\tb"), Err(What::NotUtf8 { .. })));
        assert!(matches!(text("certfile", b"caf\xe9"), Err(What::NotUtf8 { .. })));
        assert!(matches!(text("certfile", b"  "), Err(What::Empty { .. })));
    }
}
