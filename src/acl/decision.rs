//! What the broker answers: 20:security_default.c `mosquitto_acl_check_default`, 21:plugins/acl-file/acl_check.c, and what
//! both look at before (`acl__check_dollar`).

use std::collections::HashMap;

use super::Access;
use super::Document;
use super::Entry;
use super::Grant;
use super::Reading;
use super::Scope;
use super::matching;
use super::matching::Names;
use super::matching::covers;
use super::matching::is_topic;
use crate::series::Series;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// None is a client without a user name; the broker takes an empty one for that, too.
    pub user: Option<&'a str>,
    pub client_id: &'a str,
    pub access: Access,
    /// A topic without wildcards; for a subscription see [`super::received`].
    pub topic: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    pub allowed: bool,
    /// The line that decided, from 1.
    pub by: Option<usize>,
    pub because: Because,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// A line covers the topic, and allows or denies.
    Line,
    NoLine,
    /// Nobody publishes to `$SYS`, whatever the file says, but for a bridge's state.
    SysWrite,
    /// `$share/…` is a form of subscription and never a topic.
    Share,
    /// Patterns are there, and the user name has a `+` or `#`.
    UserName,
    /// The same in the client id.
    ClientId,
    /// The broker does not start with this file.
    Stop,
    NotATopic,
}

impl Because {
    /// The reason for a reader; that of a line is the line.
    pub fn words(self) -> &'static str {
        match self {
            Self::Line => "a line decides",
            Self::NoLine => "no line matched",
            Self::SysWrite => "the broker lets nobody publish to $SYS, whatever the file says",
            Self::Share => "$share/… is a form of subscription; no message has such a topic",
            Self::UserName => {
                "a user name with + or # is refused all that no topic line allows, because the file has patterns"
            }
            Self::ClientId => {
                "a client id with + or # is refused all that no topic line allows, because the file has patterns"
            }
            Self::Stop => "the broker does not start with this file",
            Self::NotATopic => "no message can have this topic",
        }
    }

    /// The same for a program.
    pub fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::NoLine => "no-line",
            Self::SysWrite => "sys-write",
            Self::Share => "share",
            Self::UserName => "user-name",
            Self::ClientId => "client-id",
            Self::Stop => "file-refused",
            Self::NotATopic => "not-a-topic",
        }
    }
}

/// One line on the broker's way through the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub line: usize,
    pub considered: Considered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Considered {
    Allows,
    Denies,
    /// Covers the topic and says nothing of this access.
    OtherAccess,
    NoMatch,
    /// A topic that begins with `$` needs a filter that does.
    Dollar,
    /// `%u`, and the client has no user name.
    NoUser,
    /// Would match in 2.0: `%c` or `%u` is not a whole level.
    InsideLevel,
    /// What stood before has decided.
    NotReached,
}

impl Considered {
    pub fn words(self) -> &'static str {
        match self {
            Self::Allows => "covers the topic and allows it",
            Self::Denies => "covers the topic and denies it",
            Self::OtherAccess => "covers the topic, but grants the other access only",
            Self::NoMatch => "does not cover the topic",
            Self::Dollar => "a topic that begins with $ needs a line that begins with $",
            Self::NoUser => "skipped: %u stands for no name, for the client has none",
            Self::InsideLevel => "2.1 replaces %c and %u only where they are a whole level; 2.0 would match here",
            Self::NotReached => "not reached",
        }
    }
}

/// The lines of a file as a broker of one series holds them.
pub struct Rules {
    series: Series,
    reading: Reading,
    anonymous: Vec<usize>,
    users: HashMap<Vec<u8>, Vec<usize>>,
    patterns: Vec<usize>,
}

impl Rules {
    pub fn of(document: &Document, series: Series) -> Self {
        let reading = document.reading(series);
        let (mut anonymous, mut users, mut patterns) = (Vec::new(), HashMap::<_, Vec<_>>::new(), Vec::new());
        for (index, entry) in reading.entries.iter().enumerate() {
            match &entry.scope {
                Scope::Anonymous => anonymous.push(index),
                Scope::User(name) => users.entry(name.clone()).or_default().push(index),
                Scope::Pattern => patterns.push(index),
            }
        }
        for list in users.values_mut().chain([&mut anonymous, &mut patterns]) {
            deny_first(list, &reading.entries);
        }
        Self { series, reading, anonymous, users, patterns }
    }

    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// The topic lines that the broker asks for a user, in its order.
    pub fn topics_of(&self, user: Option<&str>) -> impl Iterator<Item = &Entry> {
        self.list(user).iter().map(|index| &self.reading.entries[*index])
    }

