//! What `fleet issue` tells in the end.

use serde_json::Value;
use serde_json::json;

use super::check;
use super::proof::Proof;
use crate::commands::taking_over::Taken;
use crate::context::Context;
use crate::provision::fleet::plan::Fate;
use crate::provision::fleet::plan::Plan;
use crate::provision::fleet::plan::Told;
use crate::provision::fleet::run::Done;
use crate::provision::fleet::sink::Kind;
use crate::provision::fleet::source::Source;
use crate::provision::fleet::state::State;
use crate::ui::Report as _;
use crate::ui::Tone;
use crate::ui::paint;
use crate::workspace::layout;

pub(super) struct Report {
    list: Option<String>,
    issued: u64,
    in_all: u64,
    seconds: f64,
    counts: Vec<(&'static str, usize)>,
    bad: Vec<Told>,
    bad_count: usize,
    kept: Vec<Told>,
    kept_count: usize,
    /// Where the files are.
    place: String,
    to_stdout: bool,
    /// The broker's files that were changed.
    changed: Vec<String>,
    taken: Option<Taken>,
    proofs: Vec<Proof>,
    /// What devices with a profile will have trouble with.
    warnings: Vec<String>,
}

impl Report {
    pub(super) fn of(
        context: &Context<'_>,
        source: &Source,
        plan: &Plan,
        (done, seconds): (&Done, f64),
        taken: Option<Taken>,
        proofs: Vec<Proof>,
    ) -> Self {
        let mut bad = plan.bad.clone();
        bad.extend(
            done.bad.iter().map(|told| Told { line: source.line_number(told.line - 1), what: told.what.clone() }),
        );
        bad.sort_by_key(|told| told.line);
        Self {
            list: Some(source.shown.clone()),
            issued: done.issued,
            in_all: done.in_all,
            seconds,
            counts: counts(plan, done.bad_count),
            bad_count: plan.count(Fate::Bad) + done.bad_count,
            bad,
            kept: plan.kept.clone(),
            kept_count: plan.count(Fate::Changed) + plan.count(Fate::Taken),
            place: place(context, &done.state),
            to_stdout: done.state.kind == Kind::Stdout,
            changed: changed(done),
            taken,
            proofs,
            warnings: done.warnings.iter().cloned().collect(),
        }
    }

