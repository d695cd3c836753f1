//! What `mqsec fleet revoke` did.

use serde_json::Value;
use serde_json::json;

use super::Args;
use super::is_done;
use crate::commands::refused::Proof;
use crate::commands::rfc3339;
use crate::commands::taking_over::Taken;
use crate::context::Context;
use crate::error::printable;
use crate::error::shell_word;
use crate::pki::inventory::Role;
use crate::pki::short_date;
use crate::provision::fleet::revoke::Fate;
use crate::provision::fleet::revoke::Outcome;
use crate::provision::fleet::revoke::Stays;
use crate::provision::revocation::Made;
use crate::ui::Report;

pub(super) struct Revocation<'a> {
    context: &'a Context<'a>,
    dry_run: bool,
    reason: &'static str,
    /// Of each word; 0 where a group has it.
    lines: Vec<usize>,
    words: Vec<String>,
    pub(super) outcome: Outcome,
    pub(super) taken: Option<Taken>,
    pub(super) proofs: Vec<Proof>,
}

/// As many of a kind are told.
const TOLD: usize = 20;

impl<'a> Revocation<'a> {
    pub(super) fn new(
        context: &'a Context<'a>,
        args: &Args,
        lines: Vec<usize>,
        words: Vec<String>,
        outcome: Outcome,
    ) -> Self {
        let (dry_run, reason) = (args.dry_run, args.reason.name());
        Self { context, dry_run, reason, lines, words, outcome, taken: None, proofs: Vec::new() }
    }

    fn count(&self, of: impl Fn(&Fate) -> bool) -> usize {
        self.outcome.fates.iter().filter(|fate| of(fate)).count()
    }

    /// A line for each of those that were not revoked now, the first ones of them.
    fn others(&self) -> String {
        let all = self.lines.iter().zip(&self.words).zip(&self.outcome.fates);
        let (mut told, mut more) = (String::new(), 0);
        for (number, ((line, word), fate)) in all.filter(|(_, fate)| !matches!(fate, Fate::Revoked(_))).enumerate() {
            if number >= TOLD {
                more += 1;
                continue;
            }
            let place = if *line == 0 { String::new() } else { format!("line {line}: ") };
            told.push_str(&format!("  {place}`{}` {}\n", printable(word), words(fate)));
        }
        if more > 0 {
            told.push_str(&format!("  and {more} more, all of them with --json\n"));
        }
        told
    }

    fn logins(&self) -> String {
        let mut text = String::new();
        let count = self.outcome.logins.len();
        if count > 0 {
            let what = if count == 1 { "login" } else { "logins" };
            let go = if self.dry_run { "would be" } else { if count == 1 { "was" } else { "were" } };
            text.push_str(&format!("{count} {what} {go} taken out of the password file, with their rights\n"));
        }
        for (user, why) in self.outcome.staying.iter().take(TOLD) {
            let why = match why {
                Stays::Shared => "other devices log in as that user too; give them a new password".to_owned(),
                Stays::InEnv => "it is in .env".to_owned(),
                Stays::NotOfAList => {
                    let command = self.context.workspace.command();
                    format!("its device is of no list; to take it out: {command} passwd del {}", shell_word(user))
                }
            };
            text.push_str(&format!("  the login `{}` stays: {why}\n", printable(user)));
        }
        let more = self.outcome.staying.len().saturating_sub(TOLD);
        if more > 0 {
            text.push_str(&format!("  and {more} more logins stay, all of them with --json\n"));
        }
        text
    }
}

fn words(fate: &Fate) -> String {
    match fate {
        Fate::Revoked(_) => "is revoked".to_owned(),
        Fate::Already => "was revoked already".to_owned(),
        Fate::Ended => "has no certificate that has not ended".to_owned(),
        Fate::NotADevice(Role::Broker) => "is the broker's: mqsec renew broker --rekey".to_owned(),
        Fate::NotADevice(_) => "is an authority: mqsec ca rollover prepare".to_owned(),
        Fate::OfTheRoot => {
            "was issued by the root, which keeps no list; only the signing authority's get in".to_owned()
        }
        Fate::Unknown => "is not known here: mqsec list".to_owned(),
    }
}

impl Report for Revocation<'_> {
    fn text(&self, _fancy: bool) -> String {
        let devices = self.count(|fate| matches!(fate, Fate::Revoked(_)));
        let certificates = self.outcome.revoked.len();
        let many = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let verb = match (self.dry_run, devices) {
            (true, _) => "would be",
            (false, 1) => "is",
            (false, _) => "are",
        };
        let mut text = format!(
            "{} {verb} revoked, with {} ({})\n",
            many(devices, "device"),
            many(certificates, "certificate"),
            self.reason
        );
        text.push_str(&self.others());
        text.push_str(&self.logins());
        for made in &self.outcome.made {
            text.push_str(&format!(
                "revocation list {} of `{}`: {}, good until {}\n",
                made.number,
                made.issuer,
                if made.entries == 1 { "1 entry".to_owned() } else { format!("{} entries", made.entries) },
                short_date(made.next_update)
            ));
        }
        text.extend(self.taken.iter().map(Taken::text));
        for proof in &self.proofs {
            let mark = if proof.verdict.holds() { "" } else { "NOT PROVEN: " };
            text.push_str(&format!("  {mark}port {} {}\n", proof.listener, proof.words));
        }
        if !self.proofs.is_empty() {
            let command = self.context.workspace.command();
            text.push_str(&format!(
                "a session that is open with a certificate alone stays open; end it: {command} revoke NAME --kick, or all of them: {command} restart\n"
            ));
        }
        text
    }

    fn json(&self) -> Value {
        let all = self.lines.iter().zip(&self.words).zip(&self.outcome.fates);
        let row = |((line, word), fate): ((&usize, &String), &Fate)| {
            let line = (*line > 0).then_some(*line);
            json!({ "line": line, "device": word, "outcome": fate.name() })
        };
        let list = |made: &Made| json!({ "issuer": made.issuer, "number": made.number, "next_update": rfc3339(made.next_update), "entries": made.entries });
        let proof = |proof: &Proof| json!({ "listener": proof.listener, "verdict": proof.verdict.name(), "holds": proof.verdict.holds(), "words": proof.words });
        let stays = |(user, why): &(String, Stays)| {
            let why = match why {
                Stays::Shared => "shared",
                Stays::InEnv => "in-env",
                Stays::NotOfAList => "not-of-a-list",
            };
            json!({ "user": user, "why": why })
        };
        json!({
            "schema": "mqsec/fleet-revoke/1",
            "dry_run": self.dry_run,
            "reason": self.reason,
            "devices": all.map(row).collect::<Vec<_>>(),
            "revoked": self.count(|fate| matches!(fate, Fate::Revoked(_))),
            "not_revoked": self.count(|fate| !is_done(fate)),
            "serials": self.outcome.revoked.iter().map(|found| &found.serial).collect::<Vec<_>>(),
            "logins_removed": self.outcome.logins,
            "logins_kept": self.outcome.staying.iter().map(stays).collect::<Vec<_>>(),
            "lists": self.outcome.made.iter().map(list).collect::<Vec<_>>(),
            "broker": self.taken.as_ref().map(Taken::json),
            "proofs": self.proofs.iter().map(proof).collect::<Vec<_>>(),
        })
    }

    fn status(&self) -> u8 {
        let all = self.outcome.fates.iter().all(is_done);
        let proven = self.proofs.iter().all(|proof| proof.verdict.holds());
        let taken = self.taken.as_ref().is_none_or(Taken::holds);
        u8::from(!(all && proven && taken))
    }
}
