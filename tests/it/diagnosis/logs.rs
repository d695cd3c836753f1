//! `mqsec logs --explain`: real brokers of all versions are brought into trouble, and their own lines must be known.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Child;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::support::Sandbox;
use crate::support::VERSIONS;
use crate::support::binary;
use crate::support::may_use;
use crate::support::peer;
use crate::support::wait_for;

const LOG: &str = "broker.log";
const ANYBODY: &str = "allow_anonymous true\n";
const HASH: &str = "$7$101$AAAAAAAAAAAAAAAA$";

/// A broker with a configuration of its own, whose log is `broker.log`.
struct Broker<'a> {
    sandbox: &'a Sandbox,
    child: Child,
}

impl<'a> Broker<'a> {
    /// Starts it; `PORT` stands for the sandbox's port.
    fn start(sandbox: &'a Sandbox, version: &str, conf: &str) -> Self {
        configure(sandbox, conf);
        let log = fs::File::create(sandbox.dir.join(LOG)).unwrap();
        let mut command = sandbox.command(peer(version, "mosquitto"));
        let child = command.args(["-c", "m.conf"]).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        Self { sandbox, child }
    }

    fn listening(sandbox: &'a Sandbox, version: &str, conf: &str) -> Self {
        let broker = Self::start(sandbox, version, &format!("listener PORT 127.0.0.1\n{conf}"));
        // its port is open a moment before it listens to signals
        wait_for("the broker", || broker.log().contains(" running\n"));
        broker
    }

