//! This machine, with the rights of the broker's user: what it may read and write, and which ports are free.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::net::ToSocketAddrs;
use std::path::PathBuf;

use crate::checks::Kind;
use crate::checks::Subject;
use crate::checks::access;
use crate::checks::access::Want;
use crate::conf::reading::Files;
use crate::conf::start::Machine;
use crate::conf::start::Port;
use crate::conf::start::Unreadable;
use crate::workspace::Workspace;
use crate::workspace::fs;

/// A longer file, such as a database, is not looked into.
const LONGEST: u64 = 64 << 20;

pub struct Here<'a> {
    workspace: &'a Workspace,
    subject: &'a Subject,
    /// The folder's own broker runs, and has the ports that are asked about.
    is_running: bool,
}

impl<'a> Here<'a> {
    pub fn new(workspace: &'a Workspace, subject: &'a Subject, is_running: bool) -> Self {
        Self { workspace, subject, is_running }
    }

    /// The path in the snapshot, and on the disk. None for what a container has of its own.
    fn find(&self, named: &str) -> Option<(String, PathBuf)> {
        if self.subject.runtime.container && self.subject.resolve_in_container(named).is_none() {
            return None;
        }
        let key = self.subject.resolve(named);
        let path = self.workspace.path(&key);
        Some((key, path))
    }
}

impl Files for Here<'_> {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read_at_most(&self.find(path)?.1, LONGEST).ok().flatten()
    }

    fn list(&self, folder: &str) -> Option<Vec<String>> {
        let (_, path) = self.find(folder)?;
        fs::is_dir(&path).then(|| fs::names(&path))
    }

    fn resolves(&self, host: &str) -> bool {
        (host, 1).to_socket_addrs().is_ok()
    }
}

impl Machine for Here<'_> {
    fn read(&self, named: &str) -> Result<Vec<u8>, Unreadable> {
        let Some((key, path)) = self.find(named) else {
            // the image's own libraries cannot be looked at from here
            let library = named.ends_with(".so");
            return if library { Ok(b"\x7fELF".to_vec()) } else { Err(Unreadable::Missing) };
        };
        if fs::is_dir(&path) {
            return Err(Unreadable::NoFile);
        }
        let given = access::is_given_away_at_start(self.subject, &key);
        let seen = self.subject.folder.file(&key).is_some();
        if seen && !given && access::obstacle(self.subject, &key, Want::Read).is_some() {
            return Err(Unreadable::Denied);
        }
        match fs::read_at_most(&path, LONGEST) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(Unreadable::Missing),
            Err(_) => Err(Unreadable::Denied),
        }
    }

    fn is_link(&self, named: &str) -> bool {
        let key = self.subject.resolve(named);
        self.subject.folder.file(&key).is_some_and(|file| matches!(file.kind, Kind::Link(_)))
    }

    fn is_folder(&self, named: &str) -> bool {
        self.find(named).is_some_and(|(_, path)| fs::is_dir(&path))
    }

    fn may_write(&self, named: &str) -> bool {
        let Some((key, path)) = self.find(named) else { return true };
        let folder = key.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let exists = fs::exists(&path);
        let parent = path.parent().is_none_or(fs::is_dir);
        let stopped = |key: &str| access::obstacle(self.subject, key, Want::Write).is_some();
        parent && !fs::is_dir(&path) && !stopped(if exists { &key } else { folder })
    }

    fn port(&self, address: Option<&str>, port: u16) -> Port {
        if self.subject.runtime.container {
            return Port::Free;
        }
        if (1..1024).contains(&port) && self.subject.runtime.uid != 0 {
            return Port::NotPermitted;
        }
        let Ok(addresses) = (address.unwrap_or("0.0.0.0"), port).to_socket_addrs() else { return Port::Unresolved };
        for address in addresses {
            match TcpListener::bind(address).map_err(|error| error.kind()) {
                Err(ErrorKind::AddrInUse) if !self.is_running => return Port::Taken,
                Err(ErrorKind::AddrNotAvailable) => return Port::NotHere,
                Err(ErrorKind::PermissionDenied) => return Port::NotPermitted,
                _ => {}
            }
        }
        Port::Free
    }

    fn has_user(&self, name: &str) -> bool {
        let known = fs::read_at_most(std::path::Path::new("/etc/passwd"), LONGEST).ok().flatten();
        let Some(known) = known.filter(|_| !self.subject.runtime.container) else { return true };
        known.split(|byte| *byte == b'\n').any(|line| line.split(|byte| *byte == b':').next() == Some(name.as_bytes()))
    }

    fn is_root(&self) -> bool {
        if self.subject.runtime.container {
            return self.subject.service().is_some_and(|service| service.user.is_none());
        }
        self.workspace.is_root()
    }

    fn has_interface(&self, name: &str) -> bool {
        let found = if_addrs::get_if_addrs().unwrap_or_default();
        self.subject.runtime.container || found.iter().any(|one| one.name.eq_ignore_ascii_case(name))
    }
}
