//! What a command is given. The only reader of the clock.

use time::OffsetDateTime;

use crate::ui::Ui;
use crate::workspace::Workspace;

pub struct Context<'a> {
    pub ui: &'a Ui,
    pub workspace: Workspace,
    /// The time of the whole run.
    pub now: OffsetDateTime,
    /// Questions are answered with yes.
    pub yes: bool,
}

impl<'a> Context<'a> {
    #[allow(clippy::disallowed_methods, reason = "the one reader of the clock")]
    pub fn new(ui: &'a Ui, workspace: Workspace, yes: bool) -> Self {
        Self { ui, workspace, now: OffsetDateTime::now_utc(), yes }
    }

    /// The time now, for a command that lasts.
    #[allow(clippy::disallowed_methods, reason = "the one reader of the clock")]
    pub fn time(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    /// The same after something that took its time, for what begins in between: a certificate that was waited for.
    pub fn later(&self) -> Self {
        Self::new(self.ui, self.workspace.clone(), self.yes)
    }
}