    /// Every row was issued before, or cannot be.
    pub(super) fn nothing(context: &Context<'_>, source: &Source, plan: &Plan, state: &State, taken: Taken) -> Self {
        Self {
            list: Some(source.shown.clone()),
            issued: 0,
            in_all: 0,
            seconds: 0.0,
            counts: counts(plan, 0),
            bad: plan.bad.clone(),
            bad_count: plan.count(Fate::Bad),
            kept: plan.kept.clone(),
            kept_count: plan.count(Fate::Changed) + plan.count(Fate::Taken),
            place: place(context, state),
            to_stdout: state.kind == Kind::Stdout,
            changed: Vec::new(),
            taken: Some(taken),
            proofs: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// An interrupted run was ended with what it had.
    pub(super) fn finished(context: &Context<'_>, done: &Done, taken: Taken) -> Self {
        Self {
            list: None,
            issued: 0,
            in_all: done.in_all,
            seconds: 0.0,
            counts: Vec::new(),
            bad: Vec::new(),
            bad_count: 0,
            kept: Vec::new(),
            kept_count: 0,
            place: place(context, &done.state),
            to_stdout: false,
            changed: changed(done),
            taken: Some(taken),
            proofs: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn holds(&self) -> bool {
        self.taken.as_ref().is_none_or(Taken::holds) && self.proofs.iter().all(|proof| proof.holds)
    }
}

/// The broker's files that got lines.
fn changed(done: &Done) -> Vec<String> {
    let logins = done.merged.logins.then(|| layout::PASSWD.to_owned());
    let permissions = done.merged.permissions.as_ref().map(|path| path.display().to_string());
    logins.into_iter().chain(permissions).collect()
}

/// Prints it where the result belongs: beside the archive, if that is on standard output.
pub(super) fn show(context: &Context<'_>, report: &Report) -> u8 {
    if !report.to_stdout {
        return context.ui.report(report);
    }
    let text = if context.ui.json { format!("{}\n", report.json()) } else { report.text(false) };
    context.ui.line(text.trim_end());
    report.status()
}

/// What became of the lines; `late` are those that failed while they were issued.
fn counts(plan: &Plan, late: usize) -> Vec<(&'static str, usize)> {
    [("done", Fate::Done, 0), ("changed", Fate::Changed, 0), ("taken", Fate::Taken, 0), ("bad", Fate::Bad, late)]
        .into_iter()
        .map(|(word, fate, more)| (word, plan.count(fate) + more))
        .collect()
}

fn place(context: &Context<'_>, state: &State) -> String {
    match state.kind {
        Kind::Workspace => format!("{}/NAME/", context.workspace.show(layout::CLIENT_DIR)),
        Kind::Folder => format!("{}/NAME/", state.out.display()),
        Kind::Stdout => "standard output".to_owned(),
        Kind::Tar | Kind::Zip | Kind::Jsonl => state.out.display().to_string(),
    }
}

/// `1 device`, `12,345 devices`.
fn devices(count: u64) -> String {
    format!("{} device{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// `12,345`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl crate::ui::Report for Report {
    fn text(&self, _fancy: bool) -> String {
        let mut text = match (&self.list, self.issued) {
            (None, _) => format!("the interrupted run is ended, with {}\n", devices(self.in_all)),
            (Some(list), 0) => format!("{list}: nothing new to issue\n"),
            (Some(list), issued) => {
                let rate = issued as f64 / self.seconds.max(0.001);
                let more = match self.in_all > issued {
                    true => format!(" ({} with the interrupted run)", grouped(self.in_all)),
                    false => String::new(),
                };
                let rate = grouped(rate as u64);
                format!("{list}: {} issued in {:.1} s, {rate} a second{more}\n", devices(issued), self.seconds)
            }
        };
        for (word, count) in self.counts.iter().filter(|(_, count)| *count > 0) {
            text.push_str(&format!("  {word:<8} {:>9}\n", grouped(*count as u64)));
        }
        if self.in_all > 0 {
            text.push_str(&format!("  files: {}\n", self.place));
        }
        for path in &self.changed {
            text.push_str(&format!("  {path}  (replaced)\n"));
        }
        check::told(&mut text, "bad", &self.bad, self.bad_count);
        check::told(&mut text, "kept", &self.kept, self.kept_count);
        for warning in &self.warnings {
            text.push_str(&format!("{}: {warning}\n", paint(Tone::Warn, "warning")));
        }
        if let Some(taken) = &self.taken {
            text.push_str(&taken.text());
        }
        for Proof { what, holds, seen } in &self.proofs {
            let mark = if *holds { paint(Tone::Good, "ok") } else { paint(Tone::Bad, "NO") };
            text.push_str(&format!("  {mark}  {what}: {seen}\n"));
        }
        if self.bad_count > 0 {
            text.push_str("next: mend the lines and run the same command again; what is issued stays as it is\n");
        }
        text
    }

    fn json(&self) -> Value {
        let told = |lines: &[Told]| -> Vec<Value> {
            lines.iter().map(|told| json!({ "line": told.line, "what": told.what })).collect()
        };
        let count = |word: &str| self.counts.iter().find(|(name, _)| *name == word).map_or(0, |(_, count)| *count);
        json!({
            "schema": "mqsec/fleet-issue/1",
            "dry_run": false,
            "list": self.list,
            "issued": self.issued,
            "issued_with_interrupted_runs": self.in_all,
            "seconds": (self.seconds * 1000.0).round() / 1000.0,
            "done": count("done"),
            "changed": count("changed"),
            "taken": count("taken"),
            "bad": self.bad_count,
            "bad_lines": told(&self.bad),
            "kept_lines": told(&self.kept),
            "warnings": self.warnings,
            "out": self.place,
            "replaced": self.changed,
            "broker": self.taken.as_ref().map(Taken::json),
            "proofs": self.proofs.iter().map(Proof::json).collect::<Vec<_>>(),
        })
    }

    fn status(&self) -> u8 {
        u8::from(self.bad_count > 0 || !self.holds())
    }
}
