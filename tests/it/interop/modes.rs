//! No key and no password is readable by others, not for a moment, and none is in an argument, a log, an output or an
//! error. strace looks at every call that makes a file or gives it a mode, with a umask that takes nothing away.

use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use super::strace::Call;
use super::strace::Trace;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::VERSIONS;
use crate::support::may_use;
use crate::support::wait_for;

const CALLS: [&str; 17] = [
    "open",
    "openat",
    "creat",
    "mkdir",
    "mkdirat",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "execve",
];

/// Passwords that no command may tell anybody.
const OF_ENV: &str = "EnvSecret-4711";
const OF_STDIN: &str = "StdinSecret-4712";
const OF_ENVIRONMENT: &str = "VariableSecret-4713";
const SECRETS: [&str; 3] = [OF_ENV, OF_STDIN, OF_ENVIRONMENT];

#[test]
fn an_ordinary_user_makes_no_secret_that_others_can_read() {
    if may_use("root") {
        for version in VERSIONS {
            every_command_is_discreet(&Sandbox::as_user(1000, version));
        }
    } else {
        every_command_is_discreet(&Sandbox::new());
    }
}

#[test]
fn root_makes_no_secret_that_others_can_read() {
    if may_use("root") {
        for version in VERSIONS {
            every_command_is_discreet(&Sandbox::with_broker(version));
        }
    }
}

#[test]
fn up_in_an_empty_folder_makes_no_secret_that_others_can_read() {
    let sandbox = Sandbox::new();
    let mut seen = Seen::default();
    let said = up(&sandbox, &mut seen, &[]);
    let made = ["admin", "client"].map(|user| sandbox.password(user));
    seen.are_all_made(&[".env", "certs/ca.key", "certs/broker/broker.key", "mosquitto.passwd"]);
    tells_nothing(&sandbox, &made, &[said, sandbox.mqsec(&["status", "--json"])]);
    for password in &made {
        assert!(!seen.argv.contains(password.as_str()), "a generated password in argv");
    }
}

#[test]
fn a_replaced_authority_and_pair_are_kept_where_nobody_can_read_them() {
    let sandbox = Sandbox::new();
    let mut seen = Seen::default();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["client-cert", "x"]).ok();
    sandbox.mqsec(&["broker-cert", "broker.lan"]).ok();
    for args in [&["client-cert", "x", "30"][..], &["broker-cert", "other.lan"], &["ca", "init", "--force"]] {
        seen.run(&sandbox, args, "", None).ok();
    }
    for name in ["x/x.key", "broker/broker.key", "ca.key"] {
        let kept = seen.made.iter().any(|path| path.contains("certs/backup/") && path.ends_with(name));
        assert!(kept, "no backup of {name} in {:?}", seen.made);
    }
}

/// Every command that makes a secret or reads one, with both forms of output.
fn every_command_is_discreet(sandbox: &Sandbox) {
    sandbox.write(".env", format!("USER_1=a\nPASS_1='{OF_ENV}'\n"));
    let mut seen = Seen::default();
    let mut said = vec![
        seen.run(sandbox, &["ca", "init"], "", None).ok(),
        seen.run(sandbox, &["broker-cert", "broker.lan", "--json"], "", None).ok(),
        seen.run(sandbox, &["client-cert", "a"], "", None).ok(),
        seen.run(sandbox, &["passwd"], "", None).ok(),
        seen.run(sandbox, &["passwd", "add", "b", "--stdin"], OF_STDIN, None).ok(),
        seen.run(sandbox, &["passwd", "add", "c", "--json"], "", Some(OF_ENVIRONMENT)).ok(),
        up(sandbox, &mut seen, &["--json"]),
    ];
    seen.are_all_made(&["certs/ca.key", "certs/broker/broker.key", "certs/client/a/a.key", "mosquitto.passwd"]);
    for args in [&["passwd", "test"][..], &["passwd", "list"], &["verify"], &["ca", "show"], &["status"], &["logs"]] {
        said.push(sandbox.mqsec(args));
        said.push(sandbox.mqsec(&[args, &["--json"]].concat()));
    }
    said.push(seen.run(sandbox, &["test-connect", "a"], "", None).ok());
    said.extend(failures(sandbox, &mut seen));
    tells_nothing(sandbox, &SECRETS.map(str::to_owned), &said);
    for secret in SECRETS {
        assert!(!seen.argv.contains(secret), "{secret} is in argv: {}", seen.argv);
    }
    on_the_disk_only_the_owner_reads(sandbox);
    sandbox.mqsec(&["down"]).ok();
}

