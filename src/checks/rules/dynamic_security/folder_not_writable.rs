//! The broker cannot save what it is told.

use super::CONF;
use super::GOOD;
use super::GOOD_FILE;
use super::LOAD;
use super::files;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::access;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "dynsec-folder-not-writable",
    topic: Topic::DynamicSecurity,
    severity: Severity::Error,
    title: "the broker may not write where the dynamic security plugin saves",
    why: "The broker answers each change with success and keeps it in memory alone: the new client, the new password, \
          the revoked role are gone after the next start. 2.0 logs an empty line.",
    fix: "Keep the file in a folder that belongs to the broker's user, `data/dynamic-security.json`, and mount that \
          folder writable; `mqsec up` gives it to the broker.",
    source: "measured on 2.0.21 and 2.1.2: it writes `FILE.new` beside the file and renames it; \
             https://github.com/eclipse-mosquitto/mosquitto/issues/1962",
    check,
    mend: None,
    fires: &[
        Example { name: "the folder is root's", changes: &[LOAD, GOOD_FILE, Change::Owner("data", 0, 0)] },
        Example { name: "the folder is read-only", changes: &[LOAD, GOOD_FILE, Change::Mode("data", 0o500)] },
        Example {
            name: "in the container's folder of the configuration, which is mounted read-only",
            changes: &[
                LOAD,
                Change::Replace(CONF, "_file data/dynamic", "_file /mosquitto/config/dynamic"),
                Change::Write("config/dynamic-security.json", GOOD),
                Change::With(|subject| subject.runtime.container = true),
            ],
        },
    ],
    quiet: &[
        Example { name: "the folder is the broker's", changes: &[LOAD, GOOD_FILE] },
        Example {
            name: "root may write everywhere",
            changes: &[
                LOAD,
                GOOD_FILE,
                Change::Mode("data", 0o500),
                Change::With(|subject| (subject.runtime.uid, subject.runtime.gid) = (0, 0)),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for named in files(subject) {
        let parent = named.path.rsplit_once('/').map_or(".", |(parent, _)| parent);
        // mqsec's compose file mounts these two read-only
        let mounted =
            subject.runtime.container && (parent.starts_with("config") || parent.starts_with(layout::broker::DIR));
        let closed = subject.folder.file(parent).is_some_and(|folder| !access::may(subject, folder, 0o3));
        if !mounted && !closed {
            continue;
        }
        let who = format!("{}:{}", subject.runtime.uid, subject.runtime.gid);
        let why = if mounted { "is mounted read-only".to_owned() } else { format!("is not writable for {who}") };
        let message = format!("the folder `{parent}` {why}: what the broker is told is lost at its next start");
        found
            .at(subject.conf_path(), named.line, 1, message)
            .hint(format!("plugin_opt_config_file {}", layout::DYNSEC));
    }
}
