//! `BROKER_CN` is not in the broker's certificate.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::pki::verify::is_valid_for;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "env-broker-name-not-in-certificate",
    topic: Topic::Environment,
    severity: Severity::Error,
    title: "the broker's certificate is not valid for BROKER_CN",
    why: "Every client that dials this name and checks it refuses the broker: `Hostname mismatch`, `certificate verify \
          failed`, and on the broker's side `bad certificate`.",
    fix: "`mqsec broker-cert NAME` issues it for the name; or write the right name into `.env`",
    source: "measured with 5 certificates, 2 hosts and 3 clients; RFC 9525; espressif/esp-mqtt#84",
    check,
    mend: None,
    fires: &[Example {
        name: "another name in .env",
        changes: &[C::Replace(".env", "BROKER_CN=broker.example", "BROKER_CN=mqtt.example.org")],
    }],
    quiet: &[
        Example { name: "the name as it is", changes: &[] },
        Example { name: "no name in .env", changes: &[C::Replace(".env", "BROKER_CN=broker.example", "")] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(Ok(env)) = subject.env() else { return };
    let Some(name) = &env.broker_cn else { return };
    let mut certs: Vec<String> =
        subject.named().into_iter().filter(|named| named.key == "certfile").map(|n| n.path).collect();
    certs.dedup();
    let text = subject.folder.text(layout::ENV).unwrap_or_default();
    let line = text
        .lines()
        .position(|line| line.trim().trim_start_matches("export ").starts_with("BROKER_CN"))
        .map_or(1, |at| at + 1);
    for path in certs {
        let Some(read) = subject.certificates(&path) else { continue };
        let Ok(certificates) = read.as_ref() else { continue };
        // one without names has its own rule
        let leaf = certificates.list.iter().find(|one| !one.is_ca).filter(|leaf| !leaf.names().is_empty());
        if let Some(leaf) = leaf.filter(|leaf| !is_valid_for(leaf, name)) {
            let names: Vec<String> = leaf.names().iter().take(5).map(|name| format!("`{name}`")).collect();
            let message = format!("`{name}` is not in `{path}`, which is valid for {}", names.join(", "));
            found.at(layout::ENV, line, 1, message).hint(format!("mqsec broker-cert {name}"));
        }
    }
}
