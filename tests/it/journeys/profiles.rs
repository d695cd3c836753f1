//! What each profile promises, asked of both series: it starts without a warning, and a table says who gets in where.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;

use mqsec::conf::effective::Effective;
use mqsec::conf::effective::Knock;
use mqsec::conf::effective::Shown;
use mqsec::conf::effective::effective;
use mqsec::conf::reading::NoFiles;
use mqsec::conf::reading::Reading;
use mqsec::mqtt;
use mqsec::mqtt::Attempt;
use mqsec::mqtt::Identity;
use mqsec::mqtt::Tls;
use mqsec::mqtt::Trip;
use mqsec::provision::credentials;
use mqsec::secret::Secret;
use mqsec::series::Series;

use crate::support::Running;
use crate::support::Sandbox;
use crate::support::free_port;
use crate::support::peer;
use crate::support::peers;
use crate::support::wait_for;

pub(super) const BOTH: [&str; 2] = ["2.0.21", "2.1.2"];
pub(super) const SERIES: [Series; 2] = [Series::V20, Series::V21];

/// Who knocks: each way to log in, with and without a certificate, and one whose certificate is revoked.
const KNOCKS: [(&str, Login, &str); 7] = [
    ("anonymous", Login::None, ""),
    ("password", Login::Right, ""),
    ("wrong password", Login::Wrong, ""),
    ("certificate", Login::None, "admin"),
    ("both", Login::Right, "admin"),
    ("certificate, wrong password", Login::Wrong, "admin"),
    ("both, revoked", Login::Right, "gone"),
];

#[derive(Clone, Copy)]
enum Login {
    None,
    Right,
    Wrong,
}

/// A profile with its listeners, and who of [`KNOCKS`] gets in at each: `x` who does, `.` who does not. Two columns
/// where the series differ: 2.0, then 2.1.
struct Row {
    profile: &'static str,
    more: &'static [&'static str],
    listeners: &'static [(&'static str, [&'static str; 2])],
}

const NOBODY_BUT_BOTH: [&str; 2] = ["....x..", "....x.."];
/// libwebsockets is not told of the revocation list.
pub(super) const BOTH_AND_THE_REVOKED_IN_20: [&str; 2] = ["....x.x", "....x.."];
/// A certificate that nobody asked for is not looked at.
const PASSWORD: [&str; 2] = [".x..x.x", ".x..x.x"];
/// In clear there is no certificate to show.
const PASSWORD_IN_CLEAR: [&str; 2] = [".x..x.x", ".x..x.x"];
const CERTIFICATE: [&str; 2] = ["...xxx.", "...xxx."];
const CERTIFICATE_AND_THE_REVOKED_IN_20: [&str; 2] = ["...xxxx", "...xxx."];
const EVERYBODY: [&str; 2] = ["xxxxxxx", "xxxxxxx"];

const TABLE: &[Row] = &[
    Row {
        profile: "password+cert",
        more: &[],
        listeners: &[
            ("tls", NOBODY_BUT_BOTH),
            ("wss", BOTH_AND_THE_REVOKED_IN_20),
            ("plain@127.0.0.1", PASSWORD_IN_CLEAR),
            ("ws@127.0.0.1", PASSWORD_IN_CLEAR),
            ("tls@[::1]", NOBODY_BUT_BOTH),
        ],
    },
    Row {
        profile: "password",
        more: &["--log-level", "debug"],
        listeners: &[
            ("tls", PASSWORD),
            ("wss", PASSWORD),
            ("plain@127.0.0.1", PASSWORD_IN_CLEAR),
            ("plain@[::1]", PASSWORD_IN_CLEAR),
        ],
    },
    Row { profile: "cert", more: &[], listeners: &[("tls", CERTIFICATE), ("wss", CERTIFICATE_AND_THE_REVOKED_IN_20)] },
    Row {
        profile: "letsencrypt",
        more: &["--cert", "certs/broker/public copy.crt", "--key", "certs/broker/broker.key"],
        listeners: &[("plain@127.0.0.1", PASSWORD_IN_CLEAR), ("tls", PASSWORD), ("wss", PASSWORD)],
    },
    Row {
        profile: "dev",
        more: &["--persistence", "on"],
        listeners: &[
            ("plain@127.0.0.1", EVERYBODY),
            ("plain@localhost", EVERYBODY),
            ("tls@127.0.0.1", EVERYBODY),
            ("ws@[::1]", EVERYBODY),
        ],
    },
    Row { profile: "pi", more: &[], listeners: &[("tls", NOBODY_BUT_BOTH), ("plain@127.0.0.1", PASSWORD_IN_CLEAR)] },
];

