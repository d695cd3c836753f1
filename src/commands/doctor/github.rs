//! Annotations of GitHub Actions: `::error file=…,line=…::message` (docs.github.com, workflow commands).

use crate::checks::Finding;
use crate::checks::Severity;
use crate::context::Context;

pub(super) fn render(context: &Context<'_>, findings: &[Finding]) -> String {
    findings.iter().map(|finding| annotation(finding, &|path| context.workspace.show(path))).collect()
}

fn annotation(finding: &Finding, shown: &dyn Fn(&str) -> String) -> String {
    let kind = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(path) = &finding.path {
        properties.push(format!("file={}", property(&shown(path))));
    }
    if let Some(line) = finding.line {
        properties.push(format!("line={line}"));
    }
    if let Some(column) = finding.column {
        properties.push(format!("col={column}"));
    }
    properties.push(format!("title={}", property(finding.rule)));
    let hint = finding.hint.as_ref().map(|hint| format!("\n{hint}")).unwrap_or_default();
    format!("::{kind} {}::{}\n", properties.join(","), data(&format!("{}{hint}", finding.message)))
}

/// What follows `::`: the runner takes these three back (actions/toolkit, command.ts).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_runner_would_read_otherwise_is_escaped() {
        let finding = Finding {
            rule: "conf-x",
            severity: Severity::Note,
            path: Some("a,b:c%d\n".to_owned()),
            line: Some(3),
            column: None,
            message: "100%\r\n::error::x".to_owned(),
            hint: Some("y".to_owned()),
        };
        assert_eq!(
            annotation(&finding, &str::to_owned),
            "::notice file=a%2Cb%3Ac%25d%0A,line=3,title=conf-x::100%25%0D%0A::error::x%0Ay\n"
        );
    }
}
