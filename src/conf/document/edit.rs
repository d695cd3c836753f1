//! Edits: one option set, added or taken out, in the section it belongs to.

use super::Directive;
use super::Document;
use super::Section;
use crate::conf::keyword::Keyword;
use crate::conf::keyword::Repeat;
use crate::conf::keyword::Scope;
use crate::conf::keyword::keyword;
use crate::error::Diagnose;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("Mosquitto has no option `{key}`")]
    Unknown { key: String, near: Option<&'static str> },
    #[error("a value of `{key}` cannot be empty, end with a blank or hold a line end or control characters")]
    Value { key: String },
    #[error("there is no such part: {0}")]
    NoSection(Section),
    #[error("`{key}` does not belong to {section}")]
    WrongSection { key: String, section: Section, belongs: &'static str },
}

impl Diagnose for EditError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "conf-option-unknown",
            Self::Value { .. } => "conf-value-invalid",
            Self::NoSection(_) => "conf-section-missing",
            Self::WrongSection { .. } => "conf-section-wrong",
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Unknown { near: Some(near), .. } => vec![format!("perhaps it is `{near}`")],
            Self::Unknown { near: None, .. } => vec!["mqsec conf show".to_owned()],
            Self::Value { .. } | Self::NoSection(_) => vec!["mqsec conf show".to_owned()],
            Self::WrongSection { belongs, .. } => vec![format!("it belongs to {belongs}")],
        }
    }
}

impl Document {
    /// Sets an option: the line that holds now gets the value, or a new line is put where it belongs. An option that may
    /// stand several times has this one value afterwards.
    pub fn set(&mut self, section: &Section, key: &str, value: &str) -> Result<(), EditError> {
        let (known, start) = self.checked(section, key, Some(value))?;
        let lines: Vec<usize> = self.values(section, key).iter().map(|line| line.line - 1).collect();
        let Some((&last, earlier)) = lines.split_last() else {
            self.put(section, start, known, key, value);
            return Ok(());
        };
        self.change(last, known, value);
        if known.repeat == Repeat::Adds {
            for &line in earlier.iter().rev() {
                self.cut(line);
            }
        }
        Ok(())
    }

    /// Adds a line of an option that may stand several times, behind the others; nothing happens when it is there.
    pub fn add(&mut self, section: &Section, key: &str, value: &str) -> Result<(), EditError> {
        let (known, start) = self.checked(section, key, Some(value))?;
        let lines = self.values(section, key);
        if lines.iter().any(|line| line.value == value) {
            return Ok(());
        }
        match lines.last().map(|line| line.line) {
            Some(last) => self.insert(last, &format!("{key} {value}")),
            None => self.put(section, start, known, key, value),
        }
        Ok(())
    }

    /// Takes an option out: every line that it has in the section. Tells whether there was one.
    pub fn unset(&mut self, section: &Section, key: &str) -> Result<bool, EditError> {
        self.checked(section, key, None)?;
        let lines: Vec<usize> = self.values(section, key).iter().map(|line| line.line - 1).collect();
        for &line in lines.iter().rev() {
            self.cut(line);
        }
        Ok(!lines.is_empty())
    }

    /// Puts text at the end, with an empty line before it.
    pub fn append_block(&mut self, text: &str) {
        let last = self.ends.len();
        let apart = if last == 0 || self.is_blank(last - 1) { "" } else { "\n" };
        self.insert(last, &format!("{apart}{}", text.trim_end_matches('\n')));
    }

