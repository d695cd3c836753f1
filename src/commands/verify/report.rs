//! What `verify` tells: a verdict and the findings of each certificate.

use serde_json::Value;
use serde_json::json;
use time::OffsetDateTime;

use super::Judged;
use crate::commands::rfc3339;
use crate::pki::in_words;
use crate::pki::short_date;
use crate::pki::verify::Severity;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::paint;

pub(super) struct Verdicts {
    pub(super) judged: Vec<Judged>,
    pub(super) now: OffsetDateTime,
}

impl Judged {
    pub(super) fn verdict(&self) -> (&'static str, Tone) {
        match self.findings.first().map(|finding| (finding.severity, finding.code)) {
            None => ("valid", Tone::Good),
            Some((Severity::Warning, "certificate-expiring")) => ("expiring", Tone::Warn),
            Some((Severity::Warning, _)) => ("valid", Tone::Good),
            Some((Severity::Invalid, "certificate-expired")) => ("expired", Tone::Bad),
            Some((Severity::Invalid, _)) => ("invalid", Tone::Bad),
        }
    }
}

impl Report for Verdicts {
    fn text(&self, _fancy: bool) -> String {
        let mut text = String::new();
        for judged in &self.judged {
            let (word, tone) = judged.verdict();
            text.push_str(&format!("{}  {}", paint(tone, word), judged.target.name));
            if let Some(c) = &judged.certificate {
                let end = format!(
                    "{} to {} ({})",
                    short_date(c.not_before),
                    short_date(c.not_after),
                    in_words(c.not_after, self.now)
                );
                text.push_str(&format!(": {end}, {}", c.key));
                let names = c.names();
                if !names.is_empty() {
                    text.push_str(&format!("\n  names: {}", names.join(", ")));
                }
            }
            text.push('\n');
            for finding in &judged.findings {
                text.push_str(&format!("  {}: {}\n", finding.code, finding.message));
                if let Some(hint) = &finding.hint {
                    text.push_str(&format!("    hint: {hint}\n"));
                }
            }
        }
        text
    }

    fn json(&self) -> Value {
        let certificates: Vec<_> = self
            .judged
            .iter()
            .map(|judged| {
                let findings: Vec<_> = judged
                    .findings
                    .iter()
                    .map(|f| json!({ "code": f.code, "severity": if f.severity == Severity::Invalid { "invalid" } else { "warning" }, "message": f.message, "hint": f.hint }))
                    .collect();
                let mut value = json!({
                    "target": judged.target.name,
                    "file": judged.target.cert.display().to_string(),
                    "verdict": judged.verdict().0,
                    "findings": findings,
                });
                if let Some(c) = &judged.certificate {
                    value["certificate"] = json!({
                        "subject": c.subject, "issuer": c.issuer, "serial": c.serial, "key": c.key, "names": c.names(),
                        "not_before": rfc3339(c.not_before), "not_after": rfc3339(c.not_after),
                        "fingerprint_sha256": c.fingerprint(),
                    });
                }
                value
            })
            .collect();
        json!({ "schema": "mqsec/verify/1", "certificates": certificates })
    }

    /// 2 when a certificate could not be read, 1 when one is not valid.
    fn status(&self) -> u8 {
        let of = |judged: &Judged| match judged.findings.first() {
            _ if judged.certificate.is_none() => 2,
            Some(finding) if finding.severity == Severity::Invalid => 1,
            _ => 0,
        };
        self.judged.iter().map(of).max().unwrap_or(0)
    }
}
