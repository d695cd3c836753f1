//! The workspace on the disk becomes the snapshot that the rules look at. What cannot be read is a fact in it, no failure.

use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use time::OffsetDateTime;

use crate::broker::EngineKind;
use crate::broker::native;
use crate::checks::Folder;
use crate::checks::Kind;
use crate::checks::Runtime;
use crate::checks::Subject;
use crate::checks::compose::MountKind;
use crate::series::Series;
use crate::workspace::Owner;
use crate::workspace::Workspace;
use crate::workspace::fs;
use crate::workspace::layout;

/// Files above this are told by their size alone: 8 MiB.
pub const LARGEST: u64 = 8 << 20;
/// Password file, ACL and the plugin's file may have 100,000 users, and their bytes are what is asked for.
const LARGEST_LIST: u64 = 64 << 20;
/// More than this in one folder tree is no broker's workspace.
const MOST: usize = 400_000;
const DEEPEST: usize = 8;

/// Takes the snapshot of a workspace.
pub fn take(workspace: &Workspace, now: OffsetDateTime, targets: Vec<Series>) -> Subject {
    gather(workspace, now, targets, None, |walk, folder| {
        let known = ["config", "certs", layout::LOG_DIR, layout::DATA_DIR, layout::STATE];
        for name in fs::names(workspace.root()) {
            if known.contains(&name.as_str()) {
                walk.tree(&name, 0, folder);
            } else {
                walk.one(&name, folder);
            }
        }
    })
}

/// What the broker reads of a workspace, and no client's files: taken in a moment, however many clients there are.
/// `container` tells whether it runs in one, where that is known.
pub fn of_broker(workspace: &Workspace, now: OffsetDateTime, targets: Vec<Series>, container: Option<bool>) -> Subject {
    gather(workspace, now, targets, container, |walk, folder| {
        for name in [layout::COMPOSE, layout::ENV, layout::CA_CERT, "certs", layout::LOG_DIR, layout::DATA_DIR] {
            walk.one(name, folder);
        }
        for name in ["config", layout::broker::DIR] {
            walk.tree(name, 0, folder);
        }
    })
}

fn gather(
    workspace: &Workspace,
    now: OffsetDateTime,
    targets: Vec<Series>,
    container: Option<bool>,
    own: impl FnOnce(&Walk<'_>, &mut Folder),
) -> Subject {
    let root = fs::real(workspace.root()).unwrap_or_else(|| workspace.root().display().to_string());
    let mut folder = Folder::default();
    let walk = Walk { workspace, left: AtomicUsize::new(MOST) };
    for path in parents(&root) {
        // a repository of git may begin above the workspace
        for name in [".git", ".gitignore"] {
            let inner = format!("{}/{name}", path.trim_end_matches('/'));
            if let Some(look) = fs::look(Path::new(&inner), Some(LARGEST)) {
                folder.put(inner, look);
            }
        }
        if let Some(look) = fs::look(Path::new(&path), None) {
            folder.put(path, look);
        }
    }
    if let Some(look) = fs::look(workspace.root(), None) {
        folder.put(".", look);
    }
    own(&walk, &mut folder);
    let mut subject = Subject::new(folder, now, targets, Runtime { uid: 0, gid: 0, container: false });
    subject.root = root;
    subject.runtime.container = container.unwrap_or_else(|| is_container(workspace, &subject));
    more_mounts(&walk, &mut subject);
    subject.forget();
    named_outside(workspace, &mut subject);
    subject.forget();
    subject.runtime = runtime(workspace, &subject);
    subject.group_named = group_named(&subject.runtime);
    subject.groups = groups(&subject.runtime);
    subject
}

struct Walk<'a> {
    workspace: &'a Workspace,
    /// How many entries may still be taken.
    left: AtomicUsize,
}

impl Walk<'_> {
    /// One entry, without what is in it.
    fn one(&self, path: &str, folder: &mut Folder) -> bool {
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err() {
            return false;
        }
        let Some(look) = fs::look(&self.workspace.path(path), limit(path)) else { return false };
        let inner = look.kind == Kind::Folder;
        folder.put(path, look);
        inner
    }

    fn tree(&self, path: &str, depth: usize, folder: &mut Folder) {
        if !self.one(path, folder) || depth == DEEPEST || path == layout::STAGED {
            return;
        }
        let names = fs::names(&self.workspace.path(path));
        // ten thousand clients are forty thousand files, and a disk serves two readers as well as one
        let half = if path == layout::CLIENT_DIR && names.len() > 200 { names.len() / 2 } else { names.len() };
        let (first, second) = names.split_at(half);
        let gather = |names: &[String], folder: &mut Folder| {
            names.iter().for_each(|name| self.tree(&format!("{path}/{name}"), depth + 1, folder));
        };
        if second.is_empty() {
            return gather(first, folder);
        }
        std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                let mut found = Folder::default();
                gather(second, &mut found);
                found
            });
            gather(first, folder);
            if let Ok(found) = other.join() {
                folder.append(found);
            }
        });
    }
}

/// How much of a file is read: nothing of what only the broker writes, and of requests, which nobody needs any more.
fn limit(path: &str) -> Option<u64> {
    let below = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    if below(layout::LOG_DIR) || below(layout::DATA_DIR) && !path.ends_with(".json") || path.ends_with(".csr") {
        return None;
    }
    Some(if below("config") || below(layout::DATA_DIR) { LARGEST_LIST } else { LARGEST })
}

