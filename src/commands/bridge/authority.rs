//! The other side of a bridge: who is trusted there, the client certificate, the user, the rights.

use std::path::Path;
use std::path::PathBuf;

use crate::acl;
use crate::acl::Grant;
use crate::acl::Scope;
use crate::bridge::Access;
use crate::bridge::Topic;
use crate::bridge::needs;
use crate::conf::reading::Bridge;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::error::printable;
use crate::passwd::DEFAULT_ITERATIONS;
use crate::passwd::User;
use crate::passwd::UserName;
use crate::pki::authority::Role;
use crate::pki::input;
use crate::pki::names::ClientName;
use crate::pki::parsed::Certificate;
use crate::pki::verify;
use crate::provision::certificates;
use crate::provision::certificates::Wish;
use crate::provision::configuration;
use crate::provision::credentials::must_read;
use crate::provision::users;
use crate::secret::Secret;
use crate::series::Series;
use crate::snapshot;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::fs;
use crate::workspace::layout;

/// The pair that the bridge shows.
pub(super) struct Pair {
    pub(super) chain: zeroize::Zeroizing<Vec<u8>>,
    pub(super) key: zeroize::Zeroizing<Vec<u8>>,
}

/// Issues a client's pair, or takes the one that is there and serves.
pub(super) fn pair(change: &mut Transaction<'_>, name: &ClientName, context: &Context<'_>) -> Result<Pair, Failure> {
    let wish = Wish { common_name: name.as_str().parse()?, role: Role::Client, days: None, key_type: None };
    certificates::client(change, name, &wish, context.now)?;
    let files = layout::client(name);
    let read = |path: &Path| -> Result<_, Failure> { Ok(change.read(path)?.unwrap_or_default()) };
    Ok(Pair { chain: read(&files.chain)?, key: read(&files.key)? })
}

/// A file of authorities, as it is.
pub(super) fn authorities(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = must_read(path)?;
    input::certificates(&bytes, &path.display().to_string())?;
    Ok(bytes)
}

/// The workspace of the other broker.
pub(super) struct There {
    pub(super) workspace: Workspace,
}

impl There {
    pub(super) fn open(context: &Context<'_>, dir: &Path) -> Result<Self, Failure> {
        let workspace = Workspace::at(PathBuf::from(dir));
        if fs::same_folder(dir, context.workspace.root()) {
            return Err(Plain::new("bridge-same-folder", "the remote workspace is this one")
                .hint("give the folder of the other broker: --remote-workspace DIR")
                .into());
        }
        for name in [layout::CONF, layout::CA_CERT] {
            if workspace.read(name)?.is_none() {
                return Err(Plain::new("bridge-no-workspace", format!("there is no `{}`", workspace.show(name)))
                    .hint(format!("make the other broker first: {} up", workspace.command()))
                    .hint("or bridge to a broker whose folder is not here: --ca FILE")
                    .into());
            }
        }
        workspace.recover()?;
        Ok(Self { workspace })
    }

    pub(super) fn port(&self) -> Result<Option<u16>, Failure> {
        Ok(configuration::read_listener(&self.workspace)?.map(|listener| listener.port))
    }

    /// Why the broker's certificate is not valid for the host, if it is not.
    pub(super) fn other_names(&self, host: &str) -> Result<Option<String>, Failure> {
        let found: Option<Certificate> = certificates::broker_certificate(&self.workspace)?;
        Ok(found.filter(|certificate| !verify::is_valid_for(certificate, host)).map(|certificate| {
            format!("the broker's certificate over there is for {}, not for `{host}`", certificate.names().join(", "))
        }))
    }

    /// A bridge of the other broker that may lead back here: what crosses both goes round and round, `try_private` or not
    /// (measured with 2.0.21 and 2.1.2).
    pub(super) fn bridge_back(&self, context: &Context<'_>, port: Option<u16>) -> Option<String> {
        let subject = snapshot::take(&self.workspace, context.now, Series::RELEASED.to_vec());
        let leads = |bridge: &&Bridge| bridge.addresses().iter().any(|(_, remote)| Some(*remote) == port);
        super::bridges(&subject).iter().find(leads).map(|bridge| printable(&bridge.name))
    }

    /// Makes the user and the rights that the bridge needs; says what it did. A user of the same name with another
    /// password is somebody else.
    pub(super) fn admit(
        &self,
        change: &mut Transaction<'_>,
        context: &Context<'_>,
        (user, password): (&UserName, &Secret),
        topics: &[Topic],
    ) -> Result<Vec<String>, Failure> {
        let mut did = Vec::new();
        let mut file = users::passwd_file(&self.workspace)?;
        match file.verify(user, password) {
            Some(true) => {}
            Some(false) => {
                return Err(Plain::new(
                    "bridge-user-exists",
                    format!("the remote broker has a user `{user}` already, with another password"),
                )
                .hint("take another name: --remote-user NAME")
                .hint(format!("or remove that one first: {} passwd del '{user}'", self.workspace.command()))
                .into());
            }
            None => {
                file.set(&User { name: user.clone(), password: password.clone() }, DEFAULT_ITERATIONS);
                users::put_passwd(change, &file)?;
                did.push(format!("user `{user}` added to `{}`", self.workspace.show(layout::PASSWD)));
            }
        }
        let subject = snapshot::take(&self.workspace, context.now, Series::RELEASED.to_vec());
        for path in subject.acl_files() {
            if path.starts_with('/') {
                did.push(format!("give `{user}` its rights in `{path}` by hand: it lies outside of the folder"));
                continue;
            }
            let bytes = change.read(&path)?.unwrap_or_default();
            let (contents, rights) = with_rights(&bytes, user, topics)?;
            if !rights.is_empty() {
                change.put(path.clone(), contents);
                let rights = rights.join(", ");
                did.push(format!("`{user}` may {rights} by `{}`", self.workspace.show(&path)));
            }
        }
        Ok(did)
    }
}

/// The ACL with what the topics need; and what was added.
fn with_rights(bytes: &[u8], user: &UserName, topics: &[Topic]) -> Result<(Vec<u8>, Vec<String>), Failure> {
    let mut document = acl::Document::parse(bytes);
    let scope = Scope::User(user.as_str().as_bytes().to_vec());
    let mut added = Vec::new();
    for (filter, access) in needs(topics) {
        let grant = match access {
            Access::Read => Grant::Read,
            Access::Write => Grant::Write,
            Access::ReadWrite => Grant::ReadWrite,
        };
        let entries = document.reading(Series::V21).entries;
        let has = entries.iter().any(|entry| {
            entry.scope == scope
                && entry.filter == filter.as_bytes()
                && (entry.grant == grant || entry.grant == Grant::ReadWrite)
        });
        if has {
            continue;
        }
        acl::Entry::writable(&scope, filter.as_bytes()).map_err(|why| {
            Plain::new("bridge-acl", format!("`{filter}` cannot be granted to `{user}` in an ACL file: {why}"))
                .hint("take another name or topic, or give the right by hand")
        })?;
        document.add(&scope, grant, filter.as_bytes());
        added.push(format!("{access} `{filter}`"));
    }
    Ok((document.to_bytes(), added))
}
