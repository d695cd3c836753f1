//! Rules of the topic `Files`, a file each.

mod extension;
mod git;
mod group_crash;
mod key_open;
mod link;
mod missing;
mod not_examined;
mod owner;
mod secret_open;
mod stray_key;
mod unreadable;
mod unwritable;
mod writable;

use crate::checks::Rule;

pub const RULES: &[&Rule] = &[
    &missing::RULE,
    &unreadable::RULE,
    &unwritable::RULE,
    &key_open::RULE,
    &secret_open::RULE,
    &writable::RULE,
    &owner::RULE,
    &group_crash::RULE,
    &link::RULE,
    &stray_key::RULE,
    &git::RULE,
    &extension::RULE,
    &not_examined::RULE,
];
