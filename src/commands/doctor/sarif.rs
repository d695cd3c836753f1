//! SARIF 2.1.0 (OASIS): what code scanning reads. Accepted findings are there, as suppressed.

use serde_json::Value;
use serde_json::json;

use crate::checks::Finding;
use crate::checks::Rule;
use crate::checks::accept;
use crate::checks::accept::Accepted;
use crate::context::Context;
use crate::workspace::layout;

pub(super) fn render(context: &Context<'_>, rules: &[&Rule], standing: &[Finding], accepted: &[Accepted]) -> String {
    let rules: Vec<&Rule> = rules.iter().copied().chain([&accept::WITHOUT_REASON, &accept::UNUSED]).collect();
    let mut results: Vec<Value> = standing.iter().map(|finding| result(context, &rules, finding)).collect();
    results.extend(accepted.iter().map(|accepted| {
        let mut object = result(context, &rules, &accepted.finding);
        let kind = if accepted.in_source { "inSource" } else { "external" };
        object["suppressions"] = json!([{ "kind": kind, "justification": accepted.reason }]);
        object
    }));
    let driver = json!({
        "name": "mqsec",
        "informationUri": env!("CARGO_PKG_REPOSITORY"),
        "version": env!("CARGO_PKG_VERSION"),
        "rules": rules.iter().map(|rule| described(rule)).collect::<Vec<_>>(),
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results }],
    });
    format!("{log:#}\n")
}

fn described(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.why },
        "help": {
            "text": format!("{}\n\n{}\n\nSource: {}", rule.why, rule.fix, rule.source),
            "markdown": format!("{}\n\n**Mend:** {}\n\n*Source: {}*", rule.why, rule.fix, rule.source),
        },
        "defaultConfiguration": { "level": rule.severity.name() },
        "properties": { "tags": ["security", rule.topic.name()] },
    })
}

fn result(context: &Context<'_>, rules: &[&Rule], finding: &Finding) -> Value {
    let text = match &finding.hint {
        Some(hint) => format!("{}\n{hint}", finding.message),
        None => finding.message.clone(),
    };
    // GitHub takes no result without a place; what has none is about the broker as a whole
    let path = finding.path.as_deref().unwrap_or(layout::CONF);
    let mut place = json!({ "artifactLocation": { "uri": uri(context, path) } });
    if let Some(line) = finding.line {
        place["region"] = json!({ "startLine": line });
        if let Some(column) = finding.column {
            place["region"]["startColumn"] = json!(column);
        }
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "level": finding.severity.name(),
        "message": { "text": text },
        "locations": [{ "physicalLocation": place }],
    });
    if let Some(index) = rules.iter().position(|rule| rule.id == finding.rule) {
        result["ruleIndex"] = json!(index);
    }
    result
}

/// A relative reference, or a file's URI (RFC 3986).
fn uri(context: &Context<'_>, path: &str) -> String {
    let shown = context.workspace.show(path);
    let shown = shown.trim_start_matches("./").replace('\\', "/");
    let mut uri = if shown.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in shown.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
