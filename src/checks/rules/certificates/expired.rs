//! A certificate that has ended.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;
use crate::checks::judged;

pub(super) const RULE: Rule = Rule {
    id: "certificate-expired",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "a certificate has ended",
    why: "Clients refuse a broker whose certificate has ended, and the broker refuses such clients (TLS \
          alert 45), from one minute to the next; after the authority's end, everybody.",
    fix: "issue it anew: `mqsec up` does so for the broker, `mqsec client-cert NAME` for a client; a new \
          authority needs `mqsec ca init --force`",
    source: "measured on 2.0.21 and 2.1.2: TLS alert 45; eclipse-mosquitto/mosquitto#1877; smallstep/certificates#206",
    check: |subject, found| judged::tell(subject, found, &["certificate-expired", "ca-expired"]),
    mend: None,
    fires: &[
        Example { name: "after a year and a day", changes: &[C::Days(380)] },
        Example { name: "after the authority's end", changes: &[C::Days(4000)] },
    ],
    quiet: &[Example { name: "a month before the end", changes: &[C::Days(300)] }],
};
