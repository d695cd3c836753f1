//! Clients of every kind that a rollover knows: which authority they trust, and which one issued their certificate.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use mqsec::mqtt::Attempt;
use mqsec::mqtt::Conversation;
use mqsec::mqtt::Tls;
use mqsec::mqtt::Trouble;
use mqsec::provision::credentials;
use mqsec::secret::Secret;

use crate::support::Sandbox;
use crate::support::peer;

pub(super) const TRUSTS: [&str; 3] = ["old", "both", "new"];
const TOPIC: &str = "rollover/test";

/// Programs of other people that shake hands as this kind of client.
const PYTHON: &str = "
import socket, ssl, sys
port, trust, cert, key = sys.argv[1:]
context = ssl.create_default_context(cafile=trust)
context.verify_flags |= ssl.VERIFY_X509_STRICT
context.load_cert_chain(cert, key)
with context.wrap_socket(socket.create_connection(('127.0.0.1', int(port)), 10), server_hostname='localhost') as s:
    s.settimeout(0.3)
    try:
        sys.exit(0 if s.recv(1) else 1)
    except TimeoutError:
        pass
";
const NODE: &str = "
const [port, trust, cert, key] = process.argv.slice(1), read = require('fs').readFileSync;
const s = require('tls').connect({ port: +port, host: '127.0.0.1', servername: 'localhost',
    ca: read(trust), cert: read(cert), key: read(key) }, () => setTimeout(() => process.exit(0), 300));
s.on('error', () => process.exit(1)); s.on('close', () => process.exit(1));
";

/// The files that clients were given in the course of time.
pub(super) struct Fleet<'a> {
    sandbox: &'a Sandbox,
    live: Vec<(String, Conversation<'static>)>,
    watcher: Option<Conversation<'static>>,
    pub(super) published: usize,
    pub(super) delivered: usize,
    pub(super) opened: usize,
    pub(super) refused: usize,
    pub(super) programs: usize,
}

impl<'a> Fleet<'a> {
    pub(super) fn new(sandbox: &'a Sandbox) -> Self {
        fs::create_dir(sandbox.base.join("fleet")).unwrap();
        let (live, watcher) = (Vec::new(), None);
        Self { sandbox, live, watcher, published: 0, delivered: 0, opened: 0, refused: 0, programs: 0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.sandbox.base.join("fleet").join(name)
    }

    /// A client is given what the folder has for it now.
    pub(super) fn give_trust(&self, name: &str, file: &str) {
        fs::copy(self.sandbox.dir.join(file), self.path(&format!("{name}.ca"))).unwrap();
    }

    pub(super) fn give_certificate(&self, name: &str) {
        for end in ["crt", "chain.crt", "key"] {
            let from = self.sandbox.dir.join(format!("certs/client/admin/admin.{end}"));
            fs::copy(from, self.path(&format!("{name}.{end}"))).unwrap();
        }
    }

    /// A session of a client with this trust and this certificate. One that trusts both sends its chain, the others do
    /// not: the broker has to know the signing authority.
    fn open(&self, trust: &str, certificate: &str, id: &str) -> Result<Conversation<'static>, Trouble> {
        let end = if trust == "both" { "chain.crt" } else { "crt" };
        let files = (self.path(&format!("{certificate}.{end}")), self.path(&format!("{certificate}.key")));
        let identity = credentials::identity(&files.0, &files.1).map(|found| found.0).map_err(|e| e.message()).unwrap();
        let anchors = credentials::trust_der(&self.path(&format!("{trust}.ca"))).map_err(|e| e.message()).unwrap();
        // a session lives as long as the test
        let (identity, anchors) = (Box::leak(Box::new(identity)), Box::leak(Box::new(anchors)));
        let secret = Box::leak(Box::new(Secret::new(self.sandbox.password("admin"))));
        let attempt = Attempt {
            tls: Some(Tls::new(anchors, Some(identity))),
            login: Some(("admin", secret)),
            timeout: Duration::from_secs(20),
            ..Attempt::new("localhost", self.sandbox.port, id.to_owned())
        };
        Conversation::open(Box::leak(Box::new(attempt)))
    }

