//! The command line: global options and the list of commands. Each command's arguments stand in its own file.

use std::path::PathBuf;

use clap::Args;
use clap::Parser;
use clap::ValueEnum;

use crate::commands::acl;
use crate::commands::acme;
use crate::commands::bridge;
use crate::commands::broker_cert;
use crate::commands::ca;
use crate::commands::client_cert;
use crate::commands::completions;
use crate::commands::conf;
use crate::commands::crl;
use crate::commands::csr;
use crate::commands::deploy_hook;
use crate::commands::doctor;
use crate::commands::dynsec;
use crate::commands::explain;
use crate::commands::export;
use crate::commands::fleet;
use crate::commands::list;
use crate::commands::logs;
use crate::commands::man;
use crate::commands::metrics;
use crate::commands::passwd;
use crate::commands::probe;
use crate::commands::reload;
use crate::commands::renew;
use crate::commands::revoke;
use crate::commands::test_connect;
use crate::commands::trust;
use crate::commands::up;
use crate::commands::verify;
use crate::commands::watch;

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
    /// The folder that has the authority's keys in place of certs/, such as a stick; remembered by ca init and ca import
    #[arg(long, global = true, env = "MQSEC_CA_DIR", value_name = "DIR", help_heading = "Global options")]
    pub ca_dir: Option<PathBuf>,
    /// A file with the passphrase of the authority's key (else the variable MQSEC_CA_PASSPHRASE, else the terminal)
    #[arg(long, global = true, env = "MQSEC_CA_PASSPHRASE_FILE", value_name = "FILE", help_heading = "Global options")]
    pub ca_passphrase_file: Option<PathBuf>,
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

/// Lists the commands: their variant and arguments, their name and what the root's help says of them, and the name that
/// they have in the tool that mqsec replaces. The arguments of a command are built only when it is the one that was
/// called: building those of all takes longer than most commands do.
macro_rules! commands {
    ($($variant:ident $(($args:ty))?, $name:literal, $about:literal $(, alias $alias:literal)? $(, hide $hide:literal)?;)*) => {
        #[allow(clippy::large_enum_variant, reason = "there is one, for the whole run")]
        pub enum Command {
            $($variant $(($args))?,)*
        }

        impl clap::FromArgMatches for Command {
            fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
                match matches.subcommand() {
                    $(Some(($name, _matches)) => {
                        Ok(Self::$variant $((<$args as clap::FromArgMatches>::from_arg_matches(_matches)?))?)
                    })*
                    _ => Err(clap::Error::new(clap::error::ErrorKind::MissingSubcommand)),
                }
            }

            fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
                *self = Self::from_arg_matches(matches)?;
                Ok(())
            }
        }

        impl clap::Subcommand for Command {
            fn augment_subcommands(root: clap::Command) -> clap::Command {
                root$(.subcommand(
                    clap::Command::new($name)
                        .about($about)
                        $(.alias($alias))?
                        $(.hide($hide))?
                        $(.defer(<$args as clap::Args>::augment_args))?
                ))*.subcommand_required(true).arg_required_else_help(true)
            }

            fn augment_subcommands_for_update(root: clap::Command) -> clap::Command {
                Self::augment_subcommands(root)
            }

            fn has_subcommand(name: &str) -> bool {
                [$($name),*].contains(&name)
            }
        }
    };
}

commands! {
    Up(up::Args), "up", "From nothing to a running broker, proven secure: the main command";
    Down, "down", "Stop the broker";
    Restart, "restart", "Start the broker anew";
    Status, "status", "Tell what runs, and when certificates end";
    Logs(logs::Args), "logs", "Print the end of the broker's log";
    Ca(ca::Args), "ca", "Make and look at the certificate authority";
    BrokerCert(broker_cert::Args), "broker-cert", "Issue the broker's certificate, for every name by which clients reach it", alias "generate-broker-cert";
    ClientCert(client_cert::Args), "client-cert", "Issue a client's certificate into certs/client/NAME/: key, CSR, certificate and chain", alias "generate-cert";
    Csr(csr::Args), "csr", "Issue a certificate for a key that a device made itself";
    Fleet(fleet::Args), "fleet", "Issue, renew, revoke and look at many devices at once";
    Export(export::Args), "export", "Write a client's files in the form that a device or a program takes, with how to use them";
    List(list::Args), "list", "List the certificates that were issued";
    Metrics(metrics::Args), "metrics", "Print the certificates' state for Prometheus' text file collector";
    Renew(renew::Args), "renew", "Issue anew what is near its end, and have it served";
    Revoke(revoke::Args), "revoke", "Revoke a certificate, and prove that the broker refuses it";
    Crl(crl::Args), "crl", "Renew and show the revocation list";
    Reload(reload::Args), "reload", "Let the running broker take over changed files, without an outage and with proof";
    Watch(watch::Args), "watch", "Reload the broker whenever its files change";
    Acme(acme::Args), "acme", "Get the broker's certificate from Let's Encrypt or another ACME authority";
    DeployHook(deploy_hook::Args), "deploy-hook", "Install a certificate that certbot, lego or acme.sh got";
    Trust(trust::Args), "trust", "Make this machine and its browsers trust the authority";
    Passwd(passwd::Args), "passwd", "Write config/mosquitto.passwd from the USER_n and PASS_n of .env, or change single users", alias "generate-pass";
    Conf(conf::Args), "conf", "Write, read and check mosquitto.conf as the broker understands it";
    Acl(acl::Args), "acl", "Decide, check and change who may read and write which topics";
    Dynsec(dynsec::Args), "dynsec", "Set up and use the dynamic security plugin";
    Bridge(bridge::Args), "bridge", "Connect this broker to another one, with TLS that is verified";
    Doctor(doctor::Args), "doctor", "Find what is wrong with the workspace, and mend what is safe to mend";
    Verify(verify::Args), "verify", "Verify certificates: period, chain, key, role, names and file modes", alias "verify-cert";
    TestConnect(test_connect::Args), "test-connect", "Connect to the broker, publish, see the message come back; or name the one cause why not", alias "test-mqtt";
    Probe(probe::Args), "probe", "Tell from outside what speaks on a machine's ports: MQTT, TLS, websockets, who gets in";
    Explain(explain::Args), "explain", "Tell what an error code, a rule or an option of mosquitto.conf means; without one, list the codes";
    Completions(completions::Args), "completions", "Print the completions for a shell";
    Man(man::Args), "man", "Print the manual page, or that of one command (see it with: mqsec man | man -l -)";
    GenerateCa(ca::InitArgs), "generate-ca", "Make an authority", hide true;
    TestPasswords, "test-passwords", "Check every password of .env against the file", hide true;
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_root_says_of_a_command_what_the_command_says_of_itself() {
        let mut built = Cli::command();
        built.build();
        for said in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let own =
                built.find_subcommand(said.get_name()).and_then(clap::Command::get_about).map(ToString::to_string);
            assert_eq!(said.get_about().map(ToString::to_string), own, "{}", said.get_name());
        }
        built.debug_assert();
    }
}
