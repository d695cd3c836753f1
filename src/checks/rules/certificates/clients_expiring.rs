//! Certificates of clients that end soon: one finding for all of them.

use time::OffsetDateTime;

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::judged::Judged;
use crate::checks::judged::name;
use crate::pki::in_words;
use crate::pki::short_date;
use crate::pki::verify::As;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "certificate-clients-expiring",
    topic: Topic::Certificates,
    severity: Severity::Warning,
    title: "certificates of clients end within 30 days",
    why: "A device whose certificate has ended is refused (TLS alert 45) and cannot fetch a new one from the broker; a \
          fleet that was made in one day stops in one day.",
    fix: "issue them anew and bring them to the devices: `mqsec client-cert NAME`",
    source: "smallstep/certificates#206; measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[Example { name: "three weeks before the end", changes: &[C::Days(345)] }],
    quiet: &[Example { name: "two months before the end", changes: &[C::Days(305)] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let soon = |judged: &&Judged| {
        judged.role == As::Client && judged.findings.iter().any(|finding| finding.code == "certificate-expiring")
    };
    let mut ends: Vec<(OffsetDateTime, &Judged)> = subject
        .judged()
        .iter()
        .filter(soon)
        .filter_map(|judged| Some((judged.facts.as_ref()?.not_after, judged)))
        .collect();
    ends.sort_by_key(|(end, _)| *end);
    let Some((end, first)) = ends.first() else { return };
    let end = format!("{} ({})", short_date(*end), in_words(*end, subject.now));
    let name = name(first);
    let (path, message) = match ends.len() {
        1 => (first.path.as_str(), format!("the certificate of client `{name}` ends on {end}")),
        count => (layout::CLIENT_DIR, format!("{count} client certificates end soon, `{name}` first: on {end}")),
    };
    found.file(path, message).hint(format!("mqsec client-cert {name}"));
}
