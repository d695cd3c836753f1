//! Several users, and no ACL.

use super::users;
use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "acl-missing",
    topic: Topic::Acl,
    severity: Severity::Warning,
    title: "there are several users and no ACL: each may read and write everything",
    why: "Without `acl_file` and without a plugin that decides, the broker allows everything to whoever gets in. One stolen \
          password of a sensor then commands every actor.",
    fix: "write `acl_file config/mosquitto.acl` below `password_file` in the configuration, and run `mqsec up`: it writes the file",
    source: "measured on 2.0.21 and 2.1.2; seed guide S3",
    check,
    mend: None,
    fires: &[Example {
        name: "a configuration without it",
        changes: &[C::Replace(layout::CONF, "acl_file config/mosquitto.acl\n", "")],
    }],
    quiet: &[Example {
        name: "one user alone",
        changes: &[
            C::Replace(layout::CONF, "acl_file config/mosquitto.acl\n", ""),
            C::With(|subject| {
                let text = subject
                    .folder
                    .text(layout::PASSWD)
                    .and_then(|text| text.lines().next())
                    .map(|line| format!("{line}\n"));
                if let (Some(text), Some(file)) = (text, subject.folder.file_mut(layout::PASSWD)) {
                    file.bytes = Some(text.into_bytes());
                }
            }),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(reading) = subject.any_reading() else { return };
    let Some(users) = users(subject) else { return };
    // a password file may be the plugin's, and so may the ACL be: what is not known is not told
    if !subject.acl_files().is_empty() || !reading.plugins.is_empty() || users.len() < 2 {
        return;
    }
    let message = format!("no acl_file: each of {} users may read and write everything", users.len());
    found.file(subject.conf_path(), message).hint("acl_file config/mosquitto.acl");
}
