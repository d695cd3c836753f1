//! The ACL file: which one the broker reads, and the one that a new workspace gets.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::acl;
use crate::acl::Access;
use crate::acl::Because;
use crate::acl::Document;
use crate::acl::Question;
use crate::conf;
use crate::error::Failure;
use crate::error::Plain;
use crate::error::printable;
use crate::passwd::PasswdFile;
use crate::passwd::User;
use crate::passwd::UserName;
use crate::series::Series;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::layout;

/// Where the container has the workspace.
const MOUNT: &str = "/mosquitto/";

/// The ACL file that the configuration names: the main listener's, or else any; none where it names none.
pub fn acl_file(workspace: &Workspace) -> Result<Option<PathBuf>, Failure> {
    let Some(bytes) = workspace.read(layout::CONF)? else { return Ok(None) };
    Ok(named(&String::from_utf8_lossy(&bytes)).map(PathBuf::from))
}

fn named(conf: &str) -> Option<String> {
    let of_main = conf::main_listener(conf)
        .and_then(|listener| conf::Settings::of_port(conf, listener.port))
        .and_then(|settings| settings.get("acl_file").map(str::to_owned));
    let of_any = || {
        let value = |line: &str| {
            let (key, value) = line.trim_start_matches(' ').split_once(' ')?;
            matches!(key, "acl_file" | "plugin_opt_acl_file").then(|| value.trim().to_owned())
        };
        conf.lines().find_map(value)
    };
    let path = of_main.or_else(of_any)?;
    Some(path.strip_prefix(MOUNT).map_or(path.clone(), str::to_owned))
}

/// The ACL of a workspace whose configuration names mqsec's file: written where it is missing, and with a section for each
/// user who is new, where mqsec wrote it. A section that was taken out stays out, and any other file is its owner's.
pub fn ensure(change: &mut Transaction<'_>, users: &[User], new: &[String]) -> Result<(), Failure> {
    if !is_ours(change)? {
        return Ok(());
    }
    let passwd = change.read(layout::PASSWD)?.unwrap_or_default();
    let passwd = PasswdFile::parse(&String::from_utf8_lossy(&passwd));
    // the first one of .env administers
    let mut names: Vec<&str> = users.iter().map(|user| user.name.as_str()).collect();
    let known: HashSet<&str> = names.iter().copied().collect();
    names.extend(passwd.users().map(|(name, _)| name).filter(|name| !known.contains(name)));
    match change.read(layout::ACL)? {
        None => change.put(layout::ACL, acl::render(&names)),
        Some(bytes) => add(change, &bytes, &new.iter().map(String::as_str).collect::<Vec<_>>()),
    }
    Ok(())
}

/// The same for one user more, where the file is there.
pub fn ensure_user(change: &mut Transaction<'_>, name: &UserName) -> Result<(), Failure> {
    if is_ours(change)?
        && let Some(bytes) = change.read(layout::ACL)?
    {
        add(change, &bytes, &[name.as_str()]);
    }
    Ok(())
}

fn add(change: &mut Transaction<'_>, bytes: &[u8], names: &[&str]) {
    if let Some(bytes) = acl::with_users(bytes, names) {
        change.put(layout::ACL, bytes);
    }
}

fn is_ours(change: &Transaction<'_>) -> Result<bool, Failure> {
    let conf = change.read(layout::CONF)?.unwrap_or_default();
    Ok(named(&String::from_utf8_lossy(&conf)).as_deref() == Some(layout::ACL))
}

/// Refuses an ACL that would stop the broker, before the broker sees it: a reload with it opens a 2.0 broker to everyone and
/// ends a 2.1 broker.
pub fn check(workspace: &Workspace) -> Result<(), Failure> {
    let Some(path) = acl_file(workspace)? else { return Ok(()) };
    let Some(bytes) = workspace.read(&path)? else { return Ok(()) };
    refuse_broken(&Document::parse(&bytes), &workspace.show(&path))
}

/// Fails where no broker starts with this file.
pub fn refuse_broken(document: &Document, shown: &str) -> Result<(), Failure> {
    let Some((line, column, stop)) = document.reading(Series::V21).stop else { return Ok(()) };
    Err(Plain::new("acl-file-broken", format!("`{shown}:{line}:{column}`: no broker starts with this line"))
        .detail(format!("the line: {}", excerpt(&document.text(line))))
        .detail(format!("the broker: {}", excerpt(&stop.words(shown))))
        .hint("what is wrong, line by line: mqsec acl lint")
        .into())
}

/// As much of a line as a reader reads.
fn excerpt(text: &str) -> String {
    printable(text).chars().take(200).collect()
}

/// A topic to which a user may not publish, by the file that the broker reads and for every series: what `up` proves.
pub fn refused_topic(workspace: &Workspace, user: &UserName, owner: &UserName) -> Result<Option<String>, Failure> {
    let Some(path) = acl_file(workspace)? else { return Ok(None) };
    let document = Document::parse(&workspace.read(path)?.unwrap_or_default());
    let topic = acl::own_topic(owner.as_str());
    let user = Some(user.as_str());
    let refused = Series::RELEASED.iter().all(|series| {
        let question = Question { user, client_id: "mqsec-proof", access: Access::Write, topic: &topic };
        let decision = acl::decide(&document, &question, *series);
        !decision.allowed && decision.because != Because::Stop
    });
    Ok(refused.then_some(topic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_the_configuration_names() {
        let conf = |line: &str| named(&format!("{line}\nlistener 8883\ncertfile a\n"));
        assert_eq!(conf("acl_file config/x.acl").as_deref(), Some("config/x.acl"));
        assert_eq!(conf("  acl_file /mosquitto/config/x.acl").as_deref(), Some("config/x.acl"));
        assert_eq!(conf("plugin_opt_acl_file /etc/a").as_deref(), Some("/etc/a"));
        assert_eq!(conf("#acl_file a"), None);
        assert_eq!(named("acl_file a"), Some("a".to_owned()));
    }
}
