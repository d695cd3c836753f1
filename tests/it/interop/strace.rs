//! mqsec under strace: what it asked of the kernel, and what is left when the kernel ends it at one of those calls.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitStatus;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use crate::support::Sandbox;
use crate::support::binary;

/// A system call that was made.
#[derive(Clone, Debug)]
pub struct Call {
    pub name: String,
    /// As strace writes them: strings in quotes.
    pub args: Vec<String>,
    pub succeeded: bool,
}

impl Call {
    /// An argument that is a string, without its quotes.
    pub fn text(&self, at: usize) -> Option<&str> {
        self.args.get(at)?.strip_prefix('"')?.split('"').next()
    }

    /// An argument that is a number in octal.
    pub fn octal(&self, at: usize) -> Option<u32> {
        u32::from_str_radix(self.args.get(at)?, 8).ok()
    }

    /// The path of a descriptor, which strace writes as `3</path>`.
    pub fn path_of(&self, at: usize) -> Option<&str> {
        let (_, rest) = self.args.get(at)?.split_once('<')?;
        rest.strip_suffix('>')
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, rest) = line.split_once('(')?;
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return None;
        }
        let (args, result) = arguments(rest);
        Some(Self { name: name.to_owned(), args, succeeded: !result.contains("= -1 ") && !result.contains("= ?") })
    }
}

/// Splits at the commas that stand outside quotes and brackets; gives what follows the closing bracket too.
fn arguments(text: &str) -> (Vec<String>, &str) {
    let (mut args, mut start, mut depth, mut quoted, mut escaped) = (Vec::new(), 0, 0, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => {
                args.push(text[start..at].trim().to_owned());
                return (args, &text[at + 1..]);
            }
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                args.push(text[start..at].trim().to_owned());
                start = at + 1;
            }
            _ => {}
        }
    }
    (args, "")
}

/// Where a run's traces are written, one file a process.
pub struct Trace {
    dir: PathBuf,
}

impl Trace {
    pub fn new(sandbox: &Sandbox) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // HOME belongs to the sandbox's user
        let dir = sandbox.base.join("home").join(format!("trace-{number}"));
        sandbox.run("mkdir", &[dir.to_str().unwrap()]).ok();
        Self { dir }
    }

    /// mqsec under strace, with a umask that takes nothing away.
    pub fn command(&self, sandbox: &Sandbox, calls: &[&str], args: &[&str]) -> Command {
        let mut command = sandbox.command("/bin/sh");
        command
            .args(["-c", "umask 000; exec \"$@\"", "sh"])
            .args(["strace", "-ff", "-y", "-s", "4096", "-o"])
            .arg(self.dir.join("process"))
            .args(["-e", &selection(calls)])
            .arg(binary())
            .args(args);
        command
    }

    /// The calls of each process or thread; mqsec's own first.
    pub fn processes(&self) -> Vec<Vec<Call>> {
        let mut files: Vec<(u32, PathBuf)> = fs::read_dir(&self.dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.extension().unwrap().to_str().unwrap().parse().unwrap(), path))
            .collect();
        files.sort();
        files.iter().map(|(_, path)| calls_of(path)).collect()
    }

    /// Whether mqsec's own process ended, whatever became of those that it started.
    pub fn has_ended(&self) -> bool {
        let first = fs::read_dir(&self.dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| read(path).contains(&format!("[\"{}\"", binary().display())));
        first.is_some_and(|path| read(&path).contains("+++ exited with"))
    }
}

fn calls_of(path: &Path) -> Vec<Call> {
    read(path).lines().filter_map(Call::parse).collect()
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}

/// Architectures differ in which of these calls they have.
fn selection(calls: &[&str]) -> String {
    let calls: Vec<_> = calls.iter().map(|call| format!("?{call}")).collect();
    format!("trace={}", calls.join(","))
}

/// Runs mqsec and ends it with SIGKILL at the `nth` call of this name; says whether it was ended.
pub fn killed_at(sandbox: &Sandbox, call: &str, nth: usize, args: &[&str]) -> bool {
    disturbed(sandbox, &[&kill(call, nth)], args).signal() == Some(9)
}

/// An injection for [`disturbed`]: SIGKILL at the `nth` call of this name.
pub fn kill(call: &str, nth: usize) -> String {
    format!("{call}:signal=SIGKILL:when={nth}")
}

/// Runs mqsec with calls that strace lets fail or end the program; strace then ends as its program did.
pub fn disturbed(sandbox: &Sandbox, injections: &[&str], args: &[&str]) -> ExitStatus {
    let calls: Vec<_> = injections.iter().filter_map(|text| text.split(':').next()).collect();
    let mut command = sandbox.command("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &selection(&calls)]);
    for injection in injections {
        command.args(["-e", &format!("inject={injection}")]);
    }
    command.arg(binary()).args(args).output().unwrap().status
}
