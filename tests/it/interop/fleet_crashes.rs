//! SIGKILL at random moments of a run of two thousand devices, and at the calls that count of a short one. The same command
//! goes on, killed again or not, and its end is that of a run that nobody disturbed, as Python and openssl judge it.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use mqsec::secret::random_bytes;

use super::crashes::places;
use super::strace::Trace;
use super::strace::killed_at;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::binary;
use crate::support::tell;

/// How the devices are written, and how often such a run is killed.
struct Case {
    name: &'static str,
    out: &'static [&'static str],
    /// Makes the folder `$OUT` of what was written.
    unpack: &'static str,
    kills: usize,
}

const FOLDERS: Case = Case { name: "folders", out: &[], unpack: "rmdir $OUT; ln -s $PWD/certs/client $OUT", kills: 25 };
const TAR: Case = Case {
    name: "tar",
    out: &["--out", "../fleet.tar"],
    unpack: "tar -tf ../fleet.tar | sort | uniq -d | (! grep .) && tar -C $OUT -xpf ../fleet.tar",
    kills: 15,
};
const ZIP: Case =
    Case { name: "zip", out: &["--out", "../fleet.zip"], unpack: "unzip -nq -d $OUT ../fleet.zip", kills: 10 };

#[test]
fn folders_of_a_run_that_is_killed_at_random_are_whole_in_the_end() {
    FOLDERS.at_random();
}

#[test]
fn a_tar_of_a_run_that_is_killed_at_random_is_whole_in_the_end() {
    TAR.at_random();
}

#[test]
fn a_zip_of_a_run_that_is_killed_at_random_is_whole_in_the_end() {
    ZIP.at_random();
}

#[test]
fn folders_of_a_run_that_is_killed_where_it_counts_are_whole_in_the_end() {
    FOLDERS.where_it_counts();
}

#[test]
fn a_tar_of_a_run_that_is_killed_where_it_counts_is_whole_in_the_end() {
    TAR.where_it_counts();
}

#[test]
fn a_zip_of_a_run_that_is_killed_where_it_counts_is_whole_in_the_end() {
    ZIP.where_it_counts();
}

/// A folder in memory, where there is such a place: thousands of small files are slow elsewhere.
struct Memory(PathBuf);

impl Memory {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("mqsec-it-out-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // a link to the folder itself is removed, and not what is behind it
        let _ = std::fs::remove_file(&self.0);
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Numbers from a seed.
struct Random(u64);

impl Random {
    /// From nothing to one.
    fn part(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / f64::from(u32::MAX)
    }
}

/// Devices with and without a password, topics, and files of their own kind.
pub(super) fn list(count: usize) -> String {
    let row = |at: usize| {
        let password = if at.is_multiple_of(10) { "" } else { "generate" };
        let topics = if at.is_multiple_of(7) { "" } else { "readwrite devices/{name}/#" };
        let profile = if at % 25 == 3 { "pem" } else { "" };
        format!("dev-{at},{password},{topics},{profile}\n")
    };
    std::iter::once("name,password,topics,profile\n".to_owned()).chain((1..=count).map(row)).collect()
}

/// A folder with an authority, a user and permissions that are there already.
pub(super) fn template(count: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "USER_1=admin\nPASS_1=secret\n");
    sandbox.write("config/mosquitto.acl", "# mine\nuser admin\ntopic readwrite #\n");
    for args in [&["ca", "init"][..], &["broker-cert", "broker.lan"], &["passwd"]] {
        sandbox.mqsec(args).ok();
    }
    sandbox.write("devices.csv", list(count));
    sandbox
}

fn copy(template: &Sandbox) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run("cp", &["-a", template.dir.join(".").to_str().unwrap(), "."]).ok();
    sandbox
}

/// What other programs say of the devices in a folder.
#[track_caller]
pub(super) fn judge(place: &str, sandbox: &Sandbox, folder: &str) {
    let script = sandbox.base.join("judge.py");
    std::fs::write(&script, include_str!("fleet_judge.py")).unwrap();
    let said = sandbox.run("/usr/bin/python3", &[script.to_str().unwrap(), ".", folder, "devices.csv"]);
    assert!(said.status == 0 && said.stdout.is_empty(), "{place}: {}{}", said.stdout, said.stderr);
}

