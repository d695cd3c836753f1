//! What `mqsec fleet renew` did.

use serde_json::Value;
use serde_json::json;
use time::OffsetDateTime;

use crate::commands::rfc3339;
use crate::context::Context;
use crate::error::Failure;
use crate::error::printable;
use crate::pki::in_words;
use crate::pki::short_date;
use crate::ui::Report;

pub(super) struct Renewal<'a> {
    context: &'a Context<'a>,
    dry_run: bool,
    /// Nothing was issued from a list yet.
    no_fleet: bool,
    pub(super) due: usize,
    pub(super) renewed: usize,
    /// The first and the last end of the new ones.
    ends: Option<(OffsetDateTime, OffsetDateTime)>,
    /// So many end with the authority.
    shortened: usize,
    not_due: usize,
    /// When the first of these ends.
    first: Option<i64>,
    pub(super) revoked: usize,
    pub(super) missing: usize,
    /// Due, and their files are not here.
    elsewhere: (usize, Vec<String>),
    left: (usize, Vec<(String, String)>),
    failed: (usize, Vec<(String, String)>),
    /// What the list has and the roster has not, by line.
    pub(super) unknown: Vec<(usize, String)>,
}

/// As many of a kind are told.
const TOLD: usize = 20;

impl<'a> Renewal<'a> {
    pub(super) fn new(context: &'a Context<'a>, dry_run: bool, no_fleet: bool) -> Self {
        Self {
            context,
            dry_run,
            no_fleet,
            due: 0,
            renewed: 0,
            ends: None,
            shortened: 0,
            not_due: 0,
            first: None,
            revoked: 0,
            missing: 0,
            elsewhere: (0, Vec::new()),
            left: (0, Vec::new()),
            failed: (0, Vec::new()),
            unknown: Vec::new(),
        }
    }

    pub(super) fn renewed(&mut self, end: OffsetDateTime, shortened: bool) {
        self.renewed += 1;
        self.shortened += usize::from(shortened);
        let (first, last) = self.ends.unwrap_or((end, end));
        self.ends = Some((first.min(end), last.max(end)));
    }

    pub(super) fn fresh(&mut self, end: i64) {
        self.not_due += 1;
        self.first = Some(self.first.map_or(end, |first| first.min(end)));
    }

    pub(super) fn elsewhere(&mut self, name: &str) {
        self.elsewhere.0 += 1;
        if self.elsewhere.1.len() < TOLD {
            self.elsewhere.1.push(name.to_owned());
        }
    }

    pub(super) fn left(&mut self, name: String, why: String) {
        keep(&mut self.left, name, why);
    }

    pub(super) fn failed(&mut self, name: String, failure: &Failure) {
        let hint = failure.hints.first().map(|hint| format!(" ({hint})")).unwrap_or_default();
        keep(&mut self.failed, name, format!("[{}]: {}{hint}", failure.code, failure.message()));
    }

    fn days(&self) -> String {
        match self.ends {
            Some((first, last)) if first.date() != last.date() => {
                format!("; they end from {} to {}", short_date(first), short_date(last))
            }
            Some((first, _)) => format!("; until {}", short_date(first)),
            None => String::new(),
        }
    }
}

fn keep((count, told): &mut (usize, Vec<(String, String)>), name: String, why: String) {
    *count += 1;
    if told.len() < TOLD {
        told.push((name, why));
    }
}

impl Report for Renewal<'_> {
    fn text(&self, _fancy: bool) -> String {
        let command = self.context.workspace.command();
        if self.no_fleet {
            return format!("no device was issued from a list yet; to renew all others: {command} renew\n");
        }
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let mut text = match self.dry_run {
            true => format!("{} device{} would be renewed\n", self.due, plural(self.due)),
            false => format!("{} device{} renewed{}\n", self.renewed, plural(self.renewed), self.days()),
        };
        let mut tell = |count: usize, words: String| {
            if count > 0 {
                text.push_str(&format!("  {count} {words}\n"));
            }
        };
        let first = self.first.and_then(|first| OffsetDateTime::from_unix_timestamp(first).ok());
        let first = first.map(|first| format!("; the first of them ends {}", in_words(first, self.context.now)));
        tell(self.not_due, format!("not due{}", first.unwrap_or_default()));
        tell(self.revoked, "revoked, and left alone".to_owned());
        tell(self.missing, "without a certificate in the inventory".to_owned());
        tell(self.shortened, "end with the authority, which is to be replaced: mqsec ca rollover prepare".to_owned());
        for (count, verb, all) in
            [(self.left.0, "left alone", &self.left.1), (self.failed.0, "NOT renewed", &self.failed.1)]
        {
            all.iter().for_each(|(name, why)| text.push_str(&format!("  {} {verb}: {why}\n", printable(name))));
            if count > all.len() {
                text.push_str(&format!("  and {} more {verb}\n", count - all.len()));
            }
        }
        for (line, word) in self.unknown.iter().take(TOLD) {
            text.push_str(&format!("  line {line}: `{}` is of no list\n", printable(word)));
        }
        if self.unknown.len() > TOLD {
            text.push_str(&format!("  and {} more that are of no list\n", self.unknown.len() - TOLD));
        }
        if self.elsewhere.0 > 0 {
            let names: Vec<String> = self.elsewhere.1.iter().take(5).map(|name| printable(name)).collect();
            let more = if self.elsewhere.0 > names.len() { ", …" } else { "" };
            text.push_str(&format!(
                "{} due device{} NOT renewed: the files are not in this folder ({}{more})\nnext: issue them anew, with new keys: {command} fleet issue LIST --reissue --out FILE\n",
                self.elsewhere.0,
                plural(self.elsewhere.0),
                names.join(", ")
            ));
        }
        if self.renewed > 0 {
            text.push_str("next: bring each device its new certificate, from certs/client/NAME/\n");
        }
        text
    }

    fn json(&self) -> Value {
        let told = |all: &[(String, String)]| -> Vec<Value> {
            all.iter().map(|(name, why)| json!({ "name": name, "why": why })).collect()
        };
        json!({
            "schema": "mqsec/fleet-renew/1",
            "dry_run": self.dry_run,
            "due": self.due,
            "renewed": self.renewed,
            "first_end": self.ends.map(|(first, _)| rfc3339(first)),
            "last_end": self.ends.map(|(_, last)| rfc3339(last)),
            "shortened_to_authority": self.shortened,
            "not_due": self.not_due,
            "revoked": self.revoked,
            "missing": self.missing,
            "elsewhere": self.elsewhere.0,
            "left": self.left.0,
            "left_first": told(&self.left.1),
            "failed": self.failed.0,
            "failed_first": told(&self.failed.1),
            "unknown": self.unknown.iter().map(|(line, word)| json!({ "line": line, "name": word })).collect::<Vec<_>>(),
        })
    }

    fn status(&self) -> u8 {
        u8::from(self.failed.0 + self.elsewhere.0 + self.unknown.len() > 0)
    }
}
