//! Two certificates of one authority with the same number.

use std::collections::HashMap;

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::judged::Judged;
use crate::pki::verify::As;

pub(super) const RULE: Rule = Rule {
    id: "certificate-serial-twice",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "two certificates of one authority have the same serial number",
    why: "A revocation list names numbers: to revoke one is to revoke both, and Firefox refuses the second one.",
    fix: "issue one of them anew; scripts with a fixed `-set_serial` make such",
    source: "RFC 5280 §4.1.2.2: unique for each certificate of an authority",
    check,
    mend: None,
    fires: &[Example {
        name: "a pair that was copied for a second device",
        changes: &[
            C::Copy("certs/client/admin/admin.crt", "certs/client/twin/twin.crt"),
            C::Copy("certs/client/admin/admin.key", "certs/client/twin/twin.key"),
        ],
    }],
    quiet: &[Example {
        name: "the same number of another authority",
        changes: &[C::Write("certs/client/x/x.crt", include_str!("../../samples/long.crt"))],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let mut first: HashMap<(&str, &str), &Judged> = HashMap::new();
    for judged in subject.judged().iter().filter(|judged| judged.role != As::Authority) {
        let Some(facts) = &judged.facts else { continue };
        let Some(other) = first.insert((&facts.issuer, &facts.serial), judged) else { continue };
        // the very same certificate in both roles is one in the wrong role
        if other.role == judged.role {
            let other = &other.path;
            let message = format!("`{}` has the same serial number ({}) as `{other}`", judged.path, facts.serial);
            found.file(judged.path.as_str(), message).hint("issue one of them anew: mqsec client-cert NAME --force");
        }
    }
}
