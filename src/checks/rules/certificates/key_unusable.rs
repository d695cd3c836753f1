//! A key that the broker cannot use: encrypted, damaged, or no key at all.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Topic;
use crate::checks::judged;

pub(super) const RULE: Rule = Rule {
    id: "certificate-key-unusable",
    topic: Topic::Certificates,
    severity: Severity::Error,
    title: "a private key cannot be used: it is encrypted, damaged, or no key at all",
    why: "A broker asks for the passphrase on a terminal that it does not have: a container hangs there \
          without a listener, a service ends.",
    fix: "take the passphrase off: `openssl pkey -in KEY -out KEY.plain`, then mode 0600; or issue the pair \
          anew",
    source: "measured: `Enter PEM pass phrase:` on a non-tty",
    check: |subject, found| judged::tell(subject, found, &["key-encrypted", "key-unreadable"]),
    mend: None,
    fires: &[
        Example {
            name: "an encrypted key",
            changes: &[C::Write("certs/broker/broker.key", include_str!("../../samples/encrypted.key"))],
        },
        Example { name: "something else", changes: &[C::Write("certs/broker/broker.key", "no key\n")] },
    ],
    quiet: &[Example { name: "the key is not here at all", changes: &[C::Remove("certs/client/admin/admin.key")] }],
};