/// What 2.1 alone can do: plugins in place of password_file and acl_file, websockets that keep to their address.
const TABLE_21: &[Row] = &[
    Row {
        profile: "password+cert",
        more: &["--target", "2.1", "--plugins", "PLUGINS"],
        listeners: &[("tls", NOBODY_BUT_BOTH), ("wss", NOBODY_BUT_BOTH), ("plain@127.0.0.1", PASSWORD_IN_CLEAR)],
    },
    Row { profile: "cert", more: &["--target", "2.1", "--plugins", "PLUGINS"], listeners: &[("wss", CERTIFICATE)] },
    Row { profile: "dev", more: &["--target", "2.1"], listeners: &[("ws@127.0.0.1", EVERYBODY)] },
];

/// A folder with an authority, the broker's certificate, a password file, two clients of which one is revoked.
fn template() -> &'static Sandbox {
    static MADE: OnceLock<Sandbox> = OnceLock::new();
    MADE.get_or_init(|| {
        let sandbox = Sandbox::new();
        sandbox.write(".env", "USER_1=admin\nPASS_1=right\nUSER_2=gone\nPASS_2=other\n");
        sandbox.mqsec(&["ca", "init"]).ok();
        sandbox.mqsec(&["broker-cert", "localhost", "127.0.0.1", "::1"]).ok();
        sandbox.mqsec(&["client-cert", "admin"]).ok();
        sandbox.mqsec(&["client-cert", "gone"]).ok();
        sandbox.mqsec(&["passwd"]).ok();
        let script = "set -e
            printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=db\\ndefault_md=sha256\\ncrlnumber=n\\ncrl_extensions=e\\n[e]\\nauthorityKeyIdentifier=keyid\\n' > ca.cnf
            : > db; echo 01 > n
            ca='-config ca.cnf -batch -cert certs/ca.crt -keyfile certs/ca.key'
            openssl ca $ca -revoke certs/client/gone/gone.crt
            openssl ca $ca -gencrl -crldays 30 -out certs/broker/ca.crl
            cp certs/broker/broker.crt 'certs/broker/public copy.crt'
            rm -f ca.cnf db* n*; rm -rf .mqsec";
        sandbox.run("sh", &["-c", script]).ok();
        sandbox
    })
}

/// A broker of this version in a folder of its own, and all that it said.
pub(super) struct Host {
    pub(super) sandbox: Sandbox,
    broker: Option<Running>,
}

impl Host {
    pub(super) fn new(version: &str) -> Self {
        let sandbox = Sandbox::with_broker(version);
        let copied = Command::new("cp").arg("-a").arg(template().dir.join(".")).arg(&sandbox.dir).status().unwrap();
        assert!(copied.success());
        Self { sandbox, broker: None }
    }

    #[track_caller]
    pub(super) fn start(&mut self, version: &str) {
        let out = fs::File::create(self.sandbox.base.join("out")).unwrap();
        let mut command = self.sandbox.command(peer(version, "mosquitto"));
        command.args(["-c", "config/mosquitto.conf"]).stdout(out.try_clone().unwrap()).stderr(out);
        if rustix::process::geteuid().is_root() {
            command.uid(1883).gid(1883);
        }
        let mut broker = Running(command.spawn().unwrap());
        wait_for("the broker's start", || {
            let dead = broker.0.try_wait().unwrap();
            assert!(dead.is_none(), "{version} ended with {dead:?}: {}", self.said());
            self.said().contains(" running\n")
        });
        self.broker = Some(broker);
    }

    pub(super) fn said(&self) -> String {
        fs::read_to_string(self.sandbox.base.join("out")).unwrap_or_default()
    }

