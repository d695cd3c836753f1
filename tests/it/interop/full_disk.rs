//! A disk without room and a file system that is read-only: the command says so, nothing is half-written, and it
//! succeeds once the cause is gone.

use std::fs;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crate::support::Sandbox;
use crate::support::may_use;

const PAGE: usize = 4096;

#[test]
fn ca_init_on_a_full_disk_changes_nothing_and_succeeds_later() {
    fails_on_a_full_disk(&[], &["ca", "init"]);
}

#[test]
fn broker_cert_on_a_full_disk_changes_nothing_and_succeeds_later() {
    fails_on_a_full_disk(&[&["ca", "init"]], &["broker-cert", "broker.lan"]);
}

#[test]
fn client_cert_on_a_full_disk_changes_nothing_and_succeeds_later() {
    fails_on_a_full_disk(&[&["ca", "init"]], &["client-cert", "x"]);
}

#[test]
fn a_replacing_client_cert_on_a_full_disk_keeps_the_old_pair_and_succeeds_later() {
    fails_on_a_full_disk(&[&["ca", "init"], &["client-cert", "x"]], &["client-cert", "x", "30"]);
}

#[test]
fn passwd_on_a_full_disk_changes_nothing_and_succeeds_later() {
    fails_on_a_full_disk(&[], &["passwd"]);
}

#[test]
fn a_changing_passwd_on_a_full_disk_keeps_the_old_file_and_succeeds_later() {
    fails_on_a_full_disk(&[&["passwd"]], &["passwd", "--iterations", "500"]);
}

#[test]
fn up_on_a_full_disk_changes_nothing() {
    fails_on_a_full_disk(&[], &["up", "--engine", "native"]);
}

