//! A certificate of the broker or an authority that ends soon.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::pki::verify::As;

pub(super) const RULE: Rule = Rule {
    id: "certificate-expiring",
    topic: Topic::Certificates,
    severity: Severity::Warning,
    title: "the certificate of the broker or of an authority ends within 30 days",
    why: "On that day every client is refused at once, and devices that are offline now will not learn of a new authority.",
    fix: "`mqsec up` issues the broker's certificate anew and lets the broker read it; a new authority has to be given to \
          every client before the old one ends: append it to cafile first",
    source: "eclipse-mosquitto/mosquitto#1877; smallstep/certificates#206; measured on 2.0.21 and 2.1.2 (a reload takes it over, secure websockets of 2.0 do not)",
    check,
    mend: None,
    fires: &[Example { name: "three weeks before the end", changes: &[C::Days(345)] }],
    quiet: &[
        Example { name: "two months before the end", changes: &[C::Days(305)] },
        Example { name: "after the end: another rule", changes: &[C::Days(380)] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for judged in subject.judged().iter().filter(|judged| judged.role != As::Client) {
        for finding in judged.findings.iter().filter(|finding| finding.code == "certificate-expiring") {
            let told = found.file(judged.path.as_str(), format!("{}: {}", judged.what, finding.message));
            told.hint.clone_from(&finding.hint);
        }
    }
}
