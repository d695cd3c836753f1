//! A client's `NAME.chain.crt` that begins with another certificate than `NAME.crt`.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "certificate-client-chain-differs",
    topic: Topic::Certificates,
    severity: Severity::Warning,
    title: "a client's chain begins with another certificate than its own",
    why: "The device that is given the chain shows the old certificate, or one whose key it does not have.",
    fix: "issue the pair anew, which writes both: `mqsec client-cert NAME --force`",
    source: "RFC 8446 §4.4.2: the sender's own certificate comes first",
    check,
    mend: None,
    fires: &[Example {
        name: "the certificate was replaced, the chain not",
        changes: &[C::Write("certs/client/admin/admin.chain.crt", include_str!("../../samples/long.crt"))],
    }],
    quiet: &[Example { name: "no chain at all", changes: &[C::Remove("certs/client/admin/admin.chain.crt")] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let stale = subject.clients().filter(|client| {
        let chain = client.cert.strip_suffix(".crt").map(|stem| format!("{stem}.chain.crt")).unwrap_or_default();
        let (Some(own), Some(chain)) = (subject.folder.bytes(client.cert), subject.folder.bytes(&chain)) else {
            return false;
        };
        // equal letter by letter, or one of them was written by another tool
        !chain.starts_with(own) && first_block(own) != first_block(chain)
    });
    let names: Vec<&str> = stale.map(|client| client.name).collect();
    let Some(first) = names.first() else { return };
    let (path, more) = match names.len() {
        1 => (format!("{}/{first}/{first}.chain.crt", layout::CLIENT_DIR), String::new()),
        count => (layout::CLIENT_DIR.to_owned(), format!(" (and {} more)", count - 1)),
    };
    found
        .file(path, format!("the chain of client `{first}`{more} does not begin with its certificate"))
        .hint(format!("mqsec client-cert {first} --force"));
}

/// The base64 letters of the first certificate.
fn first_block(pem: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(pem);
    let body = text.split("-----BEGIN CERTIFICATE-----").nth(1).and_then(|rest| rest.split("-----END").next());
    body.unwrap_or_default().bytes().filter(|byte| !byte.is_ascii_whitespace()).collect()
}
