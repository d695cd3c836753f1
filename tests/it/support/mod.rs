//! A sandbox of its own for each test: a folder, a clean environment, a user, the peers, and a broker that is stopped.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

/// The brokers that every statement about Mosquitto is asked of.
pub const VERSIONS: [&str; 3] = ["2.0.11", "2.0.21", "2.1.2"];

/// The folder that `tests/peers` fills.
pub fn peers() -> PathBuf {
    let default = "/var/cache/mqsec-tests".to_owned();
    let path = PathBuf::from(std::env::var("MQSEC_TEST_PEERS").unwrap_or(default));
    assert!(path.join("bin/2.1.2/mosquitto").exists(), "no brokers in {}; get them: tests/peers", path.display());
    path
}

/// A program of one of the Mosquitto versions.
pub fn peer(version: &str, program: &str) -> PathBuf {
    peers().join("bin").join(version).join(program)
}

/// Says something that a passing test would otherwise keep to itself: the runner hides what `println!` prints.
pub fn tell(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Whether the named peer may be used; a skip is asked for by the caller of the tests, and printed.
pub fn may_use(what: &str) -> bool {
    let skipped = std::env::var("MQSEC_TEST_SKIP").is_ok_and(|list| list.split(',').any(|name| name == what));
    if skipped {
        tell(&format!("SKIPPED for want of {what} (MQSEC_TEST_SKIP)"));
        return false;
    }
    let there = match what {
        "root" => rustix::process::geteuid().is_root(),
        "docker" => Command::new("docker").args(["version"]).output().is_ok_and(|output| output.status.success()),
        other => panic!("no such peer: {other}"),
    };
    assert!(there, "{what} is needed here; have it, or skip these tests plainly: MQSEC_TEST_SKIP={what}");
    true
}

/// The binary, where every user may run it. One copy a build; copies of older builds are removed.
pub fn binary() -> &'static Path {
    static COPY: OnceLock<PathBuf> = OnceLock::new();
    COPY.get_or_init(|| {
        let built = Path::new(env!("CARGO_BIN_EXE_mqsec"));
        let found = fs::metadata(built).unwrap();
        let dir = std::env::temp_dir().join("mqsec-it-bin");
        let _ = fs::create_dir(&dir);
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        for entry in fs::read_dir(&dir).unwrap().filter_map(Result::ok) {
            let age = entry.metadata().and_then(|old| old.modified()).map(|time| time.elapsed().unwrap_or_default());
            if age.is_ok_and(|age| age > Duration::from_secs(3600)) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let build = dir.join(format!("{}-{}-{}", found.dev(), found.ino(), found.mtime_nsec()));
        let copy = build.join("mqsec");
        if !copy.exists() {
            let _ = fs::create_dir(&build);
            fs::set_permissions(&build, fs::Permissions::from_mode(0o755)).unwrap();
            let new = build.join(std::process::id().to_string());
            fs::copy(built, &new).unwrap();
            fs::rename(&new, &copy).unwrap();
        }
        copy
    })
}

/// A port that nobody listens on, and that no other test of this run is given.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // below the range from which the kernel takes ports for outgoing connections
    let base = 20_000 + u16::try_from(std::process::id() % 40).unwrap() * 300;
    loop {
        let port = base + NEXT.fetch_add(1, Ordering::Relaxed) % 300;
        if TcpListener::bind(("0.0.0.0", port)).is_ok() && TcpListener::bind(("::", port)).is_ok() {
            return port;
        }
    }
}

/// What a program said.
#[derive(Debug)]
pub struct Said {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    pub fn of(output: std::process::Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Fails unless the exit status is this one.
    #[track_caller]
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "\nstdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    /// The code of the error that was told, or nothing.
    pub fn code(&self) -> Option<&str> {
        let (_, rest) = self.stderr.split_once("error[")?;
        rest.split_once(']').map(|(code, _)| code)
    }

    /// Fails unless the command ended with this status and this code, and told a next step.
    #[track_caller]
    pub fn fails(self, status: i32, code: &str) -> Self {
        assert_eq!(
            (self.status, self.code()),
            (status, Some(code)),
            "\nstdout: {}\nstderr: {}",
            self.stdout,
            self.stderr
        );
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {}", self.stdout))
    }
}

/// A folder with everything that a test makes; removed, with its broker stopped, at the end.
pub struct Sandbox {
    /// Holds the workspace and HOME.
    pub base: PathBuf,
    /// The workspace.
    pub dir: PathBuf,
    user: Option<(u32, u32)>,
    path: String,
    pub port: u16,
}

impl Sandbox {
    pub fn new() -> Self {
        Self::of(None, "2.1.2")
    }

    /// A sandbox whose commands find this version's broker.
    pub fn with_broker(version: &str) -> Self {
        Self::of(None, version)
    }

