//! An authority without keyUsage, which Python 3.13 and other strict programs refuse.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::pki::verify::As;

pub(super) const RULE: Rule = Rule {
    id: "certificate-authority-without-key-usage",
    topic: Topic::Certificates,
    severity: Severity::Warning,
    title: "the authority has no keyUsage: strict programs, Python 3.13 among them, refuse all below it",
    why: "`create_default_context` of Python sets X509_STRICT since 3.13, so paho and Home Assistant refuse the broker: \
          `CA cert does not include key usage extension`. The old openssl guides make such authorities.",
    fix: "make a new authority, and every certificate anew: `mqsec ca init --force`, then `mqsec up`",
    source: "measured with OpenSSL, Python, Node and rustls; Python 3.13's release notes, ssl; OpenSSL's x509_vfy.c, check_extensions",
    check,
    mend: None,
    fires: &[Example {
        name: "an authority by an old guide",
        changes: &[C::Write("certs/ca.crt", include_str!("../../samples/no-key-usage-ca.crt"))],
    }],
    quiet: &[Example {
        name: "an authority with it",
        changes: &[C::Write("certs/ca.crt", include_str!("../../samples/other-ca.crt"))],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for judged in subject.judged().iter().filter(|judged| judged.role == As::Authority) {
        let Some(read) = subject.certificates(&judged.path) else { continue };
        let Ok(certificates) = read.as_ref() else { continue };
        for authority in certificates.list.iter().filter(|one| one.is_ca && one.version >= 3 && !one.key_usage) {
            let message = format!("{} `{}` has no keyUsage", judged.what, authority.title());
            found.file(judged.path.as_str(), message).hint("mqsec ca init --force; then: mqsec up");
        }
    }
}
