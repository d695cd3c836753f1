//! A text as it stands in the languages of the snippets, so that no name and no password can end a string early.

use std::fmt::Write;

/// A string for JSON and JavaScript, in its quotes.
pub(super) fn json(text: &str) -> String {
    escaped(text, |letter, out| {
        let _ = write!(out, "\\u{:04x}", u32::from(letter));
    })
}

/// A string for YAML, in double quotes: no text in them is taken for a number, a date or a boolean.
pub(super) fn yaml(text: &str) -> String {
    json(text)
}

/// A string for Python, in its quotes.
pub(super) fn python(text: &str) -> String {
    json(text)
}

/// A literal for C and C++, in its quotes. What is not ASCII is written in octal, whose three digits end by themselves;
/// hexadecimal goes on as long as digits follow. `??` begins a trigraph in C before C23.
pub(super) fn c(text: &str) -> String {
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | b'?' => out.extend(['\\', char::from(byte)]),
            b'\n' => out.push_str("\\n"),
            b' '..=b'~' => out.push(char::from(byte)),
            other => {
                let _ = write!(out, "\\{other:03o}");
            }
        }
    }
    out.push('"');
    out
}

/// A PEM text as a literal for C and C++, a line of the source for each of its lines.
pub(super) fn c_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("  {}", c(&format!("{line}\n")))).collect();
    lines.join("\n")
}

/// An identifier of C, C++ and most other languages.
pub(super) fn identifier(text: &str) -> String {
    let name: String = text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    match name.starts_with(|first: char| first.is_ascii_digit()) {
        true => format!("_{name}"),
        false => name,
    }
}

/// A host as it stands in an address: IPv6 in brackets.
pub(super) fn url_host(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

fn escaped(text: &str, odd: impl Fn(char, &mut String)) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            // what YAML calls not printable, what JavaScript once took for the end of a line, and what hides in editors
            '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{202a}'..='\u{202e}' => {
                odd(letter, &mut out);
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: &str = "a \"b\" \\ $c 'd' ü ??= é9 \u{2028}\u{7f}\t#{e} %s";

    #[test]
    fn json_reads_back() {
        assert_eq!(serde_json::from_str::<String>(&json(ODD)).unwrap(), ODD);
        assert!(!json(ODD).contains('\u{2028}'));
    }

    #[test]
    fn c_is_ascii_and_ends_where_it_ends() {
        assert_eq!(c("é9\"\\?\n"), "\"\\303\\2519\\\"\\\\\\?\\n\"");
        assert!(c(ODD).is_ascii());
    }

    #[test]
    fn what_becomes_an_identifier_is_one() {
        assert_eq!(identifier("7-eleven.é"), "_7_eleven__");
    }

    #[test]
    fn addresses() {
        assert_eq!((url_host("::1").as_str(), url_host("pi.lan").as_str()), ("[::1]", "pi.lan"));
    }
}
