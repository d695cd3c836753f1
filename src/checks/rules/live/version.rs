//! The running broker is of another series than the workspace is meant for, or too old.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::observation::Observation;
use crate::series::Series;

pub(super) const RULE: Rule = Rule {
    id: "live-other-series",
    topic: Topic::Live,
    severity: Severity::Warning,
    title: "the running broker is of a series that was not asked for",
    why: "The other rules spoke of other versions: what they call right may be refused by this broker, or read in another \
          way (2.0 and 2.1 differ in ACL patterns, password hashes and reloads).",
    fix: "ask for the series that runs: `mqsec doctor --target 2.0`; or install the one that is meant",
    source: "measured on 2.0.11, 2.0.21 and 2.1.2: the series read the same files differently",
    check,
    mend: None,
    fires: &[Example {
        name: "1.6 runs",
        changes: &[C::With(|subject| {
            subject.observed = Some(Observation { version: Some("1.6.15".to_owned()), ..Observation::default() });
        })],
    }],
    quiet: &[Example {
        name: "2.0.21 runs",
        changes: &[C::With(|subject| {
            subject.observed = Some(Observation { version: Some("2.0.21".to_owned()), ..Observation::default() });
        })],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(version) = subject.observed.as_ref().and_then(|observed| observed.version.as_deref()) else { return };
    let meant = subject.targets.iter().any(|series| version.starts_with(&format!("{series}.")));
    if !meant && !subject.targets.is_empty() {
        let targets = Series::names(&subject.targets);
        let series: Vec<&str> = version.split('.').take(2).collect();
        found
            .general(format!("Mosquitto {version} runs, and the rules were asked for {targets}"))
            .hint(format!("mqsec doctor --live --target {}", series.join(".")));
    }
}
