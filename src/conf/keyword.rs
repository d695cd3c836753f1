//! Every keyword of `mosquitto.conf`: where it may stand, what it takes, since when there is it, and what a reload does.
//!
//! Taken from `src/conf.c` of 2.0.21 and 2.1.2 and compared with the brokers themselves: an integration test asks each
//! of them about each name. The reload column tells what happens, which is not what the manual says.

mod bridge;
mod build;
mod global;
mod listener;

use crate::series::Series;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Holds everywhere, wherever it stands.
    Global,
    /// Says who may do what: global, or of the listener above it when `per_listener_settings` is true.
    Security,
    /// Belongs to the last `listener` above it.
    Listener,
    /// Belongs to the last `connection` above it.
    Bridge,
    /// Belongs to the last plugin above it.
    Plugin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// Exactly `true`, `false`, `1` or `0`; what follows behind a space is ignored.
    Bool,
    /// A whole number; outside of the range the broker does not start.
    Int { min: i64, max: i64 },
    /// One of these words; what follows behind a space is ignored.
    Choice(&'static [&'static str]),
    /// The rest of the line, UTF-8 without control characters.
    Text,
    /// The path of a file: the rest of the line.
    Path,
    /// The path of a folder: the rest of the line.
    Folder,
    /// A number with a letter behind it: h, d, w, m, y, and since 2.1 s.
    Duration,
    /// Several words with a form of their own, which this shows.
    Words(&'static str),
    /// Whatever it is: no broker reads it any more.
    Nothing,
}

/// What happens with a second line of the same option in the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The last one wins.
    Last,
    /// They add up.
    Adds,
    /// The broker does not start.
    Refused,
    /// 2.0 does not start; in 2.1 the last one wins.
    RefusedBy20,
}

/// What a reload (SIGHUP) does with a change of the option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Applied,
    /// Holds for connections that are made after it.
    NewConnections,
    /// Holds when the bridge connects the next time.
    NextReconnect,
    /// A new path is ignored; the file of the old path is read again.
    ContentOnly,
    /// The file is read again, but only beside `crlfile` and `require_certificate true`.
    WithCrl,
    /// Read, checked, and not applied.
    NotApplied,
    /// Every reload throws the value away, changed or not.
    Reset,
    /// Needs a restart.
    Restart,
    /// The series has no such option, or ignores it.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reload {
    pub v20: Effect,
    pub v21: Effect,
}

impl Reload {
    pub fn of(self, series: Series) -> Effect {
        if series == Series::V20 { self.v20 } else { self.v21 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyword {
    /// As it is written. `plugin_opt_*` and `auth_opt_*` stand for all that begin so.
    pub name: &'static str,
    /// The name of the same option that is meant to be used, where this is an older one.
    pub alias_of: Option<&'static str>,
    pub scope: Scope,
    pub value: ValueType,
    /// Of 2.1; empty where there is none.
    pub default: &'static str,
    /// Of 2.0, where it differs.
    pub default_20: Option<&'static str>,
    /// The first version that knows it: `2.0`, `2.0.15` or `2.1`.
    pub since: &'static str,
    /// What to write instead, in 2.1 and later. Empty where nothing replaces it.
    pub deprecated: Option<&'static str>,
    /// Announced to be gone in 3.0.
    pub gone_in_30: bool,
    /// 2.1 refuses it above the first `listener`, where 2.0 opens a hidden listener on port 1883 or ignores it.
    pub needs_listener: bool,
    pub repeat: Repeat,
    pub reload: Reload,
    /// What it does, and what surprises: one or two sentences.
    pub note: &'static str,
}

impl Keyword {
    pub fn known_to(&self, series: Series) -> bool {
        series != Series::V20 || self.since != "2.1"
    }

    pub fn default_of(&self, series: Series) -> &'static str {
        self.default_20.filter(|_| series == Series::V20).unwrap_or(self.default)
    }

    /// The name under which a reading keeps it.
    pub fn slot(&self) -> &'static str {
        self.alias_of.unwrap_or(self.name)
    }

    /// Whether the value is never told, and never on a command line.
    pub fn is_secret(&self) -> bool {
        matches!(self.name, "password" | "remote_password" | "local_password" | "bridge_psk")
    }

    /// Whether the broker takes the whole rest of the line, a comment behind it included.
    pub fn takes_line(&self) -> bool {
        matches!(self.value, ValueType::Text | ValueType::Path | ValueType::Folder)
    }
}

const COUNT: usize = global::TABLE.len() + listener::TABLE.len() + bridge::TABLE.len();

const fn joined() -> [Keyword; COUNT] {
    let (first, second, third) = (global::TABLE, listener::TABLE, bridge::TABLE);
    let mut all = [first[0]; COUNT];
    let mut at = 0;
    while at < COUNT {
        all[at] = if at < first.len() {
            first[at]
        } else if at < first.len() + second.len() {
            second[at - first.len()]
        } else {
            third[at - first.len() - second.len()]
        };
        at += 1;
    }
    all
}

/// The global ones, then those of listeners and plugins, then those of bridges; each part in the order of the alphabet.
pub const KEYWORDS: &[Keyword] = &joined();

/// The keyword of this name, `plugin_opt_…` and `auth_opt_…` included.
pub fn keyword(name: &str) -> Option<&'static Keyword> {
    let pattern = ["plugin_opt_", "auth_opt_"].into_iter().find(|prefix| name.starts_with(prefix));
    let found = |table: &'static [Keyword]| {
        let at = match pattern {
            Some(prefix) => table.iter().position(|keyword| keyword.name.trim_end_matches('*') == prefix),
            None => table.binary_search_by(|keyword| keyword.name.cmp(name)).ok(),
        };
        at.map(|at| &table[at])
    };
    [global::TABLE, listener::TABLE, bridge::TABLE].into_iter().find_map(found).filter(|found| {
        // `plugin_opt_*` itself is no name
        pattern.is_some() || !found.name.ends_with('*')
    })
}

/// The known name that is nearest to a wrong one, where one is near enough to be meant.
pub fn nearest(name: &str) -> Option<&'static str> {
    let distance = |keyword: &&Keyword| strsim::osa_distance(&name.to_lowercase(), keyword.name);
    let near = KEYWORDS.iter().filter(|keyword| !keyword.name.ends_with('*')).min_by_key(distance)?;
    let allowed = if name.chars().count() < 6 { 1 } else { 2 };
    (name.len() < 64 && distance(&near) <= allowed).then_some(near.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_every_name_is_found() {
        for table in [global::TABLE, listener::TABLE, bridge::TABLE] {
            assert!(
                table.windows(2).all(|pair| pair[0].name < pair[1].name),
                "{:?}",
                table.windows(2).find(|p| p[0].name >= p[1].name)
            );
        }
        for one in KEYWORDS {
            assert_eq!(keyword(&one.name.replace('*', "abc")).map(|found| found.name), Some(one.name));
            assert!(one.alias_of.is_none_or(|name| keyword(name).is_some()), "{}", one.name);
            assert!(!one.note.is_empty() && one.note.ends_with('.'), "{}", one.name);
        }
        assert_eq!(keyword("plugin_opt_*").map(|found| found.name), Some("plugin_opt_*"));
        assert_eq!(keyword("Listener"), None);
        assert!(KEYWORDS.len() > 140, "{}", KEYWORDS.len());
    }

    #[test]
    fn a_slip_of_the_pen_is_understood() {
        assert_eq!(nearest("lisener"), Some("listener"));
        assert_eq!(nearest("allow_anonymus"), Some("allow_anonymous"));
        assert_eq!(nearest("tls"), None);
    }
}
