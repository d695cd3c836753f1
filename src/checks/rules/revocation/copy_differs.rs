//! The broker reads another list than the authority's.

use super::own_list;
use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::pki::short_date;
use crate::workspace::layout;
use crate::workspace::layout::broker;

pub(super) const RULE: Rule = Rule {
    id: "crl-copy-differs",
    topic: Topic::Revocation,
    severity: Severity::Error,
    title: "the broker's copy of the revocation list is older than the authority's",
    why: "Whoever was revoked since still gets in: the broker reads its copy alone.",
    fix: "copy it again and let the broker read it: `cp certs/ca.crl certs/broker/ca.crl`, `mqsec restart`",
    source: "measured on 2.0.21 and 2.1.2: a CRL's content is read at each SIGHUP",
    check,
    mend: None,
    fires: &[Example {
        name: "another list in the copy's place",
        changes: &[C::Write("certs/ca.crl", include_str!("../../samples/other.crl"))],
    }],
    quiet: &[
        Example { name: "no list of the authority", changes: &[C::Remove("certs/ca.crl")] },
        Example {
            name: "the copy has one more list",
            changes: &[C::Append("certs/broker/ca.crl", include_str!("../../samples/other.crl"))],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    if own_list(subject).is_none() || own_list(subject) == subject.folder.bytes(broker::CRL) {
        return;
    }
    let (Some(own), Some(copy)) = (subject.revocation_lists(layout::CA_CRL), subject.revocation_lists(broker::CRL))
    else {
        return;
    };
    let (Ok(own), Ok(copy)) = (own.as_ref(), copy.as_ref()) else { return };
    let lacking = own.iter().find(|list| !copy.iter().any(|other| other.der == list.der));
    if let Some(list) = lacking {
        let message =
            format!("`{}` lacks the list of {} in `{}`", broker::CRL, short_date(list.this_update), layout::CA_CRL);
        found.file(broker::CRL, message).hint(format!("cp {} {}; then: mqsec restart", layout::CA_CRL, broker::CRL));
    }
}
