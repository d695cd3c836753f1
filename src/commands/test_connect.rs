//! `mqsec test-connect`: does this user get in, and does a message come back? If not, why?

mod args;
mod transcript;

use std::time::Duration;
use std::time::Instant;

use self::transcript::Connected;
use self::transcript::Words;
use crate::broker::proofs;
use crate::conf;
use crate::conf::Listener;
use crate::context::Context;
use crate::diagnosis;
use crate::diagnosis::Case;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Folder;
use crate::diagnosis::LogMark;
use crate::error::Failure;
use crate::error::Plain;
use crate::mqtt;
use crate::mqtt::Attempt;
use crate::mqtt::Outcome;
use crate::mqtt::Seen;
use crate::mqtt::Tls;
use crate::mqtt::Trip;
use crate::mqtt::Trouble;
use crate::pki::names::ClientName;
use crate::pki::parsed::Certificate;
use crate::provision::configuration;
use crate::provision::credentials;
use crate::provision::credentials::Paths;
use crate::provision::external;

pub use args::Args;

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    args.check()?;
    let login = args.login(context)?;
    let (host, port) = destination(context, args)?;
    // this machine's own name is not in a certificate of a public authority
    let known_as = external::name_to_ask(workspace, &host).filter(|_| args.host.is_none());
    let user = login.as_ref().map(|(user, _)| user.as_str());
    let client = client(context, args, user);
    let words = Words { fancy: context.ui.fancy };
    // what the attempt leaves is for the questions that find the cause
    let due = Duration::from_secs(args.timeout);
    let shown = client.as_ref().map_or("none", ClientName::as_str);
    context.ui.part(&words.start(user.unwrap_or("none"), shown, args.tls()));
    let files = if args.tls() { Some(Files::read(context, args, client.as_ref())?) } else { None };
    let (trust, own) = files.as_ref().map_or((&[][..], &[][..]), |files| (&files.trust[..], &files.own[..]));
    let ders: Vec<_> = trust.iter().map(|certificate| certificate.der.clone()).collect();
    let attempt = Attempt {
        tls: files.as_ref().map(|files| Tls {
            name: args.sni.as_deref().or(known_as.as_deref()),
            version: args.tls,
            ..Tls::new(&ders, files.identity.as_ref())
        }),
        websocket: args.websocket(),
        version: args.mqtt,
        login: login.as_ref().map(|(user, password)| (user.as_str(), password)),
        trip: Some(args.trip()),
        timeout: due * 3 / 5,
        ..Attempt::new(&host, port, args.client_id.clone().unwrap_or_else(|| proofs::client_id("test")))
    };
    context.ui.part(&words.connecting(&host, port, args.tls()));
    let log = LogMark::set(workspace);
    let deadline = Instant::now() + due + args.trip().hold;
    let Outcome { seen, result } = mqtt::attempt(&attempt);
    let find = |attempt: &Attempt<'_>, trouble: &Trouble| {
        let folder = Folder::of(workspace, port, &seen, log.clone());
        let listeners = configuration::listeners(workspace).unwrap_or_default();
        let nearby = credentials::nearby(workspace);
        let (client, folder) = (client.as_ref().map(ClientName::as_str), folder.as_ref());
        diagnosis::find(
            &Case {
                attempt,
                seen: &seen,
                own,
                client,
                trust,
                folder,
                nearby: &nearby,
                listeners: &listeners,
                now: context.now,
                deadline,
            },
            trouble,
        )
    };
    let diagnosis = match (&result, &args.will) {
        (Err(trouble), _) => Some(find(&attempt, trouble)),
        (Ok(()), None) => None,
        (Ok(()), Some(topic)) => {
            let attempt = Attempt { trip: Some(Trip::to(topic)), ..attempt.clone() };
            mqtt::will(&attempt, topic).err().map(|trouble| find(&attempt, &trouble))
        }
    };
    let return_code = result.as_ref().err().and_then(Trouble::return_code);
    conclude(context, args, &words, Ending { host, port, login: user, seen, return_code, diagnosis })
}

/// What the attempt came to.
struct Ending<'a> {
    host: String,
    port: u16,
    login: Option<&'a str>,
    seen: Seen,
    return_code: Option<u8>,
    diagnosis: Option<Diagnosis>,
}

