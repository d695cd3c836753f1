//! What a bridge shows and trusts, before the judge.

use super::bridge;
use super::bridges;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::reading::Bridge;
use crate::pki::keys;
use crate::pki::verify;
use crate::pki::verify::As;
use crate::pki::verify::Case;
use crate::workspace::layout;

const WARN: time::Duration = time::Duration::days(30);

pub(super) const RULE: Rule = Rule {
    id: "bridge-certificate-unfit",
    topic: Topic::Bridges,
    severity: Severity::Error,
    title: "a bridge's certificate, key or authorities cannot be used, or not for long",
    why: "The bridge tries again and again and never gets in, with a line in the log that names no file; messages with QoS 1 \
          wait, and are lost when the queue is full. A certificate for servers is refused where a client's is asked for, and \
          those of public authorities are for servers alone since 2026.",
    fix: "Make the pair anew: repeat `mqsec bridge add NAME …` as it was given, then `mqsec restart`; try it with \
          `mqsec bridge test NAME`.",
    source: "Measured with 2.0.21 and 2.1.2; RFC 5280, section 4.2.1.12",
    check,
    mend: None,
    fires: &[
        Example {
            name: "a certificate for servers",
            changes: &[Change::Append(
                layout::CONF,
                bridge!("bridge_certfile certs/broker/broker.crt\nbridge_keyfile certs/broker/broker.key\n"),
            )],
        },
        Example {
            name: "another certificate's key",
            changes: &[Change::Append(
                layout::CONF,
                bridge!("bridge_certfile certs/client/admin/admin.crt\nbridge_keyfile certs/broker/broker.key\n"),
            )],
        },
        Example {
            name: "a certificate that has ended",
            changes: &[
                Change::Append(
                    layout::CONF,
                    bridge!(
                        "bridge_certfile certs/client/admin/admin.crt\nbridge_keyfile certs/client/admin/admin.key\n"
                    ),
                ),
                Change::Days(400),
            ],
        },
        Example {
            name: "authorities that are none",
            changes: &[Change::Append(
                layout::CONF,
                "\nconnection site\naddress broker.example:8883\nremote_clientid a\nbridge_cafile config/mosquitto.passwd\ntopic # out\n",
            )],
        },
    ],
    quiet: &[
        Example {
            name: "a client's pair",
            changes: &[Change::Append(
                layout::CONF,
                bridge!("bridge_certfile certs/client/admin/admin.crt\nbridge_keyfile certs/client/admin/admin.key\n"),
            )],
        },
        Example { name: "no certificate", changes: &[Change::Append(layout::CONF, bridge!())] },
    ],
};

/// The authority is the other broker's, and not here.
const OF_THE_OTHER_SIDE: [&str; 5] = [
    "certificate-unknown-issuer",
    "chain-intermediate-missing",
    "ca-root-missing",
    "certificate-refused",
    "certificate-without-names",
];

fn check(subject: &Subject, found: &mut Found<'_>) {
    for bridge in bridges(subject) {
        for finding in own(subject, bridge).into_iter().chain(trusted(subject, bridge)) {
            let (path, what, weight) = finding;
            let text = format!("{what} (of the bridge `{}`)", crate::error::printable(&bridge.name));
            let told = found.file(path, text);
            told.weighs(weight).hint(format!("mqsec bridge test {}", crate::error::printable(&bridge.name)));
        }
    }
}

/// File, what is wrong with it, and how much that matters.
type Told = (String, String, Severity);

fn own(subject: &Subject, bridge: &Bridge) -> Vec<Told> {
    let Some(path) = bridge.options.last("bridge_certfile").map(|value| subject.resolve(&value.text)) else {
        return Vec::new();
    };
    // a file that is not there is told by the rules of files
    let Some(read) = subject.certificates(&path) else { return Vec::new() };
    let found = match read.as_ref() {
        Ok(found) => found,
        Err(finding) => return vec![(path, finding.message.clone(), Severity::Error)],
    };
    let Some((leaf, rest)) = found.list.split_first() else { return Vec::new() };
    let key = bridge.options.last("bridge_keyfile").map(|value| subject.resolve(&value.text));
    let key = key.as_deref().and_then(|path| keys::parse(subject.folder.bytes(path)?, path).ok());
    let spki = key.map(|key| rcgen::PublicKeyData::subject_public_key_info(&key));
    let case = Case {
        intermediates: rest,
        trust: rest,
        key: spki.as_deref(),
        warn: WARN,
        ..Case::new(leaf, As::Client, subject.now)
    };
    let weight = |severity| match severity {
        verify::Severity::Invalid => Severity::Error,
        _ => Severity::Warning,
    };
    let findings = verify::judge(&case).into_iter().filter(|finding| !OF_THE_OTHER_SIDE.contains(&finding.code));
    findings.map(|finding| (path.clone(), finding.message, weight(finding.severity))).collect()
}

fn trusted(subject: &Subject, bridge: &Bridge) -> Option<Told> {
    let path = subject.resolve(&bridge.options.last("bridge_cafile")?.text);
    let read = subject.certificates(&path)?;
    let now = subject.now;
    match read.as_ref() {
        Err(finding) => Some((path, finding.message.clone(), Severity::Error)),
        Ok(found) if found.list.iter().all(|authority| authority.not_after < now) => {
            Some((path, "every authority that is trusted has ended".to_owned(), Severity::Error))
        }
        Ok(_) => None,
    }
}
