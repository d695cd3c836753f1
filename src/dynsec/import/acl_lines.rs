//! The lines of an acl_file as `acl` reads them, with names and filters as text.

use crate::acl::Document;
use crate::acl::Grant;
use crate::acl::Scope;
use crate::series::Series;

/// Whose line it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// Before the first `user`: clients without a user name.
    Anonymous,
    User(String),
    /// `pattern`: everybody, wherever it stands.
    Everybody,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: usize,
    pub(super) whom: Whom,
    pub(super) grant: Grant,
    pub(super) filter: String,
}

/// What a broker of the series takes from the file; or the first line at which it ends, and its words.
pub(super) fn read(path: &str, bytes: &[u8], series: Series) -> Result<Vec<Line>, (usize, String)> {
    let reading = Document::parse(bytes).reading(series);
    if let Some((line, _, stop)) = reading.stop {
        return Err((line, format!("stops the broker: {}", stop.words(path))));
    }
    let text = |line: usize, bytes: Vec<u8>| {
        // JSON has no other text, and neither have topics and user names
        String::from_utf8(bytes).map_err(|_| (line, "is not UTF-8, which every topic is".to_owned()))
    };
    let entries = reading.entries.into_iter().map(|entry| {
        let whom = match entry.scope {
            Scope::Anonymous => Whom::Anonymous,
            Scope::User(name) => Whom::User(text(entry.line, name)?),
            Scope::Pattern => Whom::Everybody,
        };
        Ok(Line { number: entry.line, whom, grant: entry.grant, filter: text(entry.line, entry.filter)? })
    });
    entries.collect()
}