    #[track_caller]
    fn reload(&self) {
        let reloads = || self.log().matches("Reloading config.").count();
        let before = reloads();
        let pid = self.child.id().to_string();
        self.sandbox.run("kill", &["-HUP", &pid]).ok();
        let end = std::time::Instant::now() + Duration::from_secs(20);
        while reloads() == before {
            assert!(std::time::Instant::now() < end, "no reload: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        self.sandbox.read(LOG)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.sandbox.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream
    }

    /// Sends bytes and reads what comes back, once.
    fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        let _ = stream.read(&mut [0; 64]);
        stream
    }

    /// A TLS client of the system's OpenSSL.
    fn tls(&self, args: &[&str]) {
        let address = format!("127.0.0.1:{}", self.sandbox.port);
        self.sandbox.run("openssl", &[&["s_client", "-connect", &address], args].concat());
    }

    #[track_caller]
    fn tells(&self, code: &str) {
        let place = std::panic::Location::caller();
        wait_for(&format!("{code} ({place})"), || codes(self.sandbox).iter().any(|found| found == code));
    }
}

impl Drop for Broker<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configure(sandbox: &Sandbox, conf: &str) {
    let conf = conf.replace("PORT", &sandbox.port.to_string());
    sandbox.write("m.conf", format!("user root\nlog_dest stderr\n{conf}"));
}

fn explained(sandbox: &Sandbox) -> Vec<Value> {
    let told = sandbox.mqsec(&["logs", "--explain", "--json", LOG]).ok().json();
    assert_eq!((&told["schema"], &told["file"]), (&"mqsec/logs/1".into(), &LOG.into()));
    told["lines"].as_array().unwrap().clone()
}

/// The codes of the lines that begin a trouble.
fn codes(sandbox: &Sandbox) -> Vec<String> {
    let own = |line: &Value| line["continues"] == false;
    explained(sandbox).iter().filter(|line| own(line)).map(|line| line["code"].as_str().unwrap().to_owned()).collect()
}

/// Lines that a broker calls an error or a warning, and that got no cause.
fn unknown(sandbox: &Sandbox) -> Vec<String> {
    let lines = explained(sandbox);
    let unknown =
        lines.iter().filter(|line| line["code"].is_null()).map(|line| line["line"].as_str().unwrap().to_owned());
    unknown.filter(|line| ["rror", "arning", "disconnected:"].iter().any(|word| line.contains(word))).collect()
}

fn connect(id: &str, version: u8, keepalive: u8) -> Vec<u8> {
    let mut body = b"\0\x04MQTT".to_vec();
    body.extend([version, 2, 0, keepalive]);
    if version == 5 {
        body.push(0);
    }
    body.extend([0, id.len() as u8]);
    body.extend(id.as_bytes());
    [vec![0x10, body.len() as u8], body].concat()
}

#[test]
fn clients_that_are_refused() {
    for version in VERSIONS {
        let new = !version.starts_with("2.0");
        let sandbox = Sandbox::with_broker(version);
        sandbox.write("passwd", "");
        let broker = Broker::listening(&sandbox, version, "password_file passwd\n");
        broker.send(&connect("a", 4, 60));
        broker.tells("login-refused");
        drop(broker);

        let broker =
            Broker::listening(&sandbox, version, &format!("{ANYBODY}max_packet_size 100\nmax_connections 2\n"));
        // connections that ended a moment ago still count
        let (first, _second) = (broker.send(&connect("a", 4, 60)), broker.send(&connect("a", 4, 60)));
        broker.tells("session-taken-over");
        let mut rest = Vec::new();
        wait_for("the limit", || {
            rest.push(broker.connect());
            broker.log().contains("max_connections exceeded")
        });
        broker.tells("max-connections");
        drop((first, _second, rest));
        drop(broker);

        let broker = Broker::listening(&sandbox, version, &format!("{ANYBODY}max_packet_size 100\n"));
        broker.send(&[connect("a", 4, 60), vec![0x30, 0x80, 0x02], vec![0; 256]].concat());
        broker.tells("packet-too-large");
        broker.send(&[connect("a", 4, 60), vec![0x82, 7, 0, 1, 0, 2, b'#', b'a', 0]].concat());
        broker.tells("log-protocol-error");
        broker.send(&connect("a", 9, 60));
        broker.tells(if new { "log-feature-refused" } else { "mqtt-version-refused" });
        broker.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        broker.tls(&["-brief"]);
        if new {
            broker.tells("log-not-mqtt");
            broker.tells("tls-to-plain-port");
        }
        let silent = broker.send(&connect("silent", 4, 1));
        broker.tells("log-keepalive-exceeded");
        drop(silent);
        assert_eq!(unknown(&sandbox), [""; 0], "{version}");
    }
}

#[test]
fn connections_that_fail_at_tls() {
    for version in VERSIONS {
        let (sandbox, other) = (Sandbox::with_broker(version), Sandbox::new());
        for sandbox in [&sandbox, &other] {
            sandbox.mqsec(&["ca", "init"]).ok();
        }
        sandbox.mqsec(&["broker-cert", "localhost"]).ok();
        sandbox.mqsec(&["client-cert", "old"]).ok();
        let (cert, key) = ("certs/client/old/old.crt", "certs/client/old/old.key");
        let issue =
            ["x509", "-req", "-in", "certs/client/old/old.csr", "-CA", "certs/ca.crt", "-CAkey", "certs/ca.key"];
        sandbox.run("openssl", &[&issue[..], &["-days", "-1", "-out", cert]].concat()).ok();
        let conf = "certfile certs/broker/broker.crt\nkeyfile certs/broker/broker.key\n\
                    cafile certs/ca.crt\nrequire_certificate true\n";
        let broker = Broker::listening(&sandbox, version, conf);
        drop(broker.connect());
        broker.tells("log-connection-dropped");
        broker.send(&connect("a", 4, 60));
        broker.tells("plain-to-tls-port");
        broker.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        broker.tells("log-http-to-tls-port");
        broker.tls(&["-CAfile", "certs/ca.crt"]);
        broker.tells("tls-client-certificate-missing");
        broker.tls(&["-CAfile", "certs/ca.crt", "-cert", cert, "-key", key]);
        broker.tells("log-certificate-verify-failed");
        let theirs = other.dir.join("certs/ca.crt").display().to_string();
        broker.tls(&["-CAfile", &theirs, "-verify_return_error", "-cert", cert, "-key", key]);
        broker.tells("log-client-refuses-broker");
        broker.tls(&["-CAfile", "certs/ca.crt", "-tls1_2", "-cipher", "AES128-SHA"]);
        broker.tells("log-no-shared-cipher");
        assert_eq!(unknown(&sandbox), [""; 0], "{version}");
    }
}

#[test]
fn brokers_that_do_not_start() {
    let tls = |cert: &str, key: &str| format!("listener PORT\ncertfile {cert}\nkeyfile {key}\n");
    let pair = tls("certs/broker/broker.crt", "certs/broker/broker.key");
    let anybody = |rest: &str| format!("listener PORT\n{ANYBODY}{rest}\n");
    let worlds = [
        ("log-option-unknown", anybody("no_such_option true")),
        ("log-option-unknown", "listener\tPORT\n".to_owned()),
        ("log-option-invalid", "listener PORT\nallow_anonymous yes\n".to_owned()),
        ("log-option-invalid", anybody("password_file")),
        ("log-option-order", format!("{ANYBODY}per_listener_settings true\nlistener PORT\n")),
        ("log-option-order", anybody("plugin_opt_x y")),
        ("log-bridge-configuration", anybody("connection b\naddress localhost\ntopic a sideways")),
        ("log-conf-unreadable", anybody("include_dir no-such")),
        ("log-passwd-unreadable", anybody("password_file no-such")),
        ("log-acl-unreadable", anybody("acl_file no-such")),
        ("log-acl-line-invalid", anybody("acl_file acl")),
        ("log-plugin-not-loaded", anybody("plugin /no/such.so")),
        ("log-address-not-here", "listener PORT 192.0.2.1\n".to_owned()),
        ("log-address-not-here", "listener PORT no-such-host.invalid\n".to_owned()),
        ("log-listener-not-started", "listener 0 /no/such/socket\n".to_owned()),
        ("log-pid-file", anybody("pid_file /no/such/pid")),
        ("log-persistence-unreadable", anybody("persistence true\npersistence_location ./")),
        ("log-tls-file-unusable", tls("no-such", "certs/broker/broker.key")),
        ("log-tls-file-unusable", tls("certs/broker/broker.key", "certs/broker/broker.key")),
        ("key-mismatch", tls("certs/broker/broker.crt", "certs/ca.key")),
        ("key-encrypted", tls("certs/broker/broker.crt", "locked.key")),
        ("certificate-weak-key", tls("weak.crt", "weak.key")),
        ("log-tls-option-invalid", format!("{pair}tls_version tlsv1\n")),
        ("log-tls-option-invalid", format!("{pair}ciphers NONSENSE\n")),
    ];
    for version in VERSIONS {
        let sandbox = Sandbox::with_broker(version);
        sandbox.mqsec(&["ca", "init"]).ok();
        sandbox.mqsec(&["broker-cert", "localhost"]).ok();
        sandbox.write("acl", "nonsense\n");
        sandbox.write("mosquitto.db", "rubbish, rubbish, rubbish");
        let openssl = |args: &str| sandbox.run("openssl", &args.split(' ').collect::<Vec<_>>()).ok();
        openssl("pkey -in certs/broker/broker.key -aes256 -passout pass:secret -out locked.key");
        openssl("req -x509 -newkey rsa:1024 -nodes -keyout weak.key -out weak.crt -subj /CN=localhost");
        for (code, conf) in &worlds {
            let mut broker = Broker::start(&sandbox, version, conf);
            wait_for("the broker's end", || broker.child.try_wait().unwrap().is_some());
            let told = codes(&sandbox);
            assert!(told.iter().any(|found| found == code), "{version}: {code}: {told:?} of\n{}", broker.log());
            assert_eq!(unknown(&sandbox), [""; 0], "{version}");
        }
        let _holds = std::net::TcpListener::bind(("0.0.0.0", sandbox.port)).unwrap();
        let mut broker = Broker::start(&sandbox, version, &anybody(""));
        wait_for("the broker's end", || broker.child.try_wait().unwrap().is_some());
        broker.tells("port-in-use");
    }
}

#[test]
fn what_a_start_only_warns_of() {
    for version in VERSIONS {
        let new = !version.starts_with("2.0");
        let sandbox = Sandbox::with_broker(version);
        let broker = Broker::start(&sandbox, version, "");
        broker.tells("log-local-only");
        drop(broker);
        sandbox.write("acl", "pattern read a/b\n");
        fs::set_permissions(sandbox.dir.join("acl"), PermissionsExt::from_mode(0o644)).unwrap();
        // behind a log that cannot be written, nothing is said any more
        let broker = Broker::start(&sandbox, version, &format!("listener PORT\n{ANYBODY}log_dest file /no/such/log\n"));
        broker.tells("log-log-not-written");
        drop(broker);
        let broker = Broker::listening(&sandbox, version, &format!("{ANYBODY}acl_file acl\nclientid_prefixes a\n"));
        broker.tells("log-acl-pattern");
        broker.tells("log-option-deprecated");
        if version != "2.0.11" {
            broker.tells("log-file-permissions");
        }
        drop(broker);
        if !new {
            sandbox.write("passwd", format!("a:plain\nb:{HASH}x\n"));
            let broker = Broker::listening(&sandbox, version, "password_file passwd\n");
            broker.tells("passwd-line-unreadable");
        } else {
            sandbox.write("passwd", "a:plain\n");
            let mut broker = Broker::start(&sandbox, version, "listener PORT\npassword_file passwd\n");
            wait_for("the broker's end", || broker.child.try_wait().unwrap().is_some());
            broker.tells("passwd-line-unreadable");
            let broker = Broker::start(&sandbox, version, "max_qos 2\nlistener 0 ./socket\n");
            broker.tells("log-option-order");
        }
        assert_eq!(unknown(&sandbox), [""; 0], "{version}");
    }
}

#[test]
fn reloads_that_go_wrong() {
    for version in VERSIONS {
        let new = !version.starts_with("2.0");
        let sandbox = Sandbox::with_broker(version);
        sandbox.write("acl", "topic readwrite a\n");
        let conf = format!("{ANYBODY}acl_file acl\n");
        let broker = Broker::listening(&sandbox, version, &conf);
        configure(&sandbox, &format!("listener PORT 127.0.0.1\n{conf}listener 1\n"));
        broker.reload();
        broker.tells("log-reload-listeners");
        configure(&sandbox, &format!("listener PORT 127.0.0.1\n{conf}"));
        assert!(!codes(&sandbox).contains(&"log-acl-fail-open".to_owned()));
        sandbox.write("acl", "nonsense\n");
        broker.reload();
        broker.tells("log-acl-line-invalid");
        if new {
            assert!(!codes(&sandbox).contains(&"log-acl-fail-open".to_owned()), "2.1 ends");
        } else {
            broker.tells("log-acl-fail-open");
            // the summary has the worst first, and a tail knows what stood before it
            let told = sandbox.mqsec(&["logs", "--explain", "-n", "1", LOG]).ok().stdout;
            assert!(told.starts_with(broker.log().lines().last().unwrap()), "{told}");
            assert!(told.contains("^ log-acl-fail-open: ") && told.contains("hint: mend the ACL file"), "{told}");
            let told = sandbox.mqsec(&["logs", "--explain", LOG]).ok().stdout;
            assert!(told.contains("the worst first:\n  1  log-acl-fail-open\n"), "{told}");
        }
        drop(broker);

        sandbox.mqsec(&["ca", "init"]).ok();
        sandbox.mqsec(&["broker-cert", "localhost"]).ok();
        let conf = "certfile certs/broker/broker.crt\nkeyfile certs/broker/broker.key\n";
        let broker = Broker::listening(&sandbox, version, conf);
        fs::copy(sandbox.dir.join("certs/ca.key"), sandbox.dir.join("certs/broker/broker.key")).unwrap();
        broker.reload();
        broker.tells("key-mismatch");
        broker.tells("log-reload-certificate");
        assert_eq!(unknown(&sandbox), [""; 0], "{version}");
    }
}

#[test]
fn any_input_is_read() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["logs"]).fails(2, "log-missing");
    sandbox.mqsec(&["logs", "--explain", "no-such"]).fails(2, "file-not-found");
    sandbox.mqsec(&["logs", "--explain", "."]).fails(2, "file-is-a-folder");
    let lines = |input: &str, args: &[&str]| {
        let told = sandbox.mqsec_with_input(&[&["logs", "--json"], args].concat(), input).ok().json();
        told["lines"].as_array().unwrap().clone()
    };
    assert!(lines("", &["--explain", "-"]).is_empty());
    let told = lines("1: Client a disconnected, not authorised.\n1: x", &["--explain", "-"]);
    assert_eq!((&told[0]["code"], &told[0]["harmless"]), (&"login-refused".into(), &false.into()));
    assert_eq!((told.len(), told[1]["code"].is_null()), (2, true));
    // without --explain lines are lines, and the last ones are shown
    let many: String = (0..60).map(|n| format!("line {n}\n")).collect();
    assert_eq!(lines(&many, &["-"]), (10..60).map(|n| Value::from(format!("line {n}"))).collect::<Vec<_>>());
    assert_eq!(lines(&many, &["--explain", "-"]).len(), 60);
    assert_eq!(lines(&many, &["-n", "2", "-"]), ["line 58", "line 59"]);
    sandbox.write(LOG, &many);
    assert_eq!(lines("", &["-n", "2", LOG]), ["line 58", "line 59"]);
    assert_eq!(lines("", &["-n", "0", LOG]).len(), 0);
    assert_eq!(lines("", &["-n", "100", LOG]).len(), 60);

    // bytes of any kind; nothing of them commands the terminal
    let rubbish: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    sandbox.write(
        LOG,
        [&rubbish[..], b"\n\x1b[31m1: Error: Address already in use\n1: Error: Address already in use"].concat(),
    );
    let told = sandbox.mqsec(&["logs", "--explain", "--color", "never", LOG]).ok().stdout;
    assert!(told.contains("\n1: Error: Address already in use\n    ^ port-in-use: "), "{}", &told[told.len() - 500..]);
    assert!(!told.contains(['\x1b', '\0', '\r']));
    explained(&sandbox);

    // who reads no further is no error
    let pipe = format!(
        "set -o pipefail; yes 'Reloading config.' | head -n 200000 > big; {} logs --explain big | head -n 1",
        binary().display()
    );
    assert_eq!(sandbox.run("bash", &["-c", &pipe]).ok().stdout, "Reloading config.\n");
}

