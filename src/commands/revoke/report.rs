//! What `mqsec revoke` did.

use serde_json::Value;
use serde_json::json;
use time::OffsetDateTime;

use super::super::refused::Proof;
use super::super::rfc3339;
use super::kick::Kicked;
use super::kick::Means;
use crate::commands::taking_over::Taken;
use crate::context::Context;
use crate::error::printable;
use crate::error::shell_word;
use crate::pki::short_date;
use crate::provision::revocation::Found;
use crate::provision::revocation::Made;
use crate::ui::Report;

pub(super) struct Row {
    pub(super) found: Found,
    /// When it had been revoked before, and why.
    pub(super) before: Option<(OffsetDateTime, &'static str)>,
    pub(super) date: OffsetDateTime,
    pub(super) reason: &'static str,
    /// Whether its authority is one that the broker trusts still.
    pub(super) is_trusted: bool,
}

pub(super) struct Revocation<'a> {
    context: &'a Context<'a>,
    pub(super) rows: Vec<Row>,
    made: Vec<Made>,
    pub(super) taken: Option<Taken>,
    pub(super) proofs: Vec<Proof>,
    pub(super) kicked: Option<Kicked>,
}

impl<'a> Revocation<'a> {
    pub(super) fn new(context: &'a Context<'a>, rows: Vec<Row>, made: Vec<Made>) -> Self {
        Self { context, rows, made, taken: None, proofs: Vec::new(), kicked: None }
    }
}

impl Report for Revocation<'_> {
    fn text(&self, _fancy: bool) -> String {
        let mut text = String::new();
        for Row { found, before, reason, is_trusted, .. } in &self.rows {
            let mut what = format!("certificate {}", found.serial);
            if found.is_known() {
                what.push_str(&format!(" of `{}`", printable(&found.name)));
            }
            text.push_str(&match before {
                Some((date, reason)) => format!("{what} was revoked already, on {} ({reason})\n", short_date(*date)),
                None => format!("{what} is revoked ({reason})\n"),
            });
            if !is_trusted {
                text.push_str("  its authority is no longer trusted, so no list needs to name it\n");
            }
        }
        for made in &self.made {
            text.push_str(&format!(
                "revocation list {} of `{}`: {} {}, good until {}\n",
                made.number,
                made.issuer,
                made.entries,
                if made.entries == 1 { "entry" } else { "entries" },
                short_date(made.next_update)
            ));
        }
        text.extend(self.taken.iter().map(Taken::text));
        for proof in &self.proofs {
            let mark = if proof.verdict.holds() { "" } else { "NOT PROVEN: " };
            text.push_str(&format!("  {mark}port {} {}\n", proof.listener, proof.words));
        }
        match &self.kicked {
            Some(Kicked { user, means: Means::Nothing, words, .. }) => {
                text.push_str(&format!("nobody to throw out as `{}`: {words}\n", printable(user)));
                let command = self.context.workspace.command();
                // the log tells users, and no certificates
                if let Some(of) = self.rows.first().filter(|row| row.found.name == *user).map(|row| &row.found) {
                    let which = if of.is_known() { shell_word(&of.name) } else { format!("--serial {}", of.serial) };
                    text.push_str(&format!(
                        "  if its device logs in as another user: {command} revoke {which} --kick --user USER\n"
                    ));
                }
            }
            Some(Kicked { user, means: Means::None, words, .. }) => {
                text.push_str(&format!("the open sessions of `{}` were NOT ended: {words}\n", printable(user)));
            }
            Some(Kicked { user, ended, words, .. }) => {
                let ids: Vec<String> = ended.iter().map(|id| printable(id)).collect();
                let ids = if ids.is_empty() { String::new() } else { format!(" ({})", ids.join(", ")) };
                text.push_str(&format!("the open sessions of `{}` were ended{ids}: {words}\n", printable(user)));
            }
            None if !self.proofs.is_empty() => {
                let command = self.context.workspace.command();
                let which = |row: &Row| match row.found.is_known() {
                    true => format!("{} --kick", shell_word(&row.found.name)),
                    false => format!("--serial {} --kick --user USER", row.found.serial),
                };
                let which = self.rows.first().map(which).unwrap_or_default();
                text.push_str(&format!("a session that is open stays open; end it too: {command} revoke {which}\n"));
            }
            None => {}
        }
        text
    }

    fn json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "serial": row.found.serial,
                "name": row.found.name,
                "role": row.found.role.name(),
                "not_after": row.found.not_after.map(rfc3339),
                "issuer": row.found.issuer,
                "date": rfc3339(row.before.map_or(row.date, |(date, _)| date)),
                "reason": row.before.map_or(row.reason, |(_, reason)| reason),
                "new": row.before.is_none(),
            })
        };
        let list = |made: &Made| json!({ "issuer": made.issuer, "number": made.number, "next_update": rfc3339(made.next_update), "entries": made.entries });
        let proof = |proof: &Proof| json!({ "listener": proof.listener, "verdict": proof.verdict.name(), "holds": proof.verdict.holds(), "words": proof.words });
        let kicked = |kicked: &Kicked| json!({ "user": kicked.user, "means": kicked.means.name(), "ended": kicked.ended, "words": kicked.words });
        json!({
            "schema": "mqsec/revoke/1",
            "certificates": self.rows.iter().map(row).collect::<Vec<_>>(),
            "lists": self.made.iter().map(list).collect::<Vec<_>>(),
            "broker": self.taken.as_ref().map(Taken::json),
            "proofs": self.proofs.iter().map(proof).collect::<Vec<_>>(),
            "kicked": self.kicked.as_ref().map(kicked),
        })
    }

    fn status(&self) -> u8 {
        let proven = self.proofs.iter().all(|proof| proof.verdict.holds());
        let kicked = self.kicked.as_ref().is_none_or(|kicked| kicked.means != Means::None);
        let taken = self.taken.as_ref().is_none_or(Taken::holds);
        u8::from(!(proven && kicked && taken))
    }
}
