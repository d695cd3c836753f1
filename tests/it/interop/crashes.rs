//! SIGKILL at every call that changes a file: what is left is the old state, or the next command makes it the new one.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;

use super::strace::Trace;
use super::strace::disturbed;
use super::strace::kill;
use super::strace::killed_at;
use crate::support::Said;
use crate::support::Sandbox;

/// Every call by which mqsec could change a file, and those that bring it to the disk.
pub(super) const CALLS: [&str; 23] = [
    "openat",
    "write",
    "pwrite64",
    "ftruncate",
    "fallocate",
    "copy_file_range",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "mkdir",
    "mkdirat",
    "unlink",
    "unlinkat",
    "rmdir",
    "fchmod",
    "chmod",
    "fchown",
    "fchownat",
    "flock",
];

#[test]
fn a_killed_ca_init_leaves_nothing_or_an_authority() {
    Crash::of(&["ca", "init"]).everywhere();
}

#[test]
fn a_killed_ca_init_force_leaves_the_old_authority_or_the_new_one() {
    let mut crash = Crash::of(&["ca", "init", "--force"]);
    crash.before = &[&["ca", "init"]];
    crash.repeatable = false;
    crash.everywhere();
}

#[test]
fn a_killed_broker_cert_leaves_no_pair_or_a_whole_one() {
    let mut crash = Crash::of(&["broker-cert", "broker.lan", "10.1.2.3"]);
    crash.before = &[&["ca", "init"]];
    crash.everywhere();
}

#[test]
fn a_killed_broker_cert_that_replaces_leaves_the_old_pair_or_the_new_one() {
    let mut crash = Crash::of(&["broker-cert", "other.lan"]);
    crash.before = &[&["ca", "init"], &["broker-cert", "broker.lan"]];
    crash.everywhere();
}

#[test]
fn a_killed_client_cert_leaves_no_pair_or_a_whole_one() {
    let mut crash = Crash::of(&["client-cert", "x"]);
    crash.before = &[&["ca", "init"]];
    crash.everywhere();
}

#[test]
fn a_killed_client_cert_that_replaces_leaves_the_old_pair_or_the_new_one() {
    let mut crash = Crash::of(&["client-cert", "x", "30", "--key-type", "p384"]);
    crash.before = &[&["ca", "init"], &["client-cert", "x", "365"]];
    crash.everywhere();
}

#[test]
fn a_killed_passwd_leaves_no_file_or_all_users() {
    let mut crash = Crash::of(&["passwd"]);
    crash.env = "USER_1=a\nPASS_1=one\nUSER_2=b\nPASS_2=two\n";
    crash.everywhere();
}

#[test]
fn a_killed_passwd_that_changes_a_password_leaves_the_old_file_or_the_new_one() {
    let mut crash = Crash::of(&["passwd"]);
    crash.before = &[&["passwd"]];
    crash.env_before = "USER_1=a\nPASS_1=one\nUSER_2=b\nPASS_2=two\n";
    crash.env = "USER_1=a\nPASS_1=one\nUSER_2=b\nPASS_2=changed\n";
    crash.everywhere();
}

/// The disk fails when the journal is complete, and the clean-up is killed: its rest must not pass for a journal that
/// was begun.
#[test]
fn a_killed_clean_up_after_a_failed_write_leaves_the_old_state_or_the_new_one() {
    let mut crash = Crash::of(&["client-cert", "x", "30"]);
    crash.before = &[&["ca", "init"], &["client-cert", "x"]];
    let new = crash.undisturbed();
    for call in ["unlink", "unlinkat", "rmdir"] {
        for nth in 1.. {
            let sandbox = crash.prepare();
            let old = sandbox.snapshot();
            let injections = ["fsync:error=EIO", &kill(call, nth)];
            let ended = disturbed(&sandbox, &injections, crash.args);
            let place = format!("killed at {call} {nth}");
            sandbox.mqsec(&["passwd", "list"]).ok();
            let now = sandbox.snapshot();
            // killed before it removed anything it leaves a whole journal
            if now != old {
                is_wholly_new(&place, &old, &now, &new.changed);
            }
            crash.runs_again(&place, &sandbox, now == old);
            if ended.signal() != Some(9) {
                assert!(now == old, "the disk failed, and something changed");
                assert_eq!(ended.code(), Some(2), "{place}");
                break;
            }
        }
    }
}

