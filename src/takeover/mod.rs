//! How a broker that runs takes over files that changed: everything is validated first, then it is told, then each
//! listener is asked what it serves, and a session that was open is asked whether it lives.

mod loaded;
mod machine;
mod serving;
mod validate;
mod witness;

use time::OffsetDateTime;

use self::loaded::Difference;
use self::loaded::Helps;
use self::loaded::name_of;
use self::serving::Door;
use self::validate::Question;
use self::witness::Witness;
use crate::broker;
use crate::broker::Engine;
use crate::broker::EngineKind;
use crate::broker::other::Other;
use crate::broker::other::Target;
use crate::checks::Subject;
use crate::conf::keyword::Effect;
use crate::conf::keyword::keyword;
use crate::conf::reading::Reading;
use crate::error::Failure;
use crate::error::Plain;
use crate::mqtt::Conversation;
use crate::pki::parsed::Certificate;
use crate::provision::configuration;
use crate::provision::session::Probe;
use crate::series::Series;
use crate::snapshot;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::layout;
use crate::workspace::layout::Generation;

pub use loaded::Loaded;
pub use machine::Here;

/// What will be done, once the files were found to be good.
pub struct Plan<'w> {
    workspace: &'w Workspace,
    now: OffsetDateTime,
    pub engine: Engine,
    /// None where the broker does not tell.
    series: Option<Series>,
    pub action: Action,
    /// The files and options that the broker has not read yet.
    pub changed: Vec<String>,
    /// What should be known, and stops nothing.
    pub notes: Vec<String>,
    force: bool,
    found: Found,
}

/// What the folder's files are, for one broker.
struct Found {
    action: Action,
    changed: Vec<String>,
    notes: Vec<String>,
    /// What of it a reload takes over; None where nobody knows what the broker has read.
    by_reload: Option<Vec<String>>,
    doors: Vec<Door>,
    /// What the broker will have read after a reload.
    after_reload: Loaded,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The broker has read all that is on the disk.
    Nothing,
    Reload,
    /// A reload would not do; why, in sentences.
    Restart {
        why: Vec<String>,
    },
}

/// A listener, and whether it serves the certificate that is on the disk.
pub struct Served {
    /// `8883`, `8083 (websockets)`.
    pub listener: String,
    pub expected_serial: String,
    /// None where no certificate was seen.
    pub served_serial: Option<String>,
    pub fits: bool,
    pub note: Option<String>,
}

pub struct Outcome {
    pub action: Action,
    pub engine: String,
    pub listeners: Vec<Served>,
    /// Whether a session that was open before is open still; None when none could be opened, or after a restart.
    pub session_survived: Option<bool>,
    pub changed: Vec<String>,
    pub notes: Vec<String>,
}

impl Outcome {
    pub fn holds(&self) -> bool {
        self.code().is_none()
    }

    /// What did not come out as it should.
    pub fn code(&self) -> Option<&'static str> {
        match () {
            () if self.session_survived == Some(false) => Some("reload-session-lost"),
            () if self.listeners.iter().any(|listener| !listener.fits) => Some("reload-not-served"),
            () => None,
        }
    }
}

/// Validates every file that the broker would read, and finds what it has to do. `Ok(None)` when no broker of this folder
/// runs; an error when a file would stop the broker, or open it. It is asked when a change was committed: what it leads
/// to takes the folder's lock.
pub fn plan(workspace: &Workspace, now: OffsetDateTime) -> Result<Option<Plan<'_>>, Failure> {
    let engine = broker::running(workspace).or_else(|| Other::of_workspace(workspace).map(Engine::Other));
    engine.map(|engine| plan_for(workspace, engine, now, false)).transpose()
}

/// The same for a broker that is known to run; by force it takes over what it would take and should not.
pub fn plan_for(workspace: &Workspace, engine: Engine, now: OffsetDateTime, force: bool) -> Result<Plan<'_>, Failure> {
    let series = engine.series();
    // half of a change that another mqsec makes at this moment would be taken for a broken file
    let lock = lock(workspace)?;
    let found = find(workspace, &engine, series, now, force)?;
    drop(lock);
    let (action, changed, notes) = (found.action.clone(), found.changed.clone(), found.notes.clone());
    Ok(Plan { workspace, now, engine, series, action, changed, notes, force, found })
}

