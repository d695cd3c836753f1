//! The page of each code: what it means, how it arises, how to see it, how to mend it.
//!
//! `codes.md` is the source of what `mqsec explain` prints and of `docs/diagnostics.md`. Its pages stand in alphabetic
//! order under `## code`, and each has the same paragraphs: the meaning, `Arises:`, `See:` and `Mend:`, the last ones
//! mostly with an indented block of commands.

const SOURCE: &str = include_str!("codes.md");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub code: &'static str,
    pub text: &'static str,
}

impl Page {
    /// The first sentence of the meaning, in one line.
    pub fn summary(&self) -> String {
        let meaning = self.paragraphs().next().unwrap_or_default().replace('\n', " ");
        meaning.find(". ").map_or(meaning.as_str(), |end| &meaning[..=end]).to_owned()
    }

    pub fn paragraphs(&self) -> impl Iterator<Item = &'static str> {
        self.text.split("\n\n")
    }
}

/// Every page, in the order of their codes.
pub fn all() -> impl Iterator<Item = Page> {
    let start = if SOURCE.starts_with("## ") { 3 } else { SOURCE.len() };
    SOURCE[start..].split("\n## ").filter_map(|page| {
        let (code, text) = page.split_once('\n')?;
        Some(Page { code, text: text.trim_matches('\n') })
    })
}

pub fn find(code: &str) -> Option<Page> {
    all().find(|page| page.code == code)
}

/// The page that a text asks for: a code, or a line of any output that has one, such as `error[CODE]: …`.
pub fn asked_for(text: &str) -> Option<Page> {
    let bracketed = || text.split('[').skip(1).filter_map(|rest| rest.split_once(']')).find_map(|(code, _)| find(code));
    let words =
        || text.split(|letter: char| !(letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-'));
    // a word without a dash, such as `usage`, may be a word of the sentence
    find(text.trim()).or_else(bracketed).or_else(|| words().filter(|word| word.contains('-')).find_map(find))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_in_what_was_pasted() {
        let code = |text: &str| asked_for(text).map(|page| page.code);
        assert_eq!(code("ca-exists"), Some("ca-exists"));
        assert_eq!(code(" usage\n"), Some("usage"));
        assert_eq!(code("error[usage]: unexpected argument"), Some("usage"));
        assert_eq!(code("error[tls-client-expired]: the broker refused"), Some("tls-client-expired"));
        assert_eq!(code("  more: mqsec explain ca-missing"), Some("ca-missing"));
        assert_eq!(code("  certificate-expired: it ended"), Some("certificate-expired"));
        assert_eq!(code("\"code\": \"port-in-use\","), Some("port-in-use"));
        for none in ["", "no-such-code", "the usage of it", "[", "ca-exist"] {
            assert_eq!(code(none), None, "{none}");
        }
    }

    #[test]
    fn a_summary_is_one_sentence_in_one_line() {
        for page in all() {
            let summary = page.summary();
            assert!(
                summary.ends_with('.') && !summary.contains('\n') && summary.len() > 20,
                "{}: {summary}",
                page.code
            );
        }
        assert!(find("certificate-expiring").is_some_and(|page| page.text.starts_with(&page.summary())));
    }
}