    /// A sandbox that belongs to another user, as whom every command runs. Needs root.
    pub fn as_user(uid: u32, version: &str) -> Self {
        Self::of(Some((uid, uid)), version)
    }

    fn of(user: Option<(u32, u32)>, version: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("mqsec-it-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let base = std::env::temp_dir().join(name);
        let dir = base.join("ws");
        for folder in [&base, &dir, &base.join("home")] {
            fs::create_dir(folder).unwrap();
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
            if let Some((uid, gid)) = user {
                std::os::unix::fs::chown(folder, Some(uid), Some(gid)).unwrap();
            }
        }
        let path =
            format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", peers().join("bin").join(version).display());
        Self { base, dir, user, path, port: free_port() }
    }

    /// The same folder with commands run by root. The first sandbox removes it.
    pub fn seen_by_root(&self) -> Self {
        let (base, dir, path) = (self.base.clone(), self.dir.clone(), self.path.clone());
        Self { base, dir, user: None, path, port: self.port }
    }

    /// A program in the workspace, with the sandbox's user and environment.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = match self.user {
            None => Command::new(program.as_ref()),
            Some((uid, gid)) => {
                let mut command = Command::new("setpriv");
                command.args([format!("--reuid={uid}"), format!("--regid={gid}")]);
                // a user who may use Docker is a member of its socket's group
                match fs::metadata("/var/run/docker.sock") {
                    Ok(socket) => command.arg(format!("--groups={}", socket.gid())),
                    Err(_) => command.arg("--clear-groups"),
                };
                command.arg(program.as_ref());
                command
            }
        };
        command
            .current_dir(&self.dir)
            .env_clear()
            .env("PATH", &self.path)
            .env("HOME", self.base.join("home"))
            .env("LC_ALL", "C.UTF-8")
            .env("COLUMNS", "100")
            // every sandbox's folder is called `ws`, which is what Compose would call its project
            .env("COMPOSE_PROJECT_NAME", self.base.file_name().unwrap_or_default())
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, program: impl AsRef<Path>, args: &[&str]) -> Said {
        Said::of(self.command(program).args(args).output().unwrap())
    }

    /// mqsec in the workspace.
    pub fn mqsec(&self, args: &[&str]) -> Said {
        self.run(binary(), args)
    }

    /// mqsec with something on its standard input.
    pub fn mqsec_with_input(&self, args: &[&str], input: &str) -> Said {
        use std::io::Write;
        let mut command = self.command(binary());
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // a program that ends without reading is told by its status, not by this pipe
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Said::of(child.wait_with_output().unwrap())
    }

    /// `mqsec up` on the native engine, with further arguments.
    pub fn up_native(&self, args: &[&str]) -> Said {
        let port = self.port.to_string();
        self.mqsec(&[&["up", "--engine", "native", "--port", &port], args].concat())
    }

    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).unwrap();
        }
        fs::write(&path, contents).unwrap();
        if let Some((uid, gid)) = self.user {
            std::os::unix::fs::chown(&path, Some(uid), Some(gid)).unwrap();
        }
        path
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn has(&self, name: &str) -> bool {
        self.dir.join(name).exists()
    }

    /// Whether the journal of changes is empty.
    pub fn is_settled(&self) -> bool {
        let staged = fs::read_dir(self.dir.join(".mqsec/staged"));
        staged.is_err()
            || staged
                .unwrap()
                .map(Result::unwrap)
                .all(|entry| entry.file_name() == "manifest.json" && entry.metadata().unwrap().len() == 0)
    }

    pub fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.dir.join(name)).unwrap().permissions().mode() & 0o777
    }

    /// The password of a user, from `.env`.
    pub fn password(&self, user: &str) -> String {
        let text = self.read(".env");
        let number =
            text.lines().find_map(|line| line.strip_suffix(&format!("={user}"))?.strip_prefix("USER_")).unwrap();
        text.lines().find_map(|line| line.strip_prefix(&format!("PASS_{number}="))).unwrap().to_owned()
    }

    /// Every file of the workspace with its contents, mqsec's own folder left out.
    pub fn snapshot(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(dir: &Path, base: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.ends_with(".mqsec") {
                    continue;
                }
                if path.is_dir() {
                    walk(&path, base, found);
                } else {
                    found.push((path.strip_prefix(base).unwrap().to_owned(), fs::read(&path).unwrap_or_default()));
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.dir, &self.dir, &mut found);
        found.sort();
        found
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if self.has(".mqsec/broker.pid") || self.has("log") {
            let _ = self.command(binary()).arg("down").output();
        }
        let _ = fs::remove_dir_all(&self.base);
    }
}

/// A process that ends with its test.
pub struct Running(pub std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for a condition that something else brings about.
#[track_caller]
pub fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(90);
    while !condition() {
        assert!(Instant::now() < end, "waited 90 s in vain for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
