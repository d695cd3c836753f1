//! Bytes to a [`File`]; or where and why not.

use std::collections::HashMap;

use super::File;

/// Why the bytes are no such file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct Unreadable {
    pub line: usize,
    pub column: usize,
    pub what: String,
    /// A broker that reads it starts, and refuses everybody. Otherwise it passes over a part that has another type than it
    /// expects, takes the first of two equal keys, and does not look behind the end (2.0.21 and 2.1.2, all measured).
    pub fatal: bool,
}

/// The file; a byte order mark is skipped, as the broker's own parser does.
pub fn parse(bytes: &[u8]) -> Result<File, Unreadable> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if text.is_empty() {
        return Err(Unreadable { line: 1, column: 1, what: "the file is empty".to_owned(), fatal: true });
    }
    serde_json::from_slice(text).map_err(|error| {
        let said = error.to_string();
        let data = error.classify() == serde_json::error::Category::Data;
        // the place has fields of its own
        let what = said.rsplit_once(" at line ").map_or(said.as_str(), |(what, _)| what);
        let what = if said.contains("invalid unicode") || std::str::from_utf8(text).is_err() {
            "the text is not UTF-8".to_owned()
        } else {
            crate::error::printable(what)
        };
        Unreadable {
            line: error.line().max(1),
            column: error.column().max(1),
            what,
            fatal: !data && !said.starts_with("trailing characters"),
        }
    })
}

/// Where the strings of a file stand, by key and value: the first of each, found in one pass.
#[derive(Debug, Default)]
pub struct Places {
    values: HashMap<(String, String), (usize, usize)>,
    keys: HashMap<String, (usize, usize)>,
}

impl Places {
    pub fn of(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        let Ok(text) = std::str::from_utf8(bytes) else { return found };
        let (mut line, mut column, mut at) = (1, 1, 0);
        // the key behind which a colon came, and nothing since
        let mut key: Option<String> = None;
        let mut last: Option<(String, (usize, usize))> = None;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    let end = end_of_string(bytes, at);
                    let (place, string) = ((line, column), &text[at..end]);
                    let value: String = serde_json::from_str(string).unwrap_or_default();
                    if let Some(key) = key.take() {
                        found.values.entry((key, value.clone())).or_insert(place);
                    }
                    last = Some((value, place));
                    (at, column) = (end, column + string.chars().count());
                    continue;
                }
                b':' => {
                    key = last.take().map(|(key, place)| {
                        found.keys.entry(key.clone()).or_insert(place);
                        key
                    });
                }
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => key = None,
            }
            (line, column) = if *byte == b'\n' { (line + 1, 1) } else { (line, column + 1) };
            at += 1;
        }
        found
    }

    /// Line and column of the first `"key": "value"`, from 1, at the value.
    pub fn value(&self, key: &str, value: &str) -> Option<(usize, usize)> {
        self.values.get(&(key.to_owned(), value.to_owned())).copied()
    }

    pub fn key(&self, key: &str) -> Option<(usize, usize)> {
        self.keys.get(key).copied()
    }
}

/// Behind the quote that ends the string which begins here.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_survives() {
        let text = r#"{"new":[1,{"x":null}],"changeIndex":7,"clients":[{"username":"a","colour":"red","password":"p","roles":[{"rolename":"r","until":9}]}],"roles":[{"rolename":"r","allowwildcardsubs":true,"acls":[{"acltype":"publishClientSend","topic":"a/#","allow":true,"priority":-1,"why":"x"}]}]}"#;
        let file = parse(text.as_bytes()).unwrap();
        let again: serde_json::Value = serde_json::from_slice(&file.print()).unwrap();
        let before: serde_json::Value = serde_json::from_str(text).unwrap();
        for pointer in ["/new", "/changeIndex", "/clients/0/colour", "/clients/0/roles/0/until", "/roles/0"] {
            assert_eq!(again.pointer(pointer), before.pointer(pointer), "{pointer}");
        }
        assert_eq!(parse(&file.print()).unwrap(), file);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let error = parse(b"{\n  \"clients\": [}\n}").unwrap_err();
        assert_eq!((error.line, error.column, error.fatal), (2, 15, true));
        let error = parse(b"{\"clients\": [{\"username\": 3}]}").unwrap_err();
        assert!(!error.fatal && error.what.contains("a string"), "{error}");
        let error =
            parse(b"{\"roles\":[{\"rolename\":\"r\",\"acls\":[{\"acltype\":\"send\",\"topic\":\"x\"}]}]}").unwrap_err();
        assert!(error.what.contains("publishClientSend"), "{error}");
        for bytes in [&b""[..], b"\xef\xbb\xbf", b"{\"a\":\"\xff\"}", b"\0", b"[1,2", b"null", &[b'['; 1 << 20]] {
            assert!(parse(bytes).is_err());
        }
        assert!(parse(b"\xef\xbb\xbf{}").is_ok());
    }

    #[test]
    fn a_value_is_found_where_it_stands() {
        let text = b"{\n\t\"clients\":\t[{\n\t\t\"username\":\t\"a\"\n}, {\"username\" : \"b\"}]}";
        let places = Places::of(text);
        assert_eq!(places.value("username", "a"), Some((3, 15)));
        assert_eq!(places.value("username", "b"), Some((4, 18)));
        assert_eq!((places.value("username", "c"), places.key("clients")), (None, Some((2, 2))));
        for cut in 0..text.len() {
            let _ = Places::of(&text[..cut]);
        }
        let odd = Places::of(b"{\"a\\\"b\":[\"x\"],\"k\":{\"k\":\"\xc3\xa4\"}, \"\\");
        assert_eq!((odd.value("k", "\u{e4}"), odd.value("a\"b", "x")), (Some((1, 24)), None));
    }
}
