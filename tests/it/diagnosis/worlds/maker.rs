//! Makes worlds: a folder as `mqsec up` leaves it, broken in one place, with a broker that was started there by hand.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;
use std::time::Instant;

use super::table;
use super::theirs::RESOLVER;
use crate::support::Running;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::VERSIONS;
use crate::support::binary;
use crate::support::free_port;
use crate::support::peer;
use crate::support::wait_for;

/// A broken world. What its cases got wrong is gathered and told together, at its end.
pub struct World {
    pub version: &'static str,
    pub sandbox: Sandbox,
    broker: RefCell<Option<Running>>,
    /// Whether this is the version whose words stand in the table.
    pub shown: bool,
    wrong: RefCell<Vec<String>>,
}

/// Makes the same world with each of the versions, side by side: most of the time is spent waiting for programs.
pub fn in_every(versions: &[&'static str], world: impl Fn(&World) + Sync) {
    std::thread::scope(|scope| {
        let world = &world;
        let started: Vec<_> = versions
            .iter()
            .map(|version| {
                scope.spawn(move || {
                    let made = World::new(version, Some(version) == versions.last());
                    world(&made);
                    made.end()
                })
            })
            .collect();
        let wrong: Vec<String> = started.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    });
}

pub fn everywhere(world: impl Fn(&World) + Sync) {
    in_every(&VERSIONS, world);
}

/// For worlds in which no broker has a part.
pub fn once(world: impl Fn(&World) + Sync) {
    in_every(&VERSIONS[2..], world);
}

impl World {
    fn new(version: &'static str, shown: bool) -> Self {
        let sandbox = Sandbox::with_broker(version);
        let copied = Command::new("cp").arg("-a").arg(template().join("ws/.")).arg(&sandbox.dir).status().unwrap();
        assert!(copied.success());
        let conf =
            sandbox.read("config/mosquitto.conf").replace("listener 8883", &format!("listener {}", sandbox.port));
        sandbox.write("config/mosquitto.conf", conf);
        Self { version, sandbox, broker: RefCell::default(), shown, wrong: RefCell::default() }
    }

    fn end(self) -> Vec<String> {
        self.wrong.take()
    }

    /// Replaces parts of the configuration; each has to be there.
    #[track_caller]
    pub fn conf(&self, changes: &[(&str, &str)]) -> &Self {
        let mut conf = self.sandbox.read("config/mosquitto.conf");
        for (old, new) in changes {
            assert!(conf.contains(old), "no `{old}` in {conf}");
            conf = conf.replace(old, &new.replace("PORT", &self.sandbox.port.to_string()));
        }
        self.sandbox.write("config/mosquitto.conf", conf);
        self
    }

    /// Options of the listener, which is the last section of the configuration.
    pub fn listener(&self, lines: &str) -> &Self {
        let conf = self.sandbox.read("config/mosquitto.conf");
        self.sandbox.write("config/mosquitto.conf", format!("{conf}{lines}\n"));
        self
    }

    /// The same listener without TLS.
    pub fn plain(&self) -> &Self {
        let conf = self.sandbox.read("config/mosquitto.conf");
        let tls = ["tls_version", "certfile", "keyfile", "cafile", "crlfile", "require_certificate"];
        let left = conf.lines().filter(|line| !tls.iter().any(|option| line.starts_with(option)));
        self.sandbox.write("config/mosquitto.conf", left.map(|line| format!("{line}\n")).collect::<String>());
        self
    }

    /// Puts a file of the kit into the folder.
    pub fn put(&self, from: &str, to: &str) -> &Self {
        let contents = fs::read(template().join("kit").join(from)).unwrap_or_else(|error| panic!("{from}: {error}"));
        self.sandbox.write(to, contents);
        self
    }

    /// Gives the broker a certificate of the kit.
    pub fn broker_shows(&self, name: &str) -> &Self {
        self.put(&format!("server-{name}.crt"), "certs/broker/broker.crt");
        self.put(&format!("server-{name}.key"), "certs/broker/broker.key")
    }

    /// A client with a certificate of the kit, as `--client NAME` finds it.
    pub fn has_client(&self, name: &str) -> &Self {
        for end in ["crt", "key"] {
            self.put(&format!("client-{name}.{end}"), &format!("certs/client/{name}/{name}.{end}"));
        }
        self
    }

    pub fn acl(&self, text: &str) -> &Self {
        self.sandbox.write("config/acl", text);
        self.conf(&[("acl_file config/mosquitto.acl", "acl_file config/acl")])
    }

    /// Gives the broker's files to its user: whoever owned them before the world was broken.
    fn settle(&self) -> (u32, u32) {
        let owner = fs::metadata(self.sandbox.dir.join("config")).unwrap();
        if rustix::process::geteuid().is_root() {
            let owners = format!("{}:{}", owner.uid(), owner.gid());
            let mut chown = self.sandbox.command("chown");
            assert!(chown.args(["-R", &owners, "certs/broker", "config", "data", "log"]).status().unwrap().success());
            assert!(self.sandbox.command("chmod").args(["-R", "go-w", "config"]).status().unwrap().success());
        }
        (owner.uid(), owner.gid())
    }

    fn launch(&self) -> Running {
        let (uid, gid) = self.settle();
        let out = fs::File::create(self.sandbox.base.join("broker.out")).unwrap();
        let mut command = self.sandbox.command(peer(self.version, "mosquitto"));
        command.args(["-c", "config/mosquitto.conf"]).stdout(out.try_clone().unwrap()).stderr(out);
        if rustix::process::geteuid().is_root() {
            command.uid(uid).gid(gid);
        }
        Running(command.spawn().unwrap())
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.sandbox.dir.join("log/mosquitto.log")).unwrap_or_default()
    }

    #[track_caller]
    pub fn start(&self) -> &Self {
        let _ = fs::remove_file(self.sandbox.dir.join("log/mosquitto.log"));
        let mut broker = self.launch();
        wait_for("the broker's start", || {
            let dead = broker.0.try_wait().unwrap();
            assert!(dead.is_none(), "{} ended with {dead:?}: {}", self.version, self.started());
            self.log().contains(" running\n")
        });
        *self.broker.borrow_mut() = Some(broker);
        self
    }

    /// What the broker said at its start, wherever it said it.
    fn started(&self) -> String {
        fs::read_to_string(self.sandbox.base.join("broker.out")).unwrap_or_default() + &self.log()
    }

    /// A broker that is meant not to start: its last words.
    #[track_caller]
    pub fn dies(&self) -> String {
        let mut broker = self.launch();
        wait_for("the broker's end", || broker.0.try_wait().unwrap().is_some());
        self.started()
    }

    pub fn signal(&self, name: &str) {
        let pid = self.broker.borrow().as_ref().unwrap().0.id().to_string();
        self.sandbox.run("kill", &[&format!("-{name}"), &pid]).ok();
    }

    /// The broker reads its files again.
    #[track_caller]
    pub fn reload(&self) {
        self.settle();
        let count = |log: &str| log.matches("Reloading config.").count();
        let before = count(&self.log());
        self.signal("HUP");
        wait_for("the reload", || count(&self.log()) > before);
        // the line is written first
        std::thread::sleep(Duration::from_millis(50));
    }

    /// Waits until the broker's log has a line with this.
    #[track_caller]
    pub fn logged(&self, what: &str) {
        wait_for(what, || self.log().contains(what));
    }

    /// The arguments as they are given: user and password of the folder's first user unless others are told, the port.
    pub fn complete(&self, args: &[&str]) -> Vec<String> {
        let mut all = vec!["test-connect".to_owned()];
        if args.first().is_none_or(|first| first.starts_with("--")) && !args.contains(&"--anonymous") {
            all.extend(["admin".to_owned(), self.sandbox.password("admin")]);
        }
        all.extend(args.iter().map(|&arg| arg.to_owned()));
        for (option, value) in [("--port", self.sandbox.port.to_string()), ("--timeout", "5".to_owned())] {
            if !args.contains(&option) {
                all.extend([option.to_owned(), value]);
            }
        }
        all
    }

    pub fn test_connect(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(binary());
        command.args(self.complete(args)).env(RESOLVER.0, RESOLVER.1).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// `mqsec test-connect` leads with this code and ends with this status.
    pub fn check(&self, title: &str, status: i32, code: &str, args: &[&str]) -> Said {
        let start = Instant::now();
        let said = Said::of(self.test_connect(args).output().unwrap());
        self.in_time(title, args, start.elapsed());
        self.judge(title, status, code, &said);
        said
    }

    /// An answer has the time that was given, and a little for the questions that find the cause.
    fn in_time(&self, title: &str, args: &[&str], took: Duration) {
        let given = args.iter().position(|&arg| arg == "--timeout").map_or(5, |at| args[at + 1].parse().unwrap());
        if took > Duration::from_secs(2 * given + 1) {
            self.wrong.borrow_mut().push(format!("{} {title}: {took:?} with --timeout {given}", self.version));
        }
    }

    /// The same for a run that has ended.
    pub fn judge(&self, title: &str, status: i32, code: &str, said: &Said) {
        let found = (said.status, said.code().unwrap_or_default());
        // one cause, and what to do next
        let errors = said.stderr.lines().filter(|line| line.starts_with("error[")).count();
        let told = code.is_empty() || (errors == 1 && said.stderr.contains("\n  hint: "));
        if found != (status, code) || !told || said.stderr.contains("panicked") {
            let said = if std::env::var_os("MQSEC_WORLDS_BRIEF").is_some() {
                said.stderr.lines().take(2).collect::<Vec<_>>().join(" / ")
            } else {
                format!("\nstdout: {}\nstderr: {}", said.stdout, said.stderr)
            };
            let (version, title) = (self.version, format!("{title}: not [{status}] {code}"));
            self.wrong.borrow_mut().push(format!("{version} {title} but [{}] {} {said}", found.0, found.1));
        }
    }

    /// A world of the table: `check`, and what `mosquitto_pub` says in its place.
    pub fn says(&self, title: &str, status: i32, code: &str, args: &[&str]) -> Said {
        let theirs = self.shown.then(|| self.mosquitto("mosquitto_pub", args));
        let said = self.check(title, status, code, args);
        self.row(title, theirs, &said);
        said
    }

    /// Holds the row of a world against docs/diagnostics.md, if this version's is the one that stands there.
    pub fn row(&self, title: &str, theirs: Option<String>, said: &Said) {
        let Some(theirs) = theirs else { return };
        let ours = said.stderr.lines().find(|line| line.starts_with("error["));
        let ours = ours.or(said.stdout.lines().find(|line| line.starts_with("Status:"))).unwrap_or("(nothing)");
        if let Err(wrong) = table::hold(title, &self.plainly(&theirs), &self.plainly(ours)) {
            self.wrong.borrow_mut().push(wrong);
        }
    }

    fn plainly(&self, text: &str) -> String {
        let text = text.replace(&format!("{}/", self.sandbox.dir.display()), "");
        table::normalise(&text.replace(&self.sandbox.port.to_string(), "8883"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.broker.take();
        // a sandbox with a log would be asked for a broker that mqsec started
        let _ = fs::remove_dir_all(self.sandbox.dir.join("log"));
    }
}

/// The folder that every world begins as, and the kit to break it with. It lies beside the binary, and goes with it.
fn template() -> &'static Path {
    static MADE: OnceLock<std::path::PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let base = binary().parent().unwrap().join(format!("worlds-{}", std::process::id()));
        let (origin, twin) = (Sandbox::new(), Sandbox::new());
        origin.mqsec(&["ca", "init"]).ok();
        twin.mqsec(&["ca", "init"]).ok();
        origin.mqsec(&["broker-cert", "localhost", "127.0.0.1", "::1"]).ok();
        origin.mqsec(&["up", "--engine", "native", "--port", &free_port().to_string()]).ok();
        origin.mqsec(&["down"]).ok();
        let kit = origin.base.join("kit");
        fs::create_dir(&kit).unwrap();
        for end in ["crt", "key"] {
            fs::copy(origin.dir.join(format!("certs/ca.{end}")), kit.join(format!("ca.{end}"))).unwrap();
            fs::copy(twin.dir.join(format!("certs/ca.{end}")), kit.join(format!("twin.{end}"))).unwrap();
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/diagnosis/worlds/kit.sh");
        Said::of(Command::new("bash").arg(script).current_dir(&kit).output().unwrap()).ok();
        let tidy =
            "rm -rf ws/.mqsec ws/log/* ws/data/* && sed -i 's/^listener .*/listener 8883/' ws/config/mosquitto.conf";
        let tidied = Command::new("sh").args(["-c", tidy]).current_dir(&origin.base).status().unwrap();
        assert!(tidied.success());
        let copied = Command::new("cp").arg("-a").arg(&origin.base).arg(&base).status().unwrap();
        assert!(copied.success());
        base
    })
}