    pub fn patterns(&self) -> impl Iterator<Item = &Entry> {
        self.patterns.iter().map(|index| &self.reading.entries[*index])
    }

    fn list(&self, user: Option<&str>) -> &[usize] {
        match user {
            None | Some("") => &self.anonymous,
            Some(name) => self.users.get(name.as_bytes()).map_or(&[], Vec::as_slice),
        }
    }

    pub fn decide(&self, question: &Question<'_>) -> Decision {
        self.walk(question, &mut |_, _| {})
    }

    /// The decision, and each line that stood on the way.
    pub fn why(&self, question: &Question<'_>) -> (Decision, Vec<Step>) {
        let mut steps = Vec::new();
        let decision = self.walk(question, &mut |entry, considered| {
            steps.push(Step { line: entry.line, considered });
        });
        let seen: Vec<usize> = steps.iter().map(|step| step.line).collect();
        let asked = self.topics_of(question.user).chain(self.patterns());
        let left = asked.filter(|entry| !seen.contains(&entry.line));
        let left = left.map(|entry| Step { line: entry.line, considered: Considered::NotReached });
        let left: Vec<Step> = left.collect();
        (decision, [steps, left].concat())
    }

    fn walk(&self, question: &Question<'_>, note: &mut dyn FnMut(&Entry, Considered)) -> Decision {
        let question = &Question { user: question.user.filter(|name| !name.is_empty()), ..*question };
        let refused = |because| Decision { allowed: false, by: None, because };
        let topic = question.topic.as_bytes();
        if self.reading.stop.is_some() {
            return refused(Because::Stop);
        }
        if !is_topic(topic) {
            return refused(Because::NotATopic);
        }
        if let Some(because) = of_dollar(question.access, topic) {
            return refused(because);
        }
        for entry in self.topics_of(question.user) {
            let matched = match (topic[0], entry.filter[0]) {
                (b'$', other) if other != b'$' => Err(Considered::Dollar),
                _ if covers(&entry.filter, topic, None) == Ok(true) => Ok(()),
                _ => Err(Considered::NoMatch),
            };
            if let Some(decision) = judged(entry, question.access, matched, note) {
                return decision;
            }
        }
        if !self.patterns.is_empty() {
            let is_dangerous = |name: &str| name.contains(['+', '#']);
            if question.user.is_some_and(is_dangerous) {
                return refused(Because::UserName);
            }
            if is_dangerous(question.client_id) {
                return refused(Because::ClientId);
            }
        }
        for entry in self.patterns() {
            let matched = self.pattern(entry, question);
            if let Some(decision) = judged(entry, question.access, matched, note) {
                return decision;
            }
        }
        refused(Because::NoLine)
    }

    fn pattern(&self, entry: &Entry, question: &Question<'_>) -> Result<(), Considered> {
        let names = Names { client_id: question.client_id.as_bytes(), user: question.user.map(str::as_bytes) };
        let topic = question.topic.as_bytes();
        if question.user.is_none() && matching::names_user(&entry.filter) {
            return Err(Considered::NoUser);
        }
        let expanded = || covers(&matching::expand(&entry.filter, names), topic, None) == Ok(true);
        let matched = match self.series {
            Series::V20 => expanded(),
            Series::V21 | Series::V30 => covers(&entry.filter, topic, Some(names)) == Ok(true),
        };
        match matched {
            true => Ok(()),
            false if topic[0] == b'$' && entry.filter[0] != b'$' => Err(Considered::Dollar),
            false if self.series != Series::V20 && expanded() => Err(Considered::InsideLevel),
            false => Err(Considered::NoMatch),
        }
    }
}

/// What a line makes of the question; None goes on to the next.
fn judged(
    entry: &Entry,
    access: Access,
    matched: Result<(), Considered>,
    note: &mut dyn FnMut(&Entry, Considered),
) -> Option<Decision> {
    let considered = match matched {
        Err(considered) => considered,
        Ok(()) if entry.grant == Grant::Deny => Considered::Denies,
        Ok(()) if entry.grant.allows(access) => Considered::Allows,
        Ok(()) => Considered::OtherAccess,
    };
    note(entry, considered);
    let allowed = considered == Considered::Allows;
    let decides = matches!(considered, Considered::Allows | Considered::Denies);
    decides.then_some(Decision { allowed, by: Some(entry.line), because: Because::Line })
}

