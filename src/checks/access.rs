//! Can a user read a file, or write there, along its whole path? Permission bits alone: an access list or a security
//! module may say otherwise, and is not asked.

use super::File;
use super::Kind;
use super::Subject;
use super::compose::MountKind;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    Read,
    Write,
}

/// The first thing on the way that stops the broker.
#[derive(Debug)]
pub struct Obstacle<'a> {
    pub path: String,
    pub file: &'a File,
    /// A folder that cannot be entered, not the file itself.
    pub on_the_way: bool,
    /// Mounted read-only.
    pub read_only: bool,
}

/// What stops the broker's user; nothing where it gets through. A closed folder stops it, whether or not something can be
/// seen in it.
pub fn obstacle<'a>(subject: &'a Subject, path: &str, want: Want) -> Option<Obstacle<'a>> {
    let steps = steps(subject, path);
    let last = steps.len().checked_sub(1)?;
    let target = subject.folder.file(path);
    for (at, step) in steps.iter().enumerate() {
        let Some(file) = subject.folder.file(step) else { continue };
        let folder = matches!(file.kind, Kind::Folder);
        let bits = match (at == last, want) {
            (false, _) => 0o1,
            (true, Want::Read) if folder => 0o5,
            (true, Want::Read) => 0o4,
            (true, Want::Write) if folder => 0o3,
            (true, Want::Write) => 0o2,
        };
        if !may(subject, file, bits) {
            return Some(Obstacle { path: step.clone(), file, on_the_way: at != last, read_only: false });
        }
    }
    let read_only = want == Want::Write && mount_of(subject, path).is_some_and(|(_, read_only)| read_only);
    target.filter(|_| read_only).map(|file| Obstacle { path: path.to_owned(), file, on_the_way: false, read_only })
}

/// Whether nothing hides the file from whoever looks: the last folder on its way can be entered by everybody, or is the
/// workspace's.
pub fn is_surely_missing(subject: &Subject, text: &str, path: &str) -> bool {
    let of_container = subject.runtime.container || text.starts_with("/mosquitto/");
    if subject.folder.file(path).is_some() || of_container && subject.resolve_in_container(text).is_none() {
        return false;
    }
    if path.starts_with("../") {
        return false;
    }
    let mut parent = path;
    while let Some((above, _)) = parent.rsplit_once('/') {
        parent = if above.is_empty() { "/" } else { above };
        if let Some(file) = subject.folder.file(parent) {
            return file.kind == Kind::Folder && (!path.starts_with('/') || file.mode & 0o001 != 0);
        }
        if parent == "/" {
            break;
        }
    }
    !path.starts_with('/')
}

/// Whether the image's entrypoint, which runs as root, makes the file the broker's own: 2.0 does so with everything that
/// is mounted writable, 2.1 with the data folder alone (docker-entrypoint.sh).
pub fn is_given_away_at_start(subject: &Subject, path: &str) -> bool {
    let Some(service) = subject.service().filter(|service| subject.runtime.container && service.user.is_none()) else {
        return false;
    };
    let old =
        service.image.as_ref().is_some_and(|image| image.value.contains(":2.0") || image.value.contains("openssl"));
    let Some((target, read_only)) = mount_of(subject, path) else { return false };
    !read_only && (old || target.starts_with("/mosquitto/data"))
}

pub fn may(subject: &Subject, file: &File, bits: u32) -> bool {
    let runtime = &subject.runtime;
    let granted = match file {
        _ if runtime.uid == 0 => return true,
        File { uid, mode, .. } if *uid == runtime.uid => mode >> 6,
        File { gid, mode, .. } if *gid == runtime.gid || subject.groups.contains(gid) => mode >> 3,
        File { mode, .. } => *mode,
    };
    granted & bits == bits
}

/// The target and the write protection of the bind mount that brings a path into the container.
fn mount_of(subject: &Subject, path: &str) -> Option<(String, bool)> {
    let service = subject.service().filter(|_| subject.runtime.container)?;
    let holds =
        |source: &str| path == source || source == "." || path.strip_prefix(source).is_some_and(|r| r.starts_with('/'));
    let mounts = service.mounts.iter().filter(|mount| mount.kind == MountKind::Bind);
    let sources = mounts.filter_map(|mount| Some((subject.in_folder(mount.source.as_deref()?), mount)));
    let (_, mount) = sources.filter(|(source, _)| holds(source)).max_by_key(|(source, _)| source.len())?;
    Some((mount.target.clone(), mount.read_only))
}

/// The path and every folder above it that counts, the outermost first. In a container these begin at the mount: what
/// lies above it on the host is not on the way.
fn steps(subject: &Subject, path: &str) -> Vec<String> {
    let mut steps = vec![path.to_owned()];
    let mut at = path;
    while let Some((parent, _)) = at.rsplit_once('/').filter(|(parent, _)| !parent.is_empty()) {
        steps.push(parent.to_owned());
        at = parent;
    }
    if subject.runtime.container {
        let source = subject.service().into_iter().flat_map(|service| &service.mounts);
        let sources: Vec<String> =
            source.filter_map(|mount| Some(subject.in_folder(mount.source.as_deref()?))).collect();
        let last = steps.iter().position(|step| sources.contains(step));
        steps.truncate(last.map_or(steps.len(), |last| last + 1));
    } else if path.starts_with('/') {
        steps.push("/".to_owned());
    } else {
        if path != "." {
            steps.push(".".to_owned());
        }
        let mut above = subject.root.as_str();
        while let Some((parent, _)) = above.rsplit_once('/') {
            steps.push(if parent.is_empty() { "/".to_owned() } else { parent.to_owned() });
            above = parent;
        }
    }
    steps.reverse();
    steps
}

/// Files that the broker opens with care: it warns of their mode and owner, and 2.1 refuses a link (facts §2).
pub fn restricted(subject: &Subject) -> Vec<String> {
    let mut paths = subject.password_files();
    paths.extend(subject.acl_files());
    paths.extend(subject.dynsec_files());
    paths.extend(subject.named().into_iter().filter(|named| named.key == "psk_file").map(|named| named.path));
    paths.dedup();
    paths
}

/// Whether a file holds a private key, by its name or its first line.
pub fn is_private_key(path: &str, file: &File) -> bool {
    let bytes = file.bytes.as_deref().unwrap_or_default();
    let head = &bytes[..bytes.len().min(4096)];
    let marked = [b"PRIVATE KEY-----".as_slice()].iter().any(|mark| head.windows(mark.len()).any(|w| w == *mark));
    marked || (path.ends_with(".key") && !path.ends_with("public.key") && file.bytes.is_none() && file.unread.is_some())
}

/// Permission bits as `chmod` takes them.
pub fn shown(mode: u32) -> String {
    format!("{:04o}", mode & 0o7777)
}

/// The path of the workspace's own folder in words.
pub fn named(path: &str) -> &str {
    if path == "." { "the workspace's folder" } else { path }
}
