//! Findings of rules, as every command that runs rules tells them.

use serde_json::Value;
use serde_json::json;

use crate::checks::Finding;
use crate::checks::Severity;
use crate::error::printable;
use crate::ui::Tone;
use crate::ui::paint;

fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Warn,
        Severity::Note => Tone::Head,
    }
}

/// `error`, in its colour.
pub(super) fn word(severity: Severity) -> String {
    paint(tone(severity), severity.name())
}

/// `PATH:LINE:COLUMN: error[rule]: what`, as editors take it, and the hint below.
pub(super) fn text(finding: &Finding) -> String {
    let place = [finding.line, finding.column].into_iter().flatten().map(|number| format!(":{number}"));
    let path = finding.path.as_deref().unwrap_or_default();
    let kind = paint(tone(finding.severity), &format!("{}[{}]", finding.severity.name(), finding.rule));
    let hint = finding.hint.as_ref().map(|hint| format!("  hint: {}\n", printable(hint))).unwrap_or_default();
    format!("{path}{}: {kind}: {}\n{hint}", place.collect::<String>(), printable(&finding.message))
}

pub(super) fn json(finding: &Finding) -> Value {
    json!({
        "rule": finding.rule, "severity": finding.severity.name(), "path": finding.path, "line": finding.line,
        "column": finding.column, "message": finding.message, "hint": finding.hint,
    })
}

/// The exit status of a lint: notes are no reason to stop.
pub(super) fn status(findings: &[Finding]) -> u8 {
    u8::from(findings.iter().any(|finding| finding.severity > Severity::Note))
}