    fn identity(&self, client: &str) -> Identity {
        let dir = self.sandbox.dir.join("certs/client").join(client);
        let file = |end: &str| dir.join(format!("{client}.{end}"));
        credentials::identity(&file("crt"), &file("key"))
            .map(|(identity, _)| identity)
            .map_err(|e| e.message())
            .unwrap()
    }

    /// Who of [`KNOCKS`] gets in here, as the table has it, and the reasons of the others.
    pub(super) fn admits(&self, listener: &str, port: u16, topic: &str) -> (String, Vec<String>) {
        let (kind, address) = listener.split_once('@').unwrap_or((listener, "localhost"));
        let trust = credentials::trust_der(&self.sandbox.dir.join("certs/ca.crt")).map_err(|e| e.message()).unwrap();
        let (mut row, mut reasons) = (String::new(), Vec::new());
        for (who, login, client) in KNOCKS {
            let identity = (!client.is_empty()).then(|| self.identity(client));
            let (right, wrong) = (Secret::new("right"), Secret::new("wrong"));
            let attempt = Attempt {
                tls: kind.ends_with("s").then(|| Tls::new(&trust, identity.as_ref())).filter(|_| kind != "ws"),
                websocket: kind.starts_with("ws").then_some("/mqtt"),
                login: match login {
                    Login::None => None,
                    Login::Right => Some(("admin", &right)),
                    Login::Wrong => Some(("admin", &wrong)),
                },
                trip: Some(Trip::to(topic)),
                ..Attempt::new(address.trim_matches(['[', ']']), port, format!("knock-{port}"))
            };
            let result = mqtt::attempt(&attempt).result;
            row.push(if result.is_ok() { 'x' } else { '.' });
            reasons.extend(result.err().map(|trouble| format!("{who}: {trouble}")));
        }
        (row, reasons)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.broker.take();
        // a sandbox with a log would be asked for a broker that mqsec started
        let _ = fs::remove_dir_all(self.sandbox.dir.join("log"));
    }
}

fn ask(row: &Row, number: usize, acl: bool) {
    let version = BOTH[number];
    let mut host = Host::new(version);
    if acl {
        host.sandbox.write("config/mosquitto.acl", "user admin\ntopic readwrite test/connection\n");
        let give = "chmod 600 config/mosquitto.acl; chown --reference config/mosquitto.passwd config/mosquitto.acl";
        host.sandbox.run("sh", &["-c", give]).ok();
    }
    let listeners: Vec<_> = row.listeners.iter().map(|(name, who)| (*name, free_port(), who[number])).collect();
    let mut args = vec!["conf".to_owned(), "init".to_owned(), "--profile".to_owned(), row.profile.to_owned()];
    for (name, port, _) in &listeners {
        args.extend(["--listener".to_owned(), format!("{name}:{port}")]);
    }
    let plugins = peers().join("brokers/2.1.2/usr/lib/x86_64-linux-gnu/mosquitto");
    args.extend(row.more.iter().map(|word| word.replace("PLUGINS", &plugins.display().to_string())));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    host.sandbox.mqsec(&args).ok();
    host.start(version);
    let conf = host.sandbox.read("config/mosquitto.conf");
    let told = effective(&Reading::read("config/mosquitto.conf", conf.as_bytes(), &NoFiles, SERIES[number]));
    for ((name, port, expected), told) in listeners.into_iter().zip(told) {
        let (found, reasons) = host.admits(name, port, "test/connection");
        if acl {
            let (others, _) = host.admits(name, port, "another/topic");
            assert_eq!(others, ".......", "the ACL of {} on {version} at {name}", row.profile);
        }
        let place = format!("{} on {version} at {name}", row.profile);
        assert_eq!(found, expected, "{place}\n{reasons:#?}\n{}", host.said());
        assert_eq!(foretold(&told), expected, "`conf show --effective` of {place}: {told:#?}");
        assert_eq!(
            (told.port, Some(told.bound.is_local())),
            (port, is_local(port)),
            "where it is bound, {place}: {told:#?}"
        );
    }
    host.broker.take();
    let complaints = |text: &str| -> Vec<String> {
        // what a refused handshake leaves in the log is the refusal's own line
        let own = |line: &&str| (line.contains("Warning") || line.contains("Error")) && !line.contains("OpenSSL Error");
        text.lines().filter(own).map(str::to_owned).collect()
    };
    let log = fs::read_to_string(host.sandbox.dir.join("log/mosquitto.log")).unwrap_or_default();
    let start = host.said().split(" running\n").next().unwrap_or_default().to_owned();
    assert_eq!(complaints(&start), [""; 0], "{} on {version}", row.profile);
    let log_start = log.split(" running\n").next().unwrap_or_default();
    assert_eq!(complaints(log_start), [""; 0], "{} on {version}", row.profile);
    let written = |folder: &str| fs::read_dir(host.sandbox.dir.join(folder)).unwrap().count();
    if row.profile == "pi" {
        assert_eq!((written("data"), written("log")), (0, 0), "something was written to the card");
    }
}

