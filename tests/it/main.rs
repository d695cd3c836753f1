//! One integration binary: journeys with real brokers, broken worlds, other people's programs, the repository itself.
//!
//! `tests/run` installs what these tests need and runs them. A peer that is missing fails its tests with the command
//! that gets it, unless `MQSEC_TEST_SKIP` names it (`docker`, `root`), which is printed.

#![allow(
    unreachable_pub,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests speak to the system directly and end at the first surprise"
)]

mod agreement;
mod diagnosis;
mod docs;
mod docs_pages;
mod docs_rules;
mod doctor;
mod interop;
mod journeys;
mod repo;
mod support;
