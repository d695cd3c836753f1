//! What the broker has read: digests of its files, noted at each start and reload, so that a later run knows what it has
//! not seen yet.

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use crate::acl::Document;
use crate::conf;
use crate::conf::Settings;
use crate::error::Failure;
use crate::series::Series;
use crate::workspace::Workspace;
use crate::workspace::fs;
use crate::workspace::layout;
use crate::workspace::layout::broker;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// The configuration with its bridges, and an ACL that is broken: a reload with it opens a 2.0 broker to everyone, a start does not.
    pub conf: String,
    pub compose: String,
    /// Passwords, certificates, CRL, and an ACL that every broker takes.
    pub files: String,
}

impl Loaded {
    pub fn now(workspace: &Workspace) -> Result<Self, Failure> {
        let conf = workspace.read(layout::CONF)?.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let port = conf::main_listener(&conf).map_or(0, |listener| listener.port);
        let acl = Settings::of_port(&conf, port).and_then(|settings| settings.get("acl_file").map(str::to_owned));
        let bridges = bridges(workspace)?;
        let mut conf: Vec<&str> = [layout::CONF].into_iter().chain(bridges.iter().map(String::as_str)).collect();
        let mut files = vec![layout::PASSWD, broker::KEY, broker::CERT, broker::TRUST, broker::CRL];
        if let Some(acl) = &acl {
            let bytes = workspace.read(acl)?;
            let serves = bytes.is_some_and(|bytes| Document::parse(&bytes).reading(Series::V21).stop.is_none());
            if serves { files.push(acl) } else { conf.push(acl) }
        }
        Ok(Self {
            conf: digest(workspace, &conf)?,
            compose: digest(workspace, &[layout::COMPOSE])?,
            files: digest(workspace, &files)?,
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

/// What the configuration includes of bridges, and their certificates: a reload neither starts nor ends a bridge.
fn bridges(workspace: &Workspace) -> Result<Vec<String>, Failure> {
    let mut folders = vec![layout::BRIDGES.to_owned()];
    let certs = fs::folders(&workspace.path(layout::BRIDGE_CERTS))?;
    folders.extend(certs.iter().map(|name| format!("{}/{name}", layout::BRIDGE_CERTS)));
    let names = |folder: &String| {
        let files = fs::files(&workspace.path(folder)).into_iter();
        let name = |path: std::path::PathBuf| Some(format!("{folder}/{}", path.file_name()?.to_str()?));
        files.filter_map(name).collect::<Vec<_>>()
    };
    Ok(folders.iter().flat_map(names).collect())
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
