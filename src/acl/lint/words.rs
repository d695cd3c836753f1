//! What is told of each problem.

use super::Slip;
use super::What;
use crate::acl::Stop;
use crate::error::printable;

impl What {
    /// One sentence about this very line.
    pub fn message(&self) -> String {
        let user = |user: &Option<String>| {
            user.as_ref().map_or("a client without a user name".to_owned(), |user| format!("`{}`", printable(user)))
        };
        match self {
            Self::Stop(stop, slip) => stopped(stop, *slip),
            Self::Nul { rest: true } => {
                "a NUL: the broker reads nothing from this line on, and does not say so".to_owned()
            }
            Self::Nul { rest: false } => "a NUL: the broker does not read what stands behind it".to_owned(),
            Self::LastLineLost => {
                "the last line has no end, and fills the broker's buffer exactly: the broker does not read it"
                    .to_owned()
            }
            Self::Empty => "no line grants anything: everything is refused to everybody".to_owned(),
            Self::WordAsTopic => "an access and no topic: this is a grant for the topic of that name".to_owned(),
            Self::TabInTopic => "the tab is part of the topic: only a space parts the words of a line".to_owned(),
            Self::Quoted => "the quotes are part of the name, for the broker knows none".to_owned(),
            Self::CommentInName => "the comment is part of the user's name".to_owned(),
            Self::EmptySection => "a user without a line of its own".to_owned(),
            Self::VariableInTopic => {
                "%u and %c are replaced in `pattern` lines alone; here they are two letters".to_owned()
            }
            Self::VariableInsideLevel => {
                "%u or %c is not a whole level: 2.0 replaces it, 2.1 does not and matches nothing here".to_owned()
            }
            Self::PatternForAll => {
                "a pattern without %u and %c is a grant to every client, with and without a name".to_owned()
            }
            Self::DenyOverridden { line, user: name } => {
                format!(
                    "line {line} allows {} what this denies: the broker asks topic lines first, and patterns only where none decides",
                    user(name)
                )
            }
            Self::SysWrite => {
                "nobody can publish to $SYS, whatever the file says (but for $SYS/broker/connection/+/state)".to_owned()
            }
            Self::Share => {
                "$share is a form of subscription: no message has such a topic, so this line never decides".to_owned()
            }
            Self::SysNotCovered => "# does not cover topics that begin with $: $SYS is not readable".to_owned(),
            Self::Duplicate { line } => format!("line {line} says this already"),
            Self::Unreachable { line, denied: true } => {
                format!("this grants nothing: line {line} denies all of its topics, and deny comes first")
            }
            Self::Unreachable { line, denied: false } => {
                format!("this changes nothing: line {line} decides for all of its topics")
            }
            Self::Everything { user: name } => format!("{} may read and write everything", user(name)),
            Self::WildName { user } => format!(
                "`{}` has a + or # in its name: as the file has patterns, the broker refuses it all that no topic line allows",
                printable(user)
            ),
        }
    }
}

fn stopped(stop: &Stop, slip: Slip) -> String {
    match slip {
        Slip::Bom => {
            "the file begins with a byte order mark, which makes the first line one that no broker knows".to_owned()
        }
        Slip::Tab => "a tab: only a space parts the words of a line".to_owned(),
        Slip::Comment => "a comment that does not begin in column 1 is part of the line".to_owned(),
        Slip::Access | Slip::Other => printable(&match stop {
            Stop::Line(text) => format!(
                "`{}` begins no line that a broker knows: topic, pattern, user",
                String::from_utf8_lossy(text).trim()
            ),
            Stop::Access(word) => {
                format!("`{}` is none of read, write, readwrite and deny", String::from_utf8_lossy(word))
            }
            Stop::Topic(topic) => {
                let topic = String::from_utf8_lossy(topic);
                let start: String = topic.chars().take(80).collect();
                format!("`{start}` is no topic filter")
            }
            Stop::EmptyTopic => "a line without a topic".to_owned(),
            Stop::MissingUser => "a user without a name".to_owned(),
        }),
    }
}
