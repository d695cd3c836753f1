//! A file that the configuration names and that is not there.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::access;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "file-missing",
    topic: Topic::Files,
    severity: Severity::Error,
    title: "the configuration names a file that is not there",
    why: "The broker does not start without its certificate, its key, its password file or its ACL, and `mosquitto \
          --test-config` does not look for them. What follows a path in its line is part of the path.",
    fix: "put the file there, or mend the path; `mqsec up` makes the files of the workspace",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#439",
    check,
    mend: None,
    fires: &[
        Example { name: "no password file", changes: &[C::Remove("config/mosquitto.passwd")] },
        Example { name: "no key", changes: &[C::Remove("certs/broker/broker.key")] },
    ],
    quiet: &[
        Example {
            name: "outside of the workspace, where a closed folder may hide it",
            changes: &[
                C::With(|subject| {
                    subject.runtime.container = false;
                    subject.folder.remove("docker-compose.yml");
                    let live = subject.folder.file("config").cloned();
                    subject.folder.put("/etc/letsencrypt", live.unwrap_or_else(|| panic!("config is there")));
                }),
                C::Mode("/etc/letsencrypt", 0o700),
                C::Replace("config/mosquitto.conf", "certs/broker/broker.key", "/etc/letsencrypt/live/b/privkey.pem"),
            ],
        },
        Example {
            name: "in a place of the container that is not mounted, which `compose-path-not-mounted` tells",
            changes: &[
                C::With(|subject| subject.runtime.container = true),
                C::Replace("config/mosquitto.conf", "certs/broker/broker.key", "/elsewhere/key.pem"),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let mut told: Vec<String> = Vec::new();
    for named in subject.named() {
        // the others have rules of their own, or are made by the broker
        let needed = ["acl_file", "cafile", "certfile", "keyfile", "password_file", "psk_file"];
        let counts = needed.iter().any(|key| named.key.ends_with(key));
        if !counts || told.contains(&named.path) || !access::is_surely_missing(subject, &named.text, &named.path) {
            continue;
        }
        let (path, line, column) = named.at;
        let parent =
            named.path.rsplit_once('/').map_or(".", |(parent, _)| if parent.is_empty() { "/" } else { parent });
        let hint = match named.path.as_str() {
            layout::PASSWD | layout::ACL | layout::broker::CERT | layout::broker::KEY | layout::broker::TRUST => {
                "mqsec up".to_owned()
            }
            _ => format!(
                "put it there, or mend the path; see what is there: ls -la {}",
                crate::error::shell_word(parent)
            ),
        };
        found.at(path, line, column, format!("{} `{}` is not there", named.key, named.text)).hint(hint);
        told.push(named.path);
    }
}