/// Commands that fail with a secret in their hands.
fn failures(sandbox: &Sandbox, seen: &mut Seen) -> Vec<Said> {
    let mut said = vec![seen.run(sandbox, &["passwd", "add", "b", "--stdin"], OF_STDIN, None).exits(2)];
    said.push(seen.run(sandbox, &["test-connect", "a", "--json"], "", Some(OF_ENVIRONMENT)).exits(1));
    let broken = [
        "USER_1=a\nPASS_1=EnvSecret-4711$x\n",
        "USER_1=a\nPASS_1=EnvSecret-4711 #x\n",
        "USER_1=a\nPASS_1='EnvSecret-4711\n",
        "USER_1=a\nPASS_1=\"EnvSecret-4711\\q\"\n",
        "USER_1=a\nPASS_1=EnvSecret-4711\nPASS_1=EnvSecret-4711\n",
        "USER_1=a\nPASS_1=x\nPASS_2=EnvSecret-4711\n",
        "USER_1=a:b\nPASS_1=EnvSecret-4711\n",
    ];
    for text in broken {
        sandbox.write(".env", text);
        for args in [&["passwd"][..], &["passwd", "test", "--json"], &["test-connect"], &["up"]] {
            said.push(seen.run(sandbox, args, "", None).exits(2));
        }
    }
    // a password that the broker refuses
    sandbox.write(".env", "USER_1=a\nPASS_1='wrong-EnvSecret-4711'\n");
    for args in [&["test-connect", "a"][..], &["test-connect", "a", "--json"]] {
        said.push(seen.run(sandbox, args, "", None).exits(1));
    }
    said.push(sandbox.mqsec(&["passwd", "test"]).exits(1));
    said
}

/// `up` under strace, which ends when the broker does: so it is stopped, and started again without.
fn up(sandbox: &Sandbox, seen: &mut Seen, args: &[&str]) -> Said {
    let port = sandbox.port.to_string();
    let args = [&["up", "--engine", "native", "--port", &port], args].concat();
    let trace = Trace::new(sandbox);
    let [out, err] = ["out", "err"].map(|name| sandbox.base.join(name));
    let mut strace = trace
        .command(sandbox, &CALLS, &args)
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .spawn()
        .unwrap();
    wait_for("the end of mqsec up", || trace.has_ended());
    sandbox.mqsec(&["down"]).ok();
    let status = strace.wait().unwrap().code().unwrap();
    seen.add(sandbox, &trace);
    assert!(seen.argv.contains("config/mosquitto.conf"), "the broker was not seen");
    sandbox.mqsec(&args).ok();
    let [stdout, stderr] = [out, err].map(|path| fs::read_to_string(path).unwrap());
    Said { status, stdout, stderr }.ok()
}

/// What the traces of one test showed.
#[derive(Default)]
struct Seen {
    /// The final names of the secret files that were made.
    made: BTreeSet<String>,
    /// Every program that was started, with its arguments.
    argv: String,
}

impl Seen {
    fn run(&mut self, sandbox: &Sandbox, args: &[&str], input: &str, environment: Option<&str>) -> Said {
        let trace = Trace::new(sandbox);
        let mut command = trace.command(sandbox, &CALLS, args);
        if let Some(password) = environment {
            command.env("MQSEC_PASSWORD", password);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let said = Said::of(child.wait_with_output().unwrap());
        self.add(sandbox, &trace);
        said
    }

    fn add(&mut self, sandbox: &Sandbox, trace: &Trace) {
        let calls: Vec<Call> = trace.processes().concat();
        let calls: Vec<_> = calls.into_iter().filter(|call| call.succeeded).collect();
        assert!(calls.iter().any(|call| call.name == "execve"), "strace saw nothing");
        let places = Places::of(&calls);
        for call in &calls {
            if call.name == "execve" {
                self.argv.push_str(&call.args.join(" "));
                self.argv.push('\n');
            }
            if let Some(path) = judge(sandbox, &places, call) {
                self.made.insert(path);
            }
        }
    }

    fn are_all_made(&self, names: &[&str]) {
        for name in names {
            let made = self.made.iter().any(|path| path.ends_with(name));
            assert!(made, "strace did not see {name}: {:?}", self.made);
        }
    }
}

/// Where the journal's numbered files went.
struct Places(Vec<(String, String)>);

impl Places {
    fn of(calls: &[Call]) -> Self {
        let moves = calls.iter().filter(|call| call.name.starts_with("rename"));
        let ends = moves.filter_map(|call| match call.name.as_str() {
            "rename" => Some((call.text(0)?, call.text(1)?)),
            _ => Some((call.text(1)?, call.text(3)?)),
        });
        Self(ends.map(|(from, to)| (from.to_owned(), to.to_owned())).collect())
    }

