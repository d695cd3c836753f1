//! `mqsec up`: from whatever is there to a running broker that is proven secure.

use serde_json::Value;
use serde_json::json;

use super::files_json;
use crate::broker;
use crate::broker::Engine;
use crate::broker::EngineKind;
use crate::broker::Need;
use crate::broker::docker::Docker;
use crate::broker::install::Installer;
use crate::broker::native::Native;
use crate::broker::proofs;
use crate::broker::proofs::Bench;
use crate::broker::proofs::Proof;
use crate::conf::Profile;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::passwd::User;
use crate::pki::names::BrokerName;
use crate::provision::configuration;
use crate::provision::credentials;
use crate::provision::credentials::Paths;
use crate::provision::session::Probe;
use crate::provision::setup;
use crate::provision::setup::Setup;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::paint;
use crate::workspace::Change;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// From nothing to a running broker, proven secure: the main command
///
/// Makes what is missing (.env with generated passwords, authority, certificates, password file, configuration,
/// docker-compose.yml), starts the broker with Docker Compose or an installed Mosquitto, and proves that the right client
/// gets in and the wrong ones do not. What is there is kept; run again, it changes nothing and proves again.
#[derive(clap::Args)]
pub struct Args {
    /// Names and addresses by which clients reach the broker [default: BROKER_CN of .env, or this machine's]
    #[arg(value_name = "NAME")]
    names: Vec<BrokerName>,
    /// What runs the broker [default: Docker Compose where it works, otherwise an installed Mosquitto]
    #[arg(long)]
    engine: Option<EngineKind>,
    /// What the broker asks of a client [default: password+cert]
    #[arg(long)]
    profile: Option<Profile>,
    /// The TLS port [default: 8883]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// The container's image [default: eclipse-mosquitto:2.1.2-alpine]
    #[arg(long, value_name = "REF", value_parser = plain_word)]
    image: Option<String>,
    /// The container's name [default: mosquitto]
    #[arg(long, value_name = "NAME", value_parser = plain_word)]
    container: Option<String>,
}

/// A word that can stand in YAML as it is.
fn plain_word(text: &str) -> Result<String, &'static str> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-/:@".contains(letter);
    let starts = text.starts_with(|letter: char| letter.is_ascii_alphanumeric());
    if starts && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("letters, digits and . _ - / : @ only")
    }
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let wish = configuration::Wish {
        profile: args.profile,
        port: args.port,
        image: args.image.clone(),
        container: args.container.clone(),
    };
    let mut change = Transaction::begin(workspace)?;
    let Setup { users, listener, .. } = setup::complete(&mut change, &args.names, &wish, context.now)?;
    let changes = change.commit()?;
    if !changes.is_empty() {
        context.ui.say(format!(
            "made {} files in `{}`",
            changes.len(),
            workspace.root().display()
        ));
    }
    workspace.make_dir(layout::LOG_DIR)?;
    workspace.make_dir(layout::DATA_DIR)?;
    workspace.give_to_broker()?;
    super::warn_of_open_env(context);

    let probe = Probe::load(workspace)?;
    let (engine, state) = bring_up(context, args.engine, listener.port, &probe)?;
    let user = &users[0];
    let client = setup::client_of(user);
    let paths = Paths::of(workspace, Some(&client));
    let (cert, key) = paths
        .pair
        .as_ref()
        .ok_or_else(|| Plain::new("tls-files-missing", "no client certificate"))?;
    let identity = credentials::identity(cert, key)?;
    let proofs = proofs::all(&Bench {
        host: &probe.host,
        port: probe.listener.port,
        trust: &probe.trust,
        identity: &identity,
        user,
        require_certificate: probe.listener.require_certificate,
        authority_name: &setup::authority_name(workspace)?,
        now: context.now,
    })?;
    Ok(context.ui.report(&Up {
        context,
        changes,
        engine: engine.describe(),
        state,
        port: probe.listener.port,
        names: setup::broker_names(workspace)?,
        user: user.clone(),
        proofs,
    }))
}

