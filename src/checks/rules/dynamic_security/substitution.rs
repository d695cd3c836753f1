//! `%u` and `%c` in a role, and a broker of 2.0.

use super::FILE;
use super::GOOD_FILE;
use super::LOAD;
use super::at;
use super::problems;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::dynsec::lint::Problem;
use crate::series::Series;

pub(super) const RULE: Rule = Rule {
    id: "dynsec-substitution",
    topic: Topic::DynamicSecurity,
    severity: Severity::Error,
    title: "a role of the dynamic security plugin has `%u` or `%c`, which Mosquitto 2.0 takes by the letter",
    why: "2.1 puts the client's user name and identifier there. To 2.0 they are letters of a topic that nobody uses: what \
          should be granted is refused, and what should be denied is not.",
    fix: "Give each client a role of its own: `mqsec dynsec import` does so for patterns with `%u`. Or stay with 2.1.",
    source: "measured: `a/%u/#` grants on 2.1.2, and is literal on 2.0.21",
    check,
    mend: None,
    fires: &[Example { name: "a subtree each, and 2.0 is meant", changes: &[LOAD, GOOD_FILE, PERCENT] }],
    quiet: &[
        Example {
            name: "2.1 alone is meant",
            changes: &[LOAD, GOOD_FILE, PERCENT, Change::With(|subject| subject.targets = vec![Series::V21])],
        },
        Example {
            name: "letters that are no whole level",
            changes: &[LOAD, GOOD_FILE, Change::Replace(FILE, "\"topic\": \"a/#\"", "\"topic\": \"a/100%used\"")],
        },
    ],
};

const PERCENT: Change = Change::Replace(FILE, "\"topic\": \"a/#\"", "\"topic\": \"users/%u/#\"");

fn check(subject: &Subject, found: &mut Found<'_>) {
    if !subject.targets(Series::V20) {
        return;
    }
    for (path, places, problem) in problems(subject) {
        let Problem::Substitution { role, topic } = problem else { continue };
        let message = format!("the role `{role}` speaks of `{topic}`, which 2.0 takes by the letter");
        let finding = at(found, &path, &places, ("topic", &topic), message);
        // a file that was made for 2.1, where 2.0 is not ruled out
        if subject.targets(Series::V21) {
            finding.weighs(Severity::Note);
        }
    }
}
