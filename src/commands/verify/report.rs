//! What `verify` tells: a verdict and the findings of each certificate.

use serde_json::Value;
use serde_json::json;
use time::OffsetDateTime;

use super::examine::Judged;
use super::target::Source;
use crate::commands::rfc3339;
use crate::pki::advice::Advice;
use crate::pki::crl::Crl;
use crate::pki::in_words;
use crate::pki::parsed::Certificate;
use crate::pki::short_date;
use crate::pki::verify::As;
use crate::pki::verify::Finding;
use crate::pki::verify::Severity;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::paint;

pub(super) struct Verdicts {
    pub(super) judged: Vec<Judged>,
    pub(super) now: OffsetDateTime,
    /// Nobody named a target: one line for each, and what is wrong.
    pub(super) overview: bool,
}

impl Judged {
    fn verdict(&self) -> (&'static str, Tone) {
        match self.findings.first().map(|finding| (finding.severity, finding.code)) {
            _ if !self.answered => ("unjudged", Tone::Bad),
            None => ("valid", Tone::Good),
            Some((Severity::Warning, "certificate-expiring" | "crl-expiring")) => ("expiring", Tone::Warn),
            Some((Severity::Warning, _)) => ("valid", Tone::Good),
            Some((Severity::Invalid, "certificate-expired" | "ca-expired" | "crl-expired")) => ("expired", Tone::Bad),
            Some((Severity::Invalid, _)) => ("invalid", Tone::Bad),
        }
    }

    /// The broker's copies are files that nobody asked about.
    fn is_copy(&self) -> bool {
        matches!(self.target.source, Source::Trust(_) | Source::List(_))
    }

    fn text(&self, now: OffsetDateTime, overview: bool) -> String {
        let (word, tone) = self.verdict();
        let mut text = format!("{}  {}", paint(tone, word), self.target.name);
        if let Some(c) = &self.leaf {
            let period = period(c.not_before, Some(c.not_after), now);
            text.push_str(&format!(": {period}, {}", c.key));
            let names = c.names();
            if !names.is_empty() {
                text.push_str(&format!("\n  names: {}", names.join(", ")));
            }
        } else if let Some(list) = &self.list {
            let period = period(list.this_update, list.next_update, now);
            text.push_str(&format!(": {period}, revocation list, {} revoked", list.len()));
        }
        text.push('\n');
        let may_be_chain = matches!(self.target.source, Source::File(_) | Source::Live { .. });
        if may_be_chain && self.sent.len() > 1 {
            let titles: Vec<&str> = self.sent.iter().take(SHOWN).map(Certificate::title).collect();
            let more = if self.sent.len() > SHOWN { " > ..." } else { "" };
            text.push_str(&format!("  chain: {}{more}\n", titles.join(" > ")));
        }
        for finding in &self.findings {
            text.push_str(&format!("  {}: {}\n", finding.code, finding.message));
            if let Some(hint) = &finding.hint {
                text.push_str(&format!("    hint: {hint}\n"));
            }
        }
        if !overview {
            for (families, reason) in grouped(&self.advice) {
                let verb = if families.len() == 1 { "refuses" } else { "refuse" };
                text.push_str(&format!("  advice: {} {verb} it: {reason}\n", families.join(", ")));
            }
        }
        text
    }

    fn json(&self, now: OffsetDateTime) -> Value {
        let advice =
            |advice: &Advice| json!({ "family": advice.family, "verdict": "refuses", "reason": advice.reason });
        let mut value = json!({
            "target": self.target.name,
            "file": null,
            "verdict": self.verdict().0,
            "judged_at": rfc3339(now),
            "role": self.role.map(role),
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
            "advice": self.advice.iter().map(advice).collect::<Vec<_>>(),
            "chain": self.sent.iter().map(certificate).collect::<Vec<_>>(),
        });
        match &self.target.source {
            Source::Live { .. } => value["host"] = json!(self.target.place()),
            _ => value["file"] = json!(self.target.place()),
        }
        if let Some(leaf) = &self.leaf {
            value["certificate"] = certificate(leaf);
        }
        if let Some(list) = &self.list {
            value["revocation_list"] = revocation_list(list);
        }
        if let Some(live) = &self.live {
            value["live"] = json!({
                "address": live.address, "tls_version": live.tls_version, "cipher": live.cipher,
                "client_certificate_asked": live.certificate_asked,
            });
        }
        value
    }
}

/// How many certificates of a chain are named.
const SHOWN: usize = 8;

impl Report for Verdicts {
    fn text(&self, _fancy: bool) -> String {
        let told = |judged: &&Judged| !(self.overview && judged.is_copy() && judged.findings.is_empty());
        self.judged.iter().filter(told).map(|judged| judged.text(self.now, self.overview)).collect()
    }

    fn json(&self) -> Value {
        let certificates: Vec<_> = self.judged.iter().map(|judged| judged.json(self.now)).collect();
        json!({ "schema": "mqsec/verify/1", "certificates": certificates })
    }

    /// 2 when one could not be judged, 1 when one is not valid.
    fn status(&self) -> u8 {
        let of = |judged: &Judged| match judged.findings.first() {
            _ if !judged.answered => 2,
            Some(finding) if finding.severity == Severity::Invalid => 1,
            _ => 0,
        };
        self.judged.iter().map(of).max().unwrap_or(0)
    }
}

fn period(begin: OffsetDateTime, end: Option<OffsetDateTime>, now: OffsetDateTime) -> String {
    match end {
        Some(end) => format!("{} to {} ({})", short_date(begin), short_date(end), in_words(end, now)),
        None => format!("{}, without an end", short_date(begin)),
    }
}

/// Each reason once, with the families that have it.
fn grouped(all: &[Advice]) -> Vec<(Vec<&'static str>, &str)> {
    let mut groups: Vec<(Vec<&'static str>, &str)> = Vec::new();
    for advice in all {
        match groups.iter_mut().find(|(_, reason)| *reason == advice.reason) {
            Some((families, _)) => families.push(advice.family),
            None => groups.push((vec![advice.family], &advice.reason)),
        }
    }
    groups
}

fn role(role: As) -> &'static str {
    match role {
        As::Authority => "ca",
        As::Server => "server",
        As::Client => "client",
    }
}

fn finding(finding: &Finding) -> Value {
    let severity = if finding.severity == Severity::Invalid { "invalid" } else { "warning" };
    json!({ "code": finding.code, "severity": severity, "message": finding.message, "hint": finding.hint })
}

fn certificate(c: &Certificate) -> Value {
    json!({
        "subject": c.subject, "issuer": c.issuer, "serial": c.serial, "key": c.key, "signature": c.signature_name(),
        "names": c.names(), "not_before": rfc3339(c.not_before), "not_after": rfc3339(c.not_after),
        "version": c.version, "authority": c.is_ca, "fingerprint_sha256": c.fingerprint(),
    })
}

fn revocation_list(list: &Crl) -> Value {
    json!({
        "issuer": list.issuer, "this_update": rfc3339(list.this_update), "next_update": list.next_update.map(rfc3339),
        "revoked": list.len(),
    })
}
