//! The compose file is no YAML, or no compose file.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "compose-unreadable",
    topic: Topic::Compose,
    severity: Severity::Error,
    title: "docker-compose.yml cannot be read",
    why: "Docker Compose stops at it, and nothing starts; the other rules about it stay silent.",
    fix: "mend the line; `docker compose config` shows the file as Compose reads it",
    source: "YAML 1.2; docs.docker.com, compose file reference",
    check,
    mend: None,
    fires: &[
        Example { name: "a list that does not end", changes: &[C::Append("docker-compose.yml", "x: [1\n")] },
        Example { name: "no services", changes: &[C::Write("docker-compose.yml", "version: 3\n")] },
        Example { name: "a key twice", changes: &[C::Append("docker-compose.yml", "networks: {}\n")] },
    ],
    quiet: &[
        Example { name: "an empty file", changes: &[C::Write("docker-compose.yml", "")] },
        Example { name: "no file", changes: &[C::Remove("docker-compose.yml")] },
    ],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    if let Some(error) = subject.compose().and_then(|compose| compose.error.as_ref()) {
        found
            .at(layout::COMPOSE, error.line, error.column, format!("this is no compose file: {}", error.what))
            .hint("docker compose config");
    } else if subject.folder.bytes(layout::COMPOSE).is_some_and(|bytes| std::str::from_utf8(bytes).is_err()) {
        found.file(layout::COMPOSE, "it is not UTF-8 text").hint("save the file as UTF-8");
    }
}
