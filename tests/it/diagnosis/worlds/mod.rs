//! Worlds that are broken in one place, each with the one code that leads.
//!
//! `MQSEC_WORLDS_BRIEF=1` shortens what is told of a world that went wrong.

mod client;
mod login;
mod maker;
mod reach;
mod server;
mod session;
mod table;
mod theirs;
