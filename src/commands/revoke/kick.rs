//! The open sessions of a user end. A revoked certificate keeps nobody out who is in: Mosquitto asks the list once, when a
//! connection begins.
//!
//! MQTT has a means that reaches one session and no other: who connects with the client identifier of a session takes its
//! place, and the broker ends the old one [MQTT-3.1.4-3]. It says so with CONNACK. The identifiers stand in the broker's
//! log. Where that does not serve, the user is shut out for a moment, or the broker is restarted, which ends everybody's.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use crate::broker;
use crate::broker::Engine;
use crate::commands::taking_over;
use crate::commands::taking_over::Restart;
use crate::conf;
use crate::conf::Settings;
use crate::context::Context;
use crate::dynsec::control::Command;
use crate::error::Failure;
use crate::logs::Sessions;
use crate::logs::Splitter;
use crate::mqtt;
use crate::mqtt::Attempt;
use crate::mqtt::Identity;
use crate::mqtt::Tls;
use crate::passwd::DEFAULT_ITERATIONS;
use crate::passwd::User;
use crate::passwd::UserName;
use crate::pki::authority::Request;
use crate::pki::authority::Role;
use crate::pki::inventory::Issued;
use crate::pki::inventory::Reason;
use crate::pki::inventory::Revoked;
use crate::pki::inventory::Role as Noted;
use crate::pki::inventory::date;
use crate::pki::keys;
use crate::pki::keys::KeyType;
use crate::provision::authority;
use crate::provision::configuration;
use crate::provision::credentials;
use crate::provision::credentials::Paths;
use crate::provision::dynsec;
use crate::provision::dynsec::Admin;
use crate::provision::inventory;
use crate::provision::session::Probe;
use crate::provision::setup;
use crate::provision::users;
use crate::secret::Secret;
use crate::takeover;
use crate::workspace::Transaction;
use crate::workspace::fs;
use crate::workspace::layout;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// None was open.
    Nothing,
    TakeOver,
    Dynsec,
    Password,
    Restart,
    /// None that was agreed to.
    None,
}

impl Means {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing-open",
            Self::TakeOver => "take-over",
            Self::Dynsec => "dynsec",
            Self::Password => "password",
            Self::Restart => "restart",
            Self::None => "none",
        }
    }
}

pub(super) struct Kicked {
    pub(super) user: String,
    pub(super) means: Means,
    /// The client identifiers of the sessions that ended.
    pub(super) ended: Vec<String>,
    pub(super) words: String,
}

pub(super) fn run(context: &Context<'_>, user: &str, revoked: &[&str]) -> Result<Kicked, Failure> {
    let kicked = |means, ended, words: String| Ok(Kicked { user: user.to_owned(), means, ended, words });
    let Some(engine) = broker::running(&context.workspace) else {
        return kicked(Means::Nothing, Vec::new(), "no broker runs".to_owned());
    };
    let conf = context.workspace.read(layout::CONF)?.unwrap_or_default();
    let conf = String::from_utf8_lossy(&conf);
    let (sessions, whole) = sessions(context, &engine, &conf);
    let open: Vec<String> = sessions.of(user).into_iter().map(str::to_owned).collect();
    if open.is_empty() && whole {
        return kicked(Means::Nothing, open, format!("the broker's log has no open session of `{user}`"));
    }
    let why = match take_over(context, &conf, user, revoked, &open)? {
        Ok(()) if !open.is_empty() => {
            let words = "another client took their identifiers, and the broker ended them".to_owned();
            return kicked(Means::TakeOver, open, words);
        }
        Ok(()) => "the broker's log does not tell which sessions are open".to_owned(),
        Err(why) => why,
    };
    if dynsec::active(&context.workspace)?.is_some() {
        return match disable(context, user) {
            Ok(()) => kicked(Means::Dynsec, open, "the user was disabled, and enabled again".to_owned()),
            Err(failure) => kicked(Means::None, Vec::new(), format!("{why}; {}", failure.message())),
        };
    }
    let by_certificate = configuration::read_listener(&context.workspace)?
        .is_some_and(|listener| configuration::identity_is_user(&context.workspace, &listener).unwrap_or(false));
    let name = user.parse::<UserName>().ok();
    let known = name.filter(|name| users::passwd_file(&context.workspace).is_ok_and(|file| file.has(name)));
    if let Some(name) = known.filter(|_| !by_certificate) {
        let question =
            format!("{why}. Give `{user}` a new password that nobody knows? That ends its sessions, and its login.");
        if context.yes || context.ui.confirm(&question) {
            change_password(context, name)?;
            return kicked(
                Means::Password,
                open,
                format!("{why}; its password was changed, and the login is lost: mqsec passwd set"),
            );
        }
    } else {
        let question = format!("{why}. Restart the broker? That ends every session for a moment.");
        if context.yes || context.ui.confirm(&question) {
            engine.stop(&context.workspace)?;
            takeover::start(&context.workspace, &engine, context.time())?;
            engine.wait_until_ready(&context.workspace, &Probe::load(&context.workspace)?.knock())?;
            return kicked(Means::Restart, open, format!("{why}; the broker was restarted"));
        }
    }
    kicked(
        Means::None,
        Vec::new(),
        format!("{why}; agree to the other means with --yes, or end all sessions: mqsec restart"),
    )
}

