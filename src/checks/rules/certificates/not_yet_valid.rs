//! A certificate that has not begun.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;
use crate::checks::judged;

pub(super) const RULE: Rule = Rule {
    id: "certificate-not-yet-valid",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "a certificate has not begun",
    why: "Until it begins, everybody refuses it. As often, this machine's clock is wrong, or a device's is \
          at 1970.",
    fix: "look at the clock: `date`; on a machine without a battery, wait for the time service before the \
          broker starts",
    source: "measured on 2.0.21 and 2.1.2: TLS alert 42; esp8266/Arduino#5022",
    check: |subject, found| judged::tell(subject, found, &["certificate-not-yet-valid"]),
    mend: None,
    fires: &[Example { name: "the clock went back", changes: &[C::Days(-3)] }],
    quiet: &[Example { name: "the clock is right", changes: &[] }],
};
