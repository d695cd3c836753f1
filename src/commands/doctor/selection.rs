//! Which rules run: `--only` and `--skip`, by id or by topic.

use crate::checks::Rule;
use crate::checks::Topic;
use crate::checks::accept;
use crate::checks::rules;
use crate::error::Plain;

enum Word {
    Id(&'static str),
    Topic(Topic),
}

pub(super) struct Selection {
    only: Vec<Word>,
    skip: Vec<Word>,
}

impl Selection {
    pub(super) fn of(only: &[String], skip: &[String]) -> Result<Self, Plain> {
        let words = |texts: &[String]| texts.iter().map(|text| word(text)).collect::<Result<Vec<_>, _>>();
        let selection = Self { only: words(only)?, skip: words(skip)? };
        if selection.rules().next().is_none() {
            return Err(
                Plain::new("rule-unknown", "--only and --skip leave no rule").hint("list them: mqsec doctor --list")
            );
        }
        Ok(selection)
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = &'static Rule> {
        rules::all().filter(|rule| {
            let is = |word: &Word| match word {
                Word::Id(id) => rule.id == *id,
                Word::Topic(topic) => rule.topic == *topic,
            };
            (self.only.is_empty() || self.only.iter().any(is)) && !self.skip.iter().any(is)
        })
    }
}

/// A topic's name, or what its ids begin with, or a rule's id.
fn word(text: &str) -> Result<Word, Plain> {
    let text = text.trim();
    let topic =
        Topic::ALL.into_iter().find(|topic| text == topic.name() || text == topic.prefix().trim_end_matches('-'));
    if let Some(topic) = topic {
        return Ok(Word::Topic(topic));
    }
    if let Some(rule) = rules::all().find(|rule| rule.id == text) {
        return Ok(Word::Id(rule.id));
    }
    let topics: Vec<&str> = Topic::ALL.iter().map(|topic| topic.name()).collect();
    let shown: String = text.chars().take(60).collect();
    let mut error = Plain::new("rule-unknown", format!("`{shown}` is neither a rule nor a topic"))
        .detail(format!("topics: {}", topics.join(", ")));
    if let Some(nearest) = accept::nearest(text) {
        error = error.hint(format!("the nearest one: {nearest}"));
    }
    Err(error.hint("list them: mqsec doctor --list"))
}
