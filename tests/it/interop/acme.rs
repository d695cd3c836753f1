//! Certificates of a real ACME server, Debian's pebble, which truly looks for the proofs; and a broker that serves them.

use std::fs;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;

use crate::support::Running;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::free_port;
use crate::support::may_use;
use crate::support::peer;
use crate::support::wait_for;

/// The authority: pebble, its DNS, and a hook that changes that.
struct Pebble {
    /// Holds the directory's own certificate, and the authority that is to be trusted for it.
    own: Sandbox,
    ports: Ports,
    config: Value,
    running: Vec<Running>,
}

#[derive(Clone, Copy)]
struct Ports {
    directory: u16,
    management: u16,
    http: u16,
    tls: u16,
    dns: u16,
    dns_management: u16,
}

const NAME: &str = "mqtt.example.com";

impl Pebble {
    fn start() -> Self {
        Self::with(json!({}))
    }

    fn with(more: Value) -> Self {
        let own = Sandbox::new();
        own.mqsec(&["ca", "init"]).ok();
        own.mqsec(&["broker-cert", "localhost", "--san-only"]).ok();
        let ports = Ports {
            directory: free_port(),
            management: free_port(),
            http: free_port(),
            tls: free_port(),
            dns: free_port(),
            dns_management: free_port(),
        };
        let mut config = json!({
            "listenAddress": format!("127.0.0.1:{}", ports.directory),
            "managementListenAddress": format!("127.0.0.1:{}", ports.management),
            "certificate": own.dir.join("certs/broker/broker.crt"),
            "privateKey": own.dir.join("certs/broker/broker.key"),
            "httpPort": ports.http,
            "tlsPort": ports.tls,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
            "domainBlocklist": ["blocked.example.com"],
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let dns = Running(
            Command::new("pebble-challtestsrv")
                .args(["-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", ""])
                .args(["-dns01", &format!("127.0.0.1:{}", ports.dns)])
                .args(["-management", &format!("127.0.0.1:{}", ports.dns_management)])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("pebble-challtestsrv; get it: tests/peers"),
        );
        wait_for("the DNS", || TcpStream::connect(("127.0.0.1", ports.dns_management)).is_ok());
        let mut pebble = Self { own, ports, config, running: vec![dns] };
        pebble.run();
        pebble
    }

    fn run(&mut self) {
        let path = self.own.write("pebble.json", json!({ "pebble": self.config }).to_string());
        let child = Command::new("pebble")
            .arg("-config")
            .arg(path)
            .args(["-dnsserver", &format!("127.0.0.1:{}", self.ports.dns)])
            .env("PEBBLE_VA_NOSLEEP", "1")
            // each order is to be proven again
            .env("PEBBLE_AUTHZREUSE", "0")
            .stdin(Stdio::null())
            .stdout(fs::File::create(self.own.dir.join("log")).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .expect("pebble; get it: tests/peers");
        self.running.push(Running(child));
        let Ports { directory, management, .. } = self.ports;
        wait_for("pebble", || {
            [directory, management].iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok())
        });
    }

    /// As a server that lost its memory.
    fn restart(&mut self) {
        drop(self.running.pop());
        let port = self.ports.directory;
        wait_for("pebble's end", || TcpListener::bind(("127.0.0.1", port)).is_ok());
        self.run();
    }

    fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.ports.directory)
    }

    /// The arguments that lead to it, without a name.
    fn args(&self) -> Vec<String> {
        let ca = self.own.dir.join("certs/ca.crt").display().to_string();
        let Ports { http, tls, .. } = self.ports;
        [
            &["--directory".to_owned(), self.directory(), "--acme-ca".to_owned(), ca][..],
            &["--http-port".to_owned(), http.to_string(), "--tls-port".to_owned(), tls.to_string()],
        ]
        .concat()
    }