#[test]
fn a_long_log_is_not_held_in_memory() {
    let sandbox = Sandbox::new();
    let script = format!(
        "(head -c 60000000 /dev/zero; echo; yes '1: Client a disconnected, not authorised.' | head -n 300000) > big; \
         ulimit -v 60000; {} logs --explain big | tail -n 3",
        binary().display()
    );
    let told = sandbox.run("bash", &["-c", &script]).ok();
    assert!(told.stdout.contains("300000  login-refused"), "{told:?}");
}

#[test]
fn what_is_added_is_explained_at_once() {
    let sandbox = Sandbox::new();
    let path = sandbox.write(LOG, "1: mosquitto version 2.0.21 starting\n");
    let mut command = sandbox.command(binary());
    let mut child = command.args(["logs", "--explain", "-f", LOG]).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(said.next().unwrap(), "1: mosquitto version 2.0.21 starting");
    let append =
        |text: &str| fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(text.as_bytes()).unwrap();
    append("2: Error: Address al");
    std::thread::sleep(Duration::from_millis(300));
    append("ready in use\n");
    assert_eq!(said.next().unwrap(), "2: Error: Address already in use");
    assert!(said.next().unwrap().starts_with("    ^ port-in-use: "));
    assert!(said.next().unwrap().starts_with("      hint: "));
    // a log that is moved away and begun anew
    fs::remove_file(&path).unwrap();
    sandbox.write(LOG, "3: x\n");
    assert_eq!(said.next().unwrap(), "3: x");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_log_of_the_folders_broker_is_found() {
    let sandbox = Sandbox::new();
    sandbox.up_native(&[]).ok();
    let told = sandbox.mqsec(&["logs", "--explain", "--json", "-n", "1000"]).ok().json();
    assert_eq!(told["file"], "log/mosquitto.log");
    // the proofs of `up` were refused
    let has = |code: &str| told["summary"].as_array().unwrap().iter().any(|one| one["code"] == code);
    assert!(has("login-refused") && has("tls-client-certificate-missing"), "{}", told["summary"]);
}

#[test]
fn the_log_of_a_container_is_read_where_no_file_is() {
    if !may_use("docker") {
        return;
    }
    let sandbox = Sandbox::new();
    let container = format!("mqsec-it-{}-logs", std::process::id());
    let port = sandbox.port.to_string();
    sandbox.mqsec(&["up", "--engine", "docker", "--container", &container, "--port", &port]).ok();
    fs::remove_file(sandbox.dir.join("log/mosquitto.log")).unwrap();
    let told = sandbox.mqsec(&["logs", "--explain", "--json", "-n", "1000"]).ok().json();
    assert_eq!(told["file"], format!("container {container}"));
    let has = |code: &str| told["summary"].as_array().unwrap().iter().any(|one| one["code"] == code);
    assert!(has("login-refused") && has("tls-client-certificate-missing"), "{}", told["summary"]);
    let last = sandbox.mqsec(&["logs", "-n", "3"]).ok().stdout;
    assert_eq!(last.lines().count(), 3, "{last}");
}
