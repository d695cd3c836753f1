//! `mqsec list --rebuild`.

use serde_json::Value;
use serde_json::json;

use crate::context::Context;
use crate::error::Failure;
use crate::pki::inventory::Rebuilt;
use crate::provision::inventory;
use crate::ui::Report;
use crate::workspace::Transaction;
use crate::workspace::layout;

pub(super) fn run(context: &Context<'_>) -> Result<u8, Failure> {
    let mut change = Transaction::begin(&context.workspace)?;
    let had = change.has(layout::INVENTORY);
    let (made, kept) = inventory::rebuild(&mut change, context.now)?;
    change.commit()?;
    Ok(context.ui.report(&Outcome { path: context.workspace.show(layout::INVENTORY), had, made, kept }))
}

struct Outcome {
    path: String,
    had: bool,
    made: Rebuilt,
    kept: Option<String>,
}

impl Report for Outcome {
    fn text(&self, _fancy: bool) -> String {
        let made = &self.made;
        let did = match (self.had, &self.kept) {
            (false, _) => "made",
            (true, Some(_)) => "made anew",
            (true, None) => "is complete; nothing was changed",
        };
        let mut text =
            format!("inventory `{}` {did}: {} certificates, {} revocations\n", self.path, made.issued, made.revoked);
        if self.had && made.issued_added + made.revoked_added > 0 {
            text.push_str(&format!(
                "  it lacked {} certificates and {} revocations\n",
                made.issued_added, made.revoked_added
            ));
        }
        if made.dropped > 0 {
            text.push_str(&format!("  {} lines of the old one could not be read\n", made.dropped));
        }
        if let Some(kept) = &self.kept {
            text.push_str(&format!("  the old one is kept: {kept}\n"));
        }
        text
    }

    fn json(&self) -> Value {
        let made = &self.made;
        json!({
            "schema": "mqsec/list-rebuild/1", "path": self.path, "changed": !self.had || self.kept.is_some(),
            "issued": made.issued, "revoked": made.revoked, "issued_added": made.issued_added,
            "revoked_added": made.revoked_added, "lines_dropped": made.dropped, "backup": self.kept,
        })
    }
}