/// Starts the broker, or makes one that runs take over what changed.
fn bring_up(
    context: &Context<'_>,
    wanted: Option<EngineKind>,
    port: u16,
    probe: &Probe,
) -> Result<(Engine, &'static str), Failure> {
    let workspace = &context.workspace;
    let (engine, state) = match broker::running(workspace) {
        Some(engine) => {
            if let Some(wanted) = wanted.filter(|wanted| *wanted != engine.kind()) {
                let name = if wanted == EngineKind::Docker {
                    "docker"
                } else {
                    "native"
                };
                return Err(Plain::new(
                    "engine-other-running",
                    format!("the broker runs already: {}", engine.describe()),
                )
                .hint(format!("stop it first: mqsec down && mqsec up --engine {name}"))
                .into());
            }
            match engine.needs(workspace)? {
                Need::Restart => {
                    engine.stop(workspace)?;
                    engine.start(workspace)?;
                    (engine, "restarted")
                }
                Need::Reload => {
                    engine.reload(workspace)?;
                    (engine, "reloaded")
                }
                Need::Nothing => (engine, "running already"),
            }
        }
        None => {
            let engine = choose(context, wanted)?;
            broker::check_port(port, engine.kind())?;
            context.ui.say(format!("starting: {}", engine.describe()));
            engine.start(workspace)?;
            (engine, "started")
        }
    };
    engine.wait_until_ready(workspace, &probe.knock())?;
    Ok((engine, state))
}

/// The engine that was asked for, or the first that works.
fn choose(context: &Context<'_>, wanted: Option<EngineKind>) -> Result<Engine, Failure> {
    let workspace = &context.workspace;
    let docker = || -> Result<Engine, Plain> {
        let docker = Docker::find(workspace)?;
        docker.pull(|line| context.ui.say(line))?;
        Ok(Engine::Docker(docker))
    };
    let why_not_docker = match wanted {
        Some(EngineKind::Docker) => return Ok(docker()?),
        Some(EngineKind::Native) => None,
        None => match docker() {
            Ok(engine) => return Ok(engine),
            Err(error) => Some(error),
        },
    };
    if let Some(error) = &why_not_docker {
        context.ui.say(format!("not with Docker: {error}"));
    }
    match Native::find(None) {
        Ok(native) => Ok(Engine::Native(native)),
        Err(error) if crate::error::Diagnose::code(&error) == "mosquitto-missing" => install(context, error),
        Err(error) => Err(error.into()),
    }
}

/// Offers to install Mosquitto; `--yes` agrees.
fn install(context: &Context<'_>, missing: Plain) -> Result<Engine, Failure> {
    let Some(installer) = Installer::find(context.workspace.is_root()) else {
        return Err(missing.hint("or install Docker with Compose").into());
    };
    let commands = installer.describe();
    if !context.yes
        && !context
            .ui
            .confirm(&format!("Mosquitto is not installed. Install it with `{commands}`?"))
    {
        return Err(missing.hint(format!("that will run: {commands}")).into());
    }
    context.ui.say(format!("installing Mosquitto: {commands}"));
    installer.run()?;
    Ok(Engine::Native(Native::find(None)?))
}

struct Up<'a> {
    context: &'a Context<'a>,
    changes: Vec<Change>,
    engine: String,
    state: &'static str,
    port: u16,
    names: Vec<String>,
    user: User,
    proofs: Vec<Proof>,
}

