//! `mqsec test-connect`: does this user get in, and does a message come back?

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::broker::proofs;
use crate::conf;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::mqtt;
use crate::mqtt::Attempt;
use crate::mqtt::Stage;
use crate::mqtt::Success;
use crate::mqtt::Tls;
use crate::passwd::User;
use crate::pki::names::ClientName;
use crate::provision::configuration;
use crate::provision::credentials;
use crate::provision::credentials::Paths;
use crate::provision::users;
use crate::secret::Secret;
use crate::ui::Report;

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
    let port = args
        .port
        .or(listener.as_ref().map(|listener| listener.port))
        .unwrap_or(conf::DEFAULT_PORT);
    let client = args.client.clone().or_else(|| {
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
    let words = Words {
        fancy: context.ui.fancy,
    };
    let shown = client.as_ref().map_or("none", ClientName::as_str);
    context.ui.part(&words.start(&user, shown));
    check_files(&paths, client.as_ref())?;
    let trust = credentials::trust(&paths.ca)?;
    let identity = paths
        .pair
        .as_ref()
        .map(|(cert, key)| credentials::identity(cert, key))
        .transpose()?;
    context.ui.part(&words.connecting(&host, port));
    let result = mqtt::attempt(&Attempt {
        host: &host,
        port,
        tls: Some(Tls {
            trust: &trust,
            identity: identity.as_ref(),
        }),
        login: Some((&user, &password)),
        client_id: args.client_id.clone().unwrap_or_else(|| proofs::client_id("test")),
        topic: Some(&args.topic),
        timeout: Duration::from_secs(args.timeout),
    });
    match result {
        Ok(success) => {
            context.ui.part(&words.success(&args.topic, &success));
            Ok(if context.ui.json {
                context.ui.report(&Connected {
                    host,
                    port,
                    user,
                    success,
                })
            } else {
                0
            })
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
        return Err(Plain::new(
            "topic-invalid",
            format!("`{topic}` is not a topic that can be published to"),
        )
        .hint("a topic is not empty, has no + and no #, and does not start with $"));
    }
    Ok(())
}

fn check_files(paths: &Paths, client: Option<&ClientName>) -> Result<(), Plain> {
    let missing = paths.missing();
    let Some(first) = missing.first() else { return Ok(()) };
    let absolute = |path: &std::path::Path| {
        std::path::absolute(path)
            .unwrap_or_else(|_| path.to_owned())
            .display()
            .to_string()
    };
    let mut error = Plain::new(
        "tls-files-missing",
        format!("TLS setup error: there is no `{}`", first.display()),
    )
    .detail(format!("CA:   {}", absolute(&paths.ca)));
    if let Some((cert, key)) = &paths.pair {
        error = error
            .detail(format!("Cert: {}", absolute(cert)))
            .detail(format!("Key:  {}", absolute(key)));
    }
    Err(match client {
        _ if missing.contains(&paths.ca.as_path()) => {
            error.hint("make an authority: mqsec ca init, or give one: --ca FILE")
        }
        Some(name) => error.hint(format!("issue the pair: mqsec client-cert {name}")),
        None => error,
    })
}

/// The transcript, in the lines and the order of the tool that mqsec replaces.
struct Words {
    fancy: bool,
}

impl Words {
    fn line(&self, mark: &str, text: &str) -> String {
        if self.fancy {
            format!("{mark} {text}\n")
        } else {
            format!("{text}\n")
        }
    }

    fn rule(&self) -> String {
        format!("{}\n", "=".repeat(80))
    }

    fn start(&self, user: &str, client: &str) -> String {
        [
            self.line("🚀", "Starting secure MQTT connection test"),
            self.line("🔐", "Authentication and TLS enabled"),
            self.line("👤", &format!("Username: {user}")),
            self.line("📄", &format!("Certificate CN: {client}")),
        ]
        .concat()
    }

    fn connecting(&self, host: &str, port: u16) -> String {
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        [
            self.line("📁", "Certificates loaded successfully"),
            "\n".to_owned(),
            self.line("🌐", &format!("Connecting to {host}:{port} ...")),
            self.line("🔄", "TLS handshake in progress..."),
            "\n".to_owned(),
            self.line("🔍", "Connection result:"),
            self.rule(),
        ]
        .concat()
    }

    fn success(&self, topic: &str, success: &Success) -> String {
        let total: Duration = success.timings.iter().map(|(_, took)| *took).sum();
        let tick = if self.fancy { "✅ " } else { "" };
        [
            self.line("🔢", "Return code: 0"),
            self.line(
                "📬",
                &format!("Status: {tick}Connection established successfully (valid TLS and authentication)"),
            ),
            self.line("📡", &format!("Publishing test message to '{topic}' topic...")),
            self.rule(),
            self.line("✅", "Test message published successfully!"),
            self.line(
                "✅",
                &format!(
                    "The message came back ({}, {}, {:.1} ms in all)",
                    success.address,
                    success.tls_version.unwrap_or("no TLS"),
                    total.as_secs_f64() * 1000.0
                ),
            ),
            self.rule(),
            "\n".to_owned(),
            self.line("📡", "Disconnecting..."),
        ]
        .concat()
    }

    fn trouble(&self, trouble: &mqtt::Trouble) -> String {
        let cross = if self.fancy { "❌ " } else { "" };
        let code = match trouble.return_code() {
            // the number of MQTT 3.1.1, which older tools print for the same answer
            Some(135) => self.line("🔢", "Return code: 135 (MQTT 3.1.1: 5)"),
            Some(code) => self.line("🔢", &format!("Return code: {code}")),
            None => String::new(),
        };
        [code, self.line("📬", &format!("Status: {cross}{trouble}")), self.rule()].concat()
    }
}

struct Connected {
    host: String,
    port: u16,
    user: String,
    success: Success,
}

impl Report for Connected {
    fn text(&self, _fancy: bool) -> String {
        String::new()
    }

    fn json(&self) -> Value {
        let stage = |(stage, took): &(Stage, Duration)| json!({ "stage": stage.to_string(), "ms": took.as_secs_f64() * 1000.0 });
        json!({
            "schema": "mqsec/test-connect/1",
            "return_code": 0,
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "address": self.success.address.to_string(),
            "tls_version": self.success.tls_version,
            "cipher": self.success.cipher,
            "message_returned": true,
            "stages": self.success.timings.iter().map(stage).collect::<Vec<_>>(),
        })
    }
}
