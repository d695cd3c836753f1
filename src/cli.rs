//! The command line: global options and the list of commands. Each command's arguments stand in its own file.

use std::path::PathBuf;

use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;

use crate::commands::broker_cert;
use crate::commands::ca;
use crate::commands::client_cert;
use crate::commands::completions;
use crate::commands::explain;
use crate::commands::logs;
use crate::commands::man;
use crate::commands::passwd;
use crate::commands::test_connect;
use crate::commands::up;
use crate::commands::verify;

/// From nothing to a Mosquitto MQTT broker that is proven secure.
#[derive(Parser)]
#[command(name = "mqsec", version, propagate_version = true, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Exit status: 0 yes or done, 1 no (checked and refused), 2 could not be answered.
Start here: mqsec up";

#[derive(Args)]
pub struct Global {
    /// The folder with certs/, config/ and .env
    #[arg(
        long,
        global = true,
        env = "MQSEC_DIR",
        value_name = "DIR",
        default_value = ".",
        help_heading = "Global options"
    )]
    pub dir: PathBuf,
    /// Print one JSON object in place of text
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Print the result alone
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// Answer every question with yes
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub yes: bool,
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Global options")]
    pub color: ColorWhen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand)]
pub enum Command {
    Up(up::Args),
    /// Stop the broker
    Down,
    /// Start the broker anew
    Restart,
    /// Tell what runs, and when certificates end
    Status,
    Logs(logs::Args),
    Ca(ca::Args),
    // the hidden names are those of the tool that mqsec replaces
    #[command(alias = "generate-broker-cert")]
    BrokerCert(broker_cert::Args),
    #[command(alias = "generate-cert")]
    ClientCert(client_cert::Args),
    #[command(alias = "generate-pass")]
    Passwd(passwd::Args),
    #[command(alias = "verify-cert")]
    Verify(verify::Args),
    #[command(alias = "test-mqtt")]
    TestConnect(test_connect::Args),
    Explain(explain::Args),
    Completions(completions::Args),
    Man(man::Args),
    #[command(hide = true)]
    GenerateCa(ca::InitArgs),
    #[command(hide = true)]
    TestPasswords,
}
