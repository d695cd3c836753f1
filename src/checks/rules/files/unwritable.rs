//! The broker's user cannot write where it must: data and log.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::access;
use crate::checks::access::Want;

pub(super) const RULE: Rule = Rule {
    id: "file-unwritable-by-broker",
    topic: Topic::Files,
    severity: Severity::Error,
    title: "the broker's user cannot write where it must",
    why: "The broker runs on and loses silently: retained messages and sessions are not saved, the log file stays \
          empty (`Unable to open log file … for writing`).",
    fix: "give the folder to the broker's user, and mount it without `:ro`.",
    source: "measured on 2.0.21 and 2.1.2: the broker goes on without its log or database; eclipse-mosquitto/mosquitto#1716",
    check,
    mend: None,
    fires: &[
        Example { name: "the data folder is root's", changes: &[C::Owner("data", 0, 0)] },
        Example { name: "the log folder has lost its bits", changes: &[C::Mode("log", 0o500)] },
        Example {
            name: "the container has the data folder read-only",
            changes: &[
                C::Replace("docker-compose.yml", "./data:/mosquitto/data", "./data:/mosquitto/data:ro"),
                C::With(|subject| subject.runtime.container = true),
            ],
        },
    ],
    quiet: &[
        Example {
            name: "root's data folder, and nothing is kept",
            changes: &[
                C::Owner("data", 0, 0),
                C::Replace("config/mosquitto.conf", "persistence true", "persistence false"),
            ],
        },
        Example { name: "the configuration's folder is read-only", changes: &[C::Mode("config", 0o500)] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some(reading) = subject.any_reading() else { return };
    let mut wanted: Vec<(String, String)> = Vec::new();
    if reading.global.is_true("persistence")
        && let Some(place) = reading.global.last("persistence_location")
    {
        wanted.push((subject.resolve(&place.text), "keep sessions and retained messages".to_owned()));
    }
    for path in reading.global.all("log_file").map(|value| subject.resolve(&value.text)) {
        let what = "write its log".to_owned();
        // a log that is there is opened to append; one that is not is made
        match subject.folder.file(&path) {
            Some(_) => wanted.push((path, what)),
            None => wanted.extend(path.rsplit_once('/').map(|(folder, _)| (folder.to_owned(), what))),
        }
    }
    tell(subject, found, wanted);
}

fn tell(subject: &Subject, found: &mut Found<'_>, wanted: Vec<(String, String)>) {
    let (uid, gid) = (subject.runtime.uid, subject.runtime.gid);
    let mut told: Vec<String> = Vec::new();
    for (path, what) in wanted {
        let Some(obstacle) = access::obstacle(subject, &path, Want::Write) else { continue };
        if told.contains(&obstacle.path) || access::is_given_away_at_start(subject, &path) {
            continue;
        }
        let (owner, group, mode) = (obstacle.file.uid, obstacle.file.gid, access::shown(obstacle.file.mode));
        let place = access::named(&obstacle.path);
        let (message, hint) = if obstacle.read_only {
            (
                format!("the container has `{place}` read-only, and the broker has to {what} there"),
                "remove `:ro` from that mount in docker-compose.yml".to_owned(),
            )
        } else {
            let hint = if owner == uid {
                format!("chmod u+rwX {}", obstacle.path)
            } else {
                format!("sudo chown {uid}:{gid} {}", obstacle.path)
            };
            (
                format!("the broker (uid {uid}, gid {gid}) cannot {what}: `{place}` is {owner}:{group}, mode {mode}"),
                hint,
            )
        };
        found.file(obstacle.path.as_str(), message).hint(hint);
        told.push(obstacle.path);
    }
}