impl Up<'_> {
    fn made(&self) -> String {
        if self.changes.is_empty() {
            return "nothing to make: everything is there\n".to_owned();
        }
        let rows: Vec<Vec<String>> = self
            .changes
            .iter()
            .map(|change| {
                let replaced = if change.replaced { " (replaced)" } else { "" };
                vec![
                    self.context.workspace.show(&change.path),
                    format!("{}{replaced}", purpose(&change.path)),
                ]
            })
            .collect();
        format!("{}\n{}", paint(Tone::Head, "made"), crate::ui::columns(&rows))
    }

    fn next(&self) -> String {
        let command = self.context.workspace.command();
        let user = &self.user.name;
        let user = if user.as_str().contains(' ') {
            format!("'{user}'")
        } else {
            user.to_string()
        };
        let rows = [
            (
                format!("{command} test-connect {user}"),
                "connect as this user, with the password of .env",
            ),
            (
                format!("{command} client-cert sensor-1"),
                "a certificate for one more client",
            ),
            (
                format!("{command} passwd add sensor-1 --generate"),
                "and a password for it",
            ),
        ];
        let rows: Vec<Vec<String>> = rows
            .into_iter()
            .map(|(command, why)| vec![command, why.to_owned()])
            .collect();
        format!("{}\n{}", paint(Tone::Head, "next"), crate::ui::columns(&rows))
    }
}

/// What a file is for, in a few words.
fn purpose(path: &std::path::Path) -> &'static str {
    match path.to_str().unwrap_or_default() {
        layout::ENV => "users and their passwords, readable by you alone",
        layout::COMPOSE => "for the stock eclipse-mosquitto image",
        layout::CONF => "the broker's configuration",
        layout::PASSWD => "the hashed passwords",
        layout::CA_KEY => "the authority's key: secret, keep a copy offline",
        layout::CA_CERT => "the authority: every client needs it",
        layout::CA_SERIAL => "the last serial number",
        layout::CA_CRL => "the revocation list",
        layout::broker::KEY => "the broker's key",
        layout::broker::CERT => "the broker's certificate",
        layout::broker::TRUST => "whose clients the broker accepts",
        layout::broker::CRL => "which of them are revoked",
        path if path.starts_with(layout::BACKUP) => "what was replaced",
        path if path.ends_with(".csr") => "the signing request",
        path if path.ends_with(".chain.crt") => "certificate and authority in one file",
        path if path.ends_with(".crt") => "a client's certificate",
        path if path.ends_with(".key") => "a client's key",
        _ => "",
    }
}

impl Report for Up<'_> {
    fn text(&self, _fancy: bool) -> String {
        let rows: Vec<Vec<String>> = self
            .proofs
            .iter()
            .map(|proof| {
                let mark = if proof.holds {
                    paint(Tone::Good, "ok")
                } else {
                    paint(Tone::Bad, "NO")
                };
                vec![mark, proof.who.clone(), proof.expected.to_owned(), proof.seen.clone()]
            })
            .collect();
        let held = self.proofs.iter().filter(|proof| proof.holds).count();
        let verdict = match self.status() {
            0 => format!("{held} of {} proofs hold: this broker is secure", self.proofs.len()),
            _ => format!(
                "only {held} of {} proofs hold: do not use this broker",
                self.proofs.len()
            ),
        };
        format!(
            "{}\n{}\n  {} ({})\n  port {}, for the names {}\n\n{}\n{}  {verdict}\n\n{}",
            self.made(),
            paint(Tone::Head, "broker"),
            self.engine,
            self.state,
            self.port,
            self.names.join(", "),
            paint(Tone::Head, "proofs"),
            crate::ui::columns(&rows),
            self.next(),
        )
    }

    fn json(&self) -> Value {
        let proofs: Vec<_> = self
            .proofs
            .iter()
            .map(|proof| json!({ "who": proof.who, "expected": proof.expected, "holds": proof.holds, "seen": proof.seen }))
            .collect();
        json!({
            "schema": "mqsec/up/1",
            "engine": self.engine,
            "state": self.state,
            "port": self.port,
            "names": self.names,
            "user": self.user.name.as_str(),
            "files": files_json(self.context, &self.changes),
            "proofs": proofs,
            "secure": self.status() == 0,
        })
    }

    fn status(&self) -> u8 {
        u8::from(self.proofs.iter().any(|proof| !proof.holds))
    }
}
