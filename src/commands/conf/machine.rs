//! This machine, as a broker finds it that is started on the folder's files. Ports count as free: the one that runs has
//! them, and gives them to the one that follows it.

use std::net::ToSocketAddrs;

use super::file::Disk;
use crate::conf::start::Cause;
use crate::conf::start::Machine;
use crate::conf::start::Port;
use crate::conf::start::Unreadable;
use crate::workspace::fs;

/// A longer file, such as a database, is not looked into.
const LONGEST: u64 = 16 << 20;

impl Machine for Disk<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, Unreadable> {
        let path = self.path(path);
        if fs::is_dir(&path) {
            return Err(Unreadable::NoFile);
        }
        if fs::length(&path).is_some_and(|length| length > LONGEST) {
            return Ok(Vec::new());
        }
        match fs::read(&path) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(Unreadable::Missing),
            Err(_) => Err(Unreadable::Denied),
        }
    }

    fn is_link(&self, _: &str) -> bool {
        false
    }

    fn is_folder(&self, path: &str) -> bool {
        fs::is_dir(&self.path(path))
    }

    fn may_write(&self, _: &str) -> bool {
        true
    }

    fn port(&self, address: Option<&str>, port: u16) -> Port {
        let known = address.is_none_or(|address| (address, port).to_socket_addrs().is_ok());
        if known { Port::Free } else { Port::Unresolved }
    }

    fn has_user(&self, _: &str) -> bool {
        true
    }

    fn is_root(&self) -> bool {
        false
    }

    fn has_interface(&self, _: &str) -> bool {
        true
    }
}

/// Whether a stop is about a file outside of the folder, which a container, or another machine, may have.
pub(super) fn is_elsewhere(cause: &Cause) -> bool {
    let path = match cause {
        Cause::Plugin { path, .. }
        | Cause::File { path, .. }
        | Cause::Certificate { path, .. }
        | Cause::Key { path, .. }
        | Cause::Authorities { path, .. }
        | Cause::Crl { path, .. }
        | Cause::HttpDir { path } => path,
        _ => return false,
    };
    path.starts_with('/') && !path.starts_with("/mosquitto/")
}
