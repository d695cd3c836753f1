//! `topic PATTERN [out|in|both] [QOS] [LOCAL-PREFIX] [REMOTE-PREFIX]`, as the broker splits it.

use std::fmt;
use std::str::FromStr;

use super::BridgeError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From here to there; the broker's own default.
    Out,
    In,
    Both,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    pub pattern: String,
    pub direction: Direction,
    pub qos: u8,
    pub local_prefix: String,
    pub remote_prefix: String,
}

impl Topic {
    /// The filter on this side.
    pub fn local(&self) -> String {
        format!("{}{}", self.local_prefix, self.pattern)
    }

    /// The filter on the other side.
    pub fn remote(&self) -> String {
        format!("{}{}", self.remote_prefix, self.pattern)
    }

    /// A topic of the other side that the filter covers, for a test.
    pub fn example(&self, word: &str) -> String {
        let levels: Vec<String> = self
            .remote()
            .split('/')
            .map(|level| if matches!(level, "+" | "#") { word.to_owned() } else { level.to_owned() })
            .collect();
        levels.join("/")
    }

    pub fn goes_out(&self) -> bool {
        self.direction != Direction::In
    }

    pub fn comes_in(&self) -> bool {
        self.direction != Direction::Out
    }
}

impl FromStr for Topic {
    type Err = BridgeError;

    fn from_str(text: &str) -> Result<Self, BridgeError> {
        let refuse = |what: &str| BridgeError::Topic { topic: crate::error::printable(text), what: what.to_owned() };
        if text.chars().any(char::is_control) || text.len() > 65535 {
            return Err(refuse("has a control character, or is too long"));
        }
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let empty = |word: Option<&str>| word.filter(|word| *word != "\"\"").unwrap_or_default().to_owned();
        let pattern = words.next().ok_or_else(|| refuse("is empty"))?;
        let direction = match words.next() {
            None | Some("out") => Direction::Out,
            Some("in") => Direction::In,
            Some("both") => Direction::Both,
            Some(_) => return Err(refuse("has a direction that is not `out`, `in` or `both`")),
        };
        let qos = match words.next() {
            None => 0,
            Some(qos @ ("0" | "1" | "2")) => qos.as_bytes()[0] - b'0',
            Some(_) => return Err(refuse("has a QoS that is not 0, 1 or 2")),
        };
        let (local_prefix, remote_prefix) = (empty(words.next()), empty(words.next()));
        if words.next().is_some() {
            return Err(refuse("has more words than PATTERN DIRECTION QOS LOCAL-PREFIX REMOTE-PREFIX"));
        }
        let topic = Self { pattern: empty(Some(pattern)), direction, qos, local_prefix, remote_prefix };
        for filter in [topic.local(), topic.remote()] {
            if !is_filter(&filter) {
                return Err(refuse("is no valid filter: `#` stands at the end alone, `+` and `#` fill their level"));
            }
        }
        if [&topic.local_prefix, &topic.remote_prefix].iter().any(|prefix| prefix.contains(['+', '#'])) {
            return Err(refuse("has a prefix with a wildcard"));
        }
        Ok(topic)
    }
}

/// MQTT 5.0, section 4.7.1.
fn is_filter(filter: &str) -> bool {
    let levels: Vec<&str> = filter.split('/').collect();
    let fits = |(at, level): (usize, &&str)| match *level {
        "#" => at + 1 == levels.len(),
        "+" => true,
        level => !level.contains(['+', '#']),
    };
    !filter.is_empty() && levels.iter().enumerate().all(fits)
}

/// As the configuration wants it, with nothing that can be left out.
impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn word(text: &str) -> &str {
            if text.is_empty() { "\"\"" } else { text }
        }
        let direction = match self.direction {
            Direction::Out => "out",
            Direction::In => "in",
            Direction::Both => "both",
        };
        write!(f, "{} {direction} {}", word(&self.pattern), self.qos)?;
        if !self.local_prefix.is_empty() || !self.remote_prefix.is_empty() {
            write!(f, " {}", word(&self.local_prefix))?;
        }
        if !self.remote_prefix.is_empty() {
            write!(f, " {}", word(&self.remote_prefix))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_a_topic() {
        for (text, written, local, remote) in [
            ("a/#", "a/# out 0", "a/#", "a/#"),
            ("a/+/b in 2", "a/+/b in 2", "a/+/b", "a/+/b"),
            ("#  both 1 x/ y/", "# both 1 x/ y/", "x/#", "y/#"),
            ("# in 0 \"\" y/", "# in 0 \"\" y/", "#", "y/#"),
            ("# out 0 x/", "# out 0 x/", "x/#", "#"),
            ("\"\" out 1 a/b c/d", "\"\" out 1 a/b c/d", "a/b", "c/d"),
        ] {
            let topic: Topic = text.parse().unwrap();
            assert_eq!(
                (topic.to_string().as_str(), topic.local().as_str(), topic.remote().as_str()),
                (written, local, remote)
            );
            assert_eq!(written.parse::<Topic>().unwrap(), topic);
        }
        for text in [
            "",
            " ",
            "a up",
            "a out 3",
            "a out 1 x y z",
            "a/#/b",
            "a#",
            "+a out",
            "a out 1 x/# y",
            "\"\" out",
            "a\nb",
            "a\0",
        ] {
            assert!(text.parse::<Topic>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_example_has_no_wildcards() {
        let topic: Topic = "a/+/# out 0 \"\" x/".parse().unwrap();
        assert_eq!(topic.example("t"), "x/a/t/t");
    }
}