/// What the broker's log tells, and whether it goes back to the broker's start.
fn sessions(context: &Context<'_>, engine: &Engine, conf: &str) -> (Sessions, bool) {
    let log = conf::log_file(conf).unwrap_or_else(|| layout::LOG.to_owned());
    let path = context.workspace.path(&log);
    let stream: Option<Box<dyn Read>> = match engine {
        Engine::Docker(docker) if !fs::exists(&path) => docker.log(None, false).ok().map(|log| Box::new(log) as _),
        _ => fs::open(&path).ok().map(|(file, _)| Box::new(file) as _),
    };
    let (mut sessions, mut whole) = (Sessions::default(), false);
    let Some(mut stream) = stream else { return (sessions, whole) };
    let (mut splitter, mut block) = (Splitter::default(), vec![0; 64 << 10]);
    let mut each = |line: &str| {
        whole |= line.contains("mosquitto version ") && line.ends_with(" starting");
        sessions.read(line);
    };
    while let Ok(length @ 1..) = stream.read(&mut block) {
        splitter.push(&block[..length], &mut each);
    }
    splitter.finish(&mut each);
    // a log without notices tells nothing
    let whole = whole && sessions.any;
    (sessions, whole)
}

/// Connects once with each identifier, as one of the folder's own users. Says why where that cannot be.
fn take_over(
    context: &Context<'_>,
    conf: &str,
    user: &str,
    revoked: &[&str],
    ids: &[String],
) -> Result<Result<(), String>, Failure> {
    if ids.is_empty() {
        return Ok(Ok(()));
    }
    let probe = Probe::load(&context.workspace)?;
    let settings = Settings::of_port(conf, probe.listener.port);
    let is_true = |key| settings.as_ref().is_some_and(|own| own.is_true(key));
    let (login, identity) = if is_true("use_username_as_clientid") {
        if !is_true("use_identity_as_username") {
            return Ok(Err("the broker gives every client its user name as identifier".to_owned()));
        }
        (None, Some(passing(context, user)?))
    } else {
        let Some((login, identity)) = own_login(context, &probe, user, revoked)? else {
            return Ok(Err("no other user of `.env` has a password and a certificate to connect with".to_owned()));
        };
        (Some(login), identity)
    };
    for id in ids {
        let attempt = Attempt {
            tls: Some(Tls::new(&probe.trust, identity.as_ref())),
            login: login.as_ref().map(|login| (login.name.as_str(), &login.password)),
            timeout: Duration::from_secs(5),
            ..Attempt::new(&probe.host, probe.listener.port, id.clone())
        };
        if let Err(trouble) = mqtt::attempt(&attempt).result {
            return Ok(Err(format!("session `{}` could not be taken over ({trouble})", crate::error::printable(id))));
        }
    }
    Ok(Ok(()))
}

/// A certificate of this name for one connection: where the broker takes the identifier from the certificate, nobody else
/// can take the session's place. Its key is in this process alone, and it ends with the day.
fn passing(context: &Context<'_>, user: &str) -> Result<Identity, Failure> {
    let request = Request { common_name: user.parse()?, role: Role::Client, days: 1, key_type: KeyType::default() };
    let mut change = Transaction::begin(&context.workspace)?;
    let hierarchy = authority::current(&change, context.now)?;
    let issued = hierarchy.unlock(&change, context.now)?.issue(&request, context.now)?;
    inventory::issued(&mut change, &issued.certificate, Noted::Client, Path::new(""));
    // used once, now; the next list has it
    let noted = Issued::new(&issued.certificate, Noted::Client, "");
    let (serial, issuer, date) = (noted.serial, noted.issuer, date(context.now).into());
    inventory::revoked(&mut change, &Revoked { serial, issuer, date, reason: Reason::CessationOfOperation });
    change.commit()?;
    let signing = hierarchy.signing.iter().map(|one| one.der.clone());
    let chain = std::iter::once(issued.certificate.der.clone()).chain(signing).collect();
    Ok(Identity { chain, key: keys::parse_der(&issued.key_pem, "the key of a passing certificate")? })
}

/// The first user of `.env` beside this one, with a certificate that is not revoked where one is asked for.
fn own_login(
    context: &Context<'_>,
    probe: &Probe,
    not: &str,
    revoked: &[&str],
) -> Result<Option<(User, Option<Identity>)>, Failure> {
    let workspace = &context.workspace;
    let env = users::env_file(workspace)?.map(|env| env.users).unwrap_or_default();
    let clients = workspace.clients()?;
    for user in env.into_iter().filter(|user| user.name.as_str() != not) {
        if !probe.listener.require_certificate {
            return Ok(Some((user, None)));
        }
        let own = setup::client_of(&user);
        let others = clients.iter().filter_map(|name| name.parse().ok());
        for client in std::iter::once(own).chain(others) {
            let Some((cert, key)) = Paths::of(workspace, Some(&client)).pair else { continue };
            let Ok((identity, chain)) = credentials::identity(&cert, &key) else { continue };
            if !revoked.contains(&chain[0].serial.as_str()) && chain[0].not_after > context.now {
                return Ok(Some((user, Some(identity))));
            }
        }
    }
    Ok(None)
}

/// The plugin ends the sessions of a client that is disabled.
fn disable(context: &Context<'_>, user: &str) -> Result<(), Failure> {
    let env = users::env_with_users(&context.workspace)?;
    let admin = env.users[0].clone();
    let admin = Admin::load(&context.workspace, admin.name.to_string(), admin.password)?;
    let command = |name| Command::new(name).with("username", user);
    for answer in admin.ask(vec![command("disableClient"), command("enableClient")])? {
        answer?;
    }
    Ok(())
}

fn change_password(context: &Context<'_>, name: UserName) -> Result<(), Failure> {
    let mut change = Transaction::begin(&context.workspace)?;
    let mut file = users::passwd_file(&context.workspace)?;
    file.set(&User { name, password: Secret::generate() }, DEFAULT_ITERATIONS);
    users::put_passwd(&mut change, &file)?;
    change.commit()?;
    taking_over::after_a_change(context, Restart::Never)?;
    Ok(())
}
