//! mqsec: from nothing to a Mosquitto MQTT broker that is proven secure.
//!
//! Dependencies point one way: [`cli`] → [`commands`] → [`takeover`] → [`acme`], [`snapshot`], [`checks`], [`diagnosis`],
//! [`provision`], [`broker`] → [`workspace`], [`mqtt`] → the domain → [`series`], [`error`], [`secret`]. The domain ([`acl`], [`bridge`],
//! [`conf`], [`dynsec`], [`logs`], [`passwd`], [`pki`]) is pure: it takes bytes and the time, and gives values or typed
//! errors. `docs/architecture.md` tells where a change belongs.

pub mod acl;
pub mod acme;
pub mod bridge;
pub mod broker;
pub mod checks;
pub mod cli;
pub mod commands;
pub mod conf;
pub mod context;
pub mod diagnosis;
pub mod dynsec;
pub mod error;
pub mod export;
pub mod fleet;
pub mod logs;
pub mod mqtt;
pub mod pages;
pub mod passwd;
pub mod pki;
pub mod provision;
pub mod secret;
pub mod series;
pub mod snapshot;
pub mod takeover;
pub mod ui;
pub mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

/// Runs one command line and gives its exit status: 0 yes or done, 1 no, 2 could not be answered.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match cli::Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(usage) => return ui::usage(usage),
    };
    let ui = ui::Ui::new(&cli.global);
    let status = match commands::run(cli, &ui) {
        Ok(status) => status,
        Err(failure) => ui.failure(&failure),
    };
    ExitCode::from(status)
}
