//! Rules of the topic `Acl`, a file each.

mod anonymous_only;
mod bom;
mod comment;
mod deny_overridden;
mod empty;
mod everything;
mod missing;
mod pattern_for_all;
mod quoted;
mod share;
mod syntax;
mod sys_not_covered;
mod sys_write;
mod tab;
mod unknown_user;
mod unread;
mod user_without_lines;
mod variable_inside;
mod variable_outside;
mod wild_name;
mod without_effect;
mod word;

use std::collections::HashSet;
use std::sync::Arc;

use crate::acl::What;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Subject;
use crate::checks::kept::Acl;
use crate::error::printable;
use crate::passwd::PasswdFile;
use crate::series::Series;
use crate::workspace::layout;

pub const RULES: &[&Rule] = &[
    &syntax::RULE,
    &tab::RULE,
    &comment::RULE,
    &bom::RULE,
    &unread::RULE,
    &missing::RULE,
    &empty::RULE,
    &everything::RULE,
    &unknown_user::RULE,
    &user_without_lines::RULE,
    &anonymous_only::RULE,
    &variable_inside::RULE,
    &variable_outside::RULE,
    &pattern_for_all::RULE,
    &deny_overridden::RULE,
    &wild_name::RULE,
    &sys_write::RULE,
    &sys_not_covered::RULE,
    &share::RULE,
    &word::RULE,
    &quoted::RULE,
    &without_effect::RULE,
];

/// The ACL files that the configuration names and that are there, as this series reads them.
fn files_of(subject: &Subject, series: Series) -> impl Iterator<Item = (String, Arc<Acl>)> + '_ {
    subject.acl_files().into_iter().filter_map(move |path| {
        let acl = subject.acl(&path, series)?;
        Some((path, acl))
    })
}

/// The same for the first series that is meant, for rules that all series agree about.
fn files(subject: &Subject) -> impl Iterator<Item = (String, Arc<Acl>)> + '_ {
    subject.targets.first().into_iter().flat_map(|series| files_of(subject, *series))
}

/// Tells the problems that a rule is about, each once, however many series have it. What the rule adds to the sentence, if
/// anything, are the broker's own words.
fn report(subject: &Subject, found: &mut Found<'_>, about: &dyn Fn(&What) -> Option<String>) {
    let mut told = HashSet::new();
    for (path, file) in subject.targets.iter().flat_map(|series| files_of(subject, *series)) {
        for problem in &file.problems {
            let Some(words) = about(&problem.what) else { continue };
            // a line of a megabyte has words of a megabyte
            let message = excerpt(&problem.what.message());
            let text = file.document.line(problem.line);
            let before = &text[..text.len().min(problem.column.saturating_sub(1))];
            let column = String::from_utf8_lossy(before).chars().count() + 1;
            if !told.insert((path.clone(), problem.line, column, message.clone())) {
                continue;
            }
            let finding = found.at(path.as_str(), problem.line, column, message);
            if !words.is_empty() {
                let words = excerpt(&printable(&words.replace(layout::ACL, &path)));
                finding.hint(format!("the broker says: {words}"));
            }
        }
    }
}

/// As much as a reader reads.
fn excerpt(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The users of the password files; None where the broker knows users from elsewhere, too.
fn users(subject: &Subject) -> Option<Vec<String>> {
    let files = subject.password_files();
    let mut names = Vec::new();
    for path in &files {
        let text = String::from_utf8_lossy(subject.folder.bytes(path)?);
        names.extend(PasswdFile::parse(&text).users().map(|(name, _)| name.to_owned()));
    }
    let elsewhere = subject.targets.iter().filter_map(|series| subject.reading(*series)).any(|reading| {
        let by_certificate = |option: &str| reading.listeners.iter().any(|listener| reading.is_true(listener, option));
        !reading.plugins.iter().all(|plugin| plugin.file_stem().ends_with("_file"))
            || by_certificate("use_identity_as_username")
            || by_certificate("use_subject_as_username")
    });
    (!files.is_empty() && !elsewhere).then_some(names)
}

/// Whether a client without a user name gets in anywhere.
fn admits_anonymous(subject: &Subject) -> bool {
    subject
        .targets
        .iter()
        .filter_map(|series| subject.reading(*series))
        .any(|reading| reading.listeners.iter().any(|listener| reading.allows_anonymous(listener)))
}
