//! What may be written into an ACL file, so that the broker reads back the same.

use super::Entry;
use super::Grant;
use super::Scope;
use super::matching::is_filter;
use crate::error::Diagnose;
use crate::error::printable;

/// Why a line cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    #[error("`{0}` is not a topic filter: + stands for one whole level, # for all that follows and stands last")]
    Filter(String),
    #[error("`{0}` begins or ends with a blank, or has a line break or a NUL in it: the broker would read another {1}")]
    Blank(String, &'static str),
    #[error("a user needs a name")]
    NoName,
}

impl Diagnose for Unwritable {
    fn code(&self) -> &'static str {
        match self {
            Self::Filter(_) => "acl-topic-invalid",
            Self::Blank(..) | Self::NoName => "acl-name-invalid",
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Filter(_) => vec!["one level is `a/+/b`, a whole subtree is `a/#`".to_owned()],
            Self::Blank(..) | Self::NoName => vec!["who has which lines: mqsec acl list".to_owned()],
        }
    }
}

impl Entry {
    pub(super) fn line_of(scope: &Scope, grant: Grant, filter: &[u8]) -> Vec<u8> {
        let word: &[u8] = if *scope == Scope::Pattern { b"pattern" } else { b"topic" };
        [word, b" ", grant.word().as_bytes(), b" ", filter].concat()
    }

    /// Whether the broker reads back what [`super::Document::add`] would write.
    pub fn writable(scope: &Scope, filter: &[u8]) -> Result<(), Unwritable> {
        let shown = |text: &[u8]| printable(&String::from_utf8_lossy(text));
        if let Scope::User(name) = scope {
            if name.is_empty() {
                return Err(Unwritable::NoName);
            }
            if !survives(name) {
                return Err(Unwritable::Blank(shown(name), "name"));
            }
        }
        if !is_filter(filter) {
            return Err(Unwritable::Filter(shown(filter)));
        }
        if !survives(filter) {
            return Err(Unwritable::Blank(shown(filter), "topic"));
        }
        Ok(())
    }
}

/// Whether a text comes back whole from a line whose ends are trimmed.
fn survives(text: &[u8]) -> bool {
    let is_space = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b' ' | 9..=13));
    !is_space(text.first()) && !is_space(text.last()) && !text.iter().any(|byte| matches!(byte, b'\n' | 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::Document;
    use crate::series::Series;

    #[test]
    fn what_is_written_is_read_back() {
        let names = ["bob", "a b", "+", "#", "# x", "a/b", "%u", "\u{fc}", "topic", "a\tb"];
        let filters = ["a", "#", "+/x", "a b", "read", "\"x\"", "a\tb", "$SYS/#", "%c"];
        for name in names {
            for filter in filters {
                let scope = Scope::User(name.as_bytes().to_vec());
                assert_eq!(Entry::writable(&scope, filter.as_bytes()), Ok(()));
                let mut document = Document::default();
                document.add(&scope, Grant::Write, filter.as_bytes());
                let entries = document.reading(Series::V20).entries;
                assert_eq!((&entries[0].scope, entries[0].topic().as_str()), (&scope, filter));
            }
        }
        for bad in ["", " a", "a ", "\ta", "a\nb", "a\0", "a\r", "a#", "a/#/b"] {
            assert!(Entry::writable(&Scope::Anonymous, bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(Entry::writable(&Scope::User(b" x".to_vec()), b"a").is_err());
        assert!(Entry::writable(&Scope::User(Vec::new()), b"a").is_err());
    }
}
