//! A folder that the configuration needs and that is not there.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::conf::reading::What;

pub(super) const RULE: Rule = Rule {
    id: "conf-include-unreadable",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "a folder of the configuration is not there, or holds what cannot be read",
    why: "`include_dir` must be readable, and everything in it that ends with `.conf` must be a file; `http_dir` of \
          2.1 must be there when the configuration is read. The broker does not start. The rest of the line is the \
          path, blanks at its end included.",
    fix: "make the folder, or mend the path",
    source: "conf_includedir.c of both series, measured on 2.0.21 and 2.1.2",
    check,
    mend: None,
    fires: &[Example {
        name: "no such folder",
        changes: &[C::Append("config/mosquitto.conf", "include_dir config/conf.d\n")],
    }],
    quiet: &[Example {
        name: "a folder with a file",
        changes: &[
            C::Write("config/conf.d/a.conf", "max_inflight_bytes 1000\n"),
            C::Append("config/mosquitto.conf", "include_dir config/conf.d\n"),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for (_, problem) in super::problems(subject) {
        if matches!(problem.what, What::IncludeUnreadable { .. } | What::IncludeIsFolder { .. } | What::NoFolder { .. })
        {
            super::at(subject, found, &problem.place, problem.what.to_string())
                .hint("make the folder, or mend the path");
        }
    }
}
