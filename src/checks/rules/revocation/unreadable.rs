//! A revocation list that cannot be read.

use super::lists;
use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;

pub(super) const RULE: Rule = Rule {
    id: "crl-unreadable",
    topic: Topic::Revocation,
    severity: Severity::Error,
    title: "the revocation list is missing, empty, or no list in PEM",
    why: "The broker does not start (`Unable to load certificate revocation file`); at a reload 2.0 keeps the old list, \
          and 2.1 ends.",
    fix: "move it away and have it made anew, with all that was revoked: `mqsec crl renew`; or convert the list: `openssl crl -inform DER -in LIST -out LIST.pem`",
    source: "measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[
        Example { name: "an empty file", changes: &[C::Write("certs/broker/ca.crl", "")] },
        Example { name: "no file", changes: &[C::Remove("certs/broker/ca.crl")] },
        Example { name: "a certificate in its place", changes: &[C::Copy("certs/ca.crt", "certs/broker/ca.crl")] },
    ],
    quiet: &[Example {
        name: "no list is asked for",
        changes: &[
            C::Replace("config/mosquitto.conf", "crlfile certs/broker/ca.crl\n", ""),
            C::Remove("certs/broker/ca.crl"),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (path, _) in lists(subject) {
        if subject.folder.file(&path).is_none() {
            let named = subject.named().into_iter().find(|named| named.key == "crlfile" && named.path == path);
            if let Some((conf, line, column)) = named.map(|named| named.at) {
                found.at(conf, line, column, format!("crlfile `{path}` is not there")).hint("mqsec up");
            }
            continue;
        }
        let Some(read) = subject.revocation_lists(&path) else { continue };
        if let Err(finding) = read.as_ref() {
            found.file(path.as_str(), finding.message.as_str()).hint.clone_from(&finding.hint);
        }
    }
}