    fn issue(&self, sandbox: &Sandbox, more: &[&str]) -> Said {
        let own = self.args();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        sandbox.mqsec(&[&["acme", "issue", "--email", "ops@example.com", "--agree-tos"], &own[..], more].concat())
    }

    /// The root of what it issues.
    fn root(&self) -> PathBuf {
        let path = self.own.dir.join("root.pem");
        let get = "import ssl, sys, urllib.request as r; c = ssl.create_default_context(cafile=sys.argv[1]); \
                   open(sys.argv[3], 'wb').write(r.urlopen(sys.argv[2], context=c).read())";
        let url = format!("https://localhost:{}/roots/0", self.ports.management);
        self.own.run("python3", &["-c", get, "certs/ca.crt", &url, "root.pem"]).ok();
        path
    }

    /// A hook that writes to the DNS, and a line for each call.
    fn hook(&self, sandbox: &Sandbox) -> String {
        let text = format!(
            "#!/usr/bin/python3\n\
             import json, sys, urllib.request\n\
             verb, name, value = sys.argv[1:]\n\
             open({:?}, 'a').write(f'{{verb}} {{name}}\\n')\n\
             ask = {{'host': name + '.', 'value': value}} if verb == 'add' else {{'host': name + '.'}}\n\
             page = {{'add': 'set-txt', 'remove': 'clear-txt'}}[verb]\n\
             urllib.request.urlopen(f'http://127.0.0.1:{}/{{page}}', json.dumps(ask).encode()).read()\n",
            sandbox.base.join("calls").display().to_string(),
            self.ports.dns_management
        );
        executable(sandbox, "hook.py", &text)
    }
}

