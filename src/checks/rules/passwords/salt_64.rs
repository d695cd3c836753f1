//! A hash of 2.1's own tool in a workspace that is meant for 2.0 too.

use super::files;
use super::hash;
use super::set_anew;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::passwd::Fault;
use crate::passwd::What;
use crate::series::Series;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "passwd-salt-64",
    topic: Topic::Passwords,
    severity: Severity::Warning,
    title: "a hash was made by mosquitto_passwd of 2.1, which 2.0 does not read",
    why: "2.1's tool takes a salt of 64 bytes. Mosquitto 2.0 wants 12, drops such a user and says so in its log alone \
          (`Unable to decode password salt`). Both series read a salt of 12 bytes, which `mqsec passwd` makes.",
    fix: "Set the password anew: `mqsec passwd set USER`; or, when no broker of 2.0 will ever read the file, tell doctor and \
          lint so with `--target 2.1`.",
    source: "Measured with 2.0.11, 2.0.21 and 2.1.2; 20:src/security_default.c:899, 21:libcommon/password_common.c:323",
    check,
    mend: None,
    fires: &[Example {
        name: "a line of mosquitto_passwd 2.1.2",
        changes: &[Change::Append(
            layout::PASSWD,
            "sensor:$7$1000$JRzYOKw9G765aB0tRZLvB/cQlO4vmBJ7s40J2blnVHpm94qSOQFP5eoJoT77HB8Txr74dM/4+Fxs/yaBPI+Cqg==$/AzxlaouIar69rqVlcBSPjeVcEe4kSr0dOnZm71ZwIWWWNHP3YsOeuigGWyrBV7oPxgf03cjG52w9s2yK27Drw==\n",
        )],
    }],
    quiet: &[
        Example {
            name: "a salt of 12 bytes",
            changes: &[Change::Append(layout::PASSWD, concat!("sensor:", hash!(), "\n"))],
        },
        Example {
            name: "2.1 alone is meant",
            changes: &[
                Change::Append(
                    layout::PASSWD,
                    "sensor:$7$1000$JRzYOKw9G765aB0tRZLvB/cQlO4vmBJ7s40J2blnVHpm94qSOQFP5eoJoT77HB8Txr74dM/4+Fxs/yaBPI+Cqg==$/AzxlaouIar69rqVlcBSPjeVcEe4kSr0dOnZm71ZwIWWWNHP3YsOeuigGWyrBV7oPxgf03cjG52w9s2yK27Drw==\n",
                ),
                Change::With(|subject| subject.targets = vec![Series::V21]),
            ],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for file in files(subject) {
        let problems = file.problems(|what| matches!(what, What::Undecodable { fault: Fault::SaltLength(64), .. }));
        file.tell(found, &problems, set_anew);
    }
}