/// What `conf show --effective` says of [`KNOCKS`].
pub(super) fn foretold(told: &Effective) -> String {
    let admits = |(_, login, client): (&str, Login, &str)| {
        let knock = match login {
            Login::None => Knock::WithoutName,
            Login::Right => Knock::RightPassword,
            Login::Wrong => Knock::WrongPassword,
        };
        let shown = match client {
            "" => Shown::Nothing,
            "gone" => Shown::Revoked,
            _ => Shown::Good,
        };
        if told.entry.admits(knock, shown).unwrap() { 'x' } else { '.' }
    };
    KNOCKS.into_iter().map(admits).collect()
}

/// Whether the kernel has the port open on loopback addresses alone; None where nobody listens there.
pub(super) fn is_local(port: u16) -> Option<bool> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap());
    let open: Vec<String> = tables
        .iter()
        .flat_map(|table| table.lines())
        .filter_map(|line| {
            let mut fields = line.split_ascii_whitespace().skip(1);
            let (address, state) = (fields.next()?, fields.nth(1)?);
            let (address, found) = address.split_once(':')?;
            (state == "0A" && found == format!("{port:04X}")).then(|| address.to_owned())
        })
        .collect();
    let local = |address: &String| address == "0100007F" || address == "00000000000000000000000001000000";
    (!open.is_empty()).then(|| open.iter().all(local))
}

#[test]
fn each_profile_lets_in_whom_it_says() {
    std::thread::scope(|scope| {
        for number in 0..BOTH.len() {
            scope.spawn(move || TABLE.iter().for_each(|row| ask(row, number, false)));
        }
        scope.spawn(|| TABLE_21.iter().for_each(|row| ask(row, 1, false)));
    });
}

/// The same people get in, and what the ACL lets them do is a message on `test/connection`.
#[test]
fn an_acl_that_is_there_is_named() {
    std::thread::scope(|scope| {
        for number in 0..BOTH.len() {
            scope.spawn(move || ask(&TABLE[0], number, true));
        }
        scope.spawn(|| ask(&TABLE_21[0], 1, true));
    });
}

#[test]
fn a_file_that_is_there_is_kept_unless_it_is_our_own() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["conf", "init"]).ok();
    let first = sandbox.read("config/mosquitto.conf");
    let again = sandbox.mqsec(&["conf", "init", "--json"]).ok().json();
    assert_eq!((&again["state"], &again["files"]), (&"same".into(), &serde_json::json!([])));
    sandbox.mqsec(&["conf", "init", "--profile", "pi", "--listener", "tls:18883"]).ok();
    assert!(sandbox.read("config/mosquitto.conf").contains("listener 18883"));
    let changed = format!("{first}# mine\n");
    sandbox.write("config/mosquitto.conf", &changed);
    sandbox.mqsec(&["conf", "init"]).fails(1, "conf-exists");
    assert_eq!(sandbox.read("config/mosquitto.conf"), changed);
    assert_eq!(sandbox.mqsec(&["conf", "init", "--print"]).ok().stdout, first);
    assert_eq!(sandbox.read("config/mosquitto.conf"), changed);
    let forced = sandbox.mqsec(&["conf", "init", "--force", "--json"]).ok().json();
    assert_eq!(sandbox.read("config/mosquitto.conf"), first);
    assert_eq!(sandbox.read(forced["backup"].as_str().unwrap()), changed);
}