    /// The keyword and the section's beginning, when the edit makes sense.
    fn checked(
        &self,
        section: &Section,
        key: &str,
        value: Option<&str>,
    ) -> Result<(&'static Keyword, usize), EditError> {
        let unknown = || EditError::Unknown { key: key.to_owned(), near: crate::conf::keyword::nearest(key) };
        let known = keyword(key).filter(|_| !key.contains(char::is_whitespace)).ok_or_else(unknown)?;
        let fits = |value: &str| !value.is_empty() && value.trim() == value && !value.contains(char::is_control);
        if !value.is_none_or(fits) {
            return Err(EditError::Value { key: key.to_owned() });
        }
        let belongs = match (known.scope, self.per_listener()) {
            (Scope::Global, _) | (Scope::Security, false) => "the global part",
            (Scope::Security, true) | (Scope::Listener, _) => "a listener",
            (Scope::Bridge, _) => "a bridge",
            (Scope::Plugin, _) => "a plugin, which edits leave alone",
        };
        let right = match section {
            Section::Global => "the global part",
            Section::Listener(_) => "a listener",
            Section::Bridge(_) => "a bridge",
        };
        if belongs != right || matches!(key, "listener" | "connection" | "port" | "bind_address") {
            return Err(EditError::WrongSection { key: key.to_owned(), section: section.clone(), belongs });
        }
        let start = self.start_of(section).ok_or_else(|| EditError::NoSection(section.clone()))?;
        Ok((known, start))
    }

    /// A new line of the section.
    fn put(&mut self, section: &Section, start: usize, known: &Keyword, key: &str, value: &str) {
        let at = match section {
            // must stand above every option whose place it decides
            Section::Global if known.name == "per_listener_settings" => self.above(|_| true),
            Section::Global => self.above(|line| matches!(line.key, "listener" | "connection")),
            _ => self.end_of(section, start),
        };
        self.insert(at, &format!("{key} {value}"));
    }