    /// Who counts what arrives. Opened first, it lives through everything.
    pub(super) fn watch(&mut self) {
        let mut watcher = self.open("old", "old", "watcher").unwrap_or_else(|trouble| panic!("{trouble}"));
        assert!(watcher.subscribe(&[TOPIC]).unwrap()[0] < 0x80);
        self.watcher = Some(watcher);
    }

    /// Every kind tries to connect; those that get in stay.
    #[track_caller]
    pub(super) fn connect(&mut self, phase: &str, expected: impl Fn(&str, &str) -> bool) {
        for certificate in ["old", "new"] {
            for trust in TRUSTS {
                if !self.path(&format!("{trust}.ca")).exists() || !self.path(&format!("{certificate}.crt")).exists() {
                    continue;
                }
                let kind = format!("{phase}: trusts {trust}, certificate {certificate}");
                let found = self.open(trust, certificate, &kind.replace([' ', ','], "-"));
                assert_eq!(found.is_ok(), expected(trust, certificate), "{kind}: {:?}", found.err());
                match found {
                    Ok(session) => {
                        self.opened += 1;
                        self.live.push((kind, session));
                    }
                    Err(_) => self.refused += 1,
                }
            }
        }
        self.breathe(phase);
    }

    /// Every open session publishes, and the watcher has it all.
    #[track_caller]
    pub(super) fn breathe(&mut self, phase: &str) {
        for (kind, session) in &mut self.live {
            let sent = session.publish(&[(TOPIC, "1"), (TOPIC, "2"), (TOPIC, "3")]);
            let sent = sent.unwrap_or_else(|trouble| panic!("{phase}: the session of `{kind}` is gone: {trouble}"));
            // 16: taken, and nobody has subscribed
            assert!(sent.iter().all(|code| [0, 16].contains(code)), "{phase}: {kind}: {sent:?}");
            self.published += 3;
        }
        if let Some(watcher) = &mut self.watcher {
            watcher.settle().unwrap_or_else(|trouble| panic!("{phase}: the watcher is gone: {trouble}"));
            self.delivered += watcher.take_delivered().len();
            assert_eq!(self.delivered, self.published, "{phase}: messages were lost");
        }
    }

    pub(super) fn sessions(&self) -> usize {
        self.live.len()
    }

    /// A restart ends them all.
    pub(super) fn forget(&mut self) {
        self.live.clear();
        self.watcher = None;
    }

    /// The same kinds, as Mosquitto's clients, openssl, Python and Node.
    #[track_caller]
    pub(super) fn programs(&mut self, phase: &str, expected: impl Fn(&str, &str) -> bool) {
        let (port, password) = (self.sandbox.port.to_string(), self.sandbox.password("admin"));
        for certificate in ["old", "new"] {
            for trust in TRUSTS {
                let file = |name: &str| self.path(name).display().to_string();
                let (ca, cert, key) = (
                    file(&format!("{trust}.ca")),
                    file(&format!("{certificate}.crt")),
                    file(&format!("{certificate}.key")),
                );
                if !PathBuf::from(&ca).exists() || !PathBuf::from(&cert).exists() {
                    continue;
                }
                let publish = [
                    "-h",
                    "localhost",
                    "-p",
                    &port,
                    "--cafile",
                    &ca,
                    "--cert",
                    &cert,
                    "--key",
                    &key,
                    "-u",
                    "admin",
                    "-P",
                    &password,
                    "-q",
                    "1",
                    "-t",
                    "rollover/other",
                    "-m",
                    "x",
                ];
                let script = [&port, &ca, &cert, &key].map(String::as_str);
                let runs: [(PathBuf, Vec<&str>); 4] = [
                    (peer("2.0.21", "mosquitto_pub"), publish.to_vec()),
                    (peer("2.1.2", "mosquitto_pub"), publish.to_vec()),
                    ("python3".into(), [&["-c", PYTHON][..], &script].concat()),
                    ("node".into(), [&["-e", NODE][..], &script].concat()),
                ];
                for (program, args) in runs {
                    let said = self.sandbox.run(&program, &args);
                    let place = format!("{phase}: {} trusts {trust}, certificate {certificate}", program.display());
                    assert_eq!(said.status == 0, expected(trust, certificate), "{place}: {said:?}");
                    self.programs += 1;
                }
            }
        }
    }
}
