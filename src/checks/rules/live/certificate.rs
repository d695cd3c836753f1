//! A listener shows another certificate than the one on the disk.

use super::one;
use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::observation::Seen;
use crate::pki::parsed::Certificate;
use crate::pki::short_date;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "live-certificate-not-on-disk",
    topic: Topic::Live,
    severity: Severity::Error,
    title: "a listener shows another certificate than its file holds",
    why: "The renewed certificate is on the disk, and clients see the old one until it has ended: nobody told the broker, \
          and a secure websockets listener of 2.0 ignores the reload altogether.",
    fix: "`mqsec restart`: every listener of every version then shows the new one",
    source: "measured by serial numbers on 2.0.11, 2.0.21, 2.1.2; eclipse-mosquitto/mosquitto#1877",
    check,
    mend: None,
    fires: &[Example {
        name: "the old one is still shown",
        changes: &[C::With(|subject| shows(subject, "certs/client/admin/admin.crt"))],
    }],
    quiet: &[Example {
        name: "it shows the file's",
        changes: &[C::With(|subject| shows(subject, layout::broker::CERT))],
    }],
};

fn shows(subject: &mut Subject, path: &str) {
    let read = subject.certificates(path);
    let chain: Vec<Certificate> =
        read.and_then(|read| read.as_ref().as_ref().ok().map(|f| f.list.clone())).unwrap_or_default();
    subject.observed = one(Seen { port: 8883, host: "localhost".to_owned(), chain, ..Seen::default() });
}

fn check(subject: &Subject, found: &mut Found<'_>) {
    let (Some(observed), Some(reading)) = (&subject.observed, subject.any_reading()) else { return };
    for listener in &reading.listeners {
        let Some(shown) = observed.at(listener.port).and_then(|seen| seen.chain.first()) else { continue };
        let Some(cert) = reading.option(listener, "certfile").map(|value| subject.resolve(&value.text)) else {
            continue;
        };
        let Some(read) = subject.certificates(&cert) else { continue };
        let Ok(certificates) = read.as_ref() else { continue };
        let own = &certificates.list[0];
        if own.der != shown.der {
            let kind = if listener.is_websockets() { "secure websockets listener" } else { "listener" };
            let message = format!(
                "{kind} {} shows serial {} (ends {}), and `{cert}` has serial {} (ends {})",
                listener.port,
                shown.serial,
                short_date(shown.not_after),
                own.serial,
                short_date(own.not_after)
            );
            found.file(cert.as_str(), message).hint("mqsec restart");
        }
    }
}