    /// The line behind which a line comes to stand before the first of these, and before the comment above it.
    fn above(&self, first: impl Fn(&Directive<'_>) -> bool) -> usize {
        let Some(mut at) = self.directives().find(first).map(|line| line.line - 1) else { return self.ends.len() };
        let plain = self.directives().take_while(|line| line.line <= at).last().map_or(0, |line| line.line);
        while at > plain && self.is_comment(at - 1) {
            at -= 1;
        }
        // a comment at the head of the file is the file's own, and nothing is put above it
        if at == 0 && plain == 0 {
            return (0..self.ends.len()).find(|&line| !self.is_comment(line)).unwrap_or_default();
        }
        while plain > 0 && at > plain && self.is_blank(at - 1) {
            at -= 1;
        }
        at
    }

    /// The last line of the section, before anything else begins.
    fn end_of(&self, section: &Section, start: usize) -> usize {
        let per_listener = self.per_listener();
        let mut end = start;
        for line in self.placed().skip_while(|line| line.directive.line <= start) {
            if line.begins() {
                break;
            }
            if self.belongs(&line, start, section, per_listener) {
                end = line.directive.line;
            }
        }
        end
    }

    /// Another value in a line that is there; its indentation, its spelling and its end stay. Behind a value of one word
    /// stays what the broker ignores.
    fn change(&mut self, number: usize, known: &Keyword, value: &str) {
        let raw = self.raw(number);
        let key_at = raw.iter().position(|byte| *byte != b' ').unwrap_or_default();
        let key_end = raw[key_at..].iter().position(|byte| *byte == b' ').map_or(raw.len(), |at| key_at + at);
        let from = raw[key_end..].iter().position(|byte| *byte != b' ').map_or(raw.len(), |at| key_end + at);
        let one_word = matches!(
            known.value,
            crate::conf::keyword::ValueType::Bool
                | crate::conf::keyword::ValueType::Int { .. }
                | crate::conf::keyword::ValueType::Choice(_)
                | crate::conf::keyword::ValueType::Duration
        ) && known.name != "bridge_protocol_version";
        let to = match raw[from..].iter().position(|byte| *byte == b' ') {
            Some(at) if one_word => from + at,
            _ => raw.len(),
        };
        let gap = if from == key_end { " " } else { "" };
        let (start, _) = self.span(number);
        self.splice(start + from, start + to, &format!("{gap}{value}"));
    }

    fn cut(&mut self, number: usize) {
        let (start, end) = self.span(number);
        self.splice(start, end, "");
    }

    fn insert(&mut self, after: usize, text: &str) {
        let eol = self.line_end();
        let after = after.min(self.ends.len());
        let at = if after == 0 { 0 } else { self.ends[after - 1] };
        let open = at > 0 && !self.bytes[..at].ends_with(b"\n");
        let text = text.replace("\r\n", "\n").replace('\n', eol);
        self.splice(at, at, &format!("{}{text}{eol}", if open { eol } else { "" }));
    }

    fn splice(&mut self, from: usize, to: usize, text: &str) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.splice(from..to, text.bytes());
        *self = Self::of(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONF: &str = "# head\n\nallow_anonymous false\nlog_type all\n\n# TLS\nlistener 8883\ncertfile c\n  max_connections 10 # many\n\nlistener 1883 127.0.0.1\n\nconnection out\naddress h\ntopic # out\n";

    fn edited(change: impl Fn(&mut Document) -> Result<(), EditError>) -> String {
        let mut document = Document::parse(CONF.as_bytes());
        change(&mut document).unwrap();
        String::from_utf8(document.to_bytes()).unwrap()
    }

    #[test]
    fn a_value_changes_in_its_line() {
        let text = edited(|d| d.set(&Section::Listener(8883), "max_connections", "20"));
        assert_eq!(text, CONF.replace("10 # many", "20 # many"));
        let text = edited(|d| d.set(&Section::Global, "allow_anonymous", "true"));
        assert_eq!(text, CONF.replace("s false", "s true"));
        let text = edited(|d| d.set(&Section::Listener(8883), "certfile", "a b"));
        assert_eq!(text, CONF.replace("certfile c", "certfile a b"));
    }

    #[test]
    fn a_new_option_stands_where_it_belongs() {
        let text = edited(|d| d.set(&Section::Global, "persistence", "true"));
        assert_eq!(text, CONF.replace("log_type all\n", "log_type all\npersistence true\n"));
        let text = edited(|d| d.set(&Section::Listener(8883), "keyfile", "k"));
        assert_eq!(text, CONF.replace("# many\n", "# many\nkeyfile k\n"));
        let text = edited(|d| d.set(&Section::Listener(1883), "max_qos", "1"));
        assert_eq!(text, CONF.replace("127.0.0.1\n", "127.0.0.1\nmax_qos 1\n"));
        let text = edited(|d| d.add(&Section::Bridge("out".to_owned()), "topic", "a/# in"));
        assert_eq!(text, CONF.replace("topic # out\n", "topic # out\ntopic a/# in\n"));
        let text = edited(|d| d.set(&Section::Global, "per_listener_settings", "true"));
        assert_eq!(text, CONF.replace("allow_anon", "per_listener_settings true\nallow_anon"));
    }

    #[test]
    fn an_option_in_the_wrong_place_is_refused() {
        let mut document = Document::parse(CONF.as_bytes());
        let wrong = |result: Result<(), EditError>| result.unwrap_err().code();
        assert_eq!(wrong(document.set(&Section::Global, "max_connections", "1")), "conf-section-wrong");
        assert_eq!(wrong(document.set(&Section::Listener(8883), "password_file", "p")), "conf-section-wrong");
        assert_eq!(wrong(document.set(&Section::Listener(9), "certfile", "p")), "conf-section-missing");
        assert_eq!(wrong(document.set(&Section::Global, "log_tipe", "all")), "conf-option-unknown");
        for value in ["", " x", "x ", "a\nb", "a\tb", "\0"] {
            assert_eq!(wrong(document.set(&Section::Global, "password_file", value)), "conf-value-invalid");
        }
        assert_eq!(document.to_bytes(), CONF.as_bytes());
    }

    #[test]
    fn lines_go_and_the_rest_stays() {
        let text = edited(|d| d.unset(&Section::Listener(8883), "certfile").map(|was| assert!(was)));
        assert_eq!(text, CONF.replace("certfile c\n", ""));
    }

    #[test]
    fn line_ends_are_those_of_the_file() {
        let mut document = Document::parse(b"user root\r\nlistener 1883");
        document.set(&Section::Listener(1883), "max_qos", "1").unwrap();
        document.set(&Section::Global, "persistence", "true").unwrap();
        document.append_block("connection a\naddress b\n");
        assert_eq!(
            document.to_bytes(),
            b"user root\r\npersistence true\r\nlistener 1883\r\nmax_qos 1\r\n\r\nconnection a\r\naddress b\r\n"
        );
        let mut empty = Document::parse(b"");
        empty.set(&Section::Global, "persistence", "true").unwrap();
        assert_eq!(empty.to_bytes(), b"persistence true\n");
    }
}
