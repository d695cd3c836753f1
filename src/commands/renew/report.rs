//! What `mqsec renew` did.

use serde_json::Value;
use serde_json::json;
use time::OffsetDateTime;

use super::super::rfc3339;
use crate::commands::taking_over::Taken;
use crate::context::Context;
use crate::error::Failure;
use crate::pki::in_words;
use crate::pki::short_date;
use crate::provision::renewal::Renewed;
use crate::provision::renewal::Target;
use crate::ui::Report;
use crate::ui::columns;

pub(super) struct Left {
    pub(super) name: String,
    pub(super) why: String,
}

pub(super) struct Failed {
    pub(super) name: String,
    pub(super) failure: Failure,
}

pub(super) struct Renewal<'a> {
    context: &'a Context<'a>,
    dry_run: bool,
    pub(super) renewed: Vec<Renewed>,
    /// The end of the broker's new certificate, where an ACME authority issued it.
    pub(super) by_acme: Option<OffsetDateTime>,
    /// What would be renewed, with its end.
    pub(super) due: Vec<(String, OffsetDateTime)>,
    pub(super) left: Vec<Left>,
    pub(super) failed: Vec<Failed>,
    /// How many are not due, and which of them ends first.
    fresh: usize,
    first: Option<(String, OffsetDateTime)>,
    /// Who issues, and until when.
    pub(super) authority: Option<(String, OffsetDateTime)>,
    pub(super) taken: Option<Taken>,
    /// The broker's old certificate was put back, and whether it is served.
    pub(super) put_back: Option<bool>,
}

impl<'a> Renewal<'a> {
    pub(super) fn new(context: &'a Context<'a>, dry_run: bool) -> Self {
        Self {
            context,
            dry_run,
            renewed: Vec::new(),
            by_acme: None,
            due: Vec::new(),
            left: Vec::new(),
            failed: Vec::new(),
            fresh: 0,
            first: None,
            authority: None,
            taken: None,
            put_back: None,
        }
    }

    pub(super) fn fresh(&mut self, target: &Target, end: OffsetDateTime) {
        self.fresh += 1;
        if self.first.as_ref().is_none_or(|(_, first)| end < *first) {
            self.first = Some((target.to_string(), end));
        }
    }

    fn until(&self, end: OffsetDateTime) -> String {
        format!("until {} ({})", short_date(end), in_words(end, self.context.now))
    }

    /// The authority ends before what it issues now would.
    fn authority_ends(&self) -> Option<(&str, OffsetDateTime)> {
        let (name, end) = self.authority.as_ref()?;
        let shortens = self.renewed.iter().any(|one| one.shortened);
        let soon = *end - self.context.now < time::Duration::days(180);
        (shortens || soon).then_some((name, *end))
    }

    /// What a reader has to do with the new files.
    fn next(&self) -> Option<String> {
        let clients: Vec<_> = self.renewed.iter().filter(|one| one.target != Target::Broker).collect();
        let first = clients.first()?;
        let file = match clients.len() {
            1 => self.context.workspace.show(&first.file),
            _ => "the files above".to_owned(),
        };
        let key = match clients.iter().any(|one| one.rekeyed) {
            true => "with its new key",
            false => "its key is the same",
        };
        Some(format!("next: give each client its new certificate ({key}): {file}\n"))
    }
}

