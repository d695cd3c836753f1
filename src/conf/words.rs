//! The table of keywords in words: where an option may stand, what it takes, what a reload does with it.

use super::keyword::Effect;
use super::keyword::Keyword;
use super::keyword::Repeat;
use super::keyword::Scope;
use super::keyword::ValueType;
use crate::series::Series;

impl Keyword {
    /// Where its line stands.
    pub fn place(&self) -> &'static str {
        match (self.name, self.scope) {
            ("listener", _) => "begins a listener",
            ("connection", _) => "begins a bridge",
            (_, Scope::Global) => "anywhere; it holds for the whole broker",
            (_, Scope::Security) => {
                "anywhere; it holds for the whole broker, or with `per_listener_settings true` for the listener above it"
            }
            (_, Scope::Listener) => "below a `listener`, for which it holds",
            (_, Scope::Bridge) => "below a `connection`, for which it holds",
            (_, Scope::Plugin) => "below the plugin for which it holds",
        }
    }

    /// What may stand behind its name.
    pub fn takes(&self) -> String {
        match self.value {
            ValueType::Bool => "true or false".to_owned(),
            ValueType::Int { min, max } if min <= i64::from(i32::MIN) && max >= i64::from(i32::MAX) => {
                "a whole number".to_owned()
            }
            ValueType::Int { min, max } if min <= i64::from(i32::MIN) => format!("a whole number up to {max}"),
            ValueType::Int { min, max } if max >= i64::from(i32::MAX) => format!("a whole number from {min}"),
            ValueType::Int { min, max } => format!("a whole number from {min} to {max}"),
            ValueType::Choice(words) => format!("one of: {}", words.join(", ")),
            ValueType::Text => "text, to the end of the line".to_owned(),
            ValueType::Path => "the path of a file, to the end of the line".to_owned(),
            ValueType::Folder => "the path of a folder, to the end of the line".to_owned(),
            ValueType::Duration => "a number with h, d, w, m or y behind it (2.1 also s)".to_owned(),
            ValueType::Words(form) => form.to_owned(),
            ValueType::Nothing => "anything: nobody reads it".to_owned(),
        }
    }

    /// What a second line in the same place does.
    pub fn repeated(&self) -> &'static str {
        match self.repeat {
            Repeat::Last => "the last line wins",
            Repeat::Adds => "each line adds one",
            Repeat::Refused => "a second line, and the broker does not start",
            Repeat::RefusedBy20 => "a second line, and 2.0 does not start; in 2.1 the last one wins",
        }
    }

    /// Whether the value fits what the table says.
    pub fn accepts(&self, value: &str, series: Series) -> bool {
        // the broker reads the first word, and mqsec writes nothing that it would not read
        match self.value {
            ValueType::Bool => matches!(value, "true" | "false" | "1" | "0"),
            ValueType::Int { min, max } => value.parse::<i64>().is_ok_and(|number| (min..=max).contains(&number)),
            ValueType::Choice(words) => words.contains(&value) && !(value == "http_api" && series == Series::V20),
            ValueType::Duration => {
                let letters: &[char] = match series {
                    Series::V20 => &['h', 'd', 'w', 'm', 'y'],
                    _ => &['h', 'd', 'w', 'm', 'y', 's'],
                };
                value
                    .strip_suffix(letters)
                    .and_then(|number| number.parse::<u32>().ok())
                    .is_some_and(|number| number > 0)
            }
            _ => !value.is_empty(),
        }
    }
}

impl Effect {
    /// For a program.
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::NewConnections => "new_connections",
            Self::NextReconnect => "next_reconnect",
            Self::ContentOnly => "content_only",
            Self::WithCrl => "with_crl",
            Self::NotApplied => "not_applied",
            Self::Reset => "reset",
            Self::Restart => "restart",
            Self::None => "unknown",
        }
    }

    /// What a reload does, behind the name of the series: `2.0 …`.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Applied => "applies it at a reload",
            Self::NewConnections => "applies it at a reload, to connections that are made afterwards",
            Self::NextReconnect => "applies it when the bridge connects the next time after a reload",
            Self::ContentOnly => "reads the same file again at a reload; another path needs a restart",
            Self::WithCrl => {
                "applies it at a reload if the listener has `crlfile` and `require_certificate true`; otherwise at a restart"
            }
            Self::NotApplied => "reads it at a reload and does not apply it: it needs a restart",
            Self::Reset => "applies it at a start, and forgets it at the first reload",
            Self::Restart => "needs a restart",
            Self::None => "has no such option, or ignores it",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::keyword::KEYWORDS;
    use super::super::keyword::keyword;
    use super::*;

    #[test]
    fn values_are_held_against_the_table() {
        let fits = |key, value, series| keyword(key).unwrap().accepts(value, series);
        let (old, new) = (Series::V20, Series::V21);
        assert!(fits("allow_anonymous", "true", old) && fits("allow_anonymous", "0", new));
        for bad in ["yes", "True", "", "true # x"] {
            assert!(!fits("allow_anonymous", bad, old), "{bad}");
        }
        assert!(fits("max_qos", "2", old) && !fits("max_qos", "3", old) && !fits("max_qos", "two", old));
        assert!(fits("protocol", "http_api", new) && !fits("protocol", "http_api", old));
        assert!(fits("persistent_client_expiration", "30d", old) && !fits("persistent_client_expiration", "30s", old));
        assert!(fits("persistent_client_expiration", "30s", new) && !fits("persistent_client_expiration", "d", new));
        assert!(fits("log_type", "debug", old) && !fits("log_type", "verbose", old));
    }

    #[test]
    fn every_keyword_can_be_told() {
        for one in KEYWORDS {
            assert!(!one.place().is_empty() && !one.takes().is_empty() && !one.repeated().is_empty());
        }
        assert_eq!(keyword("max_qos").unwrap().takes(), "a whole number from 0 to 2");
        assert_eq!(keyword("max_packet_size").unwrap().takes(), "a whole number from 20");
        assert_eq!(keyword("max_queued_bytes").unwrap().takes(), "a whole number");
    }
}