    /// The name that a file of this name gets in the end.
    fn last(&self, path: &str) -> String {
        let same = |from: &str| from == path || path.ends_with(from.trim_start_matches('.'));
        let to = self.0.iter().find(|(from, _)| same(from)).map(|(_, to)| to.clone());
        to.unwrap_or(path.to_owned())
    }
}

/// Fails where a call makes a secret readable; gives the final name of a secret file that it makes.
fn judge(sandbox: &Sandbox, places: &Places, call: &Call) -> Option<String> {
    let (path, mode) = match call.name.as_str() {
        "open" if call.args[1].contains("O_CREAT") => (call.text(0)?, call.octal(2)?),
        "openat" if call.args[2].contains("O_CREAT") => (call.text(1)?, call.octal(3)?),
        "creat" | "mkdir" | "chmod" => (call.text(0)?, call.octal(1)?),
        "mkdirat" | "fchmodat" | "fchmodat2" => (call.text(1)?, call.octal(2)?),
        "fchmod" => (call.path_of(0)?, call.octal(1)?),
        "link" | "linkat" | "symlink" | "symlinkat" => panic!("a second way to a file: {call:?}"),
        _ => return None,
    };
    if !path.starts_with('.') && !path.starts_with(sandbox.dir.to_str().unwrap()) {
        return None;
    }
    let last = places.last(path);
    if call.name.starts_with("mkdir") || sandbox.dir.join(&last).is_dir() {
        // root's broker is another user, who walks through certs/ to its own folder
        let through = last.ends_with("/certs") && mode == 0o711;
        assert!(mode & 0o077 == 0 || through, "others can enter {last}: {call:?}");
        return None;
    }
    if !is_secret(&last) {
        return None;
    }
    assert_eq!(mode & 0o077, 0, "others can read {last}: {call:?}");
    (!call.name.contains("chmod")).then_some(last)
}

/// Whatever is not known to be public.
fn is_secret(path: &str) -> bool {
    let public = [".crt", ".csr", ".crl", ".srl", ".conf", ".yml", ".log", ".log.new"];
    let known = public.iter().any(|end| path.ends_with(end));
    // the process id, and what the broker read last
    let state = path.contains(".mqsec/") && !path.contains(".mqsec/staged");
    path.contains("certs/backup/") || !(known || state)
}

/// Neither what the commands said nor the broker's log holds a password or a key.
fn tells_nothing(sandbox: &Sandbox, passwords: &[String], said: &[Said]) {
    let mut texts: Vec<String> = said.iter().map(|said| said.stdout.clone() + &said.stderr).collect();
    for entry in fs::read_dir(sandbox.dir.join("log")).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        texts.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    let key = sandbox.read("certs/ca.key");
    let body = key.lines().nth(1).unwrap();
    for text in texts {
        for secret in passwords.iter().map(String::as_str).chain([body, "PRIVATE KEY"]) {
            assert!(!text.contains(secret), "`{secret}` is told in: {text}");
        }
    }
}

fn on_the_disk_only_the_owner_reads(sandbox: &Sandbox) {
    for (path, _) in sandbox.snapshot() {
        let name = Path::new("/").join(&path).display().to_string();
        // the tests' own .env is the operator's
        if is_secret(&name) && !name.ends_with("/.env") {
            let mode = sandbox.mode(path.to_str().unwrap());
            assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
        }
    }
}
