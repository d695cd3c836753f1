//! The plugin's file is not what the plugin writes.

use super::FILE;
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

pub(super) const RULE: Rule = Rule {
    id: "dynsec-file-corrupt",
    topic: Topic::DynamicSecurity,
    severity: Severity::Error,
    title: "the dynamic security plugin's file is broken",
    why: "Where the JSON is broken the broker starts, logs one line and refuses everybody. A part of another type is \
          passed over without a word: its clients cannot log in, its roles give no rights.",
    fix: "Mend the place that is told, with the broker stopped; or take a backup back; or make the file anew with \
          `mqsec dynsec init --force`.",
    source: "measured on 2.0.21 and 2.1.2 (`Error loading Dynamic security plugin config: File is not valid JSON.`)",
    check,
    mend: None,
    fires: &[
        Example { name: "an edit by hand left a comma", changes: &[LOAD, Change::Write(FILE, "{\"clients\": [],}")] },
        Example { name: "a disk that was full cut it off", changes: &[LOAD, Change::Write(FILE, "{\"clients\": [")] },
        Example {
            name: "a name is a number",
            changes: &[LOAD, Change::Write(FILE, "{\"clients\": [{\"username\": 7}]}")],
        },
        Example { name: "it is empty", changes: &[LOAD, Change::Write(FILE, "")] },
    ],
    quiet: &[
        Example { name: "as a broker saves it", changes: &[LOAD, GOOD_FILE] },
        Example { name: "no plugin reads it", changes: &[Change::Write(FILE, "{")] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    for named in files(subject) {
        let Some(file) = subject.dynsec(&named.path) else { continue };
        let Err(error) = &file.problems else { continue };
        let effect = if error.fatal { "the broker refuses everybody" } else { "the broker passes over a part of it" };
        let finding = found.at(&named.path, error.line, error.column, format!("{}: {effect}", error.what));
        if !error.fatal {
            finding.weighs(Severity::Warning);
        }
    }
}
