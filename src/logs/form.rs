//! The form of a line: its fixed words, with `*` for any text between them.

/// What stands where the stars are, when the whole text has the form. Takes time in the length of the text alone: each
/// fixed part is looked for once, behind the part before it.
pub(super) fn fits<'a>(form: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = form.split('*');
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut found = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let at = match parts.peek() {
            Some(_) => rest.find(part)?,
            None => rest.len().checked_sub(part.len()).filter(|at| rest.as_bytes()[*at..] == *part.as_bytes())?,
        };
        found.push(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    rest.is_empty().then_some(found)
}

/// A meaning with `{1}`, `{2}` replaced by what stood in the line.
pub(super) fn fill(meaning: &str, found: &[&str]) -> String {
    let mut text = String::new();
    let mut rest = meaning;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (number, behind) = after.split_once('}').unwrap_or((after, ""));
        let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        text.push_str(&index.and_then(|index| found.get(index)).map(|part| presentable(part)).unwrap_or_default());
        rest = behind;
    }
    text.push_str(rest);
    text
}

/// A part of a line as it may stand in a sentence: of bearable length, and without a terminal's control codes.
fn presentable(part: &str) -> String {
    const LONGEST: usize = 120;
    let mut text: String = part.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if part.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_line_has_the_form() {
        assert_eq!(fits("a * c.", "a b c."), Some(vec!["b"]));
        assert_eq!(fits("a * c.", "a b c. c."), Some(vec!["b c."]));
        assert_eq!(fits("a *: *", "a b: c: d"), Some(vec!["b", "c: d"]));
        assert_eq!(fits("*x", "xx"), Some(vec!["x"]));
        assert_eq!(fits("a", "a"), Some(vec![]));
        for (form, text) in
            [("a * c.", "a b c"), ("a", "ab"), ("ab*ba", "aba"), ("*x", "xy"), ("", "x"), ("a*é", "aé\u{301}")]
        {
            assert_eq!(fits(form, text), None, "{form} {text}");
        }
        // a part is not looked for inside of a letter
        assert_eq!(fits("*\u{80}", "é"), None);
    }

    #[test]
    fn a_sentence_takes_what_stood_in_the_line() {
        assert_eq!(fill("`{1}` of {2}, {3}.", &["a", "b"]), "`a` of b, .");
        assert_eq!(fill("{1}", &["\x1b[31m{2}"]), "\u{fffd}[31m{2}");
        assert_eq!(fill("{1}", &[&"x".repeat(500)]).chars().count(), 121);
    }
}