#[test]
fn what_cannot_be_is_refused_with_its_reason() {
    let sandbox = Sandbox::new();
    for (args, code) in [
        (&["--profile", "dev", "--listener", "plain@192.168.0.10:1883"][..], "conf-dev-not-loopback"),
        (&["--profile", "dev", "--listener", "ws@127.0.0.1:8080"], "conf-dev-not-loopback"),
        (&["--listener", "plain:1883"], "conf-plain-everywhere"),
        (&["--listener", "tls:8883", "--listener", "wss@localhost:8083"], "conf-websockets-name"),
        (&["--profile", "cert", "--listener", "plain@127.0.0.1:1883"], "conf-nobody-could-log-in"),
        (&["--listener", "tls:8883", "--listener", "wss:8883"], "conf-listeners-collide"),
        (&["--listener", "wss:8083"], "conf-only-websockets"),
        (&["--plugins", "image"], "conf-plugins-too-new"),
        (&["--cert", "a.crt"], "conf-half-pair"),
        (&["--listener", "plain@::1:1883"], "usage"),
        (&["--target", "3.0"], "usage"),
        (&["--session-expiry", "soon"], "usage"),
    ] {
        let said = sandbox.mqsec(&[&["conf", "init"], args].concat()).fails(2, code);
        assert!(code == "usage" || said.stderr.contains("\n  hint: "), "{}", said.stderr);
    }
    assert!(!sandbox.has("config"));
    let told = sandbox.mqsec(&["conf", "init", "--listener", "plain@10.0.0.1:1883", "--print"]).ok().stderr;
    assert!(told.contains("warning: `plain@10.0.0.1:1883` sends passwords"), "{told}");
    sandbox.mqsec(&["up", "--profile", "dev"]).fails(2, "profile-not-proven");
}

#[test]
fn up_keeps_the_listeners_of_conf_init() {
    let sandbox = Sandbox::new();
    let (tls, wss, plain) = (free_port(), free_port(), free_port());
    let listeners = [format!("tls:{tls}"), format!("wss:{wss}"), format!("plain@127.0.0.1:{plain}")];
    let args: Vec<&str> = listeners.iter().flat_map(|listener| ["--listener", listener]).collect();
    sandbox.mqsec(&[&["conf", "init", "--profile", "password"], &args[..]].concat()).ok();
    let conf = sandbox.read("config/mosquitto.conf");
    let up = sandbox.mqsec(&["up", "--engine", "native", "--json"]).ok().json();
    assert_eq!((&up["secure"], &up["port"]), (&true.into(), &tls.into()));
    assert_eq!(sandbox.read("config/mosquitto.conf"), conf);
    let compose = sandbox.read("docker-compose.yml");
    let published = format!("    ports:\n      - \"{tls}:{tls}\"\n      - \"{wss}:{wss}\"\n    networks:");
    assert!(compose.contains(&published), "{compose}");
    // another port for TLS, the others stay
    let other = free_port();
    let up = sandbox.mqsec(&["up", "--port", &other.to_string(), "--json"]).ok().json();
    assert_eq!((&up["secure"], &up["port"]), (&true.into(), &other.into()));
    assert_eq!(
        sandbox.read("docker-compose.yml"),
        compose.replace(&tls.to_string(), &other.to_string()).replace(&format!("{tls:04X}"), &format!("{other:04X}"))
    );
}

#[test]
fn up_proves_the_profiles_that_have_tls() {
    for (profile, proofs) in [("cert", 4), ("pi", 8)] {
        for version in BOTH {
            let sandbox = Sandbox::with_broker(version);
            let up = sandbox.up_native(&["--profile", profile, "--json"]).ok().json();
            assert_eq!((&up["secure"], up["proofs"].as_array().unwrap().len()), (&true.into(), proofs), "{up:#}");
            assert_eq!(sandbox.up_native(&["--json"]).ok().json()["state"], "running already");
            // to another profile and back to TLS with passwords, since the file is mqsec's own
            let up = sandbox.up_native(&["--profile", "password", "--json"]).ok().json();
            assert_eq!((&up["secure"], &up["state"]), (&true.into(), &"restarted".into()), "{up:#}");
        }
    }
}