fn executable(sandbox: &Sandbox, name: &str, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = sandbox.write(name, text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

/// What a client sees that has only this root in hand and dials by the public name.
fn accepted_with(sandbox: &Sandbox, root: &std::path::Path, name: &str) -> bool {
    let port = sandbox.port.to_string();
    let root = root.display().to_string();
    let at = format!("127.0.0.1:{port}");
    let args =
        ["s_client", "-connect", &at, "-CAfile", &root, "-verify_return_error", "-verify_hostname", name, "-brief"];
    sandbox.run("openssl", &args).status == 0
}

fn serial(sandbox: &Sandbox) -> String {
    sandbox.run("openssl", &["x509", "-noout", "-serial", "-in", "certs/broker/broker.crt"]).ok().stdout
}

/// A subscriber that trusts the folder's own authority: it could not come back once the broker shows another certificate.
fn open_session(sandbox: &Sandbox, version: &str) -> Running {
    let (port, password) = (sandbox.port.to_string(), sandbox.password("admin"));
    let mut command = Command::new(peer(version, "mosquitto_sub"));
    command.current_dir(&sandbox.dir).args([
        "-h",
        "localhost",
        "-p",
        &port,
        "--cafile",
        "certs/ca.crt",
        "-i",
        "open-session",
    ]);
    command.args(["-u", "admin", "-P", &password, "-q", "1", "-t", "open/#", "-C", "1"]);
    let running = Running(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    wait_for("the open session", || sandbox.read("log/mosquitto.log").contains("as open-session"));
    running
}

#[test]
fn a_page_proves_the_name_and_an_open_session_survives_on_2_0_21() {
    a_session_survives("2.0.21");
}

#[test]
fn a_page_proves_the_name_and_an_open_session_survives_on_2_1_2() {
    a_session_survives("2.1.2");
}

fn a_session_survives(version: &str) {
    let pebble = Pebble::start();
    let root = pebble.root();
    let sandbox = Sandbox::with_broker(version);
    sandbox.up_native(&["--profile", "password", NAME]).ok();
    let process = sandbox.read(".mqsec/broker.pid");
    let mut session = open_session(&sandbox, version);
    assert!(!accepted_with(&sandbox, &root, NAME));

    let told = pebble.issue(&sandbox, &["--domain", NAME, "--json"]).ok().json();
    assert_eq!((&told["state"], &told["names"]), (&json!("installed"), &json!([NAME])));
    assert!(accepted_with(&sandbox, &root, NAME), "the broker does not serve it");
    assert_eq!(sandbox.mode("certs/acme/account.json"), 0o600);
    assert_eq!(sandbox.mode("certs/acme/settings.json"), 0o600);
    assert_eq!(sandbox.mode("certs/broker/broker.key"), 0o600);
    let origin: Value = serde_json::from_str(&sandbox.read("certs/broker/external.json")).unwrap();
    assert_eq!((&origin["by"], &origin["domains"]), (&json!("acme"), &json!([NAME])));
    // what was there is kept
    assert!(sandbox.has(&format!("{}/broker.key", told["backup"].as_str().unwrap())));

    // our own commands know the broker by it
    sandbox.mqsec(&["test-connect"]).ok();
    sandbox.mqsec(&["verify"]).ok();
    sandbox.mqsec(&["doctor"]).ok();
    let again = sandbox.up_native(&["--json"]).ok().json();
    assert_eq!(again["state"], "running already");

    // twice in a row changes nothing
    let before = sandbox.snapshot();
    assert_eq!(pebble.issue(&sandbox, &["--domain", NAME, "--json"]).ok().json()["state"], "kept");
    assert_eq!(sandbox.mqsec(&["acme", "renew", "--json"]).ok().json()["state"], "kept");
    let after = sandbox.snapshot();
    let of = |all: &[(PathBuf, Vec<u8>)]| {
        all.iter().filter(|(path, _)| !path.starts_with("log")).cloned().collect::<Vec<_>>()
    };
    assert!(of(&before) == of(&after), "something changed");

    // the renewal takes the settings of the last time, and the account
    let account = sandbox.read("certs/acme/account.json");
    let (old, old_key) = (serial(&sandbox), sandbox.read("certs/broker/broker.key"));
    sandbox.mqsec(&["acme", "renew", "--within", "1"]).ok();
    assert_eq!(serial(&sandbox), old);
    assert_eq!(sandbox.mqsec(&["acme", "renew", "--force", "--json"]).ok().json()["state"], "installed");
    assert_ne!(serial(&sandbox), old);
    assert_ne!(sandbox.read("certs/broker/broker.key"), old_key);
    assert_eq!(sandbox.read("certs/acme/account.json"), account);
    assert_eq!(sandbox.mqsec(&["acme", "renew", "--within", "36500", "--json"]).ok().json()["state"], "installed");
    assert!(accepted_with(&sandbox, &root, NAME));
    sandbox.mqsec(&["test-connect"]).ok();

    // the session that was open before all this is open still: this one message is what it waited for
    assert_eq!(sandbox.read(".mqsec/broker.pid"), process);
    assert!(session.0.try_wait().unwrap().is_none(), "the session ended");
    sandbox.mqsec(&["test-connect", "--topic", "open/sesame"]).ok();
    assert!(session.0.wait().unwrap().success());
}

#[test]
fn a_certificate_on_the_tls_port_proves_names_and_addresses() {
    let pebble = Pebble::start();
    let sandbox = Sandbox::new();
    let more = ["--domain", NAME, "--domain", "b.example.com", "--domain", "127.0.0.1", "--challenge", "tls-alpn-01"];
    let told = pebble.issue(&sandbox, &[&more[..], &["--key-type", "rsa2048", "--json"]].concat()).ok().json();
    let mut names: Vec<&str> = told["names"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["127.0.0.1", "b.example.com", NAME]);
    let text = sandbox.run("openssl", &["x509", "-noout", "-text", "-in", "certs/broker/broker.crt"]).ok().stdout;
    assert!(text.contains("Public-Key: (2048 bit)"), "{text}");
    // nobody has the port any more
    TcpListener::bind(("0.0.0.0", pebble.ports.tls)).unwrap();
}

#[test]
fn a_record_proves_a_wildcard_and_is_removed() {
    let pebble = Pebble::start();
    let sandbox = Sandbox::new();
    let hook = pebble.hook(&sandbox);
    pebble.issue(&sandbox, &["--domain", "*.example.com"]).fails(2, "acme-wildcard-needs-dns");
    pebble.issue(&sandbox, &["--domain", NAME, "--challenge", "dns-01"]).fails(2, "acme-hook-missing");
    pebble.issue(&sandbox, &["--domain", NAME, "--dns-hook", "./none"]).fails(2, "acme-hook-unusable");
    let failing = executable(&sandbox, "failing.sh", "#!/bin/sh\necho no such zone >&2\nexit 3\n");
    let said = pebble.issue(&sandbox, &["--domain", NAME, "--dns-hook", &failing]).fails(1, "acme-hook-failed");
    assert!(said.stderr.contains("it said: no such zone"), "{}", said.stderr);
    // a hook that does nothing
    let idle = executable(&sandbox, "idle.sh", "#!/bin/sh\n");
    pebble.issue(&sandbox, &["--domain", NAME, "--dns-hook", &idle]).fails(1, "acme-wrong-answer");
    assert!(!sandbox.has("certs/broker/broker.crt"));

    let names = ["--domain", "*.example.com", "--domain", "example.org", "--dns-hook", &hook];
    pebble.issue(&sandbox, &names).ok();
    let mut calls: Vec<String> =
        fs::read_to_string(sandbox.base.join("calls")).unwrap().lines().map(str::to_owned).collect();
    calls.sort();
    let (com, org) = ("_acme-challenge.example.com", "_acme-challenge.example.org");
    assert_eq!(calls, [format!("add {com}"), format!("add {org}"), format!("remove {com}"), format!("remove {org}")]);

    sandbox.up_native(&["--profile", "password", NAME]).ok();
    assert!(accepted_with(&sandbox, &pebble.root(), "anything.example.com"));
    sandbox.mqsec(&["test-connect"]).ok();
    sandbox.mqsec(&["acme", "renew", "--force"]).ok();
}

#[test]
fn an_account_is_bound_to_the_one_at_the_authority() {
    let key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
    let pebble = Pebble::with(json!({
        "externalAccountBindingRequired": true,
        "externalAccountMACKeys": { "kid-1": key },
    }));
    let sandbox = Sandbox::new();
    pebble.issue(&sandbox, &["--domain", NAME]).fails(1, "acme-eab-required");
    sandbox.write("wrong", key.replace('z', "y"));
    sandbox.write("none", "not base64!");
    sandbox.write("right", format!("{key}\n"));
    let bound =
        |kid: &str, file: &str| pebble.issue(&sandbox, &["--domain", NAME, "--eab-kid", kid, "--eab-key-file", file]);
    bound("kid-1", "none").fails(2, "acme-eab-key-invalid");
    bound("kid-1", "wrong").fails(1, "acme-eab-refused");
    bound("kid-2", "right").fails(1, "acme-eab-refused");
    assert!(!sandbox.has("certs/acme/account.json"));
    let said = bound("kid-1", "right").ok();
    assert!(!said.stdout.contains(key) && !said.stderr.contains(key));
    assert!(!sandbox.read("certs/acme/settings.json").contains(key));
    sandbox.mqsec(&["acme", "renew", "--force"]).ok();
}

#[test]
fn what_goes_wrong_has_a_name_loses_nothing_and_the_next_run_goes_on() {
    let mut pebble = Pebble::start();
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["broker-cert", NAME]).ok();
    let before = sandbox.read("certs/broker/broker.crt");
    let (ca, directory) = (pebble.own.dir.join("certs/ca.crt").display().to_string(), pebble.directory());
    let port = pebble.ports.http.to_string();
    let ask = |args: &[&str]| sandbox.mqsec(&[&["acme", "issue", "--http-port", &port], args].concat());
    let known = ["--acme-ca", &ca, "--directory", &directory, "--agree-tos"];

    // found out without the authority
    ask(&["--email", "a@example.com"]).fails(2, "acme-domain-missing");
    ask(&["--domain", NAME, "--email", "nobody"]).fails(2, "acme-email-invalid");
    ask(&["--domain", NAME, "--directory", "http://localhost/dir"]).fails(2, "acme-directory-invalid");
    let taken = TcpListener::bind(("0.0.0.0", pebble.ports.http)).unwrap();
    ask(&[&known[..], &["--domain", NAME]].concat()).fails(2, "acme-port-in-use");
    // DOMAIN, EMAIL and TESTCERT of the environment stand in for the arguments
    let mut command = sandbox.command(crate::support::binary());
    command.args(["acme", "issue", "--http-port", &port]).envs([("DOMAIN", "a.example.com"), ("TESTCERT", "1")]);
    let said = Said::of(command.output().unwrap()).fails(2, "acme-port-in-use");
    assert!(said.stderr.contains("asking https://acme-staging-v02.api.letsencrypt.org/directory"), "{}", said.stderr);
    assert!(said.stderr.contains("for a.example.com"), "{}", said.stderr);
    drop(taken);

    // the directory
    let nowhere = format!("https://localhost:{}/dir", free_port());
    ask(&["--domain", NAME, "--directory", &nowhere, "--acme-ca", &ca]).fails(2, "acme-unreachable");
    ask(&["--domain", NAME, "--directory", &directory]).fails(2, "acme-directory-untrusted");
    let wrong = directory.replace("/dir", "/other");
    ask(&["--domain", NAME, "--directory", &wrong, "--acme-ca", &ca]).fails(2, "acme-not-a-directory");
    ask(&["--domain", NAME, "--directory", &directory, "--acme-ca", &ca]).fails(2, "acme-terms");
    assert!(!sandbox.has("certs/acme/account.json"));

    // the authority
    let issue = |args: &[&str]| pebble.issue(&sandbox, args);
    issue(&["--domain", "blocked.example.com"]).fails(1, "acme-rejected-identifier");
    let account = sandbox.read("certs/acme/account.json");
    let other = free_port().to_string();
    let closed = sandbox.mqsec(&[&["acme", "issue", "--domain", NAME, "--http-port", &other], &known[..]].concat());
    assert!(closed.fails(1, "acme-connection").stderr.contains("could not reach `mqtt.example.com` on port 80"));
    assert_eq!(sandbox.read("certs/broker/broker.crt"), before);
    assert!(!sandbox.has("certs/broker/external.json"));
    sandbox.mqsec(&["acme", "renew"]).fails(2, "acme-nothing-to-renew");

    // a trial installs nothing
    assert_eq!(issue(&["--domain", NAME, "--dry-run", "--json"]).ok().json()["state"], "rehearsed");
    assert_eq!(sandbox.read("certs/broker/broker.crt"), before);

    // and then it works, with the account of the first try, and the key stays where that is asked for
    sandbox.write(".env", format!("DOMAIN={NAME}\nEMAIL=ops@example.com\nUSER_1=admin\nPASS_1=secret-1\n"));
    ask(&[&known[..], &["--reuse-key"]].concat()).ok();
    assert_eq!(sandbox.read("certs/acme/account.json"), account);
    let key = sandbox.read("certs/broker/broker.key");
    sandbox.mqsec(&["acme", "renew", "--force"]).ok();
    assert_eq!(sandbox.read("certs/broker/broker.key"), key);
    assert_eq!(sandbox.mqsec(&["broker-cert", "--json"]).ok().json()["state"], "kept");

    // an authority that forgot the account is given another one
    pebble.restart();
    sandbox.mqsec(&["acme", "renew", "--force"]).ok();
    assert_ne!(sandbox.read("certs/acme/account.json"), account);

    // what is not due does not need the authority
    pebble.running.clear();
    let told = sandbox.mqsec(&["acme", "renew", "--json"]).ok().json();
    assert_eq!(told["state"], "kept");
    assert!(told["notes"][0].as_str().unwrap().contains("was not asked"), "{told}");
    let before = sandbox.snapshot();
    sandbox.mqsec(&["acme", "renew", "--force"]).fails(2, "acme-unreachable");
    assert!(sandbox.snapshot() == before);
}

#[test]
fn the_deployment_with_a_public_certificate_runs_in_the_stock_image() {
    if !may_use("docker") {
        return;
    }
    let pebble = Pebble::start();
    let sandbox = Sandbox::new();
    let (port, wss) = (sandbox.port.to_string(), free_port().to_string());
    let (tls, websockets) = (format!("tls:{port}"), format!("wss:{wss}"));
    let container = format!("mqsec-it-{}-public", std::process::id());
    let listeners = ["--listener", "plain@mosquitto:1883", "--listener", &tls, "--listener", &websockets];
    sandbox.mqsec(&[&["conf", "init", "--profile", "letsencrypt"], &listeners[..]].concat()).ok();
    let up = ["up", NAME, "--engine", "docker", "--container", &container, "--json"];
    assert_eq!(sandbox.mqsec(&up).ok().json()["secure"], true);

    // clear text is published nowhere, and needs a password inside of the network
    let compose = sandbox.read("docker-compose.yml");
    assert!(!compose.contains("- \"1883:") && compose.contains("not published: 1883 in clear"), "{compose}");
    let published = sandbox.run("docker", &["port", &container]).ok().stdout;
    assert!(!published.contains("1883/tcp") && published.contains(&wss), "{published}");
    let network = sandbox.run(
        "docker",
        &["inspect", "--format", "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}", &container],
    );
    let beside = |args: &[&str]| {
        let run =
            ["run", "--rm", "--network", network.stdout.trim(), "eclipse-mosquitto:2.1.2-alpine", "mosquitto_pub"];
        sandbox.run(
            "docker",
            &[&run[..], &["-h", "mosquitto", "-p", "1883", "-t", "test/connection", "-m", "x"], args].concat(),
        )
    };
    beside(&["-u", "admin", "-P", &sandbox.password("admin"), "-q", "1"]).ok();
    assert_ne!(beside(&[]).status, 0);
    assert_eq!(sandbox.mqsec(&["doctor"]).status, 0);
    assert_eq!(sandbox.mqsec(&["doctor", "--live"]).status, 0);

    // the certificate comes from outside, and both listeners show it
    pebble.issue(&sandbox, &["--domain", NAME]).ok();
    assert!(accepted_with(&sandbox, &pebble.root(), NAME));
    sandbox.mqsec(&["test-connect"]).ok();
    sandbox.mqsec(&["test-connect", "--wss", "--port", &wss]).ok();
    assert_eq!(sandbox.mqsec(&["acme", "renew", "--force", "--json"]).ok().json()["broker"]["holds"], true);
    sandbox.mqsec(&["test-connect", "--wss", "--port", &wss]).ok();
    sandbox.mqsec(&["verify", "broker"]).ok();
    sandbox.mqsec(&["down"]).ok();
}

/// A directory as pebble's, with the renewal information that it does not have; the window is read from a file.
const WITH_RENEWAL_INFORMATION: &str = r#"
import http.server, json, ssl, sys, urllib.request
port, pebble, ca, cert, key, base = sys.argv[1:]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/dir':
            body = json.load(urllib.request.urlopen(pebble, context=ssl.create_default_context(cafile=ca)))
            body['renewalInfo'] = f'https://localhost:{port}/renewal'
        else:
            open(base + '/asked', 'a').write(self.path + '\\n')
            body = {'suggestedWindow': json.load(open(base + '/window'))}
        body = json.dumps(body).encode()
        self.send_response(200)
        self.send_header('Retry-After', '21600')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(('127.0.0.1', int(port)), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"#;

#[test]
fn the_authoritys_renewal_information_decides_when_a_certificate_is_due() {
    let pebble = Pebble::start();
    let sandbox = Sandbox::new();
    pebble.issue(&sandbox, &["--domain", NAME]).ok();
    // the same authority under another address
    let port = free_port();
    let directory = format!("https://localhost:{port}/dir");
    for file in ["certs/acme/account.json", "certs/acme/settings.json", "certs/broker/external.json"] {
        sandbox.write(file, sandbox.read(file).replace(&pebble.directory(), &directory));
    }
    let file = |name: &str| pebble.own.dir.join(name);
    let mut server = Command::new("python3");
    server.args(["-c", WITH_RENEWAL_INFORMATION, &port.to_string(), &pebble.directory()]);
    server
        .args([file("certs/ca.crt"), file("certs/broker/broker.crt"), file("certs/broker/broker.key")])
        .arg(&sandbox.base);
    let _server = Running(server.stdin(Stdio::null()).spawn().unwrap());
    wait_for("the directory", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    let window = |start: &str, end: &str| {
        fs::write(sandbox.base.join("window"), json!({ "start": start, "end": end }).to_string()).unwrap();
    };
    let renew = || sandbox.mqsec(&["acme", "renew", "--json"]).ok().json();

    let old = serial(&sandbox);
    window("2090-01-02T00:00:00Z", "2090-01-04T00:00:00Z");
    let told = renew();
    assert_eq!(told["state"], "kept");
    assert!(told["notes"][0].as_str().unwrap().contains("due from 2090-01-0"), "{told}");
    assert!(told["notes"][0].as_str().unwrap().contains("as the authority suggests"), "{told}");
    // it was asked about this certificate: both parts of its identifier are there
    let asked = fs::read_to_string(sandbox.base.join("asked")).unwrap();
    assert!(asked.starts_with("/renewal/") && asked.trim().split('.').count() == 2, "{asked}");

    // it is about to revoke what it issued: due at once, years before the end
    window("2026-01-02T00:00:00Z", "2026-01-04T00:00:00Z");
    let told = renew();
    assert_eq!(told["state"], "installed");
    assert_eq!(told["notes"][0], "why now: the authority suggests it");
    assert_ne!(serial(&sandbox), old);
}

#[test]
fn a_certificate_that_was_issued_to_a_run_that_died_is_fetched_by_the_next() {
    let pebble = Pebble::start();
    let sandbox = Sandbox::new();
    let pending = sandbox.dir.join("certs/acme/pending.json");
    let issued = || pebble.own.read("log").matches("Issued certificate serial").count();
    // the run ends in the quarter of a second before it asks for what was issued; on a busy machine it may be past that
    let key = (0..10).find_map(|_| {
        let before = issued();
        let mut command = sandbox.command(crate::support::binary());
        command.args(["acme", "issue", "--agree-tos", "--domain", NAME]).args(pebble.args());
        let mut child = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        wait_for("the certificate", || issued() > before);
        child.0.kill().unwrap();
        child.0.wait().unwrap();
        let text = fs::read_to_string(&pending).ok().filter(|_| !sandbox.has("certs/broker/broker.crt"));
        let _ = fs::remove_dir_all(sandbox.dir.join("certs/broker"));
        let text: Value = serde_json::from_str(&text?).unwrap();
        Some(text["key"].as_str().unwrap().to_owned())
    });
    let key = key.expect("no run died in time");
    assert_eq!(sandbox.mode("certs/acme/pending.json"), 0o600);

    let before = issued();
    pebble.issue(&sandbox, &["--domain", NAME]).ok();
    assert_eq!(sandbox.read("certs/broker/broker.key"), key);
    assert_eq!(issued(), before, "another one was issued");
    assert!(!pending.exists());
    sandbox.mqsec(&["acme", "renew", "--force"]).ok();
    assert_eq!(issued(), before + 1);
    assert!(!pending.exists());
}
