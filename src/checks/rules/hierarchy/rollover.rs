//! A rollover that was begun and is not finished.

use time::Duration;

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::pki::in_words;
use crate::pki::parsed::Certificate;
use crate::pki::short_date;
use crate::workspace::layout;
use crate::workspace::layout::Generation;

pub(super) const RULE: Rule = Rule {
    id: "certificate-rollover-unfinished",
    topic: Topic::Certificates,
    severity: Severity::Note,
    title: "the authority is being replaced",
    why: "Two authorities are trusted until `ca rollover drop`: who has the key of either can make certificates that the \
          broker accepts. With the end of the one that is replaced, everything that it issued ends too.",
    fix: "go on when the clients have what they need: `mqsec ca rollover status` tells who is left and the next step",
    source: "measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[
        Example { name: "prepared", changes: &[C::Copy("certs/ca.crt", "certs/next/ca.crt")] },
        Example { name: "issued anew", changes: &[C::Copy("certs/ca.crt", "certs/old/ca.crt")] },
    ],
    quiet: &[Example {
        name: "dropped: the old one is a backup",
        changes: &[C::Copy("certs/ca.crt", "certs/backup/2026/old/ca.crt")],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (generation, next) in [
        (Generation::Next, "mqsec ca rollover reissue"),
        (Generation::Old, "mqsec ca rollover drop, once every client has its new certificate"),
    ] {
        let path = layout::authority(generation).cert.to_string_lossy().into_owned();
        if subject.folder.file(&path).is_none() {
            continue;
        }
        let replaced = if generation == Generation::Old { path.as_str() } else { layout::CA_CERT };
        let end = subject.folder.bytes(replaced).and_then(|pem| Certificate::from_pem(pem, replaced).ok());
        let Some(end) = end.map(|old| old.not_after) else { continue };
        let state =
            if generation == Generation::Old { "the old authority is trusted still" } else { "the next is made" };
        let message = format!(
            "a rollover is under way: {state}; the one that is replaced ends on {} ({})",
            short_date(end),
            in_words(end, subject.now)
        );
        let soon = end - subject.now < Duration::days(30);
        found.file(path, message).hint(next).weighs(if soon { Severity::Warning } else { Severity::Note });
    }
}