/// A power failure left a hole in the journal, and the run that throws it away is killed.
#[test]
fn a_killed_clean_up_of_a_journal_with_a_hole_leaves_the_old_state() {
    let mut crash = Crash::of(&["client-cert", "x", "30"]);
    crash.before = &[&["ca", "init"], &["client-cert", "x"]];
    for call in ["unlink", "unlinkat", "rmdir"] {
        for nth in 1.. {
            let sandbox = crash.prepare();
            let old = sandbox.snapshot();
            assert!(killed_at(&sandbox, "rename", 1, crash.args));
            sandbox.write(".mqsec/staged/1", "");
            let ended = disturbed(&sandbox, &[&kill(call, nth)], &["passwd", "list"]);
            let place = format!("killed at {call} {nth}");
            sandbox.mqsec(&["passwd", "list"]).ok();
            assert!(sandbox.snapshot() == old, "{place}: something changed");
            crash.runs_again(&place, &sandbox, true);
            if ended.signal() != Some(9) {
                break;
            }
        }
    }
}

/// The same hole, in the line that was to be added to the inventory.
#[test]
fn a_journal_with_a_hole_in_what_is_added_leaves_the_old_state() {
    let mut crash = Crash::of(&["client-cert", "x", "30"]);
    crash.before = &[&["ca", "init"], &["client-cert", "x"]];
    let sandbox = crash.prepare();
    let old = sandbox.snapshot();
    assert!(killed_at(&sandbox, "rename", 1, crash.args));
    let manifest: serde_json::Value = serde_json::from_str(&sandbox.read(".mqsec/staged/manifest.json")).unwrap();
    let added = manifest.as_array().unwrap().iter().position(|entry| entry["append_at"].is_u64()).unwrap();
    let staged = format!(".mqsec/staged/{added}");
    let line = sandbox.read(&staged);
    assert!(line.starts_with("issued\t"), "{line}");
    for hole in ["", "\0\0\0", &line[..line.len() - 1]] {
        let sandbox = crash.prepare();
        let before = sandbox.snapshot();
        assert!(killed_at(&sandbox, "rename", 1, crash.args));
        sandbox.write(&staged, hole);
        sandbox.mqsec(&["passwd", "list"]).ok();
        assert!(sandbox.snapshot() == before, "{hole:?}: something changed");
        crash.runs_again("after a hole", &sandbox, true);
    }
    // and without one it is finished
    sandbox.mqsec(&["passwd", "list"]).ok();
    assert!(sandbox.snapshot() != old && sandbox.read("certs/inventory.tsv").ends_with(&line));
    serves("after no hole", &sandbox);
}

/// A command that is killed, and the state that it finds.
struct Crash {
    args: &'static [&'static str],
    /// Commands that made the old state.
    before: &'static [&'static [&'static str]],
    env_before: &'static str,
    env: &'static str,
    /// Whether the command, run again, changes nothing.
    repeatable: bool,
}

/// Modes and owners of all that is there, but for what is mqsec's own; folders of backups without their time.
type Tree = BTreeMap<PathBuf, (u32, u32, u32)>;

/// What a run does that nobody kills.
struct Undisturbed {
    /// Each call that it makes: its name, and its number among all of that name.
    places: Vec<(String, usize)>,
    /// The files that it changes.
    changed: BTreeSet<PathBuf>,
    tree: Tree,
}

