//! The broker's clock differs from this machine's.

use time::Duration;

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::observation::Observation;

pub(super) const RULE: Rule = Rule {
    id: "live-clock-differs",
    topic: Topic::Live,
    severity: Severity::Warning,
    title: "the broker's log has times that differ from this machine's clock",
    why: "Certificates and revocation lists begin and end by the broker's clock: one that is wrong refuses everybody, or \
          accepts what has ended.",
    fix: "set the clock: `timedatectl set-ntp true`; on a machine without a battery, start the broker after the time is known",
    source: "esp8266/Arduino#5022; measured: TLS alert 42 for a certificate that is not yet valid",
    check,
    mend: None,
    fires: &[Example {
        name: "the log is of tomorrow",
        changes: &[C::With(|subject| {
            let clock = Some(subject.now + Duration::days(1));
            subject.observed = Some(Observation { clock, ..Observation::default() });
        })],
    }],
    quiet: &[Example {
        name: "the last line is of last week: nobody came since",
        changes: &[C::With(|subject| {
            let clock = Some(subject.now - Duration::days(7));
            subject.observed = Some(Observation { clock, ..Observation::default() });
        })],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(clock) = subject.observed.as_ref().and_then(|observed| observed.clock) else { return };
    // the past is no news: a log may be quiet
    let ahead = clock - subject.now;
    if ahead > Duration::minutes(5) {
        let message = format!("the broker's log is {} minutes ahead of this machine's clock", ahead.whole_minutes());
        found.general(message).hint("timedatectl; and in a container: docker exec NAME date");
    }
}
