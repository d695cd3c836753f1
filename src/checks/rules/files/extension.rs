//! `mosquitto.conf.txt`: an editor has added an extension.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Kind;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "file-double-extension",
    topic: Topic::Files,
    severity: Severity::Warning,
    title: "a file has an extension too many, such as .conf.txt",
    why: "The broker looks for the name in the configuration and does not find it, while the reader sees the right file: \
          Notepad adds `.txt`, and Windows hides it.",
    fix: "rename the file without the last extension",
    source: "eclipse-mosquitto/mosquitto#439, #3041",
    check,
    mend: None,
    fires: &[
        Example {
            name: "a configuration from Notepad",
            changes: &[
                C::Copy("config/mosquitto.conf", "config/mosquitto.conf.txt"),
                C::Remove("config/mosquitto.conf"),
            ],
        },
        Example {
            name: "a key that was mailed",
            changes: &[
                C::Copy("certs/broker/broker.key", "certs/broker/broker.key.txt"),
                C::Remove("certs/broker/broker.key"),
            ],
        },
    ],
    quiet: &[
        Example { name: "a note beside the configuration", changes: &[C::Write("config/readme.txt", "x\n")] },
        Example {
            name: "a copy beside the file that is there",
            changes: &[C::Copy("config/mosquitto.conf", "config/mosquitto.conf.txt")],
        },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    const WRONG: &[&str] = &[".txt", ".rtf", ".doc"];
    let mut wanted: Vec<String> = subject.named().into_iter().map(|named| named.path).collect();
    wanted.extend([layout::CONF, layout::ENV, layout::COMPOSE, layout::PASSWD].map(str::to_owned));
    for path in wanted.into_iter().filter(|path| subject.folder.file(path).is_none()) {
        let twin = WRONG
            .iter()
            .map(|end| format!("{path}{end}"))
            .find(|twin| subject.folder.file(twin).is_some_and(|file| file.kind == Kind::File));
        if let Some(twin) = twin {
            let message = format!("`{path}` is not there, but `{twin}` is: an editor has added the extension");
            found.file(twin.as_str(), message).hint(format!("mv {twin} {path}"));
        }
    }
}
