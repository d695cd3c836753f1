//! A rule of `doctor`, in its own words.

use serde_json::Value;
use serde_json::json;

use super::WIDEST;
use super::wrap;
use crate::checks::Rule;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::paint;

pub(super) struct Described {
    pub(super) rule: &'static Rule,
    pub(super) width: Option<usize>,
}

impl Report for Described {
    fn text(&self, _fancy: bool) -> String {
        let rule = self.rule;
        let width = self.width.unwrap_or(WIDEST).clamp(20, WIDEST);
        let mut text =
            format!("{} ({})\n\n{}\n", paint(Tone::Head, rule.id), rule.severity.name(), sentence(rule.title, width));
        for (label, told) in [("Why:", rule.why), ("Mend:", rule.fix), ("Source:", rule.source)] {
            let told = wrap(&format!("{label} {told}"), width);
            let told = told.strip_prefix(label).unwrap_or(&told);
            text.push_str(&format!("\n{}{told}\n", paint(Tone::Head, label)));
        }
        if rule.mend.is_some() {
            text.push_str("\n    mqsec doctor --fix\n");
        }
        text
    }

    fn json(&self) -> Value {
        let rule = self.rule;
        json!({
            "schema": "mqsec/explain/1",
            "rule": rule.id,
            "severity": rule.severity.name(),
            "summary": rule.title,
            "why": rule.why,
            "fix": rule.fix,
            "source": rule.source,
            "mended_by_doctor": rule.mend.is_some(),
        })
    }
}

/// A title as a sentence.
fn sentence(title: &str, width: usize) -> String {
    let mut letters = title.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    wrap(&format!("{first}{}.", letters.as_str().trim_end_matches('.')), width)
}