/// The broker puts each deny in front of what it has, and everything else behind it.
fn deny_first(list: &mut Vec<usize>, entries: &[Entry]) {
    let (mut denies, others): (Vec<usize>, Vec<usize>) =
        list.iter().partition(|index| entries[**index].grant == Grant::Deny);
    denies.reverse();
    *list = [denies, others].concat();
}

/// What the broker refuses before it asks the file.
fn of_dollar(access: Access, topic: &[u8]) -> Option<Because> {
    if topic.starts_with(b"$SYS") {
        let is_state = covers(b"$SYS/broker/connection/+/state", topic, None) == Ok(true);
        (access == Access::Write && !is_state).then_some(Because::SysWrite)
    } else {
        topic.starts_with(b"$share").then_some(Because::Share)
    }
}

/// Whether a broker of this series lets the client do it. Who has many questions makes [`Rules`] once.
pub fn decide(document: &Document, question: &Question<'_>, series: Series) -> Decision {
    Rules::of(document, series).decide(question)
}

/// The same with the broker's way to it.
pub fn why(document: &Document, question: &Question<'_>, series: Series) -> (Decision, Vec<Step>) {
    Rules::of(document, series).why(question)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
topic read news
user bob
topic deny bob/secret/#
topic readwrite bob/#
user al
topic read $SYS/#
topic readwrite #
user bob
topic write late
topic deny bob/late
pattern read c/%c
pattern readwrite u/%u/#
pattern read pre-%u/#
pattern deny u/%u/no
";

    fn ask(user: &str, access: Access, topic: &str, series: Series) -> (bool, Option<usize>, Because) {
        let user = (user != "-").then_some(user);
        let question = Question { user, client_id: "c1", access, topic };
        let found = decide(&Document::parse(FILE.as_bytes()), &question, series);
        (found.allowed, found.by, found.because)
    }

    #[test]
    fn both_series_decide() {
        use Access::Read;
        use Access::Write;
        let table = [
            ("-", Read, "news", true, Some(1)),
            ("-", Write, "news", false, None),
            ("bob", Read, "news", false, None),
            ("bob", Read, "bob/secret/x", false, Some(3)),
            ("bob", Write, "bob/x", true, Some(4)),
            ("bob", Write, "bob/late", false, Some(10)),
            ("bob", Write, "late", true, Some(9)),
            ("al", Read, "$SYS/broker/uptime", true, Some(6)),
            ("bob", Read, "$SYS/broker/uptime", false, None),
            ("al", Read, "c/c1", true, Some(7)),
            ("eve", Read, "c/c1", true, Some(11)),
            ("eve", Read, "c/c2", false, None),
            ("eve", Write, "u/eve/x", true, Some(12)),
            ("eve", Write, "u/eve/no", false, Some(14)),
            ("al", Write, "u/al/no", true, Some(7)),
            ("-", Read, "u//x", false, None),
        ];
        for series in Series::RELEASED {
            for (user, access, topic, allowed, by) in table {
                let found = ask(user, access, topic, *series);
                assert_eq!((found.0, found.1), (allowed, by), "{user} {access} {topic} {series}");
            }
        }
    }

    #[test]
    fn the_series_differ_where_a_variable_is_no_whole_level() {
        assert!(ask("eve", Access::Read, "pre-eve/x", Series::V20).0);
        assert!(!ask("eve", Access::Read, "pre-eve/x", Series::V21).0);
        assert!(ask("a/b", Access::Read, "u/a/b/x", Series::V20).0);
        assert!(!ask("a/b", Access::Read, "u/a/b/x", Series::V21).0);
        let question = Question { user: Some("eve"), client_id: "c", access: Access::Read, topic: "pre-eve/x" };
        let (_, steps) = why(&Document::parse(FILE.as_bytes()), &question, Series::V21);
        assert!(steps.contains(&Step { line: 13, considered: Considered::InsideLevel }), "{steps:?}");
    }

    #[test]
    fn what_no_line_can_change() {
        assert_eq!(ask("al", Access::Write, "$SYS/x", Series::V21), (false, None, Because::SysWrite));
        assert_eq!(ask("al", Access::Write, "$share/g/x", Series::V20), (false, None, Because::Share));
        assert_eq!(ask("a+", Access::Write, "u/a+/x", Series::V20), (false, None, Because::NotATopic));
        assert_eq!(ask("a+", Access::Write, "u/x", Series::V20), (false, None, Because::UserName));
        assert_eq!(ask("al", Access::Read, "", Series::V20), (false, None, Because::NotATopic));
    }
}
