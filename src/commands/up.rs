//! `mqsec up`: from whatever is there to a running broker that is proven secure.

mod report;

use self::report::Up;
use crate::broker;
use crate::broker::Engine;
use crate::broker::EngineKind;
use crate::broker::docker::Docker;
use crate::broker::install::Installer;
use crate::broker::native::Native;
use crate::broker::proofs;
use crate::broker::proofs::Bench;
use crate::conf::Profile;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::names::BrokerName;
use crate::provision::configuration;
use crate::provision::credentials;
use crate::provision::credentials::Paths;
use crate::provision::permissions;
use crate::provision::session::Probe;
use crate::provision::setup;
use crate::provision::setup::Setup;
use crate::takeover;
use crate::takeover::Action;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// From nothing to a running broker, proven secure: the main command
///
/// Makes what is missing (.env with generated passwords, authority, certificates, password file, ACL, configuration,
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
    if starts && text.chars().all(plain) { Ok(text.to_owned()) } else { Err("letters, digits and . _ - / : @ only") }
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    if let Some(profile) = args.profile.filter(|profile| !profile.can_be_proven()) {
        let name = profile.name();
        return Err(Plain::new("profile-not-proven", format!("`up` cannot prove a broker of profile {name}"))
            .hint(format!("write its configuration, and start the broker yourself: mqsec conf init --profile {name}"))
            .into());
    }
    let wish = configuration::Wish {
        profile: args.profile,
        port: args.port,
        image: args.image.clone(),
        container: args.container.clone(),
        in_container: args.profile == Some(Profile::LetsEncrypt) && expects_docker(context, args.engine),
    };
    let mut change = Transaction::begin(workspace)?;
    let Setup { users, listener, compose } = setup::complete(&mut change, &args.names, &wish, context.now)?;
    let changes = change.commit()?;
    if !changes.is_empty() {
        context.ui.say(format!("made {} files in `{}`", changes.len(), workspace.root().display()));
    }
    if compose.mounts_authority {
        context.ui.warn(format!(
            "`{}` gives the container all of certs/, the authority's key included; move the file away, and mqsec writes one that does not",
            workspace.show(layout::COMPOSE)
        ));
    }
    workspace.make_dir(layout::LOG_DIR)?;
    workspace.make_dir(layout::DATA_DIR)?;
    workspace.give_to_broker()?;
    super::warn_of_open_env(context);

    permissions::check(workspace)?;

    let probe = Probe::load(workspace)?;
    let (engine, state) = bring_up(context, args.engine, listener.port, &probe)?;
    let user = &users[0];
    let client = setup::client_of(user);
    let paths = Paths::of(workspace, Some(&client));
    let (cert, key) = paths.pair.as_ref().ok_or_else(|| Plain::new("tls-files-missing", "no client certificate"))?;
    let (identity, _) = credentials::identity(cert, key)?;
    let identity_is_user = configuration::identity_is_user(workspace, &probe.listener)?;
    // where the certificate says who a client is, the other user would be the same one
    let intruder = match users.get(1).filter(|_| !identity_is_user) {
        Some(other) => permissions::refused_topic(workspace, &other.name, &user.name)?.map(|topic| (other, topic)),
        None => None,
    };
    let proofs = proofs::all(&Bench {
        host: &probe.host,
        port: probe.listener.port,
        trust: &probe.trust,
        name: probe.name.as_deref(),
        identity: &identity,
        user,
        require_certificate: probe.listener.require_certificate,
        identity_is_user,
        authority_name: &setup::authority_name(workspace)?,
        intruder: intruder.as_ref().map(|(other, topic)| (*other, topic.as_str())),
        now: context.now,
    })?;
    Ok(context.ui.report(&Up {
        context,
        changes,
        engine,
        state,
        port: probe.listener.port,
        names: setup::broker_names(workspace)?,
        user: user.clone(),
        by_certificate: probe.listener.require_certificate,
        by_password: !identity_is_user,
        proofs,
    }))
}

/// Whether the broker will run in a container, before one is chosen.
fn expects_docker(context: &Context<'_>, wanted: Option<EngineKind>) -> bool {
    match wanted.or_else(|| EngineKind::last(&context.workspace)) {
        Some(kind) => kind == EngineKind::Docker,
        None => Docker::find(&context.workspace).is_ok(),
    }
}

/// Starts the broker, or makes one that runs take over what changed.
fn bring_up(
    context: &Context<'_>,
    wanted: Option<EngineKind>,
    port: u16,
    probe: &Probe,
) -> Result<(String, &'static str), Failure> {
    let workspace = &context.workspace;
    let (engine, state) = match broker::running(workspace) {
        Some(engine) => {
            if let Some(wanted) = wanted.filter(|wanted| *wanted != engine.kind()) {
                return Err(Plain::new(
                    "engine-other-running",
                    format!("the broker runs already: {}", engine.describe()),
                )
                .hint(format!("stop it first: mqsec down && mqsec up --engine {}", wanted.name()))
                .into());
            }
            let plan = takeover::plan_for(workspace, engine, context.now, false)?;
            if let Action::Restart { why } = &plan.action {
                why.iter().for_each(|why| context.ui.say(format!("restarting: {why}")));
            }
            let outcome = plan.carry_out()?;
            for listener in outcome.listeners.iter().filter(|listener| !listener.fits) {
                let note = listener.note.as_deref().unwrap_or_default();
                context.ui.warn(format!("port {}: {note}", listener.listener));
            }
            if outcome.session_survived == Some(false) {
                context.ui.warn("a session that was open ended with the reload");
            }
            outcome.notes.iter().for_each(|note| context.ui.say(note));
            let state = match outcome.action {
                Action::Nothing => "running already",
                Action::Reload => "reloaded",
                Action::Restart { .. } => "restarted",
            };
            (outcome.engine, state)
        }
        None => {
            let engine = choose(context, wanted)?;
            broker::check_port(port, engine.kind())?;
            context.ui.say(format!("starting: {}", engine.describe()));
            takeover::start(workspace, &engine, context.now)?;
            engine.wait_until_ready(workspace, &probe.knock())?;
            (engine.describe(), "started")
        }
    };
    Ok((engine, state))
}

/// The engine that was asked for, the one of the last time, or the first that works.
fn choose(context: &Context<'_>, wanted: Option<EngineKind>) -> Result<Engine, Failure> {
    let workspace = &context.workspace;
    let docker = || -> Result<Engine, Plain> {
        let docker = Docker::find(workspace)?;
        docker.pull(|line| context.ui.say(line))?;
        Ok(Engine::Docker(docker))
    };
    if wanted.or_else(|| EngineKind::last(workspace)) == Some(EngineKind::Native)
        && let Ok(native) = Native::find(None)
    {
        return Ok(Engine::Native(native));
    }
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
    if !context.yes && !context.ui.confirm(&format!("Mosquitto is not installed. Install it with `{commands}`?")) {
        return Err(missing.hint(format!("that will run: {commands}")).into());
    }
    context.ui.say(format!("installing Mosquitto: {commands}"));
    installer.run()?;
    Ok(Engine::Native(Native::find(None)?))
}
