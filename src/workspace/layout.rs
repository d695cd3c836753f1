//! Every name in the folder that mqsec manages, and who may read it: once, here.
//!
//! The names are those of the system that mqsec replaces, so that its users find what they know. New are the
//! authorities and the CRL inside `certs/broker/`, so that the container is given that folder alone and never sees the
//! authority's key.

use std::path::Path;
use std::path::PathBuf;

use crate::pki::names::ClientName;

pub const ENV: &str = ".env";
pub const COMPOSE: &str = "docker-compose.yml";
pub const CONF: &str = "config/mosquitto.conf";
pub const PASSWD: &str = "config/mosquitto.passwd";
pub const ACL: &str = "config/mosquitto.acl";
/// The root's key. With a signing authority below the root it may be kept elsewhere.
pub const CA_KEY: &str = "certs/ca.key";
/// What clients trust: the root, and during a rollover the other root behind it.
pub const CA_CERT: &str = "certs/ca.crt";
pub const CA_SERIAL: &str = "certs/ca.srl";
/// The revocation lists of all authorities that issued what is in use, the current one's first.
pub const CA_CRL: &str = "certs/ca.crl";
/// What was issued and what was revoked, a line each.
pub const INVENTORY: &str = "certs/inventory.tsv";
/// The devices that were issued from lists, a line each.
pub const ROSTER: &str = "certs/fleet.tsv";
pub const BACKUP: &str = "certs/backup";
pub const LOG: &str = "log/mosquitto.log";
/// What a broker says before its log is open.
pub const START_LOG: &str = "log/start.log";
pub const LOG_DIR: &str = "log";
pub const DATA_DIR: &str = "data";
/// The file of the dynamic security plugin: in the folder that the broker may write to, because it saves by writing a
/// second file beside it.
pub const DYNSEC: &str = "data/dynamic-security.json";
pub const CLIENT_DIR: &str = "certs/client";

/// mqsec's own folder: lock, journal, process id of a native broker.
pub const STATE: &str = ".mqsec";
pub const LOCK: &str = ".mqsec/lock";
pub const STAGED: &str = ".mqsec/staged";
pub const MANIFEST: &str = ".mqsec/staged/manifest.json";
pub const PID: &str = ".mqsec/broker.pid";
/// What runs the broker: `docker` or `native`.
pub const ENGINE: &str = ".mqsec/engine";
/// Digests of the files that the broker has read.
pub const LOADED: &str = ".mqsec/loaded.json";
/// Bundles for devices and programs, a folder each: `NAME-TARGET`.
pub const EXPORTS: &str = "exports";
/// What `fleet` keeps while a list is worked on.
pub const FLEET: &str = ".mqsec/fleet";
/// What of a list was issued so far.
pub mod fleet {
    pub const LOCK: &str = ".mqsec/fleet/lock";
    pub const STATE: &str = ".mqsec/fleet/state.json";
    /// Names of devices whose folders were begun.
    pub const STARTED: &str = ".mqsec/fleet/started";
    /// Lines for the password file and the ACL, which get them at the end.
    pub const PASSWD: &str = ".mqsec/fleet/passwd";
    pub const ACL: &str = ".mqsec/fleet/acl";
    /// The table of contents of a zip.
    pub const TABLE: &str = ".mqsec/fleet/table";
}
/// Names the folder that has the authorities' keys in place of `certs/`.
pub const CA_DIR: &str = ".mqsec/ca-dir";
/// The accounts with ACME authorities, by their directory: with the keys.
pub const ACME_ACCOUNT: &str = "certs/acme/account.json";
/// An order whose certificate was not installed yet, with its key: there while a process works at it, or after one died.
pub const ACME_PENDING: &str = "certs/acme/pending.json";
/// What was asked of the authority the last time, for the renewal.
pub const ACME_SETTINGS: &str = "certs/acme/settings.json";

/// The files of the broker's certificate; all that the broker reads of `certs/`.
pub mod broker {
    pub const DIR: &str = "certs/broker";
    pub const KEY: &str = "certs/broker/broker.key";
    pub const CSR: &str = "certs/broker/broker.csr";
    pub const CERT: &str = "certs/broker/broker.crt";
    /// The authorities whose client certificates the broker accepts.
    pub const TRUST: &str = "certs/broker/ca.crt";
    pub const CRL: &str = "certs/broker/ca.crl";
    /// There when another authority issued the pair (Let's Encrypt, by mqsec or by another program): where it comes from.
    pub const EXTERNAL: &str = "certs/broker/external.json";
}

/// A bridge's options, a file each, for `include_dir`: they hold passwords, unlike the configuration itself.
pub const BRIDGES: &str = "config/bridges";
/// What a bridge shows and trusts; below the folder of `certs/` that the container sees.
pub const BRIDGE_CERTS: &str = "certs/broker/bridges";

/// The files of one bridge.
pub struct BridgeFiles {
    pub conf: PathBuf,
    pub ca: PathBuf,
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// The files of the bridge with this name, which is one that cannot leave a folder.
pub fn bridge(name: &str) -> BridgeFiles {
    let file = |file: &str| Path::new(BRIDGE_CERTS).join(name).join(file);
    let conf = Path::new(BRIDGES).join(format!("{name}.conf"));
    BridgeFiles { conf, ca: file("ca.crt"), cert: file("client.crt"), key: file("client.key") }
}

/// One of the authorities that exist side by side during a rollover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// The one that issues.
    Current,
    /// Made by `ca rollover prepare`, and trusted already.
    Next,
    /// Replaced by `ca rollover reissue`, and trusted still.
    Old,
}

