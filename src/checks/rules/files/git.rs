//! A repository of git that would take keys and passwords with it.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::File;
use crate::checks::Found;
use crate::checks::Kind;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "file-not-ignored-by-git",
    topic: Topic::Files,
    severity: Severity::Error,
    title: "git would take keys or passwords into its history",
    why: "`git add .` puts them into every clone for ever; taking them out again means to write the history anew and to \
          make each key and password new.",
    fix: "name them in `.gitignore`: `.env`, `*.key`, `*.passwd`, `.mqsec/`; if they are in the history already, make them new",
    source: "gitignore(5)",
    check,
    mend: None,
    fires: &[
        Example { name: "a repository without .gitignore", changes: &[C::With(repository)] },
        Example {
            name: "one that forgets the keys",
            changes: &[C::With(repository), C::Write(".gitignore", ".env\n*.passwd\n")],
        },
    ],
    quiet: &[
        Example {
            name: "all are named",
            changes: &[C::With(repository), C::Write(".gitignore", "# secrets\n.env\n*.key\n/config/*.passwd\n")],
        },
        Example {
            name: "whole folders are",
            changes: &[C::With(repository), C::Write(".gitignore", ".env\ncerts/\n/config\n")],
        },
        Example { name: "no repository", changes: &[] },
    ],
};

fn repository(subject: &mut Subject) {
    let (kind, bytes, unread, mode) = (Kind::Folder, None, None, 0o755);
    let (uid, gid, size) = (subject.runtime.uid, subject.runtime.gid, 0);
    subject.folder.put(".git", File { kind, bytes, unread, mode, uid, gid, size });
}

fn check(subject: &Subject, found: &mut Found<'_>) {
    let Some((base, patterns)) = patterns(subject) else { return };
    let client = subject.folder.under(layout::CLIENT_DIR).map(|(path, _)| path).find(|path| path.ends_with(".key"));
    let secrets = [layout::ENV, layout::CA_KEY, "certs/signing/ca.key", layout::broker::KEY, layout::PASSWD]
        .into_iter()
        .chain(client);
    let there = secrets.filter(|path| subject.folder.file(path).is_some());
    let open: Vec<&str> = there.filter(|path| !is_ignored(&patterns, &format!("{base}{path}"))).collect();
    if !open.is_empty() {
        let names: Vec<String> = open.iter().map(|path| format!("`{path}`")).collect();
        found
            .file(".gitignore", format!("git does not ignore {}", names.join(", ")))
            .hint("printf '.env\\n*.key\\n*.passwd\\n.mqsec/\\n' >> .gitignore");
    }
}

/// The patterns of the repository that holds the workspace, each with the folder of its file; and the workspace's place
/// in it.
fn patterns(subject: &Subject) -> Option<(String, Vec<(String, String)>)> {
    let mut above: Vec<&str> = subject.root.match_indices('/').map(|(at, _)| &subject.root[..at]).collect();
    above.reverse();
    let mut files = vec![(String::new(), ".gitignore".to_owned())];
    let mut base = String::new();
    if subject.folder.file(".git").is_none() {
        let top = above.iter().find(|folder| subject.folder.file(&format!("{folder}/.git")).is_some())?;
        base = format!("{}/", subject.root.strip_prefix(*top)?.trim_start_matches('/'));
        files = above
            .iter()
            .filter(|folder| folder.starts_with(*top))
            .map(|folder| {
                let inner = folder.strip_prefix(*top).unwrap_or_default().trim_start_matches('/');
                (if inner.is_empty() { String::new() } else { format!("{inner}/") }, format!("{folder}/.gitignore"))
            })
            .collect();
        files.push((base.clone(), ".gitignore".to_owned()));
    }
    for folder in ["certs", "config"] {
        files.push((format!("{base}{folder}/"), format!("{folder}/.gitignore")));
    }
    let mut all = Vec::new();
    for (folder, path) in files {
        let text = subject.folder.bytes(&path).map(String::from_utf8_lossy).unwrap_or_default();
        let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
        all.extend(lines.map(|line| (folder.clone(), line.to_owned())));
    }
    Some((base, all))
}

/// The last pattern that fits decides; one that fits a folder above decides for what is in it.
fn is_ignored(patterns: &[(String, String)], path: &str) -> bool {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.into_iter().any(|end| {
        let part = &path[..end];
        let last = patterns.iter().rev().find(|(folder, pattern)| {
            part.strip_prefix(folder.as_str())
                .is_some_and(|rest| fits(pattern.trim_start_matches('!'), rest, end < path.len()))
        });
        last.is_some_and(|(_, pattern)| !pattern.starts_with('!'))
    })
}

fn fits(pattern: &str, path: &str, is_folder: bool) -> bool {
    let bare = pattern.strip_suffix('/').unwrap_or(pattern);
    if bare.len() != pattern.len() && !is_folder {
        return false;
    }
    let anchored = bare.contains('/');
    let bare = bare.trim_start_matches('/');
    let name = path.rsplit('/').next().unwrap_or(path);
    if anchored { glob(bare.as_bytes(), path.as_bytes()) } else { glob(bare.as_bytes(), name.as_bytes()) }
}

/// `*` within a name, `**` across names, `?` for one letter; in time of pattern × text.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let mut reach = vec![false; text.len() + 1];
    reach[0] = true;
    let mut at = 0;
    while at < pattern.len() {
        let star = pattern[at] == b'*';
        let deep = star && pattern.get(at + 1) == Some(&b'*');
        let mut next = vec![false; text.len() + 1];
        for end in 0..=text.len() {
            next[end] = if star {
                reach[end] || end > 0 && next[end - 1] && (deep || text[end - 1] != b'/')
            } else {
                end > 0
                    && reach[end - 1]
                    && (pattern[at] == text[end - 1] || pattern[at] == b'?' && text[end - 1] != b'/')
            };
        }
        reach = next;
        // `**/` also stands for no folder at all
        at += if deep && pattern.get(at + 2) == Some(&b'/') {
            3
        } else if deep {
            2
        } else {
            1
        };
    }
    reach[text.len()]
}