impl Crash {
    fn of(args: &'static [&'static str]) -> Self {
        Self { args, before: &[], env_before: "", env: "", repeatable: true }
    }

    /// A sandbox in the old state.
    fn prepare(&self) -> Sandbox {
        let sandbox = Sandbox::new();
        let env = |text: &str| {
            if !text.is_empty() {
                sandbox.write(".env", text);
            }
        };
        env(self.env_before);
        for args in self.before {
            sandbox.mqsec(args).ok();
        }
        env(self.env);
        sandbox
    }

    /// The command from its start to its end.
    fn undisturbed(&self) -> Undisturbed {
        let sandbox = self.prepare();
        let old: BTreeMap<_, _> = sandbox.snapshot().into_iter().collect();
        let trace = Trace::new(&sandbox);
        let output = trace.command(&sandbox, &CALLS, self.args).output().unwrap();
        Said::of(output).ok();
        let differs = |(path, bytes): &(PathBuf, Vec<u8>)| old.get(path) != Some(bytes);
        let changed = sandbox.snapshot().into_iter().filter(differs);
        Undisturbed {
            places: places(&trace),
            changed: changed.map(|(path, _)| timeless(&path)).collect(),
            tree: tree(&sandbox),
        }
    }

    fn everywhere(&self) {
        let new = self.undisturbed();
        let places = new.places.clone();
        let kinds = |name: &str| places.iter().filter(|(call, _)| call == name).count();
        for name in ["openat", "write", "fsync", "rename"] {
            assert!(kinds(name) > 0, "strace saw no {name} of mqsec's own: {places:?}");
        }
        println!("{:?}: {} places", self.args, places.len());
        let left = Mutex::new(places.into_iter());
        // each case waits for the disk most of its time
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let next = left.lock().unwrap().next();
                        let Some((call, nth)) = next else { break };
                        self.at(&call, nth, &new);
                    }
                });
            }
        });
    }

    /// One kill, the next command, and the same command again.
    fn at(&self, call: &str, nth: usize, new: &Undisturbed) {
        let place = format!("{:?} killed at {call} {nth}", self.args);
        let sandbox = self.prepare();
        let old = sandbox.snapshot();
        let killed = killed_at(&sandbox, call, nth, self.args);
        assert!(killed, "{place}: it was not killed");
        let begun = sandbox.snapshot() != old;

        // any command completes what was begun
        sandbox.mqsec(&["passwd", "list"]).ok();
        assert!(sandbox.is_settled(), "{place}: the journal is left");
        let now = sandbox.snapshot();
        if begun {
            assert_ne!(now, old, "{place}: what had changed was taken back");
        }
        if now != old {
            is_wholly_new(&place, &old, &now, &new.changed);
        }
        serves(&place, &sandbox);
        self.runs_again(&place, &sandbox, now == old);
        if self.repeatable || now == old {
            assert_eq!(tree(&sandbox), new.tree, "{place}, run again: modes or owners");
        }
    }

    fn runs_again(&self, place: &str, sandbox: &Sandbox, old: bool) {
        let before = sandbox.snapshot();
        let said = sandbox.mqsec(self.args);
        let exists = !old && self.args == ["ca", "init"];
        let expected = if exists { (1, Some("ca-exists")) } else { (0, None) };
        assert_eq!((said.status, said.code()), expected, "{place}: {said:?}");
        if !old && self.repeatable {
            assert_eq!(sandbox.snapshot(), before, "{place}: it was not complete");
        }
        serves(place, sandbox);
        if self.args == ["passwd"] {
            sandbox.mqsec(&["passwd", "test"]).ok();
        }
        assert!(sandbox.is_settled(), "{place}: the journal is left");
    }
}

/// Every call of mqsec's own work, as its name and its number among all of that name in its thread.
pub(super) fn places(trace: &Trace) -> Vec<(String, usize)> {
    let mut places = Vec::new();
    for calls in trace.processes() {
        let mut counts = BTreeMap::new();
        let mut started = false;
        for call in calls {
            let nth = counts.entry(call.name.clone()).or_insert(0);
            *nth += 1;
            started = started || call.args.iter().any(|arg| arg.contains(".mqsec"));
            let place = (call.name, *nth);
            if started && !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places
}

/// Every file that the command changes was changed, every other is as it was, and backups hold what was replaced.
fn is_wholly_new(place: &str, old: &[(PathBuf, Vec<u8>)], now: &[(PathBuf, Vec<u8>)], changed: &BTreeSet<PathBuf>) {
    let old: BTreeMap<_, _> = old.iter().map(|(path, bytes)| (path.clone(), bytes)).collect();
    let now: BTreeMap<_, _> = now.iter().map(|(path, bytes)| (timeless(path), bytes)).collect();
    let differing = now.iter().filter(|(path, bytes)| old.get(*path) != Some(bytes));
    let differing: BTreeSet<_> = differing.map(|(path, _)| path.clone()).collect();
    assert_eq!(differing, *changed, "{place}: it is neither old nor new");
    for (path, bytes) in &now {
        assert!(!bytes.is_empty(), "{place}: {} is empty", path.display());
        if let Ok(inner) = path.strip_prefix("certs/backup/TIME") {
            let replaced = old.get(&Path::new("certs").join(inner));
            assert_eq!(replaced, Some(bytes), "{place}: the backup {}", path.display());
        }
    }
}

/// Every certificate that is there is valid, with its key, and is in the inventory.
pub(super) fn serves(place: &str, sandbox: &Sandbox) {
    if sandbox.has("certs/ca.crt") || sandbox.has("certs/broker/broker.crt") {
        for args in [&["verify"][..], &["list", "--check"]] {
            let said = sandbox.mqsec(args);
            assert_eq!(said.status, 0, "{place}: {said:?}");
        }
    }
}

fn tree(sandbox: &Sandbox) -> Tree {
    fn walk(dir: &Path, base: &Path, found: &mut Tree) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let relative = timeless(path.strip_prefix(base).unwrap());
            let access = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
            found.insert(relative, access);
            if metadata.is_dir() {
                walk(&path, base, found);
            }
        }
    }
    let mut found = Tree::new();
    walk(&sandbox.dir, &sandbox.dir, &mut found);
    found
}

/// The path, with the time in a backup's path left out.
fn timeless(path: &Path) -> PathBuf {
    match path.strip_prefix("certs/backup") {
        Ok(rest) if rest.components().next().is_some() => {
            Path::new("certs/backup/TIME").join(rest.components().skip(1).collect::<PathBuf>())
        }
        _ => path.to_owned(),
    }
}
