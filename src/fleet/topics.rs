//! Topics as a list and a file of groups write them: an access, a filter, and what is filled in for a device.

use std::borrow::Cow;

use super::list::Problem;
use super::row::Topic;
use crate::acl::Entry;
use crate::acl::Grant;
use crate::acl::Scope;
use crate::error::printable;

/// A topic in which `{name}` and `{user}` may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template<'a> {
    pub grant: Grant,
    pub filter: Cow<'a, str>,
}

/// A topic of a device's own.
pub(super) fn topic(text: &str, name: &str, user: &str) -> Result<Topic, Problem> {
    Template::parse(text)?.fill(name, user)
}

impl<'a> Template<'a> {
    /// `[read|write|readwrite|deny] FILTER`, as Mosquitto reads it: a first word that is no access begins the filter.
    pub(super) fn parse(text: &'a str) -> Result<Self, Problem> {
        let text = text.trim();
        let (grant, filter) = match text.split_once([' ', '\t']) {
            Some(("read", rest)) => (Grant::Read, rest),
            Some(("write", rest)) => (Grant::Write, rest),
            Some(("readwrite", rest)) => (Grant::ReadWrite, rest),
            Some(("deny", rest)) => (Grant::Deny, rest),
            _ => (Grant::ReadWrite, text),
        };
        let filter = filter.trim();
        let about = |what: &str| Err(Problem(format!("the topic `{}` {what}", printable(filter))));
        if matches!(text, "read" | "write" | "readwrite" | "deny") {
            return Err(Problem(format!("the topic `{text}` is an access without a topic behind it")));
        }
        if filter.contains(char::is_control) {
            return about("has a control character, which MQTT lets a broker refuse");
        }
        if filter.split('/').any(|level| matches!(level, "%u" | "%c")) {
            return about(
                "has a level %u or %c, which stands for a name in Mosquitto's patterns alone: write {user} or {name}",
            );
        }
        let mut rest = filter;
        while let Some((_, inner)) = rest.split_once('{') {
            let Some((word, behind)) = inner.split_once('}') else { break };
            let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
            if is_word && !matches!(word, "name" | "user") {
                return Err(Problem(format!(
                    "the topic `{}` has `{{{word}}}`, which nothing stands for: {{name}} and {{user}} are filled in",
                    printable(filter)
                )));
            }
            rest = if is_word { behind } else { inner };
        }
        Ok(Self { grant, filter: Cow::Borrowed(filter) })
    }

    pub(super) fn into_owned(self) -> Template<'static> {
        Template { grant: self.grant, filter: Cow::Owned(self.filter.into_owned()) }
    }

    pub(super) fn fill(&self, name: &str, user: &str) -> Result<Topic, Problem> {
        let mut filter = self.filter.clone().into_owned();
        if filter.contains('{') {
            for (place, word) in [("{name}", name), ("{user}", user)] {
                if !filter.contains(place) {
                    continue;
                }
                // a name that is a wildcard, or more than one level, would give more than was meant
                if word.contains(['+', '#', '/', '{']) {
                    return Err(Problem(format!(
                        "the topic `{}` cannot be filled in with `{}`: a `+`, `#`, `/` or `{{` in it would make another filter of it",
                        printable(&self.filter),
                        printable(word)
                    )));
                }
                filter = filter.replace(place, word);
            }
        }
        match Entry::writable(&Scope::Anonymous, filter.as_bytes()) {
            Ok(()) => Ok(Topic { grant: self.grant, filter }),
            Err(error) => Err(Problem(format!("the topic {error}"))),
        }
    }
}