impl Case {
    /// One round a password: it is the writing that is killed.
    fn args(&self) -> Vec<&'static str> {
        let args = ["fleet", "issue", "devices.csv", "--iterations", "1", "--host", "broker.lan"];
        [&args[..], self.out].concat()
    }

    /// Says whether it was killed before it ended by itself.
    fn killed_after(&self, sandbox: &Sandbox, delay: Duration) -> bool {
        let mut command = sandbox.command(binary());
        let mut child = command.args(self.args()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(delay);
        child.kill().unwrap();
        child.wait().unwrap().signal() == Some(9)
    }

    fn is_whole(&self, place: &str, sandbox: &Sandbox) {
        assert!(sandbox.is_settled(), "{place}: the journal is left");
        let out = Memory::new();
        let said = Said::of(sandbox.command("sh").args(["-c", self.unpack]).env("OUT", &out.0).output().unwrap());
        assert_eq!(said.status, 0, "{place}: {said:?}");
        judge(place, sandbox, out.0.to_str().unwrap());
        let said = sandbox.mqsec(&["list", "--check"]);
        assert_eq!(said.status, 0, "{place}: {said:?}");
    }

    fn at_random(&self) {
        const DEVICES: usize = 2000;
        let template = template(DEVICES);
        let sandbox = copy(&template);
        let began = Instant::now();
        sandbox.mqsec(&self.args()).ok();
        let length = began.elapsed();
        self.is_whole("undisturbed", &sandbox);
        // mqsec's own reading of every pair; a second of it would be too long for each kill
        sandbox.mqsec(&["verify", "-q"]).ok();
        let roster = sorted(&sandbox.read("certs/fleet.tsv"));
        drop(sandbox);
        let seed = u64::from_le_bytes(random_bytes());
        tell(&format!("{}: undisturbed {length:?}, seed {seed}", self.name));
        let mut random = Random(seed);
        let (mut killed, mut again, mut late) = (0, 0, 0);
        while killed < self.kills {
            let sandbox = copy(&template);
            let delay = length.mul_f64(random.part());
            if !self.killed_after(&sandbox, delay) {
                // the machine was faster this time
                late += 1;
                assert!(late < 5 * self.kills, "runs end before they are killed");
                continue;
            }
            killed += 1;
            let mut place = format!("{} with seed {seed}, killed after {delay:?}", self.name);
            if random.part() < 0.3 {
                let delay = length.mul_f64(random.part());
                again += usize::from(self.killed_after(&sandbox, delay));
                place.push_str(&format!(" and {delay:?}"));
            }
            self.what_is_noted_is_whole(&place, &sandbox);
            let said = sandbox.mqsec(&self.args());
            assert_eq!(said.status, 0, "{place}: {said:?}");
            self.is_whole(&place, &sandbox);
            assert_eq!(sorted(&sandbox.read("certs/fleet.tsv")), roster, "{place}");
            // and there is nothing left to do
            let said = sandbox.mqsec(&[&self.args()[..], &["--json"]].concat()).ok().json();
            assert_eq!((&said["issued"], &said["done"]), (&0.into(), &DEVICES.into()), "{place}: {said:#}");
        }
        tell(&format!("{}: {killed} killed, {again} of them twice, {late} too late: all ended alike", self.name));
    }

    /// Between the kill and the next run: every device is noted everywhere or nowhere, and its folder is there.
    fn what_is_noted_is_whole(&self, place: &str, sandbox: &Sandbox) {
        // any command ends a change that was begun
        sandbox.mqsec(&["passwd", "list"]).ok();
        let names = |path: &str, at: usize, role: &str| -> BTreeSet<String> {
            let text = std::fs::read_to_string(sandbox.dir.join(path)).unwrap_or_default();
            let words = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
            words.filter(|words| role.is_empty() || words[2] == role).map(|words| words[at].to_owned()).collect()
        };
        let roster = names("certs/fleet.tsv", 1, "");
        assert_eq!(names("certs/inventory.tsv", 3, "client"), roster, "{place}: inventory and roster");
        if self.out.is_empty() {
            for name in &roster {
                let file = |end: &str| format!("certs/client/{name}/{name}.{end}");
                let all = ["crt", "key", "chain.crt"].iter().all(|end| sandbox.has(&file(end)));
                assert!(all, "{place}: {name} is noted, and not there");
            }
        }
    }

    fn where_it_counts(&self) {
        // more than one worker takes at once
        let template = template(150);
        let sandbox = copy(&template);
        let trace = Trace::new(&sandbox);
        let calls = ["rename", "renameat", "renameat2", "fsync", "fdatasync", "syncfs", "ftruncate"];
        let more = ["unlink", "unlinkat", "rmdir", "linkat", "link", "mkdir", "openat", "write"];
        let output = trace.command(&sandbox, &[&calls[..], &more].concat(), &self.args()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let (certain, rest): (Vec<_>, Vec<_>) =
            places(&trace).into_iter().partition(|(call, _)| calls.contains(&call.as_str()));
        assert!(certain.iter().any(|(call, _)| call == "rename"), "strace saw no rename of mqsec's own");
        let step = rest.len().div_ceil(16).max(1);
        let places: Vec<_> = certain.into_iter().chain(rest.into_iter().step_by(step)).collect();
        let (count, killed) = (places.len(), Mutex::new(0));
        let left = Mutex::new(places.into_iter().enumerate());
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    loop {
                        let next = left.lock().unwrap().next();
                        let Some((at, (call, nth))) = next else { break };
                        let sandbox = copy(&template);
                        let mut place = format!("{} killed at {call} {nth}", self.name);
                        // another order of the threads may make fewer calls
                        *killed.lock().unwrap() += usize::from(killed_at(&sandbox, &call, nth, &self.args()));
                        // and what goes on is killed where it cuts off, takes away and notes
                        let again = ["", "ftruncate", "", "rename", "unlink", "fsync"][at % 6];
                        if !again.is_empty() {
                            killed_at(&sandbox, again, 1 + at % 3, &self.args());
                            place.push_str(&format!(" and at {again} {}", 1 + at % 3));
                        }
                        self.what_is_noted_is_whole(&place, &sandbox);
                        let said = sandbox.mqsec(&self.args());
                        assert_eq!(said.status, 0, "{place}: {said:?}");
                        self.is_whole(&place, &sandbox);
                    }
                });
            }
        });
        let killed = killed.into_inner().unwrap();
        // how many calls a worker makes is another each time
        assert!(killed * 2 > count, "{killed} of {count}");
        tell(&format!("{}: killed at {killed} of {count} calls: all ended alike", self.name));
    }
}

fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}
