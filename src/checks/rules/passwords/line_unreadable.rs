//! A line with a user whose hash no broker takes.

use super::files;
use super::has_own_rule;
use super::hash;
use super::set_anew;
use crate::checks::Change;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::passwd::What;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "passwd-line-unreadable",
    topic: Topic::Passwords,
    severity: Severity::Error,
    title: "a line of the password file has no hash that the broker reads",
    why: "Mosquitto 2.0 drops that user and tells it to its log alone: the client is refused as for a wrong password. 2.1 \
          does not start, and a broker that runs ends at the reload, so one bad line takes everybody's access away. Hashes of \
          mkpasswd, htpasswd, mosquitto-go-auth and /etc/shadow look alike and are not read, crypt's `$6$` among them.",
    fix: "Set the password anew: `mqsec passwd set USER`. A hash cannot be changed into another one without the password. A \
          comment must begin in the first column.",
    source: "Measured with 2.0.11, 2.0.21 and 2.1.2: exit status 3 and `Unable to decode line in password file`; \
             NixOS/nixpkgs#27996",
    check,
    mend: None,
    fires: &[
        Example {
            name: "a bcrypt hash",
            changes: &[Change::Append(
                layout::PASSWD,
                "sensor:$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe\n",
            )],
        },
        Example {
            name: "crypt's hash, which looks like Mosquitto's",
            changes: &[Change::Append(
                layout::PASSWD,
                "sensor:$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/\n",
            )],
        },
        Example { name: "no hash", changes: &[Change::Append(layout::PASSWD, "sensor:\n")] },
        Example { name: "no name", changes: &[Change::Append(layout::PASSWD, concat!(" :", hash!(), "\n"))] },
        Example { name: "an indented comment", changes: &[Change::Append(layout::PASSWD, "  # old: x\n")] },
    ],
    quiet: &[
        Example {
            name: "blanks around, and a third field",
            changes: &[Change::Append(layout::PASSWD, concat!(" sensor : ", hash!(), " : kitchen\r\n"))],
        },
        Example { name: "a comment", changes: &[Change::Append(layout::PASSWD, "# sensor:x\n")] },
    ],
};

fn wanted(what: &What) -> bool {
    what.ends_2_1() && !matches!(what, What::Duplicate { .. }) && !has_own_rule(what)
}

fn check(subject: &Subject, found: &mut Found<'_>) {
    for file in files(subject) {
        let twice = file.problems(|what| matches!(what, What::Duplicate { .. }));
        let mut problems = file.problems(wanted);
        problems.retain(|(problem, _)| twice.iter().all(|(other, _)| other.line != problem.line));
        file.tell(found, &problems, |problem| match &problem.what {
            What::Undecodable { user, .. } if user.starts_with('#') => {
                Some("a comment must begin in the first column".to_owned())
            }
            _ => set_anew(problem),
        });
    }
}
