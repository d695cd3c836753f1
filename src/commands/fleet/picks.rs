//! A list of devices that are there already: their names or serial numbers a line each, or the list that they were issued
//! from. Of that the column with the names alone is looked at, so that what is wrong elsewhere stops nobody here.

use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::error::Failure;
use crate::error::Plain;
use crate::workspace::FsError;
use crate::workspace::fs;

/// A line of the list, and the word in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pick {
    /// From 1.
    pub(super) line: usize,
    pub(super) word: String,
}

/// The list in a file, or on standard input where it is `-`.
pub(super) fn read(path: &Path) -> Result<Vec<Pick>, Failure> {
    const LONGEST: u64 = 1 << 30;
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        let stdin = std::io::stdin().lock().take(LONGEST).read_to_end(&mut bytes);
        stdin.map_err(|source| FsError::new("read", path, source))?;
    } else {
        let Some(found) = fs::read_long(path, LONGEST)? else {
            return Err(Plain::new("file-not-found", format!("there is no `{}`", path.display()))
                .hint("a list has a name a line; from standard input: mqsec fleet revoke --from -")
                .into());
        };
        bytes = found;
    }
    Ok(picks(&text(&bytes)))
}

/// What a spreadsheet wrote: UTF-8 or UTF-16, with a byte order mark or without.
fn text(bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], of: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|two| of([two[0], two[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => String::from_utf8_lossy(rest).into_owned(),
    }
}

fn picks(text: &str) -> Vec<Pick> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())).peekable();
    let is_nothing = |line: &str| line.is_empty() || line.starts_with('#');
    while lines.next_if(|(_, line)| is_nothing(line)).is_some() {}
    let head = lines.peek().and_then(|(_, line)| column(line));
    if head.is_some() {
        lines.next();
    }
    let word = |line: &str| match &head {
        Some((separator, at)) => cells(line, *separator).into_iter().nth(*at).unwrap_or_default(),
        None if line.starts_with('{') => {
            let object: Option<Value> = serde_json::from_str(line).ok();
            object.and_then(|object| object["name"].as_str().map(str::to_owned)).unwrap_or_else(|| line.to_owned())
        }
        None => line.to_owned(),
    };
    lines
        .filter(|(_, line)| !is_nothing(line))
        .map(|(line, text)| Pick { line, word: word(text).trim().to_owned() })
        .filter(|pick| !pick.word.is_empty())
        .collect()
}

/// Where the names stand, where this is the head line of a table.
fn column(line: &str) -> Option<(char, usize)> {
    [',', ';', '\t'].into_iter().find_map(|separator| {
        let at = cells(line, separator).iter().position(|cell| cell.trim().eq_ignore_ascii_case("name"))?;
        Some((separator, at))
    })
}

/// The cells of a line; a separator between quotation marks divides nothing, and two of these marks are one.
fn cells(line: &str, separator: char) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            _ if letter == separator && !quoted => cells.push(std::mem::take(&mut cell)),
            _ => cell.push(letter),
        }
    }
    cells.push(cell);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &[u8]) -> Vec<(usize, String)> {
        picks(&super::text(text)).into_iter().map(|pick| (pick.line, pick.word)).collect()
    }

    #[test]
    fn a_name_is_found_in_every_form_of_list() {
        let plain = [(2, "a b".to_owned()), (4, "c,d".to_owned())];
        assert_eq!(words(b"# gone\na b\n\n  c,d \r\n"), plain);
        let wide = |mark: &[u8], of: fn(u16) -> [u8; 2]| {
            mark.iter().copied().chain("x\n\u{fc}\n".encode_utf16().flat_map(of)).collect::<Vec<u8>>()
        };
        let expected = [(1, "x".to_owned()), (2, "\u{fc}".to_owned())];
        assert_eq!(words(&wide(&[0xff, 0xfe], u16::to_le_bytes)), expected);
        assert_eq!(words(&wide(&[0xfe, 0xff], u16::to_be_bytes)), expected);
        for table in [
            "\u{feff}days;Name;topics\n9;a;\"x;y\"\nbroken\n9;\"b \"\"c\"\"\";\n",
            "days\tname\n9\ta\n\n9\tb \"\"\"c\"\"\"\n",
        ] {
            assert_eq!(words(table.as_bytes()), [(2, "a".to_owned()), (4, "b \"c\"".to_owned())], "{table}");
        }
        let objects = br#"{"name": "a", "days": 9}
{"days": 9}"#;
        assert_eq!(words(objects), [(1, "a".to_owned()), (2, "{\"days\": 9}".to_owned())]);
        assert_eq!(words(b"name\nname\n"), [(2, "name".to_owned())]);
    }
}
