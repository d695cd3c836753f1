//! One authority takes another's place, step by step.
//!
//! ```text
//! prepare   certs/next/ is made, and trusted beside the current authority
//! reissue   current → certs/old/, next → current; certificates are issued anew
//! drop      certs/old/ goes, and is no longer trusted
//! ```
//!
//! Where a rollover stands is told by which of these folders has an authority. Nothing else notes it, so nothing can
//! disagree with it. In between the broker sends its root as the other root certified it, and a client that knows one root
//! alone, whichever, finds its way.

mod bundle;
mod holders;
mod publish;
mod reissue;
mod steps;

use time::OffsetDateTime;

pub use holders::Holder;
pub use holders::InForce;
pub use holders::in_force;
pub use publish::PairOf;
pub use publish::pair_of;
pub use reissue::Left;
pub use reissue::Reissue;
pub use reissue::left;
pub use reissue::reissue_clients;
pub use reissue::switch;
pub use steps::Prepare;
pub use steps::cancel;
pub use steps::discard;
pub use steps::prepare;

use super::authority::Hierarchy;
use crate::conf;
use crate::conf::Settings;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::BACKDATE;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::layout;
use crate::workspace::layout::Generation;

/// Where a rollover stands.
pub enum Phase {
    /// None is under way.
    None,
    /// The next authority is trusted, and the current one issues.
    Prepared { next: Box<Hierarchy> },
    /// The new one issues, and the old one is trusted still.
    Reissued { old: Box<Hierarchy> },
}

pub struct State {
    pub current: Hierarchy,
    pub phase: Phase,
}

impl State {
    pub fn load(change: &Transaction<'_>) -> Result<Self, Failure> {
        let Some(current) = Hierarchy::load(change, Generation::Current)? else {
            let path = change.workspace().show(layout::CA_CERT);
            return Err(Plain::new("ca-missing", format!("there is no authority: no `{path}`"))
                .hint("make one: mqsec ca init")
                .into());
        };
        let (next, old) = (Hierarchy::load(change, Generation::Next)?, Hierarchy::load(change, Generation::Old)?);
        let phase = match (next, old) {
            (None, None) => Phase::None,
            (Some(next), None) => Phase::Prepared { next: Box::new(next) },
            (None, Some(old)) => Phase::Reissued { old: Box::new(old) },
            (Some(_), Some(_)) => {
                return Err(Plain::new(
                    "rollover-mixed",
                    "there is an authority in `certs/next` and one in `certs/old`",
                )
                .detail("a rollover has one of them at a time: mqsec did not leave them like this")
                .hint("move away the one that does not belong there: mv certs/next certs/backup/next")
                .into());
            }
        };
        Ok(Self { current, phase })
    }

    /// The one that is replaced, and the one that replaces it.
    pub fn both(&self) -> Option<(&Hierarchy, &Hierarchy)> {
        match &self.phase {
            Phase::None => None,
            Phase::Prepared { next } => Some((&self.current, next)),
            Phase::Reissued { old } => Some((old, &self.current)),
        }
    }

    /// Whether both have one root, and the signing authority alone is replaced.
    pub fn signing_only(&self) -> bool {
        self.both().is_some_and(|(old, new)| old.root.der == new.root.der)
    }

    /// When the next authority was made.
    pub fn prepared(&self) -> Option<OffsetDateTime> {
        let (_, new) = self.both()?;
        Some(new.issuer().not_before + BACKDATE)
    }

    /// Whether clients that trust one root alone can follow: the one that a step sends them to is certified by theirs.
    pub fn is_crossed(&self, change: &Transaction<'_>) -> bool {
        let cross = |generation| change.has(layout::authority(generation).cross);
        self.signing_only()
            || match self.phase {
                Phase::None => true,
                Phase::Prepared { .. } => cross(Generation::Next),
                Phase::Reissued { .. } => cross(Generation::Current),
            }
    }
}

/// Ports of listeners that take over another trust by a restart alone: Mosquitto reads `cafile` again only where a
/// revocation list makes it read everything again.
pub fn deaf_ports(workspace: &Workspace) -> Result<Vec<u16>, Failure> {
    let text = workspace.read(layout::CONF)?.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let is_deaf = |listener: &conf::Listener| {
        listener.tls
            && listener.require_certificate
            && Settings::of_port(&text, listener.port).is_some_and(|settings| settings.get("crlfile").is_none())
    };
    Ok(conf::listeners(&text).into_iter().filter(is_deaf).map(|listener| listener.port).collect())
}