fn conclude(context: &Context<'_>, args: &Args, words: &Words, ending: Ending<'_>) -> Result<u8, Failure> {
    let Ending { host, port, login, seen, return_code, diagnosis } = ending;
    match diagnosis {
        Some(denied) if args.expect_denied && denied.is_denial() => {
            context.ui.part(&words.denied(&denied, &seen));
            let user = login.map(str::to_owned);
            Ok(if context.ui.json {
                context.ui.report(&Connected { host, port, user, seen, denied: Some(denied) })
            } else {
                0
            })
        }
        Some(found) => {
            context.ui.part(&words.trouble(&found, return_code, args.mqtt));
            Err(found.into())
        }
        None if args.expect_denied => {
            let user = login.map_or("a client without a user name".to_owned(), |user| format!("user `{user}`"));
            Err(Plain::no(
                "not-denied",
                format!("the broker does not deny it: the message of {user} on `{}` came back", args.topic),
            )
            .hint("an ACL allows it, or there is none: look at acl_file in config/mosquitto.conf")
            .into())
        }
        None => {
            context.ui.part(&words.success(args, &seen));
            let user = login.map(str::to_owned);
            for warning in warnings(context, &seen) {
                context.ui.say(warning);
            }
            Ok(if context.ui.json { context.ui.report(&Connected { host, port, user, seen, denied: None }) } else { 0 })
        }
    }
}

/// What will be a failure soon.
fn warnings(context: &Context<'_>, seen: &Seen) -> Vec<String> {
    let soon = context.now + time::Duration::days(30);
    let in_vain = seen
        .in_vain
        .iter()
        .map(|(address, why)| format!("note: {address} did not answer ({why}), and was dialled first"));
    let own = seen.chain.first().and_then(|der| Certificate::from_der(der.clone()));
    own.filter(|own| own.not_after < soon)
        .map(|own| {
            let end = crate::pki::in_words(own.not_after, context.now);
            format!("note: the broker's certificate ends {end}; see all: mqsec verify")
        })
        .into_iter()
        .chain(in_vain)
        .collect()
}

/// The host and port that are dialled.
fn destination(context: &Context<'_>, args: &Args) -> Result<(String, u16), Failure> {
    let fits = |listener: &Listener| listener.tls == args.tls() && listener.websockets == args.websocket().is_some();
    let listener = match (args.host.is_some() && args.port.is_some(), configuration::listeners(&context.workspace)) {
        (true, _) => None,
        (false, listeners) => listeners?.into_iter().find(|listener| match args.port {
            Some(port) => listener.port == port,
            None => fits(listener),
        }),
    };
    let bind = listener.as_ref().and_then(|listener| listener.address.as_deref());
    let usual = match (args.tls(), args.websocket().is_some()) {
        (true, false) => conf::DEFAULT_PORT,
        (false, false) => 1883,
        (false, true) => 9001,
        (true, true) => 8083,
    };
    let host = args.host.clone().unwrap_or_else(|| mqtt::dial_host(bind));
    Ok((host, args.port.or(listener.map(|listener| listener.port)).unwrap_or(usual)))
}

/// Whose certificate is shown.
fn client(context: &Context<'_>, args: &Args, user: Option<&str>) -> Option<ClientName> {
    let given = args.client.as_ref().or(args.positional_client.as_ref());
    given.cloned().or_else(|| {
        let name: ClientName = user?.parse().ok()?;
        context.workspace.clients().ok()?.contains(&name.to_string()).then_some(name)
    })
}

/// What TLS needs.
struct Files {
    trust: Vec<Certificate>,
    identity: Option<mqtt::Identity>,
    own: Vec<Certificate>,
}

impl Files {
    fn read(context: &Context<'_>, args: &Args, client: Option<&ClientName>) -> Result<Self, Failure> {
        let mut paths = Paths::of(&context.workspace, client);
        if let Some(ca) = &args.ca {
            paths.ca = ca.clone();
        }
        if let (Some(cert), Some(key)) = (&args.cert, &args.key) {
            paths.pair = Some((cert.clone(), key.clone()));
        }
        check_files(&paths, client)?;
        let trust = match &args.ca {
            Some(ca) => credentials::certificates(ca)?,
            None => credentials::broker_trust(&context.workspace, &paths.ca)?,
        };
        let (identity, own) = match &paths.pair {
            Some((cert, key)) => {
                let (identity, own) = credentials::identity(cert, key)?;
                (Some(identity), own)
            }
            None => (None, Vec::new()),
        };
        Ok(Self { trust, identity, own })
    }
}

fn check_files(paths: &Paths, client: Option<&ClientName>) -> Result<(), Plain> {
    let missing = paths.missing();
    let Some(first) = missing.first() else { return Ok(()) };
    let absolute =
        |path: &std::path::Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
    let mut error = Plain::new("tls-files-missing", format!("TLS setup error: there is no `{}`", first.display()))
        .detail(format!("CA:   {}", absolute(&paths.ca)));
    if let Some((cert, key)) = &paths.pair {
        error = error.detail(format!("Cert: {}", absolute(cert))).detail(format!("Key:  {}", absolute(key)));
    }
    Err(match client {
        _ if missing.contains(&paths.ca.as_path()) => error
            .hint("make an authority: mqsec ca init; or give the one that issued the broker's certificate: --ca FILE")
            .hint("for a public authority, the system's: --ca /etc/ssl/certs/ca-certificates.crt"),
        Some(name) => error.hint(format!("issue the pair: mqsec client-cert {name}")),
        None => error,
    })
}
