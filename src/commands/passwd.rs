//! `mqsec passwd`: the broker's password file.

mod bench;
mod check;
mod import;
mod lint;
mod report;

use std::time::Instant;

use self::report::Done;
use self::report::List;
use self::report::Synced;
use self::report::Tested;
use crate::acl;
use crate::commands::unread;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::passwd::DEFAULT_ITERATIONS;
use crate::passwd::Hash;
use crate::passwd::PasswdError;
use crate::passwd::PasswdFile;
use crate::passwd::User;
use crate::passwd::UserName;
use crate::provision::permissions;
use crate::provision::users;
use crate::secret::Secret;
use crate::series::Series;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// Write config/mosquitto.passwd from the USER_n and PASS_n of .env, or change single users
///
/// Users that are not in .env are kept. A password never stands on the command line: it comes from the terminal, from
/// standard input, from MQSEC_PASSWORD, or is generated.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Remove users that are not in .env
    #[arg(long)]
    replace: bool,
    /// Rounds of PBKDF2; the broker pays them at every login
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    iterations: Option<u32>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Add a user
    Add(One),
    /// Give a user a new password
    Set(One),
    /// Remove a user
    Del {
        #[arg(value_name = "USER")]
        name: UserName,
    },
    /// List the users
    List,
    /// Check every password of .env against the file
    Test,
    Check(check::Args),
    Lint(lint::Args),
    Import(import::Args),
    Bench(bench::Args),
}

#[derive(clap::Args)]
struct One {
    #[arg(value_name = "USER")]
    name: UserName,
    /// Read the password from the first line of standard input
    #[arg(long, conflicts_with = "generate")]
    stdin: bool,
    /// Make a password of 128 bits and print it, once
    #[arg(long)]
    generate: bool,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000), default_value_t = DEFAULT_ITERATIONS)]
    iterations: u32,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    // these two look at no file, or at the one that the configuration names
    if !matches!(args.command, Some(Command::Lint(_) | Command::Bench(_))) {
        unread::passwords(context)?;
    }
    match &args.command {
        None => sync(context, args),
        Some(Command::Add(one)) => set(context, one, true),
        Some(Command::Set(one)) => set(context, one, false),
        Some(Command::Del { name }) => delete(context, name),
        Some(Command::List) => list(context),
        Some(Command::Test) => test(context),
        Some(Command::Check(args)) => check::run(context, args),
        Some(Command::Lint(args)) => lint::run(context, args),
        Some(Command::Import(args)) => import::run(context, args),
        Some(Command::Bench(args)) => bench::run(context, args),
    }
}

fn sync(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let env = users::env_with_users(&context.workspace)?;
    let mut change = Transaction::begin(&context.workspace)?;
    let outcome = users::sync(&mut change, &env, args.iterations, args.replace)?;
    change.commit()?;
    super::warn_of_open_env(context);
    tell_cost(context, args.iterations.unwrap_or(DEFAULT_ITERATIONS));
    let path = context.workspace.show(layout::PASSWD);
    Ok(context.ui.report(&Synced { path, users: env.users.len(), outcome }))
}

fn set(context: &Context<'_>, one: &One, new: bool) -> Result<u8, Failure> {
    if one.generate && context.ui.json {
        return Err(Plain::new("password-in-json", "a generated password is never put into JSON")
            .hint("leave out --json: the password is then the only line on standard output")
            .into());
    }
    // a wrong name is told before a password is asked for
    check_presence(&users::passwd_file(&context.workspace)?, &one.name, new)?;
    let password = password(context, one)?;
    let mut change = Transaction::begin(&context.workspace)?;
    let mut file = users::passwd_file(&context.workspace)?;
    check_presence(&file, &one.name, new)?;
    let user = User { name: one.name.clone(), password };
    file.set(&user, one.iterations);
    users::put_passwd(&mut change, &file)?;
    permissions::ensure_user(&mut change, &user.name)?;
    change.commit()?;
    tell_mended(context, &file);
    tell_cost(context, one.iterations);
    if one.generate {
        context.ui.say(format!("the password of `{}`, shown this once:", one.name));
        context.ui.part(&format!("{}\n", user.password.expose()));
        context.ui.say(next(context, &one.name, Doing::Set(new)).trim_end());
        return Ok(0);
    }
    let did = if new { "added" } else { "has a new password" };
    Ok(context.ui.report(&Done {
        text: format!("user `{}` {did}\n{}", one.name, next(context, &one.name, Doing::Set(new))),
        user: one.name.clone(),
        did,
    }))
}

fn check_presence(file: &PasswdFile, name: &UserName, new: bool) -> Result<(), PasswdError> {
    match (file.has(name), new) {
        (true, true) => Err(PasswdError::UserExists(name.to_string())),
        (false, false) => Err(PasswdError::NoSuchUser(name.to_string())),
        _ => Ok(()),
    }
}

