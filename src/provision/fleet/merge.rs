//! What a list brings into the password file and the ACL, in the end and at once.

use std::collections::HashSet;
use std::io::Read;
use std::io::Write;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use crate::error::Failure;
use crate::provision::permissions;
use crate::workspace::Transaction;
use crate::workspace::fs;
use crate::workspace::layout;

/// The files that were changed.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    pub logins: bool,
    /// The ACL file that they went into.
    pub permissions: Option<PathBuf>,
}

/// Adds the lines that are ready; with `replace`, in the place of those that the users had.
pub(super) fn logins(change: &mut Transaction<'_>, replace: bool) -> Result<Merged, Failure> {
    let has = |path: &str| fs::has_content(&change.workspace().path(path));
    let acl = if has(layout::fleet::ACL) { Some(acl_file(change)?) } else { None };
    let merged = Merged { logins: has(layout::fleet::PASSWD), permissions: acl };
    if merged.logins {
        let gone =
            if replace { users(change, layout::fleet::PASSWD, |line| line.split(':').next())? } else { HashSet::new() };
        join(change, Path::new(layout::PASSWD), layout::fleet::PASSWD, |line, _| {
            let user = line.split(|byte| *byte == b':').next().unwrap_or_default();
            std::str::from_utf8(user).is_ok_and(|user| gone.contains(user))
        })?;
    }
    if let Some(acl) = &merged.permissions {
        let gone = if replace {
            users(change, layout::fleet::ACL, |line| line.strip_prefix("user "))?
        } else {
            HashSet::new()
        };
        join(change, acl, layout::fleet::ACL, |line, section_goes| {
            if let Some(user) = line.strip_prefix(b"user ") {
                *section_goes = std::str::from_utf8(user.trim_ascii()).is_ok_and(|user| gone.contains(user));
            }
            // patterns and comments are nobody's
            *section_goes && (line.starts_with(b"user ") || line.starts_with(b"topic "))
        })?;
    }
    Ok(merged)
}

/// The one that the configuration names, as `mqsec acl` has it; mqsec's own where it names none of this folder.
fn acl_file(change: &Transaction<'_>) -> Result<PathBuf, Failure> {
    let named = permissions::acl_file(change.workspace())?;
    let ours = |path: &PathBuf| path.components().all(|part| matches!(part, Component::Normal(_)));
    Ok(named.filter(ours).unwrap_or_else(|| PathBuf::from(layout::ACL)))
}

fn users(
    change: &Transaction<'_>,
    path: &str,
    user: impl Fn(&str) -> Option<&str>,
) -> Result<HashSet<String>, Failure> {
    let mut found = HashSet::new();
    super::each_line(change.workspace(), path, |line| {
        if let Some(user) = user(line) {
            found.insert(user.to_owned());
        }
    })?;
    Ok(found)
}

/// The file without the lines that go, and the new ones behind it. Nothing is ever whole in memory.
fn join(
    change: &mut Transaction<'_>,
    path: &Path,
    more: &str,
    mut goes: impl FnMut(&[u8], &mut bool) -> bool,
) -> Result<(), Failure> {
    let workspace = change.workspace();
    let open = |path: &Path| match fs::open(&workspace.path(path)) {
        Ok((file, _)) => Ok(Some(file)),
        Err(missing) if missing.source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let (old, new) = (open(path)?, open(Path::new(more))?);
    change.stream(path, |out| {
        let mut in_section = false;
        if let Some(old) = old {
            let mut reader = std::io::BufReader::new(old);
            let mut line = zeroize::Zeroizing::new(Vec::new());
            loop {
                line.clear();
                if std::io::BufRead::read_until(&mut reader, b'\n', &mut line)? == 0 {
                    break;
                }
                let text = line.strip_suffix(b"\n").unwrap_or(&line);
                if !goes(text, &mut in_section) {
                    out.write_all(text)?;
                    out.write_all(b"\n")?;
                }
            }
        }
        match new {
            Some(mut new) => copy(&mut new, out),
            None => Ok(()),
        }
    })?;
    Ok(())
}

fn copy(from: &mut impl Read, to: &mut dyn Write) -> std::io::Result<()> {
    let mut piece = zeroize::Zeroizing::new(vec![0; 1 << 16]);
    loop {
        match from.read(&mut piece)? {
            0 => return Ok(()),
            read => to.write_all(&piece[..read])?,
        }
    }
}
