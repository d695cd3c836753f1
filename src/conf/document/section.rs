//! The parts of a configuration that an edit can be about, and which lines belong to them.

use std::fmt;

use super::Directive;
use super::Document;
use crate::conf::keyword::Keyword;
use crate::conf::keyword::Scope;
use crate::conf::keyword::keyword;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// What holds for the whole broker.
    Global,
    /// The first listener on this port.
    Listener(u16),
    /// The bridge of this name.
    Bridge(String),
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("the global part"),
            Self::Listener(port) => write!(f, "the listener on port {port}"),
            Self::Bridge(name) => write!(f, "the bridge `{name}`"),
        }
    }
}

/// A line with what stands above it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a> {
    pub(super) directive: Directive<'a>,
    pub(super) keyword: Option<&'static Keyword>,
    /// The line of the `listener` that holds here, from 1.
    pub(super) listener: Option<usize>,
    /// The line of the `connection` that holds here, from 1.
    pub(super) bridge: Option<usize>,
}

impl Placed<'_> {
    fn scope(&self) -> Option<Scope> {
        self.keyword.map(|keyword| keyword.scope)
    }

    /// Begins a section of its own, so that nothing for the one above may follow.
    pub(super) fn begins(&self) -> bool {
        matches!(
            self.directive.key,
            "listener" | "connection" | "plugin" | "auth_plugin" | "global_plugin" | "plugin_load"
        )
    }
}

impl Document {
    /// The options with what they belong to. A `connection` does not end the listener above it, nor the reverse.
    pub(super) fn placed(&self) -> impl Iterator<Item = Placed<'_>> {
        let (mut listener, mut bridge) = (None, None);
        self.directives().map(move |directive| {
            match directive.key {
                "listener" => listener = Some(directive.line),
                "connection" => bridge = Some(directive.line),
                _ => {}
            }
            Placed { directive, keyword: keyword(directive.key), listener, bridge }
        })
    }

    /// Whether `per_listener_settings` is on when the file has been read.
    pub(super) fn per_listener(&self) -> bool {
        let found = self.directives().filter(|line| line.key == "per_listener_settings").last();
        found.is_some_and(|line| matches!(line.value.split(' ').next(), Some("true" | "1")))
    }

    /// The line (from 1) with which the section begins: 0 for the global part, None where there is no such section.
    pub(super) fn start_of(&self, section: &Section) -> Option<usize> {
        let find = |key: &str, is: &dyn Fn(&str) -> bool| {
            let mut lines = self.directives().filter(|line| line.key == key);
            lines.find(|line| is(line.value.split(' ').next().unwrap_or_default())).map(|line| line.line)
        };
        match section {
            Section::Global => Some(0),
            // 2.0 takes `01883` for the same port
            Section::Listener(port) => find("listener", &|word| word.parse() == Ok(*port)),
            Section::Bridge(name) => find("connection", &|word| word == name),
        }
    }

    pub(super) fn belongs(&self, line: &Placed<'_>, start: usize, section: &Section, per_listener: bool) -> bool {
        match (section, line.scope()) {
            (Section::Global, Some(Scope::Global)) => true,
            (Section::Global, Some(Scope::Security)) => !per_listener,
            (Section::Listener(_), Some(Scope::Listener)) => line.listener == Some(start),
            (Section::Listener(_), Some(Scope::Security)) => per_listener && line.listener == Some(start),
            (Section::Bridge(_), Some(Scope::Bridge)) => line.bridge == Some(start),
            _ => false,
        }
    }

    /// The sections that the file has, in its order.
    pub fn sections(&self) -> Vec<Section> {
        let mut found = vec![Section::Global];
        for line in self.directives() {
            let name = line.value.split(' ').next().unwrap_or_default();
            match line.key {
                "listener" => found.extend(name.parse().ok().map(Section::Listener)),
                "connection" if !name.is_empty() => found.push(Section::Bridge(name.to_owned())),
                _ => {}
            }
        }
        found
    }

    /// The values that the section has for this option, in their order, with their lines.
    pub fn values<'a>(&'a self, section: &Section, key: &str) -> Vec<Directive<'a>> {
        let (Some(start), Some(wanted)) = (self.start_of(section), keyword(key)) else { return Vec::new() };
        let per_listener = self.per_listener();
        let same = |line: &Placed<'_>| match line.keyword {
            Some(found) if found.name.ends_with('*') => line.directive.key == key,
            Some(found) => found.slot() == wanted.slot(),
            None => false,
        };
        self.placed()
            .filter(|line| same(line) && self.belongs(line, start, section, per_listener))
            .map(|line| line.directive)
            .collect()
    }
}
