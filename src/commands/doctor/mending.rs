//! `--fix`: modes and contents that nobody would refuse, through the workspace's transaction.

use std::path::Component;
use std::path::Path;

use super::Outcome;
use crate::checks::Kind;
use crate::checks::Mend;
use crate::checks::Rule;
use crate::context::Context;
use crate::error::Failure;
use crate::workspace::Transaction;
use crate::workspace::fs;

/// What was done, or why not.
pub(super) struct Mended {
    pub(super) rule: &'static str,
    pub(super) path: String,
    pub(super) what: String,
    pub(super) done: bool,
}

/// Applies the mends of the rules that found something which nobody accepted.
pub(super) fn mend(context: &Context<'_>, rules: &[&'static Rule], outcome: &Outcome) -> Result<Vec<Mended>, Failure> {
    let mut wanted: Vec<(&'static str, Mend)> = Vec::new();
    for rule in rules.iter().filter(|rule| outcome.standing.iter().any(|finding| finding.rule == rule.id)) {
        for mend in rule.mend.map(|mend| mend(&outcome.subject)).unwrap_or_default() {
            let accepted = |path: &str| {
                let of_rule = outcome.accepted.iter().filter(|accepted| accepted.finding.rule == rule.id);
                of_rule.into_iter().any(|accepted| accepted.finding.path.as_deref() == Some(path))
            };
            if !accepted(path(&mend)) && !wanted.iter().any(|(_, other)| *other == mend) {
                wanted.push((rule.id, mend));
            }
        }
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut change = Transaction::begin(&context.workspace)?;
    let mut done = Vec::new();
    for (rule, mend) in wanted {
        let path = path(&mend).to_owned();
        let file = outcome.subject.folder.file(&path);
        if !is_inside(&path) || file.is_some_and(|file| matches!(file.kind, Kind::Link(_))) {
            let what = format!("`{path}` is a link, or outside of the workspace: mend it by hand");
            done.push(Mended { rule, path, what, done: false });
            continue;
        }
        match mend {
            Mend::Mode { mode, .. } => {
                let shown = context.workspace.show(&path);
                let old = file.map_or(0, |file| file.mode);
                let (what, is_done) = match fs::change_mode(&context.workspace.path(&path), mode) {
                    Ok(()) => (format!("{shown}: mode {old:04o} is now {mode:04o}"), true),
                    Err(error) => (format!("{shown}: {error}: {}", error.source), false),
                };
                done.push(Mended { rule, path, what, done: is_done });
            }
            Mend::Write { contents, .. } => {
                let what = format!("{}: written anew", context.workspace.show(&path));
                change.put(path.clone(), contents);
                done.push(Mended { rule, path, what, done: true });
            }
        }
    }
    change.commit()?;
    Ok(done)
}

fn path(mend: &Mend) -> &str {
    match mend {
        Mend::Mode { path, .. } | Mend::Write { path, .. } => path,
    }
}

fn is_inside(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}