/// The files, as a broker of this engine finds them.
fn look(workspace: &Workspace, engine: &Engine, now: OffsetDateTime) -> Subject {
    let container = engine.kind() == EngineKind::Docker;
    snapshot::of_broker(workspace, now, Series::RELEASED.to_vec(), Some(container))
}

fn find(
    workspace: &Workspace,
    engine: &Engine,
    told: Option<Series>,
    now: OffsetDateTime,
    force: bool,
) -> Result<Found, Failure> {
    let subject = look(workspace, engine, now);
    // of one that does not tell: what every broker takes over at a reload
    let series = told.unwrap_or(Series::V20);
    let Some(reading) = subject.reading(series) else { return Err(configuration::missing(workspace).into()) };
    let is_own = !matches!(engine, Engine::Other(_));
    let then = if is_own { Loaded::then(workspace)? } else { None };
    let loaded = Loaded::now(&subject, series);
    let differences = then.as_ref().map(|then| loaded.since(then, &subject, reading));
    let is_new = |path: &str| differences.as_ref().is_none_or(|found| found.iter().any(|one| one.what == path));
    let ask = |reading: &Reading| {
        Question { workspace, subject: &subject, reading, now, seen_from_afar: !is_own, force }.ask(is_new)
    };
    let mut notes = ask(reading)?;
    if let (None, Some(newer)) = (told, subject.reading(Series::V21)) {
        notes = ask(newer)?;
    }
    let mut action = action_for(&differences);
    let deadly = reload_ends_it(reading);
    if let (Action::Reload, Some(why)) = (&action, &deadly) {
        action = Action::Restart { why: vec![why.clone()] };
    }
    if matches!(engine, Engine::Other(other) if matches!(other.target, Target::Service(_))) {
        action = Action::Restart { why: vec!["Windows has no signal for a reload".to_owned()] };
    }
    match &action {
        Action::Nothing => {}
        Action::Reload => notes.extend(forgotten(reading)),
        Action::Restart { .. } => check_ports(reading, then.as_ref(), engine.kind())?,
    }
    let names = |counts: &dyn Fn(&Helps) -> bool| -> Vec<String> {
        let chosen = differences.iter().flatten().filter(|one| counts(&one.helps));
        let mut names: Vec<String> = chosen.map(|difference| difference.what.clone()).collect();
        names.sort();
        names.dedup();
        names
    };
    let changed = names(&|helps| *helps != Helps::Nothing);
    let by_reload = match deadly {
        None => differences.as_ref().map(|_| names(&|helps| *helps == Helps::Reload)),
        Some(_) => Some(Vec::new()),
    };
    let after_reload = match (&then, &differences) {
        (Some(then), Some(differences)) => loaded.after_reload(then, differences),
        _ => loaded,
    };
    let doors = serving::doors(workspace, &subject, reading, engine);
    Ok(Found { action, changed, notes, by_reload, doors, after_reload })
}

/// What changed in the files of a broker that runs, as `doctor` tells it.
pub fn not_loaded(workspace: &Workspace, engine: &Engine, subject: &Subject) -> Vec<String> {
    let series = engine.series().unwrap_or(Series::V20);
    let (Ok(Some(then)), Some(reading)) = (Loaded::then(workspace), subject.reading(series)) else { return Vec::new() };
    let differences = Loaded::now(subject, series).since(&then, subject, reading);
    let mut names: Vec<String> =
        differences.into_iter().filter(|one| one.helps != Helps::Nothing).map(|one| one.what).collect();
    names.sort();
    names.dedup();
    names
}

/// A digest of everything that the broker reads: of another one is told that something changed.
pub fn fingerprint(workspace: &Workspace, now: OffsetDateTime) -> String {
    let subject = snapshot::of_broker(workspace, now, Series::RELEASED.to_vec(), None);
    Loaded::fingerprint(&subject)
}

