//! Rules about authorities that live side by side.

mod rollover;

use crate::checks::Rule;

pub const RULES: &[&Rule] = &[&rollover::RULE];