fn password(context: &Context<'_>, one: &One) -> Result<Secret, Failure> {
    let given = if one.generate {
        Secret::generate()
    } else if one.stdin {
        context.ui.read_password()?
    } else if let Ok(text) = std::env::var("MQSEC_PASSWORD") {
        Secret::new(text)
    } else {
        context.ui.ask_password(&format!("user `{}`", one.name), true)?
    };
    match given.expose() {
        "" => {
            Err(Plain::new("password-empty", "the password is empty, and a broker never accepts an empty one").into())
        }
        long if long.len() > 65535 => {
            Err(Plain::new("password-long", format!("the password has {} bytes; MQTT allows 65535", long.len())).into())
        }
        _ => Ok(given),
    }
}

fn delete(context: &Context<'_>, name: &UserName) -> Result<u8, Failure> {
    let mut change = Transaction::begin(&context.workspace)?;
    let mut file = users::passwd_file(&context.workspace)?;
    if !file.delete(name) {
        return Err(PasswdError::NoSuchUser(name.to_string()).into());
    }
    users::put_passwd(&mut change, &file)?;
    change.commit()?;
    tell_mended(context, &file);
    if users::env_file(&context.workspace)
        .is_ok_and(|env| env.is_some_and(|env| env.users.iter().any(|u| u.name == *name)))
    {
        context.ui.warn(format!(
            "`{name}` is still in `{}`: mqsec passwd would add it again",
            context.workspace.show(layout::ENV)
        ));
    }
    tell_rights_left(context, name)?;
    Ok(context.ui.report(&Done {
        text: format!("user `{name}` removed\n{}", next(context, name, Doing::Delete)),
        user: name.clone(),
        did: "removed",
    }))
}

/// What was done to a user.
enum Doing {
    /// Whether it is a new one.
    Set(bool),
    Delete,
}

fn next(context: &Context<'_>, name: &UserName, doing: Doing) -> String {
    if unread::decided_by_plugin(context) {
        let what = match doing {
            Doing::Set(true) => "add client",
            Doing::Set(false) => "passwd",
            Doing::Delete => "del client",
        };
        return format!(
            "next: {} dynsec {what} '{name}' (the plugin has users of its own)\n",
            context.workspace.command()
        );
    }
    format!("next: {} reload (a broker that runs takes it over, with proof)\n", context.workspace.command())
}

/// Whoever gets the name again would get these rights with it.
fn tell_rights_left(context: &Context<'_>, name: &UserName) -> Result<(), Failure> {
    let workspace = &context.workspace;
    let Some(path) = permissions::acl_file(workspace)? else { return Ok(()) };
    let document = acl::Document::parse(&workspace.read(&path)?.unwrap_or_default());
    if document.reading(Series::V21).sections.iter().any(|(_, section)| section == name.as_str().as_bytes()) {
        let (path, command) = (workspace.show(&path), workspace.command());
        context
            .ui
            .warn(format!("`{name}` keeps its lines in `{path}`; to take them out: {command} acl del '{name}' --all"));
    }
    Ok(())
}

/// Tells what was mended beside what was asked for.
fn tell_mended(context: &Context<'_>, file: &PasswdFile) {
    if file.byte_order_mark {
        let path = context.workspace.show(layout::PASSWD);
        context
            .ui
            .warn(format!("a byte order mark was removed from `{path}`; the first user could not log in with it"));
    }
}

/// Tells what one login costs the broker, when it is much.
fn tell_cost(context: &Context<'_>, iterations: u32) {
    if iterations < 20_000 {
        return;
    }
    let start = Instant::now();
    let _ = Hash::new(&Secret::new("cost"), iterations);
    context.ui.warn(format!(
        "at {iterations} iterations one login stops the whole broker for about {} ms (measured on this machine); a generated password needs no more than {DEFAULT_ITERATIONS}",
        start.elapsed().as_millis()
    ));
}

fn missing(shown: &str) -> Plain {
    Plain::new("passwd-missing", format!("there is no password file `{shown}`"))
        .hint("write it from the users of .env: mqsec passwd")
}

fn list(context: &Context<'_>) -> Result<u8, Failure> {
    let file = users::passwd_file(&context.workspace)?;
    let rows = file
        .users()
        .map(|(user, hash)| {
            let form = match &hash {
                Ok(hash) => match hash.iterations() {
                    Some(rounds) if hash.is_portable() => format!("PBKDF2-SHA512, {rounds} iterations"),
                    Some(rounds) => format!("PBKDF2-SHA512, {rounds} iterations, read by Mosquitto 2.1 alone"),
                    None => "SHA512, one round: weak".to_owned(),
                },
                Err(reason) => format!("unusable: it {reason}"),
            };
            (user.to_owned(), form, hash.is_ok())
        })
        .collect();
    Ok(context.ui.report(&List { path: context.workspace.show(layout::PASSWD), rows }))
}

pub fn test(context: &Context<'_>) -> Result<u8, Failure> {
    let env = users::env_with_users(&context.workspace)?;
    let file = users::passwd_file(&context.workspace)?;
    let rows = env
        .users
        .iter()
        .map(|user| {
            let seen = match file.verify(&user.name, &user.password) {
                Some(true) => "matches",
                Some(false) => "differs",
                None => "is not in the file",
            };
            (user.name.to_string(), seen, seen == "matches")
        })
        .collect();
    Ok(context.ui.report(&Tested { command: context.workspace.command(), rows }))
}