#[test]
fn a_read_only_file_system_is_told_and_nothing_changes() {
    if !may_use("root") {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write(".env", "USER_1=a\nPASS_1=x\n");
    for args in [&["ca", "init"][..], &["client-cert", "old"]] {
        sandbox.mqsec(args).ok();
    }
    let before = sandbox.snapshot();
    let mount = Mount::read_only(&sandbox.dir);
    for args in [
        &["ca", "init", "--force"][..],
        &["broker-cert", "broker.lan"],
        &["client-cert", "x"],
        &["passwd"],
        &["passwd", "add", "b", "--generate"],
        &["up", "--engine", "native"],
    ] {
        let said = sandbox.mqsec(args).fails(2, "file-system-read-only");
        assert!(said.stderr.contains("hint:"), "{args:?}: {said:?}");
    }
    // what only reads works
    sandbox.mqsec(&["verify"]).ok();
    sandbox.mqsec(&["list", "--check"]).ok();
    sandbox.mqsec(&["metrics"]).ok();
    sandbox.mqsec(&["ca", "show"]).ok();
    sandbox.mqsec(&["passwd", "list"]).ok();
    assert_eq!(sandbox.snapshot(), before);
    drop(mount);
    sandbox.mqsec(&["broker-cert", "broker.lan"]).ok();
    sandbox.mqsec(&["passwd"]).ok();
}

#[test]
fn an_empty_folder_on_a_read_only_file_system_is_told() {
    if !may_use("root") {
        return;
    }
    let sandbox = Sandbox::new();
    let _mount = Mount::read_only(&sandbox.dir);
    for args in [&["ca", "init"][..], &["up", "--engine", "native"]] {
        sandbox.mqsec(args).fails(2, "file-system-read-only");
    }
    assert_eq!(fs::read_dir(&sandbox.dir).unwrap().count(), 0);
}

/// The inventory fills its last page but for a few bytes, so the line that is added to it needs room of its own.
#[test]
fn an_inventory_without_room_for_its_next_line_is_met_before_anything_changes() {
    let full = |sandbox: &Sandbox| {
        let text = sandbox.read("certs/inventory.tsv");
        let blank = "\n".repeat(PAGE - text.len() - 10);
        sandbox.write("certs/inventory.tsv", text + &blank);
    };
    // a new pair: what is replaced would give its room back
    fails_on_a_disk_that_is_full_after(full, &[&["ca", "init"], &["client-cert", "x"]], &["client-cert", "y"]);
}

#[test]
fn a_rebuilt_inventory_on_a_full_disk_keeps_the_old_one_and_succeeds_later() {
    let damage = |sandbox: &Sandbox| {
        let text = sandbox.read("certs/inventory.tsv");
        sandbox.write("certs/inventory.tsv", "nonsense\n".to_owned() + &text);
    };
    fails_on_a_disk_that_is_full_after(damage, &[&["ca", "init"], &["client-cert", "x"]], &["list", "--rebuild"]);
}

fn fails_on_a_full_disk(before: &[&[&str]], args: &[&str]) {
    fails_on_a_disk_that_is_full_after(|_| {}, before, args);
}

/// With every amount of room that is too small, from none on, the command fails and leaves the old state; with enough
/// it succeeds.
fn fails_on_a_disk_that_is_full_after(prepare: impl Fn(&Sandbox), before: &[&[&str]], args: &[&str]) {
    if !may_use("root") {
        return;
    }
    let sandbox = Sandbox::new();
    let _mount = Mount::small(&sandbox.dir);
    sandbox.write(".env", "USER_1=a\nPASS_1=x\n");
    for args in before {
        sandbox.mqsec(args).ok();
    }
    prepare(&sandbox);
    let old = files(&sandbox);
    let filler = Filler::fill(&sandbox.dir);
    let mut failures = 0;
    loop {
        filler.leave(failures);
        let said = sandbox.mqsec(args);
        // `up` succeeds only with a broker, which needs more room than this disk has
        if said.status == 0 || (args[0] == "up" && failures == 3) {
            break;
        }
        let said = said.fails(2, "disk-full");
        assert!(said.stderr.contains("hint: make room"), "{said:?}");
        assert_eq!(files(&sandbox), old, "{failures} pages of room");
        assert!(sandbox.is_settled(), "{failures} pages of room: the journal is left");
        if sandbox.has("certs/ca.crt") {
            sandbox.mqsec(&["verify"]).ok();
        }
        failures += 1;
    }
    assert!(failures > 1, "{args:?} never met a full disk");
    if args[0] == "passwd" {
        sandbox.mqsec(&["passwd", "test"]).ok();
    } else if args[0] != "up" {
        sandbox.mqsec(&["verify"]).ok();
    }
}

/// The sandbox's files, but for the one that fills its disk.
fn files(sandbox: &Sandbox) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = sandbox.snapshot();
    files.retain(|(path, _)| path != Path::new("filler"));
    files
}

/// Something mounted, until the end.
struct Mount {
    at: PathBuf,
}

impl Mount {
    /// A disk of 128 KiB.
    fn small(at: &Path) -> Self {
        mount(&["-t", "tmpfs", "-o", "size=128k,mode=755", "none"], at);
        Self { at: at.to_owned() }
    }

    fn read_only(at: &Path) -> Self {
        let folder = at.to_str().unwrap();
        mount(&["--bind", folder], at);
        let this = Self { at: at.to_owned() };
        mount(&["-o", "remount,bind,ro"], at);
        this
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

fn mount(args: &[&str], at: &Path) {
    let output = Command::new("mount").args(args).arg(at).output().unwrap();
    assert!(output.status.success(), "mount {args:?}: {output:?}");
}

/// A file that takes what room there is.
struct Filler {
    path: PathBuf,
    pages: usize,
}

impl Filler {
    fn fill(dir: &Path) -> Self {
        let path = dir.join("filler");
        let mut file = OpenOptions::new().create_new(true).write(true).open(&path).unwrap();
        let mut pages = 0;
        while file.write_all(&[0; PAGE]).is_ok() {
            pages += 1;
        }
        Self { path, pages }
    }

    /// Gives so many pages of room.
    fn leave(&self, room: usize) {
        assert!(room <= self.pages, "it fails with all the room that there is");
        let size = (self.pages - room) * PAGE;
        let file = OpenOptions::new().write(true).open(&self.path).unwrap();
        file.set_len(size as u64).unwrap();
    }
}
