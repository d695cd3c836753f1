//! `.env` and the password file.

use serde::Deserialize;
use zeroize::Zeroizing;

use super::permissions;
use crate::error::Failure;
use crate::error::Plain;
use crate::passwd::Outcome;
use crate::passwd::PasswdFile;
use crate::passwd::UserName;
use crate::pki::names::ClientName;
use crate::secret::Secret;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::env_file::EnvFile;
use crate::workspace::layout;
use crate::workspace::utf8;

/// The users and the broker's name of `.env`; nothing when there is no such file.
pub fn env_file(workspace: &Workspace) -> Result<Option<EnvFile>, Failure> {
    let path = workspace.show(layout::ENV);
    match workspace.read(layout::ENV)? {
        Some(bytes) => Ok(Some(EnvFile::parse(&utf8(bytes, &path)?, &path)?)),
        None => Ok(None),
    }
}

/// The `.env` that must be there, with at least one user.
pub fn env_with_users(workspace: &Workspace) -> Result<EnvFile, Failure> {
    let path = workspace.show(layout::ENV);
    let Some(env) = env_file(workspace)? else {
        return Err(Plain::new("env-missing", format!("there is no `{path}`"))
            .hint("make one with a generated password: mqsec up")
            .hint("or write lines USER_1=name and PASS_1='password' into it, mode 0600")
            .into());
    };
    if env.users.is_empty() {
        return Err(Plain::new("env-without-users", format!("`{path}` names no user"))
            .hint("add lines USER_1=name and PASS_1='password'")
            .into());
    }
    Ok(env)
}

/// The user that `fleet issue` gave a device, as long as the broker has him, and his password, as long as the broker takes it.
pub fn of_device(workspace: &Workspace, name: &ClientName) -> Result<Option<(UserName, Option<Secret>)>, Failure> {
    #[derive(Deserialize)]
    struct Login {
        username: String,
        password: String,
    }
    let Some(bytes) = workspace.read(&layout::client(name).login)?.map(Zeroizing::new) else { return Ok(None) };
    let Ok(login) = serde_json::from_slice::<Login>(&bytes) else { return Ok(None) };
    let password = Secret::new(login.password);
    let Ok(user) = UserName::parse(&login.username) else { return Ok(None) };
    let taken = passwd_file(workspace)?.verify(&user, &password);
    Ok(taken.map(|taken| (user, taken.then_some(password))))
}

/// The password file as it is; empty when there is none.
pub fn passwd_file(workspace: &Workspace) -> Result<PasswdFile, Failure> {
    match workspace.read(layout::PASSWD)? {
        Some(bytes) => Ok(PasswdFile::parse(&utf8(bytes, &workspace.show(layout::PASSWD))?)),
        None => Ok(PasswdFile::default()),
    }
}

pub fn put_passwd(change: &mut Transaction<'_>, file: &PasswdFile) -> Result<(), Failure> {
    change.put(layout::PASSWD, file.print()?);
    Ok(())
}

/// Brings the password file in line with `.env`.
pub fn sync(
    change: &mut Transaction<'_>,
    env: &EnvFile,
    iterations: Option<u32>,
    replace: bool,
) -> Result<Outcome, Failure> {
    let mut file = passwd_file(change.workspace())?;
    let outcome = file.merge(&env.users, iterations, replace);
    put_passwd(change, &file)?;
    // who is not there yet may do nothing
    permissions::ensure(change, &env.users, &outcome.added)?;
    Ok(outcome)
}
