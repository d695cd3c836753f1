//! `mqsec export`: a client's files in the form that a device or a program takes.

mod client;
mod put;
mod qr;
mod report;

use std::path::Path;
use std::path::PathBuf;

use self::client::Client;
use self::report::Exported;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::export;
use crate::export::Broker;
use crate::export::Bundle;
use crate::export::Options;
use crate::export::Target;
use crate::passwd::UserName;
use crate::pki::names::BrokerName;
use crate::pki::names::ClientName;
use crate::provision::reach;
use crate::provision::reach::Reached;
use crate::secret::Secret;
use crate::ui;
use crate::workspace::layout;

/// Write a client's files in the form that a device or a program takes, with how to use them
///
/// They hold the client's key and, where it is known, its password: the folder is for you alone. Nothing that is written
/// here connects without verifying the broker.
#[derive(clap::Args)]
pub struct Args {
    /// The client, as `mqsec list` has it
    name: ClientName,
    /// What the files are for
    #[arg(long = "for", value_name = "TARGET")]
    target: Target,
    /// The folder, or - for a single file on standard output [default: exports/NAME-TARGET]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace files that are there and differ
    #[arg(long)]
    force: bool,
    /// How the client reaches the broker [default: the first name of its certificate that others know]
    #[arg(long, value_name = "HOST", help_heading = "Connection")]
    host: Option<BrokerName>,
    /// [default: the TLS listener's of config/mosquitto.conf]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Connection")]
    port: Option<u16>,
    /// [default: the secure websockets listener's of config/mosquitto.conf]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Connection")]
    websockets_port: Option<u16>,
    /// The user [default: the one of the client's name, where there is one]
    #[arg(long, value_name = "USER", help_heading = "Connection")]
    user: Option<UserName>,
    /// Read the user's password from the first line of standard input [default: MQSEC_PASSWORD, .env, or what a list gave it]
    #[arg(long, help_heading = "Connection")]
    password_stdin: bool,
    /// Read the password of an encrypted file from the first line of standard input [default: one is made up]
    #[arg(long, conflicts_with = "password_stdin", help_heading = "Files")]
    file_password_stdin: bool,
    /// Encrypt with the old algorithms (3DES, SHA-1), for what reads no others
    #[arg(long, help_heading = "Files")]
    legacy: bool,
    /// The folder in which the files will lie on the machine that uses them, where they name each other [default: the
    /// folder that is written]
    #[arg(long, value_name = "DIR", help_heading = "Files")]
    place: Option<String>,
    /// Print a QR code too: address, user, and the fingerprint of the authority
    #[arg(long)]
    qr: bool,
    /// With the password in it, for everyone who sees the screen
    #[arg(long, requires = "qr")]
    qr_with_password: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let (name, target) = (&args.name, args.target.name());
    let client = Client::load(context, name)?;
    let wish = reach::Wish { host: args.host.clone(), port: args.port, websockets: args.websockets_port };
    let Reached { broker, chain, local } = reach::broker(workspace, &wish)?;
    let mut warnings = client.warnings.clone();
    if local {
        let host = &broker.host;
        warnings.push(format!("`{host}` is known on this machine alone; give the broker a name: mqsec up NAME"));
    }
    for certificate in &chain {
        args.target.verifies(certificate).map_err(|why| {
            Plain::no("export-unfit", format!("{target} could not verify the broker: `{}`: {why}", certificate.title()))
                .hint("issue the broker's with a key that every client can verify: mqsec broker-cert NAME --key-type p256")
        })?;
    }
    let to_stdout = args.out.as_deref() == Some(Path::new("-"));
    let folder = match &args.out {
        Some(out) => out.clone(),
        None => workspace.path(layout::EXPORTS).join(format!("{name}-{target}")),
    };
    let login = client::login(context, args, &broker)?;
    let mut bundle = bundle(args, &client, &broker, &login, &folder, context)?;
    bundle.warnings.splice(0..0, warnings.into_iter().chain(login.warning.clone()));
    let code = if args.qr { Some(code(args, &client, &broker, &login)?) } else { None };
    if to_stdout {
        return single(context, bundle, target);
    }
    let parent = args.out.is_none().then(|| workspace.path(layout::EXPORTS));
    let written = put::put(workspace, parent.as_deref(), &folder, &bundle.files, args.force)?;
    Ok(context.ui.report(&Exported { context, args, broker, user: login.user, folder, bundle, written, code }))
}

fn bundle(
    args: &Args,
    client: &Client,
    broker: &Broker,
    login: &client::Login,
    folder: &Path,
    context: &Context<'_>,
) -> Result<Bundle, Failure> {
    let absolute = || std::path::absolute(folder).ok().map(|path| path.display().to_string());
    let to_stdout = folder == Path::new("-");
    let file_password = if args.file_password_stdin { Some(file_password(context)?) } else { None };
    let options = Options {
        file_password,
        legacy: args.legacy,
        place: args.place.clone().or_else(|| if to_stdout { None } else { absolute() }),
    };
    let device = client.device(broker, login);
    Ok(export::bundle(&device, args.target, &options)?)
}

fn file_password(context: &Context<'_>) -> Result<Secret, Failure> {
    let password = context.ui.read_password()?;
    // iOS and Java refuse an empty one, and others take it for none
    if password.expose().is_empty() {
        return Err(Plain::new("password-not-read", "the password of the file is empty")
            .hint("give one on standard input, or leave --file-password-stdin out and have one made up")
            .into());
    }
    Ok(password)
}

fn code(args: &Args, client: &Client, broker: &Broker, login: &client::Login) -> Result<qr::Code, Failure> {
    let password = if args.qr_with_password { login.password.as_ref() } else { None };
    if args.qr_with_password && password.is_none() {
        return Err(Plain::new(
            "password-not-read",
            "the password is not known here: the password file has hashes alone",
        )
        .hint("give it on standard input, with --password-stdin")
        .into());
    }
    qr::code(broker, login.user.as_deref(), password, &client.root_fingerprint())
}

/// The bundle's only file, as it is.
fn single(context: &Context<'_>, bundle: Bundle, target: &str) -> Result<u8, Failure> {
    let [file] = &bundle.files[..] else {
        let names: Vec<&str> = bundle.files.iter().map(|file| file.name.as_str()).collect();
        return Err(Plain::new(
            "export-unfit",
            format!("{target} has {} files, and `--out -` is for one", names.len()),
        )
        .detail(format!("they are: {}", names.join(", ")))
        .hint("write them into a folder: mqsec export NAME --for TARGET --out DIR")
        .into());
    };
    for warning in &bundle.warnings {
        context.ui.warn(warning);
    }
    ui::binary(&file.bytes);
    Ok(0)
}
