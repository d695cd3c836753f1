//! The two ways to the clients, groups and roles: the broker that runs, and the file of one that does not.

use std::path::PathBuf;

use super::Reach;
use super::activation;
use crate::broker;
use crate::context::Context;
use crate::dynsec::File;
use crate::dynsec::change::Change;
use crate::dynsec::lint;
use crate::dynsec::lint::Holder;
use crate::error::Failure;
use crate::error::Plain;
use crate::passwd::UserName;
use crate::provision::dynsec;
use crate::provision::dynsec::Admin;
use crate::provision::users;
use crate::secret::Secret;
use crate::workspace::Transaction;

/// A role's or a group's name.
pub(super) fn name(text: &str) -> Result<String, &'static str> {
    match text {
        "" => Err("a name is not empty"),
        _ if text.len() > 65535 => Err("a name has 65535 bytes at most"),
        _ if text.chars().any(char::is_control) => Err("a name has no control characters"),
        _ => Ok(text.to_owned()),
    }
}

/// A filter that the plugin takes.
pub(super) fn filter(text: &str) -> Result<String, &'static str> {
    let levels: Vec<&str> = text.split('/').collect();
    let last = levels.len() - 1;
    let fits = |(at, level): (usize, &&str)| match *level {
        "+" => true,
        "#" => at == last,
        level => !level.contains(['+', '#', '\0']),
    };
    match text {
        "" => Err("a topic is not empty"),
        _ if text.len() > 65535 => Err("a topic has 65535 bytes at most"),
        _ if !levels.iter().enumerate().all(fits) => Err("`+` and `#` stand for whole levels, and `#` comes last"),
        _ => Ok(text.to_owned()),
    }
}

/// The plugin's file in the workspace.
pub(super) fn file(context: &Context<'_>) -> Result<PathBuf, Failure> {
    let command = "set it up: mqsec dynsec init; or from the password file and the ACL: mqsec dynsec import";
    dynsec::active(&context.workspace)?.ok_or_else(|| {
        Plain::new("dynsec-not-loaded", "the configuration does not load the dynamic security plugin")
            .hint(command)
            .into()
    })
}

/// What the file says, where it can be read: a broker that runs has saved its last change there.
pub(super) fn known(context: &Context<'_>) -> Option<File> {
    dynsec::read(&context.workspace, &file(context).ok()?).ok()?
}

/// The file of a broker that does not run.
pub(super) fn offline(context: &Context<'_>) -> Result<(PathBuf, File), Failure> {
    let path = file(context)?;
    if broker::running(&context.workspace).is_some() {
        return Err(activation::running());
    }
    let found = dynsec::must_read(&context.workspace, &path)?;
    Ok((path, found))
}

/// The admin's connection, with the credentials of `.env`, the environment, or the terminal.
pub(super) fn admin(context: &Context<'_>, reach: &Reach) -> Result<Admin, Failure> {
    file(context)?;
    let env = users::env_file(&context.workspace)?.unwrap_or_default();
    let found = match &reach.admin {
        Some(name) => env.users.iter().find(|user| user.name == *name),
        None => env.users.first(),
    };
    let Some(name) = reach.admin.as_ref().or(found.map(|user| &user.name)).map(UserName::to_string) else {
        return Err(Plain::new("user-missing", "no admin was given, and `.env` names no user")
            .hint("name the admin: mqsec dynsec list --as NAME")
            .into());
    };
    let password = match (std::env::var("MQSEC_ADMIN_PASSWORD"), found) {
        (Ok(text), _) => Secret::new(text),
        (Err(_), Some(user)) => user.password.clone(),
        (Err(_), None) => context.ui.ask_password(&format!("admin `{name}`"), false).map_err(|mut failure| {
            failure.hints = vec!["give it in the environment variable MQSEC_ADMIN_PASSWORD".to_owned()];
            failure
        })?,
    };
    Admin::load(&context.workspace, name, password)
}

/// Makes the changes, all or none.
pub(super) fn make(context: &Context<'_>, reach: &Reach, changes: &[Change]) -> Result<(), Failure> {
    carry_out(context, reach, changes)?;
    // neither the plugin nor its file minds; the next command would be refused
    if known(context).is_some_and(|file| lint::problems(&file).contains(&lint::Problem::NoAdmin)) {
        let back = "nobody is admin any more; to get back in: mqsec down; mqsec dynsec reset-admin; mqsec up";
        context.ui.warn(context.ui.with_folder(back));
    }
    Ok(())
}

fn carry_out(context: &Context<'_>, reach: &Reach, changes: &[Change]) -> Result<(), Failure> {
    if reach.offline {
        let mut change = Transaction::begin(&context.workspace)?;
        let (path, mut file) = offline(context)?;
        changes.iter().try_for_each(|change| change.apply(&mut file))?;
        change.put(path, file.print());
        change.commit()?;
        return Ok(());
    }
    let path = file(context)?;
    let admin = admin(context, reach)?;
    let answers = match admin.ask(changes.iter().map(Change::command).collect()) {
        Ok(answers) => answers,
        // who changes itself is thrown out by 2.0 before the answer comes; what was saved tells
        Err(ended) if ended.code == "session-ended" && dynsec::is_saved(&context.workspace, &path, changes) => {
            return Ok(());
        }
        Err(failure) => return Err(failure),
    };
    if let Some(refused) = answers.iter().find_map(|answer| answer.as_ref().err()) {
        let made = changes.iter().zip(&answers).filter(|(_, answer)| answer.is_ok()).map(|(change, _)| change);
        let back: Vec<_> = made.rev().filter_map(undo).collect();
        if !back.is_empty() {
            admin.ask(back.iter().map(Change::command).collect())?;
        }
        return Err(refused.clone().into());
    }
    if !dynsec::is_saved(&context.workspace, &path, changes) {
        let shown = context.workspace.show(&path);
        return Err(Plain::no(
            "dynsec-not-saved",
            format!("the broker made the change, and did not save it in `{shown}`"),
        )
        .detail("it holds until the broker ends")
        .hint("the file and its folder must belong to the broker's user; let mqsec see to it: mqsec up")
        .hint("the broker's log may tell more: mqsec logs --explain")
        .into());
    }
    Ok(())
}

/// What takes back something that was added.
fn undo(change: &Change) -> Option<Change> {
    let holder = match change {
        Change::AddClient { name, .. } => Holder::Client(name.clone()),
        Change::AddGroup { name } => Holder::Group(name.clone()),
        Change::AddRole { name, .. } => Holder::Role(name.clone()),
        _ => return None,
    };
    Some(Change::Delete(holder))
}
