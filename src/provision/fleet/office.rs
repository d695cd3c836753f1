//! What a run works with: the authority's key, the archive or folder, and what a run before it left.

use time::OffsetDateTime;

use super::sink;
use super::sink::Form;
use super::state;
use super::state::State;
use super::worker::Authorities;
use super::worker::Settings;
use crate::error::Failure;
use crate::pki::authority::Authority;
use crate::provision::authority;
use crate::provision::stamp;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::layout;

pub struct Office<'a> {
    pub workspace: &'a Workspace,
    pub settings: &'a Settings,
    pub(super) state: State,
    pub(super) resumed: bool,
    pub(super) form: Form,
    pub(super) authority: Authority,
    pub(super) authorities: Authorities,
    pub(super) now: OffsetDateTime,
    pub(super) stamp: String,
}

impl<'a> Office<'a> {
    pub fn open(
        workspace: &'a Workspace,
        state: State,
        resumed: bool,
        settings: &'a Settings,
        now: OffsetDateTime,
    ) -> Result<Self, Failure> {
        let form = Form {
            kind: state.kind,
            dir: sink::folder(workspace, &state),
            owner: workspace.owner(layout::Whose::Operator),
            time: u64::try_from(now.unix_timestamp()).unwrap_or_default(),
        };
        if resumed && state.kind.is_folder() {
            state::clear_leftovers(workspace, &state, &form.dir)?;
        }
        let change = Transaction::begin(workspace)?;
        let hierarchy = authority::current(&change, now)?;
        let authority = hierarchy.unlock(&change, now)?;
        let roots = change.read(layout::CA_CERT)?.unwrap_or_default();
        drop(change);
        let authorities = Authorities {
            intermediates: hierarchy.intermediates().to_owned(),
            roots: String::from_utf8_lossy(&roots).into_owned(),
        };
        Ok(Self { workspace, settings, state, resumed, form, authority, authorities, now, stamp: stamp(now) })
    }
}

impl Office<'_> {
    /// The authority's end, where it comes before that of what is issued now.
    pub fn shortened(&self) -> Option<OffsetDateTime> {
        let end = self.authority.certificate.not_after;
        (end < self.now + time::Duration::days(i64::from(self.settings.days))).then_some(end)
    }
}

/// A failure of a run that can be gone on with says so.
pub fn interrupted(workspace: &Workspace, mut failure: Failure) -> Failure {
    // a batch that is half noted first, so that none of its devices passes for one that was not
    let recovered = workspace.recover();
    if let Ok(Some(state)) = State::load(workspace) {
        if recovered.is_ok() && state.kind.is_folder() {
            // the next run does it, if this one cannot
            let _ = state::clear_leftovers(workspace, &state, &sink::folder(workspace, &state));
        }
        failure.details.push(format!("{} devices are issued and noted; nothing half-written counts", state.issued));
        // of a change that is one file it is true
        failure.hints.iter_mut().for_each(|hint| *hint = hint.replace(", nothing was changed", ""));
        failure.hints.push("then go on: the same command again".to_owned());
    }
    failure
}