/// Starts a broker that does not run, and notes what it reads.
pub fn start(workspace: &Workspace, engine: &Engine, now: OffsetDateTime) -> Result<(), Failure> {
    let subject = look(workspace, engine, now);
    engine.start(workspace)?;
    if matches!(engine, Engine::Other(_)) {
        return Ok(());
    }
    // a container tells its version when it runs
    Ok(Loaded::now(&subject, engine.series().unwrap_or(Series::V20)).note(workspace)?)
}

fn action_for(differences: &Option<Vec<Difference>>) -> Action {
    let Some(differences) = differences else { return Action::Reload };
    let mut why: Vec<String> = Vec::new();
    let mut reload = false;
    for difference in differences {
        match &difference.helps {
            Helps::Nothing => {}
            Helps::Reload => reload = true,
            Helps::Restart(words) if why.contains(words) => {}
            Helps::Restart(words) => why.push(words.clone()),
        }
    }
    match () {
        () if !why.is_empty() => Action::Restart { why },
        () if reload => Action::Reload,
        () => Action::Nothing,
    }
}

/// Why a signal would end the broker, with whatever files: the secure websockets of 2.0 go on to use what it frees when it
/// reads a revocation list again (measured on 2.0.21; it ends at the next connection).
fn reload_ends_it(reading: &Reading) -> Option<String> {
    let harmed = reading.listeners.iter().find(|listener| {
        let options = &listener.options;
        reading.series == Series::V20
            && listener.is_websockets()
            && listener.is_tls()
            && options.has("crlfile")
            && options.is_true("require_certificate")
    })?;
    Some(format!(
        "a reload can end Mosquitto 2.0, for the websockets of port {0} have a `crlfile` (which 2.0 does not use there: mqsec conf set crlfile --unset --listener {0})",
        harmed.port
    ))
}

