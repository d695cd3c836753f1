//! Passwords in 2.1's form, and a broker of 2.0.

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
    id: "dynsec-password-form",
    topic: Topic::DynamicSecurity,
    severity: Severity::Error,
    title: "passwords of the dynamic security plugin have a form that Mosquitto 2.0 does not see",
    why: "2.1 writes `encoded_password` at its first change; 2.0 loads such a client without a password, says nothing, and \
          refuses it. Going back from 2.1 to 2.0 locks everybody out, the admin included.",
    fix: "Stay with 2.1, or set the passwords anew under 2.0: `mqsec dynsec reset-admin` with the broker stopped, then \
          `mqsec dynsec passwd NAME`.",
    source: "measured: a file of 2.1.2 on 2.0.21 gives CONNACK 5 and no line in the log",
    check,
    mend: None,
    fires: &[Example { name: "a file of 2.1, and 2.0 is meant", changes: &[LOAD, GOOD_FILE, NEW_FORM] }],
    quiet: &[
        Example { name: "the fields of 2.0", changes: &[LOAD, GOOD_FILE] },
        Example {
            name: "2.1 alone is meant",
            changes: &[LOAD, GOOD_FILE, NEW_FORM, Change::With(|subject| subject.targets = vec![Series::V21])],
        },
    ],
};

const NEW_FORM: Change = Change::Replace(
    FILE,
    "{\"username\": \"bob\", \"password\": \"",
    "{\"username\": \"bob\", \"encoded_password\": \"$7$101$uqlEjUl/QvvS6PRi$",
);

/// One finding for all of them: what mends one mends all.
fn check(subject: &Subject, found: &mut Found<'_>) {
    if !subject.targets(Series::V20) {
        return;
    }
    let mut clients = Vec::new();
    for (path, places, problem) in problems(subject) {
        if let Problem::NewForm { client } = problem {
            clients.push((path, places, client));
        }
    }
    let Some((path, places, first)) = clients.first() else { return };
    let message = match clients.len() {
        1 => format!("a 2.0 broker does not see the password of the client `{first}`"),
        count => format!("a 2.0 broker does not see the passwords of {count} clients, `{first}` among them"),
    };
    // the admin gets in again by the file, and gives the others their passwords
    let hint = format!(
        "under 2.0: mqsec down; mqsec dynsec reset-admin; mqsec up; then for each: mqsec dynsec passwd '{first}'"
    );
    let finding = at(found, path, places, ("username", first), message).hint(hint);
    // where both are meant it is so after the first change under 2.1, and only going back is hurt
    if subject.targets(Series::V21) {
        finding.weighs(Severity::Note);
    }
}
