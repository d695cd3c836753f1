//! What a command wrote and no broker reads: the dynamic security plugin decides, or the configuration names other files.

use std::path::Path;

use crate::context::Context;
use crate::error::Failure;
use crate::provision::dynsec;
use crate::provision::permissions;
use crate::series::Series;
use crate::snapshot;
use crate::workspace::layout;

/// Tells of a password file that no broker reads: what is changed or found in it then says nothing of who gets in.
pub(super) fn passwords(context: &Context<'_>) -> Result<(), Failure> {
    let workspace = &context.workspace;
    let conf = workspace.read(layout::CONF)?.unwrap_or_default();
    let conf = String::from_utf8_lossy(&conf);
    // the usual case, without a look at the whole folder
    let names_some = conf.lines().any(|line| line.trim_start().starts_with("password_file "));
    if conf.is_empty() || names_some {
        return Ok(());
    }
    let path = workspace.show(layout::PASSWD);
    if decided_by_plugin(context) {
        let command = workspace.command();
        context.ui.warn(format!(
            "no broker reads `{path}`: the dynamic security plugin decides who gets in; see: {command} dynsec list"
        ));
    } else if snapshot::take(workspace, context.now, Series::RELEASED.to_vec()).password_files().is_empty() {
        context.ui.warn(format!("no broker reads `{path}`: the configuration names no password file"));
    }
    Ok(())
}

/// Whether the plugin has the users, and the configuration names no password file beside it.
pub(super) fn decided_by_plugin(context: &Context<'_>) -> bool {
    let subject = || snapshot::take(&context.workspace, context.now, Series::RELEASED.to_vec());
    matches!(dynsec::active(&context.workspace), Ok(Some(_))) && subject().password_files().is_empty()
}

/// Tells of permissions in an ACL that the configuration does not name.
pub(super) fn permissions(context: &Context<'_>, path: &Path) -> Result<(), Failure> {
    let workspace = &context.workspace;
    if !workspace.has(layout::CONF) || permissions::acl_file(workspace)?.as_deref() == Some(path) {
        return Ok(());
    }
    let why = match dynsec::active(workspace) {
        Ok(Some(_)) => format!("the dynamic security plugin decides, see: {} dynsec list", workspace.command()),
        _ => format!("write `acl_file {}` into the configuration", path.display()),
    };
    let path = workspace.show(path);
    context.ui.warn(format!("the configuration does not name `{path}`: no broker reads it; {why}"));
    Ok(())
}
