//! Rules of the topic `Live`, a file each: they speak of what `doctor --live` has seen.

mod anonymous;
mod certificate;
mod clock;
mod not_loaded;
mod plain;
mod unreachable;
mod version;

use crate::checks::Rule;
use crate::checks::observation::Observation;
use crate::checks::observation::Seen;

pub const RULES: &[&Rule] = &[
    &unreachable::RULE,
    &anonymous::RULE,
    &certificate::RULE,
    &plain::RULE,
    &not_loaded::RULE,
    &version::RULE,
    &clock::RULE,
];

/// An observation of one listener, for examples.
fn one(seen: Seen) -> Option<Observation> {
    Some(Observation { listeners: vec![seen], ..Observation::default() })
}
