//! Rules of the topic `Revocation`, a file each.

mod bad_issuer;
mod copy_differs;
mod expired;
mod expiring;
mod missing;
mod not_yet_valid;
mod unreadable;

use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::judged::WARN;
use crate::pki::parsed::Certificate;
use crate::pki::verify;
use crate::pki::verify::judge_crl;
use crate::workspace::layout;

pub const RULES: &[&Rule] = &[
    &unreadable::RULE,
    &expired::RULE,
    &not_yet_valid::RULE,
    &bad_issuer::RULE,
    &missing::RULE,
    &expiring::RULE,
    &copy_differs::RULE,
];

/// The lists that the broker reads, each with the authorities whose clients it accepts there.
fn lists(subject: &Subject) -> Vec<(String, Vec<Certificate>)> {
    let Some(reading) = subject.any_reading() else { return Vec::new() };
    let mut lists: Vec<(String, Vec<Certificate>)> = Vec::new();
    for listener in &reading.listeners {
        let Some(list) = reading.option(listener, "crlfile").map(|value| subject.resolve(&value.text)) else {
            continue;
        };
        let trust =
            reading.option(listener, "cafile").and_then(|value| subject.certificates(&subject.resolve(&value.text)));
        let trust =
            trust.and_then(|read| read.as_ref().as_ref().ok().map(|found| found.list.clone())).unwrap_or_default();
        if !lists.iter().any(|(path, _)| *path == list) {
            lists.push((list, trust));
        }
    }
    lists
}

/// Tells what the judge says of each list under these codes.
fn tell(subject: &Subject, found: &mut Found<'_>, codes: &[&str]) {
    // without a cafile there is nobody whose list it could be, which the configuration's rules tell
    for (path, trust) in lists(subject).into_iter().filter(|(_, trust)| !trust.is_empty()) {
        let Some(read) = subject.revocation_lists(&path) else { continue };
        let Ok(lists) = read.as_ref() else { continue };
        for list in lists {
            // an old list beside a current one of the same issuer does no harm
            let newer =
                lists.iter().any(|other| other.raw_issuer == list.raw_issuer && other.this_update > list.this_update);
            let findings = judge_crl(list, &trust, subject.now, WARN);
            for finding in findings.into_iter().filter(|finding| codes.contains(&finding.code) && !newer) {
                let told = found.file(path.as_str(), format!("list of `{}`: {}", list.issuer, finding.message));
                if finding.severity == verify::Severity::Warning {
                    told.weighs(Severity::Warning);
                }
                told.hint = finding.hint;
            }
        }
    }
}

/// Whether a path is where `up` keeps the authority's own list.
fn own_list(subject: &Subject) -> Option<&[u8]> {
    subject.folder.bytes(layout::CA_CRL)
}
