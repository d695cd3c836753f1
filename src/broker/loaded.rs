//! What the broker has read: digests of its files, noted at each start and reload, so that a later run knows what it has
//! not seen yet.

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use crate::conf;
use crate::conf::Settings;
use crate::error::Failure;
use crate::workspace::Workspace;
use crate::workspace::layout;
use crate::workspace::layout::broker;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// The configuration, and the ACL: a reload with a broken one opens a 2.0 broker to everyone, a start does not.
    pub conf: String,
    pub compose: String,
    /// Passwords, certificates, CRL.
    pub files: String,
}

impl Loaded {
    pub fn now(workspace: &Workspace) -> Result<Self, Failure> {
        let conf = workspace.read(layout::CONF)?.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let port = conf::main_listener(&conf).map_or(0, |listener| listener.port);
        let acl = Settings::of_port(&conf, port).and_then(|settings| settings.get("acl_file").map(str::to_owned));
        let conf: Vec<&str> = [layout::CONF].into_iter().chain(acl.as_deref()).collect();
        Ok(Self {
            conf: digest(workspace, &conf)?,
            compose: digest(workspace, &[layout::COMPOSE])?,
            files: digest(workspace, &[layout::PASSWD, broker::KEY, broker::CERT, broker::TRUST, broker::CRL])?,
        })
    }

    /// What was noted; nothing when there is no readable note.
    pub fn then(workspace: &Workspace) -> Result<Option<Self>, Failure> {
        Ok(workspace.read(layout::LOADED)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    pub fn note(&self, workspace: &Workspace) -> Result<(), Failure> {
        let text = serde_json::to_string(self).unwrap_or_default();
        Ok(workspace.note(layout::LOADED, &text)?)
    }
}

fn digest(workspace: &Workspace, paths: &[&str]) -> Result<String, Failure> {
    let mut digest = Sha256::new();
    for path in paths {
        let bytes = workspace.read(path)?.unwrap_or_default();
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
