//! Rules of the topic `Certificates`, a file each. Most of them hand on what `pki::verify`, the judge, says.

mod authority_unfit;
mod chain;
mod chain_copy;
mod clients_expiring;
mod copy_differs;
mod damaged;
mod expired;
mod expiring;
mod key_mismatch;
mod key_unusable;
mod key_usage;
mod leaf_is_authority;
mod not_yet_valid;
mod other_authority;
mod period;
mod public_authority;
mod refused;
mod same_subject;
mod self_signed;
mod serial_twice;
mod weak;
mod without_names;
mod wrong_role;

use crate::checks::Rule;

pub const RULES: &[&Rule] = &[
    &damaged::RULE,
    &expired::RULE,
    &not_yet_valid::RULE,
    &key_mismatch::RULE,
    &key_unusable::RULE,
    &authority_unfit::RULE,
    &chain::RULE,
    &same_subject::RULE,
    &self_signed::RULE,
    &leaf_is_authority::RULE,
    &wrong_role::RULE,
    &without_names::RULE,
    &other_authority::RULE,
    &weak::RULE,
    &refused::RULE,
    &public_authority::RULE,
    &serial_twice::RULE,
    &expiring::RULE,
    &clients_expiring::RULE,
    &copy_differs::RULE,
    &chain_copy::RULE,
    &key_usage::RULE,
    &period::RULE,
];
