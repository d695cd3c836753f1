//! Two thousand devices from a list, and a hundred of them, drawn at random, ask both brokers: each gets in with what it was given,
//! and none reaches its neighbour.

use std::fs;
use std::process::Command;
use std::time::Instant;

use mqsec::mqtt;
use mqsec::mqtt::Attempt;
use mqsec::mqtt::Identity;
use mqsec::mqtt::Tls;
use mqsec::mqtt::Trip;
use mqsec::mqtt::Trouble;
use mqsec::provision::credentials;
use mqsec::secret::Secret;
use mqsec::secret::random_bytes;
use rustls::pki_types::CertificateDer;

use super::profiles::BOTH;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::peer;
use crate::support::tell;

const DEVICES: usize = 2000;
const DRAWN: usize = 100;
/// How many of them ask with the broker's own clients.
const FOREIGN: usize = 3;

#[test]
fn a_hundred_of_two_thousand_get_in_and_reach_no_neighbour() {
    std::thread::scope(|scope| {
        for version in BOTH {
            scope.spawn(move || journey(version));
        }
    });
}

fn journey(version: &str) {
    let sandbox = Sandbox::with_broker(version);
    sandbox.up_native(&[]).ok();
    let rows = (1..=DEVICES).map(|at| format!("dev-{at},generate,readwrite devices/{{name}}/#\n"));
    sandbox.write("devices.csv", std::iter::once("name,password,topics\n".to_owned()).chain(rows).collect::<String>());
    let began = Instant::now();
    let said = sandbox.mqsec(&["fleet", "issue", "devices.csv", "--json"]).ok().json();
    assert_eq!((&said["issued"], &said["bad"]), (&DEVICES.into(), &0.into()), "{said:#}");
    // the running broker took it over, at once, and what mqsec asked it holds
    assert_eq!((&said["broker"]["action"], &said["broker"]["holds"]), (&"reload".into(), &true.into()), "{said:#}");
    assert_eq!(said["broker"]["session_survived"], true);
    assert_eq!(said["replaced"], serde_json::json!(["config/mosquitto.passwd", "config/mosquitto.acl"]));
    let log = sandbox.read("log/mosquitto.log");
    assert_eq!(log.matches("Reloading config").count(), 1, "{log}");
    let proofs = said["proofs"].as_array().unwrap();
    assert!(proofs.len() == 6 && proofs.iter().all(|proof| proof["holds"] == true), "{proofs:#?}");
    let issued = began.elapsed();

    let seed = u64::from_le_bytes(random_bytes());
    let drawn = drawn(seed);
    let fleet = Fleet::new(&sandbox);
    for at in &drawn {
        fleet.asks(*at);
    }
    for at in drawn.iter().take(FOREIGN) {
        fleet.asks_with_mosquitto(version, *at);
    }
    fleet.wants_all_of_it(drawn[0]);
    tell(&format!("{version}: {DEVICES} issued in {issued:?}, {DRAWN} drawn with seed {seed}: {:?}", began.elapsed()));
}

/// Different devices.
fn drawn(mut seed: u64) -> Vec<usize> {
    let mut all: Vec<usize> = (1..=DEVICES).collect();
    for at in 0..DRAWN {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = at + usize::try_from(seed >> 33).unwrap() % (DEVICES - at);
        all.swap(at, other);
    }
    all.truncate(DRAWN);
    all
}

fn name(at: usize) -> String {
    format!("dev-{at}")
}

fn neighbour(at: usize) -> String {
    name(at % DEVICES + 1)
}

/// The devices as their folders have them.
struct Fleet<'a> {
    sandbox: &'a Sandbox,
    trust: Vec<CertificateDer<'static>>,
}

