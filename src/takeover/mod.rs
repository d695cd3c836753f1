//! How a broker that runs takes over files that changed: everything is validated first, then it is told, then each
//! listener is asked what it serves.

use time::OffsetDateTime;

use crate::broker;
use crate::broker::Engine;
use crate::broker::Need;
use crate::error::Failure;
use crate::provision::session::Probe;
use crate::workspace::Workspace;

/// What will be done, once the files were found to be good.
pub struct Plan<'w> {
    workspace: &'w Workspace,
    pub engine: Engine,
    pub action: Action,
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
}

impl Outcome {
    pub fn holds(&self) -> bool {
        self.listeners.iter().all(|listener| listener.fits) && self.session_survived != Some(false)
    }
}

/// Validates every file that the broker would read, and finds what it has to do. `Ok(None)` when no broker of this folder
/// runs; an error when a file would stop the broker, or open it.
pub fn plan(workspace: &Workspace, _now: OffsetDateTime) -> Result<Option<Plan<'_>>, Failure> {
    let Some(engine) = broker::running(workspace) else { return Ok(None) };
    let action = match engine.needs(workspace)? {
        Need::Nothing => Action::Nothing,
        Need::Reload => Action::Reload,
        Need::Restart => Action::Restart { why: Vec::new() },
    };
    Ok(Some(Plan { workspace, engine, action }))
}

impl Plan<'_> {
    /// Signals or restarts, and proves.
    pub fn carry_out(self) -> Result<Outcome, Failure> {
        let Self { workspace, engine, action } = self;
        match &action {
            Action::Nothing => {}
            Action::Reload => engine.reload(workspace)?,
            Action::Restart { .. } => {
                engine.stop(workspace)?;
                engine.start(workspace)?;
            }
        }
        engine.wait_until_ready(workspace, &Probe::load(workspace)?.knock())?;
        Ok(Outcome { action, engine: engine.describe(), listeners: Vec::new(), session_survived: None })
    }
}
