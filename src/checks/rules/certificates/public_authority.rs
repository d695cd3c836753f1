//! A public authority as the judge of clients.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::judged::is_public;

pub(super) const RULE: Rule = Rule {
    id: "certificate-public-authority-trusted",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "the broker accepts client certificates of a public authority",
    why: "With `require_certificate`, everybody whom that authority ever gave a certificate for clients gets through: for \
          one of these, owning any domain is enough. cafile judges clients; it is not the chain of the broker's own \
          certificate.",
    fix: "put your own authority into cafile (`certs/broker/ca.crt`), and the chain of the broker's certificate into \
          certfile: `fullchain.pem`",
    source: "eclipse-mosquitto/mosquitto#1438; mosquitto.conf(5), cafile",
    check,
    mend: None,
    fires: &[Example {
        name: "Let's Encrypt's root as cafile",
        changes: &[C::Write("certs/broker/ca.crt", include_str!("../../samples/public-ca.crt"))],
    }],
    quiet: &[Example {
        name: "the same without require_certificate",
        changes: &[
            C::Write("certs/broker/ca.crt", include_str!("../../samples/public-ca.crt")),
            C::Replace("config/mosquitto.conf", "require_certificate true", "require_certificate false"),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(reading) = subject.any_reading() else { return };
    for listener in &reading.listeners {
        let required = reading.option(listener, "require_certificate");
        let Some(cafile) = reading.option(listener, "cafile") else { continue };
        let path = subject.resolve(&cafile.text);
        let Some(read) = subject.certificates(&path) else { continue };
        let Ok(certificates) = read.as_ref() else { continue };
        let public = certificates.list.iter().find(|one| is_public(&one.subject));
        if let Some(public) =
            public.filter(|_| required.is_some_and(|value| matches!(value.text.as_str(), "true" | "1")))
        {
            let message =
                format!("cafile `{}` trusts `{}`, a public authority, to name clients", cafile.text, public.title());
            let place = &cafile.place;
            found.at(place.path.as_str(), place.line, place.column, message).hint("cafile certs/broker/ca.crt");
        }
    }
}
