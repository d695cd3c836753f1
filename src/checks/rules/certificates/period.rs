//! A broker's certificate that lasts longer than Apple's systems take.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::pki::verify::As;

pub(super) const RULE: Rule = Rule {
    id: "certificate-period-long",
    topic: Topic::Certificates,
    severity: Severity::Note,
    title: "the broker's certificate lasts longer than 825 days",
    why: "macOS and iOS refuse server certificates of more than 825 days, of private authorities too. Other clients do not \
          care; the longer it lasts, the longer a stolen key is of use.",
    fix: "issue it for a year: `mqsec broker-cert NAME --days 365`; renewing it is one command, `mqsec up`",
    source: "support.apple.com/103769: requirements for trusted certificates in iOS 13 and macOS 10.15",
    check,
    mend: None,
    fires: &[Example {
        name: "a hundred years",
        changes: &[C::Write("certs/broker/broker.crt", include_str!("../../samples/long.crt"))],
    }],
    quiet: &[Example { name: "the authority lasts ten years", changes: &[] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for judged in subject.judged().iter().filter(|judged| judged.role == As::Server) {
        let Some(facts) = &judged.facts else { continue };
        if judged.findings.iter().any(|finding| finding.code == "certificate-is-authority") {
            continue;
        }
        let days = (facts.not_after - facts.not_before).whole_days();
        if days > 825 {
            let message = format!("{} lasts {days} days: macOS and iOS take 825 at most", judged.what);
            found.file(judged.path.as_str(), message).hint("mqsec broker-cert NAME --days 365");
        }
    }
}