impl Report for Renewal<'_> {
    fn text(&self, _fancy: bool) -> String {
        let show = |path: &std::path::Path| self.context.workspace.show(path);
        let mut rows: Vec<Vec<String>> = Vec::new();
        for one in &self.renewed {
            let key = if one.rekeyed { "with a new key" } else { "with the same key" };
            let end = self.until(one.certificate.not_after);
            rows.push(vec![one.target.to_string(), format!("renewed {key}, {end}"), show(&one.file)]);
        }
        if let Some(end) = self.by_acme {
            rows.push(vec!["broker".to_owned(), format!("renewed by ACME, {}", self.until(end))]);
        }
        for (name, end) in &self.due {
            rows.push(vec![name.clone(), format!("would be renewed, it lasts {}", self.until(*end))]);
        }
        rows.extend(self.left.iter().map(|one| vec![one.name.clone(), format!("left alone: {}", one.why)]));
        for one in &self.failed {
            let hint = one.failure.hints.first().map(|hint| format!(" ({hint})")).unwrap_or_default();
            let words = format!("NOT renewed [{}]: {}{hint}", one.failure.code, one.failure.message());
            rows.push(vec![one.name.clone(), words]);
        }
        let mut text = columns(&rows);
        let renewed = !self.renewed.is_empty() || self.by_acme.is_some();
        if !renewed && self.due.is_empty() && self.failed.is_empty() && self.put_back.is_none() {
            text.push_str("nothing is to be renewed");
            if let Some((name, end)) = &self.first {
                text.push_str(&format!("; the first to end is `{name}`, it lasts {}", self.until(*end)));
            }
            text.push('\n');
        }
        if let Some(backup) = self.renewed.first().map(|one| &one.backup) {
            text.push_str(&format!("what was replaced is kept in {}\n", show(backup)));
        }
        let told = self.taken.as_ref().map(Taken::text).unwrap_or_default();
        match self.put_back {
            None => text.push_str(&told),
            // a restart alone would not help now
            Some(_) => told.lines().filter(|line| !line.starts_with("next: ")).for_each(|line| {
                text.push_str(line);
                text.push('\n');
            }),
        }
        if let Some(served) = self.put_back {
            let again = if served { "and is served" } else { "and the broker was not seen to serve it: mqsec status" };
            text.push_str(&format!(
                "the broker did NOT serve its new certificate; the one of before is back in its place, {again}\n"
            ));
            if self.taken.as_ref().is_some_and(|taken| taken.restart_declined.is_some()) {
                text.push_str("next: agree to the restart: the same command with --yes\n");
            }
        }
        if let Some((name, end)) = self.authority_ends() {
            let command = self.context.workspace.command();
            let end = self.until(end);
            text.push_str(&format!(
                "the authority `{name}` lasts {end}, and nothing that it issues lasts longer; replace it: {command} ca rollover prepare\n"
            ));
        }
        text.extend(self.next());
        text
    }

    fn json(&self) -> Value {
        let show = |path: &std::path::Path| self.context.workspace.show(path);
        let renewed = |one: &Renewed| {
            json!({
                "name": one.target.to_string(),
                "serial": one.certificate.serial,
                "old_serial": one.old_serial,
                "not_after": rfc3339(one.certificate.not_after),
                "rekeyed": one.rekeyed,
                "key_elsewhere": one.key_elsewhere,
                "shortened_to_authority": one.shortened,
                "file": show(&one.file),
                "backup": show(&one.backup),
            })
        };
        let failed = |one: &Failed| json!({ "name": one.name, "code": one.failure.code, "message": one.failure.message(), "hints": one.failure.hints });
        json!({
            "schema": "mqsec/renew/1",
            "dry_run": self.dry_run,
            "renewed": self.renewed.iter().map(renewed).collect::<Vec<_>>(),
            "renewed_by_acme": self.by_acme.map(rfc3339),
            "due": self.due.iter().map(|(name, end)| json!({ "name": name, "not_after": rfc3339(*end) })).collect::<Vec<_>>(),
            "left": self.left.iter().map(|one| json!({ "name": one.name, "why": one.why })).collect::<Vec<_>>(),
            "failed": self.failed.iter().map(failed).collect::<Vec<_>>(),
            "not_due": self.fresh,
            "broker": self.taken.as_ref().map(Taken::json),
            "put_back": self.put_back,
            "authority_ends": self.authority.as_ref().map(|(_, end)| rfc3339(*end)),
        })
    }

    fn status(&self) -> u8 {
        u8::from(
            !self.failed.is_empty()
                || self.put_back.is_some()
                || self.taken.as_ref().is_some_and(|taken| !taken.holds()),
        )
    }
}
