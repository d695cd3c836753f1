//! The broker's copy of the authority is not the authority.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;
use crate::workspace::layout::broker;

pub(super) const RULE: Rule = Rule {
    id: "certificate-authority-copy-differs",
    topic: Topic::Certificates,
    severity: Severity::Warning,
    title: "the broker's copy of the authority differs from certs/ca.crt",
    why: "The broker trusts its copy alone: clients that were issued by the authority of this folder are refused, or those \
          of an old one still get in.",
    fix: "copy it again and restart the broker: `cp certs/ca.crt certs/broker/ca.crt`, `mqsec restart`; while an authority \
          is being replaced, both belong into the copy, and this finding can be accepted",
    source: "measured on 2.0.21 and 2.1.2: without a crlfile, cafile is not read again at SIGHUP",
    check,
    mend: None,
    fires: &[Example {
        name: "the copy holds a renewed certificate of the same authority beside nothing of ours",
        changes: &[C::Write("certs/broker/ca.crt", include_str!("../../samples/no-key-usage-ca.crt"))],
    }],
    quiet: &[
        Example { name: "no copy at all", changes: &[C::Remove("certs/broker/ca.crt")] },
        Example {
            name: "our authority and a second one",
            changes: &[C::Append("certs/broker/ca.crt", include_str!("../../samples/other-ca.crt"))],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let (Some(own), Some(copy)) = (subject.certificates(layout::CA_CERT), subject.certificates(broker::TRUST)) else {
        return;
    };
    let (Ok(own), Ok(copy)) = (own.as_ref(), copy.as_ref()) else { return };
    let lacking = own.list.iter().find(|one| !copy.list.iter().any(|other| other.der == one.der));
    if let Some(lacking) = lacking {
        let message = format!("`{}` lacks `{}` of `{}`", broker::TRUST, lacking.title(), layout::CA_CERT);
        let told = found.file(broker::TRUST, message);
        told.hint(format!("cp {} {}; then: mqsec restart", layout::CA_CERT, broker::TRUST));
    }
}