/// The limits of a listener that 2.0 throws away at each reload, changed or not.
fn forgotten(reading: &Reading) -> Vec<String> {
    let mut notes = Vec::new();
    for listener in &reading.listeners {
        let mut keys: Vec<&str> = listener.options.iter().map(|(key, _)| key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys.retain(|key| keyword(key).is_some_and(|known| known.reload.of(reading.series) == Effect::Reset));
        if !keys.is_empty() {
            let (name, keys) = (name_of(listener), keys.join("`, `"));
            notes.push(format!(
                "Mosquitto {} forgets `{keys}` of listener {name} at each reload, until it is started anew: mqsec restart",
                reading.series
            ));
        }
    }
    notes
}

/// A broker that is stopped for a port that somebody else has would not come back.
fn check_ports(reading: &Reading, then: Option<&Loaded>, kind: EngineKind) -> Result<(), Failure> {
    let new = |name: &str| then.is_some_and(|then| !then.has_listener(name));
    let taken = |port: u16| then.is_some_and(|then| then.has_port(port));
    for listener in reading.listeners.iter().filter(|listener| listener.unix_path.is_none()) {
        if kind == EngineKind::Native && new(&name_of(listener)) && !taken(listener.port) {
            broker::check_port(listener.port, kind)?;
        }
    }
    Ok(())
}

impl Plan<'_> {
    /// The broker is told, whether or not something changed.
    pub fn in_any_case(mut self) -> Self {
        if self.action == Action::Nothing {
            self.action = Action::Reload;
        }
        self
    }

    /// The broker is started anew, whatever changed.
    pub fn with_restart(mut self) -> Self {
        if !matches!(self.action, Action::Restart { .. }) {
            self.action = Action::Restart { why: Vec::new() };
        }
        self
    }

    /// Whether a reload takes over at least a part of it.
    pub fn reload_helps(&self) -> bool {
        self.found.by_reload.as_ref().is_none_or(|names| !names.is_empty())
    }

    /// Only what a reload takes over; what needs a restart waits for one.
    pub fn without_restart(mut self) -> Self {
        if matches!(self.action, Action::Restart { .. }) {
            self.action = Action::Reload;
            self.changed = self.found.by_reload.clone().unwrap_or_default();
        }
        self
    }

    /// Signals or restarts, and proves.
    pub fn carry_out(mut self) -> Result<Outcome, Failure> {
        let (mut survived, mut notes) = (None, std::mem::take(&mut self.notes));
        // a note that says more than the broker knows: it was told, and did not hear
        if self.action == Action::Nothing && serving::is_behind(&self.found.doors) {
            self.action = Action::Reload;
        }
        match &self.action {
            Action::Nothing => {}
            Action::Reload => {
                let note;
                (survived, note) = self.reload()?;
                notes.extend(note);
            }
            Action::Restart { .. } => self.restart()?,
        }
        let listeners = serving::ask(&mut self.found.doors, &authorities(self.workspace));
        if !self.engine.is_running(self.workspace) {
            return Err(self.ended());
        }
        Ok(Outcome {
            action: self.action,
            engine: self.engine.describe(),
            listeners,
            session_survived: survived,
            changed: self.changed,
            notes,
        })
    }

    /// The witness's session is opened, the files are validated once more while nobody may change them, the broker is
    /// told, and the files stay as they are until it has read them: half of a change ends a 2.1 broker.
    fn reload(&mut self) -> Result<(Option<bool>, Option<String>), Failure> {
        serving::look_before(&mut self.found.doors);
        let witness = Witness::find(self.workspace, &self.found.doors);
        let attempt = witness.as_ref().ok().map(Witness::attempt);
        let session = attempt.as_ref().map(Conversation::open);
        let lock = lock(self.workspace)?;
        let mut found = find(self.workspace, &self.engine, self.series, self.now, self.force)?;
        serving::remember(&mut found.doors, &self.found.doors);
        self.found = found;
        self.engine.reload(self.workspace)?;
        let mut session = session;
        let answered = match &mut session {
            Some(Ok(session)) => Some(session.settle()),
            _ => {
                serving::knock_twice(&self.found.doors);
                None
            }
        };
        if lock.is_some() && !matches!(self.engine, Engine::Other(_)) {
            self.found.after_reload.note(self.workspace)?;
        }
        drop(lock);
        if !self.engine.is_running(self.workspace) {
            return Err(self.ended());
        }
        Ok(match (&witness, session, answered) {
            (Ok(witness), Some(Ok(session)), Some(answered)) => witness.outcome(session, answered),
            (Ok(_), Some(Err(trouble)), _) => (None, Some(format!("no session was held open over it: {trouble}"))),
            (Err(words), ..) => (None, Some(format!("no session was held open over it: {words}"))),
            _ => (None, None),
        })
    }

    fn restart(&mut self) -> Result<(), Failure> {
        self.engine.stop(self.workspace)?;
        let lock = lock(self.workspace)?;
        start(self.workspace, &self.engine, self.now)?;
        let ready = self.engine.wait_until_ready(self.workspace, &Probe::load(self.workspace)?.knock());
        drop(lock);
        ready
    }

    /// A broker that was there when it was told, and is no more.
    fn ended(&self) -> Failure {
        let (lines, gone) = self.engine.last_words(self.workspace).unwrap_or_default();
        let mut error = Plain::new("reload-broker-ended", format!("the broker was told, and ended ({gone})"));
        for line in lines {
            error = error.detail(line);
        }
        error.hint("start it: mqsec up").hint("the whole log: mqsec logs").into()
    }
}

/// Keeps every other mqsec from changing the files; nothing where this user may not change them either.
fn lock(workspace: &Workspace) -> Result<Option<Transaction<'_>>, Failure> {
    match Transaction::begin(workspace) {
        Ok(change) => Ok(Some(change)),
        Err(failure) if matches!(failure.code, "file-permission-denied" | "file-system-read-only") => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The authorities of the folder, to tell its broker from another program.
fn authorities(workspace: &Workspace) -> Vec<Certificate> {
    let of = |generation| {
        let files = layout::authority(generation);
        [files.cert, files.signing_cert]
    };
    let own = [Generation::Current, Generation::Old, Generation::Next].into_iter().flat_map(of);
    let paths = own.chain([layout::broker::CERT.into()]);
    let read = |path| Certificate::all_from_pem(&workspace.read(path).ok()??, "").ok();
    paths.filter_map(read).flatten().collect()
}