/// The folders above a path, `/` first.
fn parents(path: &str) -> Vec<String> {
    let mut found: Vec<String> = Path::new(path)
        .ancestors()
        .skip(1)
        .map(|parent| parent.display().to_string())
        .filter(|p| !p.is_empty())
        .collect();
    found.reverse();
    found
}

/// Folders of the workspace that the compose file mounts and that have other names than mqsec's.
fn more_mounts(walk: &Walk<'_>, subject: &mut Subject) {
    let Some(service) = subject.service() else { return };
    let sources: Vec<String> = service
        .mounts
        .iter()
        .filter(|mount| mount.kind == MountKind::Bind)
        .filter_map(|mount| mount.source.as_deref())
        .map(|source| subject.in_folder(source))
        .filter(|path| !path.starts_with(['/', '.', '~']))
        .filter(|path| subject.folder.under(path).next().is_none())
        .collect();
    for path in sources {
        let mut found = Folder::default();
        walk.tree(&path, 0, &mut found);
        subject.folder.append(found);
    }
}

/// What the configuration names and the walk has not seen, with the folders above it. Twice: an included file may name
/// more.
fn named_outside(workspace: &Workspace, subject: &mut Subject) {
    for _ in 0..2 {
        let included = subject.any_reading().into_iter().flat_map(|reading| reading.global.all("include_dir"));
        let folders: Vec<String> = included.map(|value| subject.resolve(&value.text)).collect();
        let mut paths: Vec<String> = subject.named().into_iter().map(|named| named.path).collect();
        for folder in folders {
            paths.extend(fs::names(&workspace.path(&folder)).into_iter().map(|name| format!("{folder}/{name}")));
            paths.push(folder);
        }
        for path in paths {
            put_with_parents(workspace, subject, path);
        }
        subject.forget();
    }
}

fn put_with_parents(workspace: &Workspace, subject: &mut Subject, path: String) {
    if subject.folder.file(&path).is_some() {
        return;
    }
    for parent in parents(&path).into_iter().filter(|parent| parent != ".") {
        if subject.folder.file(&parent).is_none()
            && let Some(look) = fs::look(&workspace.path(&parent), None)
        {
            subject.folder.put(parent, look);
        }
    }
    if let Some(look) = fs::look(&workspace.path(&path), Some(LARGEST)) {
        subject.folder.put(path, look);
    }
}

/// Whether the broker of this folder runs in a container: as the last time, else as a compose file says.
fn is_container(workspace: &Workspace, subject: &Subject) -> bool {
    match EngineKind::last(workspace) {
        Some(kind) => kind == EngineKind::Docker,
        None => subject.service().is_some(),
    }
}

/// Who the broker is: in a container what `user:` says, else the image's user; elsewhere who runs it, or would.
fn runtime(workspace: &Workspace, subject: &Subject) -> Runtime {
    if subject.runtime.container {
        let ids = subject.service().and_then(|service| {
            let (uid, gid) = service.ids()?;
            // a broker that starts as root becomes the image's own user
            (uid != 0).then_some((uid, gid.unwrap_or(if uid == Owner::MOSQUITTO.uid { uid } else { 0 })))
        });
        let (uid, gid) = ids.unwrap_or((Owner::MOSQUITTO.uid, Owner::MOSQUITTO.gid));
        return Runtime { uid, gid, container: true };
    }
    let process = native::pid(workspace).and_then(|pid| fs::look(Path::new(&format!("/proc/{pid}")), None));
    let owner = match process {
        Some(found) => Owner { uid: found.uid, gid: found.gid },
        None if workspace.is_root() => workspace.broker_user(),
        None => Owner::current(),
    };
    Runtime { uid: owner.uid, gid: owner.gid, container: false }
}

/// Whether the broker's group has an entry where the broker runs.
fn group_named(runtime: &Runtime) -> Option<bool> {
    if runtime.container {
        // Alpine's own groups end at 999, and the image adds mosquitto's
        return Some(runtime.gid < 1000 || runtime.gid == Owner::MOSQUITTO.gid);
    }
    let groups = fs::look(Path::new("/etc/group"), Some(LARGEST))?.bytes?;
    let wanted = runtime.gid.to_string();
    Some(String::from_utf8_lossy(&groups).lines().any(|line| line.split(':').nth(2) == Some(wanted.as_str())))
}

/// The groups that list the broker's user, where it runs on this machine.
fn groups(runtime: &Runtime) -> Vec<u32> {
    let text =
        |path: &str| fs::look(Path::new(path), Some(LARGEST)).and_then(|look| String::from_utf8(look.bytes?).ok());
    let (Some(users), Some(groups)) = (text("/etc/passwd"), text("/etc/group")) else { return Vec::new() };
    let wanted = runtime.uid.to_string();
    let name = users.lines().find(|line| line.split(':').nth(2) == Some(wanted.as_str()));
    let name = name.and_then(|line| line.split(':').next()).filter(|_| !runtime.container);
    let lists = |line: &&str| line.split(':').nth(3).is_some_and(|list| list.split(',').any(|one| Some(one) == name));
    groups.lines().filter(lists).filter_map(|line| line.split(':').nth(2)?.parse().ok()).collect()
}
