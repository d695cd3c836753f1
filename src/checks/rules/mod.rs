//! Every rule, by topic.

pub mod acl;
pub mod bridges;
pub mod certificates;
pub mod compose;
pub mod configuration;
pub mod dynamic_security;
pub mod environment;
pub mod files;
pub mod hierarchy;
pub mod live;
pub mod passwords;
pub mod revocation;

use super::Rule;
use super::Topic;

/// All of them, in the order of their topics.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [
        environment::RULES,
        files::RULES,
        certificates::RULES,
        hierarchy::RULES,
        revocation::RULES,
        configuration::RULES,
        passwords::RULES,
        acl::RULES,
        compose::RULES,
        bridges::RULES,
        dynamic_security::RULES,
        live::RULES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

pub fn of(topic: Topic) -> impl Iterator<Item = &'static Rule> {
    all().filter(move |rule| rule.topic == topic)
}
