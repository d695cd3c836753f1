//! `mqsec test-connect`: does this user get in, and does a message come back?

mod transcript;

use std::path::PathBuf;
use std::time::Duration;

use self::transcript::Connected;
use self::transcript::Words;
use crate::broker::proofs;
use crate::conf;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::mqtt;
use crate::mqtt::Attempt;
use crate::mqtt::Tls;
use crate::passwd::User;
use crate::pki::names::ClientName;
use crate::provision::configuration;
use crate::provision::credentials;
use crate::provision::credentials::Paths;
use crate::provision::users;
use crate::secret::Secret;

/// Connect to the broker, publish, and see the message come back
///
/// The password is better not given as an argument, where other users of the machine see it: it is then taken from .env,
/// from MQSEC_PASSWORD, or asked for.
#[derive(clap::Args)]
pub struct Args {
    /// The user [default: the first of .env]
    user: Option<String>,
    /// The password [default: the user's of .env, MQSEC_PASSWORD, or asked for]
    #[arg(value_parser = secret, allow_hyphen_values = true)]
    password: Option<Secret>,
    /// The client whose certificate is shown [default: the user's name]
    #[arg(value_name = "CLIENT")]
    positional_client: Option<ClientName>,
    /// The client whose certificate is shown, where no password stands before it
    #[arg(long, value_name = "CLIENT", conflicts_with_all = ["positional_client", "cert"])]
    client: Option<ClientName>,
    /// [default: where the listener of config/mosquitto.conf is bound, or localhost]
    #[arg(long, env = "MQSEC_HOST")]
    host: Option<String>,
    /// [default: the TLS listener's of config/mosquitto.conf, or 8883]
    #[arg(long)]
    port: Option<u16>,
    /// Authorities to trust [default: certs/ca.crt]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Client certificate, in place of CLIENT's
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Key of --cert
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    #[arg(long, default_value = proofs::TOPIC)]
    topic: String,
    /// Client identifier [default: a random one]
    #[arg(long)]
    client_id: Option<String>,
    /// Seconds for the whole attempt
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    check_topic(&args.topic)?;
    let listener = configuration::read_listener(workspace)?;
    let (user, password) = login(context, args)?;
    let bind = listener.as_ref().and_then(|listener| listener.address.as_deref());
    let host = args.host.clone().unwrap_or_else(|| mqtt::dial_host(bind));
    let port = args.port.or(listener.as_ref().map(|listener| listener.port)).unwrap_or(conf::DEFAULT_PORT);
    let given = args.client.as_ref().or(args.positional_client.as_ref());
    let client = given.cloned().or_else(|| {
        let name: ClientName = user.parse().ok()?;
        workspace.clients().ok()?.contains(&name.to_string()).then_some(name)
    });
    let mut paths = Paths::of(workspace, client.as_ref());
    if let Some(ca) = &args.ca {
        paths.ca = ca.clone();
    }
    if let (Some(cert), Some(key)) = (&args.cert, &args.key) {
        paths.pair = Some((cert.clone(), key.clone()));
    }
    let words = Words { fancy: context.ui.fancy };
    let shown = client.as_ref().map_or("none", ClientName::as_str);
    context.ui.part(&words.start(&user, shown));
    check_files(&paths, client.as_ref())?;
    let trust = credentials::trust(&paths.ca)?;
    let identity = paths.pair.as_ref().map(|(cert, key)| credentials::identity(cert, key)).transpose()?;
    context.ui.part(&words.connecting(&host, port));
    let result = mqtt::attempt(&Attempt {
        host: &host,
        port,
        tls: Some(Tls { trust: &trust, identity: identity.as_ref() }),
        login: Some((&user, &password)),
        client_id: args.client_id.clone().unwrap_or_else(|| proofs::client_id("test")),
        topic: Some(&args.topic),
        timeout: Duration::from_secs(args.timeout),
    });
    match result {
        Ok(success) => {
            context.ui.part(&words.success(&args.topic, &success));
            Ok(if context.ui.json { context.ui.report(&Connected { host, port, user, success }) } else { 0 })
        }
        Err(trouble) => {
            context.ui.part(&words.trouble(&trouble));
            Err(trouble.into())
        }
    }
}

/// User and password from the arguments, `.env`, the environment, or the terminal.
fn login(context: &Context<'_>, args: &Args) -> Result<(String, Secret), Failure> {
    if let (Some(user), Some(password)) = (&args.user, &args.password) {
        return Ok((user.clone(), password.clone()));
    }
    // a broken .env matters only where it is needed
    let env = users::env_file(&context.workspace)?.unwrap_or_default();
    let found: Option<&User> = match &args.user {
        Some(user) => env.users.iter().find(|known| known.name.as_str() == user),
        None => env.users.first(),
    };
    let Some(user) = args.user.clone().or(found.map(|user| user.name.to_string())) else {
        return Err(Plain::new("user-missing", "no user was given, and `.env` names none")
            .hint("mqsec test-connect USER [PASSWORD [CLIENT]]")
            .into());
    };
    let password = match (found, std::env::var("MQSEC_PASSWORD")) {
        (_, Ok(text)) => Secret::new(text),
        (Some(user), _) => user.password.clone(),
        (None, _) => context.ui.ask_password(&format!("user `{user}`"), false)?,
    };
    Ok((user, password))
}

fn check_topic(topic: &str) -> Result<(), Plain> {
    if topic.is_empty() || topic.contains(['+', '#', '\0']) || topic.starts_with('$') || topic.len() > 65535 {
        return Err(Plain::new("topic-invalid", format!("`{topic}` is not a topic that can be published to"))
            .hint("a topic is not empty, has no + and no #, and does not start with $"));
    }
    Ok(())
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
        _ if missing.contains(&paths.ca.as_path()) => {
            error.hint("make an authority: mqsec ca init, or give one: --ca FILE")
        }
        Some(name) => error.hint(format!("issue the pair: mqsec client-cert {name}")),
        None => error,
    })
}