/// The files of an authority.
pub struct AuthorityFiles {
    pub key: PathBuf,
    pub cert: PathBuf,
    /// The signing authority below the root, where there is one.
    pub signing_key: PathBuf,
    pub signing_cert: PathBuf,
    /// This root's certificate as the other root of a rollover issued it: who trusts that one alone can follow.
    pub cross: PathBuf,
}

pub fn authority(generation: Generation) -> AuthorityFiles {
    let dir = match generation {
        Generation::Current => "certs",
        Generation::Next => "certs/next",
        Generation::Old => "certs/old",
    };
    let file = |name: &str| Path::new(dir).join(name);
    AuthorityFiles {
        key: file("ca.key"),
        cert: file("ca.crt"),
        signing_key: file("signing/ca.key"),
        signing_cert: file("signing/ca.crt"),
        cross: file("ca.cross.crt"),
    }
}

/// Where the key of an authority (or a backup of it) stands below `certs/`; nothing for every other file.
pub fn authority_key(path: &Path) -> Option<&Path> {
    let inner = path.strip_prefix("certs").ok()?;
    let mut parts: Vec<_> = inner.iter().filter_map(|part| part.to_str()).collect();
    if parts.first() == Some(&"backup") && parts.len() > 2 {
        parts.drain(..2);
    }
    if matches!(parts.first(), Some(&("next" | "old"))) {
        parts.remove(0);
    }
    matches!(parts.as_slice(), ["ca.key"] | ["signing", "ca.key"]).then_some(inner)
}

/// The files of one client's certificate.
pub struct ClientFiles {
    pub key: PathBuf,
    pub csr: PathBuf,
    pub cert: PathBuf,
    /// The certificate and the authority that issued it, in the order in which TLS sends them.
    pub chain: PathBuf,
    /// User and password of a device that was issued from a list.
    pub login: PathBuf,
}

pub fn client(name: &ClientName) -> ClientFiles {
    let file = |end: &str| PathBuf::from(CLIENT_DIR).join(name.as_str()).join(format!("{name}.{end}"));
    ClientFiles {
        key: file("key"),
        csr: file("csr"),
        cert: file("crt"),
        chain: file("chain.crt"),
        login: file("login.json"),
    }
}

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The person who runs mqsec.
    Operator,
    /// The user as which the broker runs; the same person unless mqsec runs as root.
    Broker,
}

/// Permission bits and owner of a file, from its path in the workspace.
pub fn file_policy(path: &Path) -> (u32, Whose) {
    let name = path.to_string_lossy();
    let public = [".crt", ".csr", ".crl", ".srl", ".conf", ".yml", ".example"].iter().any(|end| name.ends_with(end));
    let secret = path.starts_with(BACKUP) || path.starts_with(BRIDGES);
    let mode = if public && !secret { 0o644 } else { 0o600 };
    (mode, whose(path))
}

/// Permission bits and owner of a folder. `certs/` may be traversed when the broker is another user than the operator.
pub fn dir_policy(path: &Path, shared: bool) -> (u32, Whose) {
    let mode = if path == Path::new("certs") && shared { 0o711 } else { 0o700 };
    (mode, whose(path))
}

fn whose(path: &Path) -> Whose {
    let broker = ["config", broker::DIR, LOG_DIR, DATA_DIR].iter().any(|dir| path.starts_with(dir));
    if broker { Whose::Broker } else { Whose::Operator }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_passwords_are_for_their_owner_alone() {
        let others = [ENV, "certs/client/a/a.key", "certs/backup/x/ca.crt", "config/bridges/a.conf"];
        for path in [CA_KEY, broker::KEY, PASSWD, ACL, DYNSEC, ACME_ACCOUNT, ACME_PENDING, ACME_SETTINGS]
            .into_iter()
            .chain(others)
        {
            assert_eq!(file_policy(Path::new(path)).0, 0o600, "{path}");
        }
        for path in [CA_CERT, CA_CRL, broker::CERT, CONF, COMPOSE] {
            assert_eq!(file_policy(Path::new(path)).0, 0o644, "{path}");
        }
    }

    #[test]
    fn the_authoritys_keys_are_told_from_all_else() {
        let key = |path: &str| authority_key(Path::new(path)).is_some();
        for path in ["certs/ca.key", "certs/signing/ca.key", "certs/next/ca.key", "certs/old/signing/ca.key"] {
            let backup = path.replace("certs/", "certs/backup/2026/");
            assert!(key(path) && key(&backup), "{path}");
        }
        for path in
            ["certs/ca.crt", "ca.key", "certs/broker/broker.key", "certs/client/ca/ca.key", "certs/client/ca.key"]
        {
            assert!(!key(path), "{path}");
        }
    }

    #[test]
    fn the_broker_owns_what_it_reads_and_never_the_authority() {
        assert_eq!(file_policy(Path::new(broker::KEY)).1, Whose::Broker);
        assert_eq!(file_policy(Path::new(PASSWD)).1, Whose::Broker);
        assert_eq!(file_policy(Path::new(DYNSEC)).1, Whose::Broker);
        assert_eq!(file_policy(Path::new(CA_KEY)).1, Whose::Operator);
    }
}