impl<'a> Fleet<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        let trust = credentials::trust_der(&sandbox.dir.join("certs/ca.crt")).map_err(|e| e.message()).unwrap();
        Self { sandbox, trust }
    }

    fn file(&self, name: &str, end: &str) -> std::path::PathBuf {
        self.sandbox.dir.join(format!("certs/client/{name}/{name}.{end}"))
    }

    fn identity(&self, name: &str) -> Identity {
        let identity = credentials::identity(&self.file(name, "chain.crt"), &self.file(name, "key"));
        identity.map(|(identity, _)| identity).map_err(|e| e.message()).unwrap()
    }

    fn password(&self, name: &str) -> String {
        let text = fs::read(self.file(name, "login.json")).unwrap();
        let login: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(login["username"], name);
        login["password"].as_str().unwrap().to_owned()
    }

    fn attempt(&self, identity: Option<&Identity>, login: (&str, &str), topic: &str) -> Result<(), Trouble> {
        let secret = Secret::new(login.1);
        let attempt = Attempt {
            tls: Some(Tls::new(&self.trust, identity)),
            login: Some((login.0, &secret)),
            trip: Some(Trip::to(topic)),
            ..Attempt::new("localhost", self.sandbox.port, format!("drawn-{}", login.0))
        };
        mqtt::attempt(&attempt).result
    }

    /// Its own message comes back, and the neighbour's topic is closed to it.
    fn asks(&self, at: usize) {
        let (name, neighbour) = (name(at), neighbour(at));
        let (identity, password) = (self.identity(&name), self.password(&name));
        let own = self.attempt(Some(&identity), (&name, &password), &format!("devices/{name}/state"));
        assert!(own.is_ok(), "{name}: {own:?}");
        for topic in [format!("devices/{neighbour}/state"), format!("devices/{neighbour}"), "devices/x".to_owned()] {
            let said = self.attempt(Some(&identity), (&name, &password), &topic);
            assert!(matches!(said, Err(Trouble::Publish { code: 0x87, .. })), "{name} in {topic}: {said:?}");
        }
    }

    /// Neither the certificate nor the password is enough.
    fn wants_all_of_it(&self, at: usize) {
        let (name, neighbour) = (name(at), neighbour(at));
        let (identity, password) = (self.identity(&name), self.password(&name));
        let topic = format!("devices/{name}/state");
        let others = self.password(&neighbour);
        assert!(self.attempt(Some(&identity), (&name, &others), &topic).is_err(), "with another's password");
        assert!(self.attempt(None, (&name, &password), &topic).is_err(), "without a certificate");
        assert!(self.attempt(Some(&identity), (&name, &password), &topic).is_ok());
    }

    fn mosquitto(&self, version: &str, program: &str, name: &str, topic: &str) -> Command {
        let mut command = self.sandbox.command(peer(version, program));
        command.args(["-h", "localhost", "-V", "5", "-q", "1", "-p"]).arg(self.sandbox.port.to_string());
        command.args(["--cafile", "certs/ca.crt", "--cert"]).arg(self.file(name, "chain.crt"));
        command.arg("--key").arg(self.file(name, "key"));
        command.args(["-u", name, "-P", &self.password(name), "-t", topic]);
        command
    }

    /// The neighbour has subscribed: what waits for it is its own message, and not the one that was sent before.
    fn asks_with_mosquitto(&self, version: &str, at: usize) {
        let (name, neighbour) = (name(at), neighbour(at));
        let filter = format!("devices/{neighbour}/#");
        let subscribe = |args: &[&str]| {
            let mut command = self.mosquitto(version, "mosquitto_sub", &neighbour, &filter);
            command.args(["-i", &neighbour, "-c", "-x", "600"]).args(args);
            Said::of(command.output().unwrap())
        };
        subscribe(&["-E"]).ok();
        let topic = format!("devices/{neighbour}/state");
        let publish = |who: &str, message: &str| {
            let mut command = self.mosquitto(version, "mosquitto_pub", who, &topic);
            let said = Said::of(command.args(["-m", message, "-d"]).output().unwrap());
            said.stdout + &said.stderr
        };
        let said = publish(&name, "intruder");
        assert!(said.contains("received PUBACK (Mid: 1, RC:135)"), "{name} in {topic}: {said}");
        let said = publish(&neighbour, "own");
        assert!(said.contains("received PUBACK (Mid: 1, RC:0)"), "{neighbour} in {topic}: {said}");
        let said = subscribe(&["-C", "1", "-W", "20"]).ok();
        assert_eq!(said.stdout, "own\n", "{said:?}");
    }
}
