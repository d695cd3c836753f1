//! The plugin's file is not there.

use super::GOOD_FILE;
use super::LOAD;
use super::files;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::access;
use crate::series::Series;

pub(super) const RULE: Rule = Rule {
    id: "dynsec-file-missing",
    topic: Topic::DynamicSecurity,
    severity: Severity::Error,
    title: "the dynamic security plugin's file is not there",
    why: "A 2.0 broker starts and refuses everybody. A 2.1 broker makes a file of its own, with an admin and a \
          `democlient` that may do everything, and writes both passwords in clear beside it.",
    fix: "Make the file with `mqsec dynsec init`, or from the password file and the ACL with `mqsec dynsec import`.",
    source: "measured on 2.0.21 and 2.1.2; plugin's config_init.c:103-160 of 2.1.2",
    check,
    mend: None,
    fires: &[Example { name: "the plugin is loaded, and its file was never made", changes: &[LOAD] }],
    quiet: &[Example { name: "the file is there", changes: &[LOAD, GOOD_FILE] }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for named in files(subject).into_iter().filter(|named| is_missing(subject, &named.path)) {
        let old =
            if subject.targets(Series::V20) { "a 2.0 broker refuses everybody" } else { "the broker makes its own" };
        let message = format!("there is no `{}`: {old}", named.path);
        found.at(subject.conf_path(), named.line, 1, message).hint("mqsec dynsec init");
    }
}

/// What lies in a folder that cannot be looked into, or in a volume of the container, may well be there.
fn is_missing(subject: &Subject, path: &str) -> bool {
    subject.folder.file(path).is_none() && (!path.starts_with('/') || access::is_surely_missing(subject, path, path))
}
