//! The arguments of `test-connect`, and what follows from them alone.

use std::path::PathBuf;
use std::time::Duration;

use crate::broker::proofs;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::mqtt::TlsVersion;
use crate::mqtt::Trip;
use crate::mqtt::Version;
use crate::passwd::User;
use crate::pki::names::ClientName;
use crate::provision::credentials::must_read;
use crate::provision::users;
use crate::secret::Secret;
use crate::workspace::utf8;

/// Connect to the broker, publish, see the message come back; or name the one cause why not
///
/// The password is better not given as an argument, where other users of the machine see it: without one it is taken
/// from --password-file, standard input, MQSEC_PASSWORD, .env or what a list gave the device, or asked for.
#[derive(clap::Args)]
pub struct Args {
    /// The user [default: the first of .env]
    pub user: Option<String>,
    /// The password [default: the user's of .env, MQSEC_PASSWORD, or asked for]
    #[arg(value_parser = secret)]
    pub password: Option<Secret>,
    /// The client whose certificate is shown [default: the user's name]
    #[arg(value_name = "CLIENT")]
    pub positional_client: Option<ClientName>,
    /// The client whose certificate is shown, where no password stands before it
    #[arg(long, value_name = "CLIENT", conflicts_with_all = ["positional_client", "cert"])]
    pub client: Option<ClientName>,
    /// Read the password from the first line of standard input
    #[arg(long, conflicts_with_all = ["password", "password_file"])]
    pub password_stdin: bool,
    /// Read the password from the first line of a file
    #[arg(long, value_name = "FILE", conflicts_with = "password")]
    pub password_file: Option<PathBuf>,
    /// Give no user name and no password
    #[arg(long, conflicts_with_all = ["user", "password", "password_stdin", "password_file"])]
    pub anonymous: bool,
    /// [default: where the listener of config/mosquitto.conf is bound, or localhost]
    #[arg(long, env = "MQSEC_HOST", help_heading = "Connection")]
    pub host: Option<String>,
    /// [default: the TLS listener's of config/mosquitto.conf; 8883, --plain 1883, --ws 9001, --wss 8083]
    #[arg(long, help_heading = "Connection", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Speak MQTT without TLS; the password goes out in clear
    #[arg(long, help_heading = "Connection", conflicts_with_all = ["ws", "wss"])]
    pub plain: bool,
    /// Speak websockets without TLS; the password goes out in clear
    #[arg(long, help_heading = "Connection", conflicts_with = "wss")]
    pub ws: bool,
    /// Speak websockets in TLS
    #[arg(long, help_heading = "Connection")]
    pub wss: bool,
    /// The path of the websockets listener
    #[arg(long, default_value = "/mqtt", help_heading = "Connection")]
    pub path: String,
    /// Seconds for the whole attempt
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600), help_heading = "Connection")]
    pub timeout: u64,
    /// Authorities to trust [default: certs/ca.crt]
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    pub ca: Option<PathBuf>,
    /// Client certificate (and its chain), in place of CLIENT's
    #[arg(long, value_name = "FILE", requires = "key", help_heading = "TLS")]
    pub cert: Option<PathBuf>,
    /// Key of --cert
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = "TLS")]
    pub key: Option<PathBuf>,
    /// The name that is asked for and compared with the certificate [default: the host]
    #[arg(long, value_name = "NAME", help_heading = "TLS")]
    pub sni: Option<String>,
    /// Speak this version of TLS alone
    #[arg(long, value_name = "VERSION", help_heading = "TLS")]
    pub tls: Option<TlsVersion>,
    /// The version of MQTT; 3.1.1 hides why a message is denied
    #[arg(long, default_value = "5", value_name = "VERSION", help_heading = "MQTT")]
    pub mqtt: Version,
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=2), help_heading = "MQTT")]
    pub qos: u8,
    #[arg(long, default_value = proofs::TOPIC, help_heading = "MQTT")]
    pub topic: String,
    /// Client identifier [default: a random one]
    #[arg(long, value_name = "ID", help_heading = "MQTT")]
    pub client_id: Option<String>,
    /// Leave a will there, vanish, and see whether the broker publishes it
    #[arg(long, value_name = "TOPIC", help_heading = "MQTT")]
    pub will: Option<String>,
    /// Length of the message in bytes
    #[arg(long, default_value_t = Trip::SHORTEST, value_name = "BYTES", value_parser = size, help_heading = "MQTT")]
    pub size: usize,
    /// Stay connected so long after the message came back
    #[arg(long, default_value_t = 0, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=86400), help_heading = "MQTT")]
    pub hold: u64,
    /// Succeed when the ACL says no, and fail when it does not
    #[arg(long, help_heading = "MQTT")]
    pub expect_denied: bool,
}

fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

fn size(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size @ Trip::SHORTEST..=1_048_576) => Ok(size),
        _ => Err(format!("it is a number from {} to 1048576", Trip::SHORTEST)),
    }
}

impl Args {
    pub fn tls(&self) -> bool {
        !self.plain && !self.ws
    }

    pub fn websocket(&self) -> Option<&str> {
        (self.ws || self.wss).then_some(self.path.as_str())
    }

    pub fn trip(&self) -> Trip<'_> {
        Trip { topic: &self.topic, qos: self.qos, size: self.size, hold: Duration::from_secs(self.hold) }
    }

    /// What would make a packet that lies about itself.
    pub fn check(&self) -> Result<(), Plain> {
        for topic in [Some(&self.topic), self.will.as_ref()].into_iter().flatten() {
            check_topic(topic)?;
        }
        check_text("client identifier", self.client_id.as_deref().unwrap_or_default())
    }

    /// User and password from the arguments, a file, standard input, the environment, `.env`, or the terminal.
    pub fn login(&self, context: &Context<'_>) -> Result<Option<(String, Secret)>, Failure> {
        if self.anonymous {
            return Ok(None);
        }
        let (user, password) = self.user_and_password(context)?;
        check_text("user name", &user)?;
        check_text("password", password.expose())?;
        Ok(Some((user, password)))
    }

    fn user_and_password(&self, context: &Context<'_>) -> Result<(String, Secret), Failure> {
        if let (Some(user), Some(password)) = (&self.user, &self.password) {
            return Ok((user.clone(), password.clone()));
        }
        let given = self.given_password(context)?;
        if let (Some(user), Some(password)) = (&self.user, &given) {
            return Ok((user.clone(), password.clone()));
        }
        // a broken .env matters only where it is needed
        let env = users::env_file(&context.workspace)?.unwrap_or_default();
        let found: Option<&User> = match &self.user {
            Some(user) => env.users.iter().find(|known| known.name.as_str() == user),
            None => env.users.first(),
        };
        let Some(user) = self.user.clone().or(found.map(|user| user.name.to_string())) else {
            return Err(Plain::new("user-missing", "no user was given, and `.env` names none")
                .hint("mqsec test-connect USER [PASSWORD [CLIENT]]; or without a user: mqsec test-connect --anonymous")
                .into());
        };
        let password = match given.or_else(|| found.map(|found| found.password.clone())) {
            Some(password) => password,
            None => match self.issued(context, &user)? {
                Some(password) => password,
                None => context.ui.ask_password(&format!("user `{user}`"), false)?,
            },
        };
        Ok((user, password))
    }

    /// What a list gave the device of that name.
    fn issued(&self, context: &Context<'_>, user: &str) -> Result<Option<Secret>, Failure> {
        let named = self.client.clone().or_else(|| self.positional_client.clone());
        let Some(device) = named.or_else(|| user.parse().ok()) else { return Ok(None) };
        let login = users::of_device(&context.workspace, &device)?.filter(|(name, _)| name.as_str() == user);
        Ok(login.and_then(|(_, password)| password))
    }

    fn given_password(&self, context: &Context<'_>) -> Result<Option<Secret>, Failure> {
        if self.password_stdin {
            return context.ui.read_password().map(Some);
        }
        if let Some(path) = &self.password_file {
            let shown = path.display().to_string();
            let bytes = must_read(path)?;
            let text = zeroize::Zeroizing::new(utf8(bytes, &shown)?);
            return Ok(Some(Secret::new(text.lines().next().unwrap_or_default())));
        }
        Ok(std::env::var("MQSEC_PASSWORD").ok().map(Secret::new))
    }
}

fn check_text(what: &str, text: &str) -> Result<(), Plain> {
    if text.len() > 65535 || text.contains('\0') {
        return Err(Plain::new("text-too-long", format!("the {what} is longer than 65535 bytes, or has a NUL"))
            .hint("MQTT has no room for more"));
    }
    Ok(())
}

fn check_topic(topic: &str) -> Result<(), Plain> {
    if topic.is_empty() || topic.contains(['+', '#', '\0']) || topic.starts_with('$') || topic.len() > 65535 {
        let shown: String = topic.chars().take(80).collect();
        return Err(Plain::new("topic-invalid", format!("`{shown}` is not a topic that can be published to"))
            .hint("a topic is not empty, has no + and no #, does not start with $, and has at most 65535 bytes"));
    }
    Ok(())
}
