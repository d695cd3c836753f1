//! What `--dry-run` tells: what would be issued, what stays as it is, and every line that is wrong.

use serde_json::Value;
use serde_json::json;

use crate::error::Failure;
use crate::fleet::row::Password;
use crate::provision::fleet::plan::Fate;
use crate::provision::fleet::plan::Plan;
use crate::provision::fleet::plan::Rules;
use crate::provision::fleet::plan::Told;
use crate::provision::fleet::source::Source;
use crate::ui::Report;

pub(super) struct Check<'a> {
    source: &'a Source,
    plan: &'a Plan,
    writes: Writes,
}

/// What the devices that would be issued bring with them.
#[derive(Default)]
struct Writes {
    given: usize,
    generated: usize,
    with_topics: usize,
    topics: usize,
    profiles: usize,
}

impl<'a> Check<'a> {
    pub(super) fn new(source: &'a Source, plan: &'a Plan, rules: &Rules<'_>) -> Result<Self, Failure> {
        let mut writes = Writes::default();
        let mut lines = source.lines()?;
        while plan.count(Fate::New) > 0
            && let Some(chunk) = lines.next(4096)?
        {
            for (line, fate) in chunk.lines().zip(&plan.fates[chunk.first..]) {
                if *fate == Fate::New
                    && let Ok(Some(row)) = rules.row(&source.form, line)
                {
                    let topics = row.all_topics(rules.groups).len();
                    writes.given += usize::from(matches!(row.password, Password::Given(_)));
                    writes.generated += usize::from(row.password == Password::Generate);
                    writes.with_topics += usize::from(topics > 0);
                    writes.topics += topics;
                    writes.profiles += usize::from(row.profile.is_some());
                }
            }
        }
        Ok(Self { source, plan, writes })
    }

    fn rows(&self) -> usize {
        self.plan.fates.len() - self.plan.count(Fate::Nothing)
    }
}

impl Report for Check<'_> {
    fn text(&self, _fancy: bool) -> String {
        let count = |fate| self.plan.count(fate);
        let mut text = format!("{}: {}\n", self.source.shown, counted(self.rows(), "device"));
        let lines = [
            (Fate::New, "new", "would be issued"),
            (Fate::Done, "done", "issued before, from the same row"),
            (Fate::Changed, "changed", "issued before, and kept as they are"),
            (Fate::Taken, "taken", "known in another way, and kept as they are"),
            (Fate::Bad, "bad", "cannot be issued"),
        ];
        for (fate, word, what) in lines {
            text.push_str(&format!("  {word:<8} {:>8}  {what}\n", count(fate)));
        }
        told(&mut text, "bad", &self.plan.bad, count(Fate::Bad));
        told(&mut text, "kept", &self.plan.kept, count(Fate::Changed) + count(Fate::Taken));
        let Writes { given, generated, with_topics, topics, profiles } = self.writes;
        if count(Fate::New) > 0 {
            let pairs = counted(count(Fate::New), "key");
            text.push_str(&format!("would be written: {pairs} with a certificate"));
            if given + generated > 0 {
                let passwords = counted(given + generated, "password");
                text.push_str(&format!(", {passwords} ({given} given, {generated} made up)"));
            }
            if topics > 0 {
                text.push_str(&format!(", {} for {}", counted(topics, "topic"), counted(with_topics, "device")));
            }
            if profiles > 0 {
                text.push_str(&format!(", {} for a target", counted(profiles, "bundle")));
            }
            text.push('\n');
        }
        text.push_str(match count(Fate::Bad) {
            0 => "nothing was written; to issue them, repeat it without --dry-run\n",
            _ => "nothing was written; mend these lines, or issue the others without them by leaving --dry-run away\n",
        });
        text
    }

    fn json(&self) -> Value {
        let count = |fate| self.plan.count(fate);
        let told = |lines: &[Told]| -> Vec<Value> {
            lines.iter().map(|told| json!({ "line": told.line, "what": told.what })).collect()
        };
        // a script asks which of the two it is
        let first = self.source.line_number(0);
        let is_taken = |told: &Told| self.plan.fates.get(told.line - first) == Some(&Fate::Taken);
        let mut kept = told(&self.plan.kept);
        for (value, told) in kept.iter_mut().zip(&self.plan.kept) {
            value["why"] = if is_taken(told) { "taken" } else { "changed" }.into();
        }
        let Writes { given, generated, with_topics, topics, profiles } = self.writes;
        json!({
            "schema": "mqsec/fleet-issue/1",
            "dry_run": true,
            "list": self.source.shown,
            "devices": self.rows(),
            "new": count(Fate::New),
            "done": count(Fate::Done),
            "changed": count(Fate::Changed),
            "taken": count(Fate::Taken),
            "bad": count(Fate::Bad),
            "bad_lines": told(&self.plan.bad),
            "kept_lines": kept,
            "would_write": {
                "certificates": count(Fate::New), "passwords_given": given, "passwords_generated": generated,
                "topics": topics, "devices_with_topics": with_topics, "bundles": profiles,
            },
        })
    }

    fn status(&self) -> u8 {
        u8::from(self.plan.count(Fate::Bad) > 0)
    }
}

/// The lines of a kind, and how many more there are.
pub(super) fn told(text: &mut String, word: &str, lines: &[Told], count: usize) {
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("{word}:\n"));
    for Told { line, what } in lines {
        text.push_str(&format!("  line {line}: {what}\n"));
    }
    if count > lines.len() {
        text.push_str(&format!("  and {} more\n", count - lines.len()));
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
