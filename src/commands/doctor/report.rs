//! The findings for a reader, grouped by file, and for a program.

use serde_json::Value;
use serde_json::json;

use super::Mended;
use crate::checks::Finding;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::accept::Accepted;
use crate::commands::findings;
use crate::context::Context;
use crate::error::printable;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::paint;

pub(super) struct Examined<'a> {
    pub(super) context: &'a Context<'a>,
    /// How many rules ran.
    pub(super) rules: usize,
    pub(super) standing: Vec<Finding>,
    pub(super) accepted: Vec<Accepted>,
    pub(super) mended: Vec<Mended>,
    pub(super) failed: bool,
}

/// More than this of one file are counted, not told.
const MOST_OF_A_FILE: usize = 200;

impl Examined<'_> {
    fn count(&self, severity: Severity) -> usize {
        self.standing.iter().filter(|finding| finding.severity == severity).count()
    }

    fn summary(&self) -> String {
        let counted = |severity: Severity| {
            let count = self.count(severity);
            let end = if count == 1 { "" } else { "s" };
            (count > 0).then(|| format!("{count} {}{end}", severity.name()))
        };
        let parts: Vec<String> =
            [Severity::Error, Severity::Warning, Severity::Note].into_iter().filter_map(counted).collect();
        let found = if parts.is_empty() { "nothing is wrong".to_owned() } else { parts.join(", ") };
        let accepted = match self.accepted.len() {
            0 => String::new(),
            count => format!("; {count} accepted with a reason"),
        };
        format!("{found} ({} rules{accepted})\n", self.rules)
    }
}

impl Report for Examined<'_> {
    fn text(&self, _fancy: bool) -> String {
        let mut text = String::new();
        for one in &self.mended {
            text.push_str(&format!("{}: {}\n", paint(Tone::Good, if one.done { "mended" } else { "left" }), one.what));
        }
        let mut paths: Vec<Option<&str>> = Vec::new();
        for finding in &self.standing {
            if !paths.contains(&finding.path.as_deref()) {
                paths.push(finding.path.as_deref());
            }
        }
        for path in paths {
            let title =
                path.map_or_else(|| "the workspace".to_owned(), |path| printable(&self.context.workspace.show(path)));
            text.push_str(&format!("{}\n", paint(Tone::Head, &title)));
            let of_it: Vec<&Finding> = self.standing.iter().filter(|finding| finding.path.as_deref() == path).collect();
            for finding in of_it.iter().take(MOST_OF_A_FILE) {
                let place = match (finding.line, finding.column) {
                    (Some(line), Some(column)) => format!("{line}:{column}: "),
                    (Some(line), None) => format!("{line}: "),
                    _ => String::new(),
                };
                let message = printable(&finding.message);
                text.push_str(&format!("  {place}{}: {message}\n", findings::word(finding.severity)));
                if let Some(hint) = &finding.hint {
                    text.push_str(&format!("    {}: {}\n", paint(Tone::Head, "hint"), printable(hint)));
                }
                text.push_str(&format!("    more: mqsec explain {}\n", finding.rule));
            }
            if of_it.len() > MOST_OF_A_FILE {
                text.push_str(&format!("  and {} more findings; all of them: --json\n", of_it.len() - MOST_OF_A_FILE));
            }
        }
        text + &self.summary()
    }

    fn json(&self) -> Value {
        let accepted = self.accepted.iter().map(|accepted| {
            let mut object = findings::json(&accepted.finding);
            object["reason"] = json!(accepted.reason);
            object
        });
        let mended = self
            .mended
            .iter()
            .map(|one| json!({ "rule": one.rule, "path": one.path, "what": one.what, "done": one.done }));
        json!({
            "schema": "mqsec/doctor/1",
            "rules": self.rules,
            "errors": self.count(Severity::Error),
            "warnings": self.count(Severity::Warning),
            "notes": self.count(Severity::Note),
            "findings": self.standing.iter().map(findings::json).collect::<Vec<_>>(),
            "accepted": accepted.collect::<Vec<_>>(),
            "mended": mended.collect::<Vec<_>>(),
        })
    }

    fn status(&self) -> u8 {
        u8::from(self.failed)
    }
}

/// `--list`.
pub(super) struct Rules {
    pub(super) rules: Vec<&'static Rule>,
}

impl Report for Rules {
    fn text(&self, _fancy: bool) -> String {
        let (mut text, mut topic) = (String::new(), None);
        let width = self.rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
        for rule in &self.rules {
            if topic != Some(rule.topic) {
                topic = Some(rule.topic);
                text.push_str(&format!("{}\n", paint(Tone::Head, rule.topic.name())));
            }
            let fixes = if rule.mend.is_some() { " (--fix)" } else { "" };
            text.push_str(&format!("  {:<width$}  {:<7}  {}{fixes}\n", rule.id, rule.severity.name(), rule.title));
        }
        text + &format!("{} rules; one of them in full: mqsec explain ID\n", self.rules.len())
    }

    fn json(&self) -> Value {
        let rules = self.rules.iter().map(|rule| {
            json!({
                "id": rule.id, "topic": rule.topic.name(), "severity": rule.severity.name(), "title": rule.title,
                "why": rule.why, "fix": rule.fix, "source": rule.source, "fixable": rule.mend.is_some(),
            })
        });
        json!({ "schema": "mqsec/doctor/1", "rules": rules.collect::<Vec<_>>() })
    }
}
