//! A certificate is revoked: the broker refuses it, everybody else stays, and the open session ends.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use crate::support::Running;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::binary;
use crate::support::free_port;
use crate::support::may_use;
use crate::support::peers;
use crate::support::tell;
use crate::support::wait_for;

const VERSIONS: [&str; 2] = ["2.0.21", "2.1.2"];

/// A running broker with MQTT over TLS and secure websockets, and the clients s1 and s2.
struct World {
    sandbox: Sandbox,
    websockets: u16,
}

impl World {
    fn new(version: &str) -> Self {
        let sandbox = Sandbox::with_broker(version);
        sandbox.up_native(&[]).ok();
        let world = Self { sandbox, websockets: free_port() };
        // websockets of 2.0 read no list, and one that is named ends the broker at a reload
        let list = if version.starts_with("2.0") { "" } else { "crlfile certs/broker/ca.crl\n" };
        let more = format!(
            "listener {}\nprotocol websockets\ncertfile certs/broker/broker.crt\nkeyfile certs/broker/broker.key\ncafile certs/broker/ca.crt\n{list}require_certificate true\n",
            world.websockets
        );
        let conf = world.sandbox.read("config/mosquitto.conf");
        world.overwrite("config/mosquitto.conf", &format!("{conf}{more}"));
        world.sandbox.mqsec(&["restart"]).ok();
        for client in ["s1", "s2"] {
            world.add(client);
        }
        world.sandbox.mqsec(&["up"]).ok();
        world
    }

    fn add(&self, client: &str) {
        self.sandbox.mqsec(&["client-cert", client]).ok();
        self.sandbox.mqsec_with_input(&["passwd", "add", client, "--stdin"], &format!("{client} secret\n")).ok();
        self.sandbox.mqsec(&["acl", "add", client, "readwrite", "test/connection"]).ok();
    }

    /// The same file, so that its owner stays.
    fn overwrite(&self, path: &str, text: &str) {
        self.sandbox.write(path, text);
    }

    /// A client that is connected, and stays for a minute.
    fn stay(&self, client: &str, id: &str, websockets: bool) -> Running {
        let mut command = self.sandbox.command(binary());
        let secret = format!("{client} secret");
        command.args(["test-connect", client, &secret, "--client-id", id, "--hold", "60"]);
        if websockets {
            command.args(["--port", &self.websockets.to_string(), "--wss"]);
        }
        let child = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        wait_for("a client that is connected", || {
            self.sandbox.read("log/mosquitto.log").contains(&format!(" as {id} (p"))
        });
        child
    }

    fn connect(&self, client: &str, websockets: bool) -> Said {
        let (port, secret) = (self.websockets.to_string(), format!("{client} secret"));
        let mut args = vec!["test-connect", client, &secret];
        if websockets {
            args.extend(["--port", &port, "--wss"]);
        }
        self.sandbox.mqsec(&args)
    }

    fn proof(&self, told: &Value, websockets: bool) -> (String, String) {
        let port = if websockets { self.websockets } else { self.sandbox.port }.to_string();
        let proofs = told["proofs"].as_array().unwrap();
        let one = proofs.iter().find(|one| one["listener"].as_str().unwrap().starts_with(&port)).unwrap();
        (one["verdict"].as_str().unwrap().to_owned(), one["words"].as_str().unwrap().to_owned())
    }
}

/// The session is gone long before it would have ended by itself.
#[track_caller]
fn ends_within_five_seconds(child: &mut Running, start: Instant) {
    wait_for("the session's end", || has_ended(child));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

fn has_ended(child: &mut Running) -> bool {
    child.0.try_wait().unwrap().is_some()
}

#[test]
fn the_revoked_one_is_out_within_five_seconds_and_everybody_else_stays() {
    for version in VERSIONS {
        let world = World::new(version);
        let sandbox = &world.sandbox;
        let process = sandbox.read(".mqsec/broker.pid");
        let mut out = [world.stay("s1", "s1-tls", false), world.stay("s1", "s1-wss", true)];
        let mut stay = [world.stay("s2", "s2-tls", false), world.stay("s2", "s2-wss", true)];

        let start = Instant::now();
        let said = sandbox.mqsec(&["revoke", "s1", "--reason", "keyCompromise", "--kick", "--json"]);
        let told = said.json();
        while !out.iter_mut().all(has_ended) {
            assert!(start.elapsed() < Duration::from_secs(5), "{version}: a session lives on; {told:#}");
            std::thread::sleep(Duration::from_millis(5));
        }
        tell(&format!("{version}: revoked, refused and thrown out after {} ms", start.elapsed().as_millis()));
        assert!(!stay.iter_mut().any(has_ended), "{version}: somebody else was thrown out");
        assert_eq!(sandbox.read(".mqsec/broker.pid"), process, "the broker was restarted");
        assert_eq!(
            (&told["certificates"][0]["new"], &told["certificates"][0]["reason"]),
            (&true.into(), &"keyCompromise".into())
        );
        assert_eq!(
            (&told["kicked"]["means"], &told["kicked"]["ended"]),
            (&"take-over".into(), &serde_json::json!(["s1-tls", "s1-wss"]))
        );
        assert_eq!(world.proof(&told, false).0, "refused", "{told:#}");

        world.connect("s1", false).fails(1, "tls-client-revoked");
        world.connect("s2", false).ok();
        world.connect("s2", true).ok();
        if version == "2.1.2" {
            assert_eq!((said.status, &*world.proof(&told, true).0), (0, "refused"), "{told:#}");
            world.connect("s1", true).fails(1, "tls-client-revoked");
        } else {
            // the broker cannot, and the tool does not say that it can
            let (verdict, words) = world.proof(&told, true);
            assert_eq!((said.status, &*verdict), (1, "admitted"), "{told:#}");
            assert!(
                words.contains("Mosquitto 2.0 read no revocation list") && words.contains("passwd del s1"),
                "{words}"
            );
            world.connect("s1", true).ok();
            sandbox.mqsec(&["passwd", "del", "s1"]).ok();
            sandbox.mqsec(&["up"]).ok();
            world.connect("s1", true).exits(1);
        }

        let check = "openssl crl -in certs/ca.crl -CAfile certs/ca.crt -noout -verify 2>&1
            cmp certs/ca.crl certs/broker/ca.crl
            cat certs/ca.crt certs/ca.crl > both.pem
            openssl verify -crl_check -CAfile both.pem certs/client/s2/s2.crt
            openssl verify -crl_check -CAfile both.pem certs/client/s1/s1.crt 2>&1 | grep 'certificate revoked'
            openssl crl -in certs/ca.crl -noout -text | grep 'Key Compromise'";
        let text = sandbox.run("bash", &["-ec", check]).ok().stdout;
        assert!(text.contains("verify OK"), "{text}");

        // twice says so, and changes nothing
        let before = sandbox.read("certs/ca.crl") + &sandbox.read("certs/inventory.tsv");
        let again = sandbox.mqsec(&["revoke", "s1", "--json"]).json();
        assert_eq!(again["certificates"][0]["new"], false);
        assert_eq!(sandbox.read("certs/ca.crl") + &sandbox.read("certs/inventory.tsv"), before);
        assert!(!stay.iter_mut().any(has_ended), "{version}: somebody else was thrown out");
    }
}

fn folder() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["client-cert", "a"]).ok();
    sandbox
}

fn list(sandbox: &Sandbox, args: &[&str]) -> Value {
    sandbox.mqsec(&[&["crl", "show", "--json"], args].concat()).ok().json()["lists"].clone()
}

fn serial(sandbox: &Sandbox, cert: &str) -> String {
    let said = sandbox.run("openssl", &["x509", "-in", cert, "-noout", "-serial"]).ok().stdout;
    said.trim().trim_start_matches("serial=").to_owned()
}

#[test]
fn what_was_renewed_is_revoked_with_it_and_a_serial_number_alone() {
    let sandbox = folder();
    let first = serial(&sandbox, "certs/client/a/a.crt");
    sandbox.mqsec(&["renew", "a"]).ok();
    let second = serial(&sandbox, "certs/client/a/a.crt");
    sandbox.mqsec(&["renew", "a", "--rekey"]).ok();
    // one alone, however it is written
    let lower = first
        .to_lowercase()
        .as_bytes()
        .chunks(2)
        .map(|two| String::from_utf8_lossy(two).into_owned())
        .collect::<Vec<_>>()
        .join(":");
    sandbox.mqsec(&["revoke", "--serial", &lower, "--at", "2026-01-02", "--reason", "superseded"]).ok();
    let entries = list(&sandbox, &[])[0]["revoked"].clone();
    assert_eq!(entries.as_array().unwrap().len(), 1);
    assert_eq!((&entries[0]["serial"], &entries[0]["reason"]), (&first.clone().into(), &"superseded".into()));
    assert_eq!((&entries[0]["date"], &entries[0]["name"]), (&"2026-01-02T00:00:00Z".into(), &"a".into()));
    sandbox.mqsec(&["verify", "a"]).ok();
    // the rest
    let told = sandbox.mqsec(&["revoke", "a", "--json"]).ok().json();
    let new = |one: &Value| one["new"] == true;
    let all = told["certificates"].as_array().unwrap();
    assert_eq!((all.len(), all.iter().filter(|one| new(one)).count()), (3, 2), "{told:#}");
    let listed = list(&sandbox, &[]);
    assert_eq!((&listed[0]["number"], listed[0]["revoked"].as_array().unwrap().len()), (&3.into(), 3));
    assert!(listed.to_string().contains(&second));
    // a revoked key is not brought back by a renewal
    sandbox.mqsec(&["renew", "--within", "400"]).ok();
    sandbox.mqsec(&["verify", "a"]).exits(1);
    sandbox.mqsec(&["client-cert", "a"]).ok();
    sandbox.mqsec(&["verify", "a"]).ok();
}

#[test]
fn a_list_that_was_lost_comes_back_with_all_that_was_revoked() {
    let sandbox = folder();
    sandbox.mqsec(&["revoke", "a"]).ok();
    for args in [&["ca", "init"][..], &["ca", "rollover", "prepare"]] {
        sandbox.run("rm", &["certs/ca.crl", "certs/broker/ca.crl"]).ok();
        sandbox.mqsec(args).ok();
        let lists = list(&sandbox, &[]);
        assert_eq!(lists[0]["revoked"][0]["name"], "a", "{args:?}: {lists:#}");
        assert_eq!(lists[0]["number"], 2, "{args:?}: the number went back");
    }
    // one that is revoked is no fault of the folder, also when its authority is gone
    sandbox.mqsec(&["ca", "rollover", "reissue"]).ok();
    sandbox.mqsec(&["ca", "rollover", "drop"]).ok();
    let said = sandbox.mqsec(&["doctor"]).stdout;
    assert!(!said.contains("certificate-other-authority"), "{said}");
}

#[test]
fn a_certificate_that_the_folder_lost_is_revoked_by_its_file() {
    let sandbox = folder();
    sandbox.run("bash", &["-ec", "mv certs/client/a/a.crt lost.crt; rm -r certs/client/a certs/inventory.tsv"]).ok();
    sandbox.mqsec(&["revoke", "a"]).fails(2, "certificate-unknown");
    sandbox.mqsec(&["revoke", "--cert", "lost.crt", "--invalid-since", "2026-01-01"]).ok();
    let text = sandbox.run("openssl", &["crl", "-in", "certs/ca.crl", "-noout", "-text"]).ok().stdout;
    assert!(text.contains(&serial(&sandbox, "lost.crt")) && text.contains("Invalidity Date"), "{text}");
    // the list is lost: what the inventory knows comes back, and nothing that the list alone knew before is lost
    sandbox.run("rm", &["certs/ca.crl", "certs/broker/ca.crl"]).ok();
    sandbox.mqsec(&["crl", "renew"]).ok();
    assert_eq!(list(&sandbox, &[])[0]["revoked"].as_array().unwrap().len(), 1);
    sandbox.run("rm", &["certs/inventory.tsv"]).ok();
    sandbox.mqsec(&["crl", "renew", "--days", "30"]).ok();
    let listed = list(&sandbox, &[]);
    assert_eq!((listed[0]["revoked"].as_array().unwrap().len(), &listed[0]["number"]), (1, &3.into()));
}

#[test]
fn what_would_help_nobody_is_refused_with_the_right_way() {
    let sandbox = folder();
    sandbox.mqsec(&["broker-cert", "b.lan"]).ok();
    let before = sandbox.snapshot();
    for name in ["broker", "b.lan"] {
        let said = sandbox.mqsec(&["revoke", name]).fails(1, "revoke-broker");
        assert!(said.stderr.contains("renew broker --rekey"), "{}", said.stderr);
    }
    sandbox.mqsec(&["revoke", "--cert", "certs/ca.crt"]).fails(1, "revoke-authority");
    sandbox.mqsec(&["revoke", "mqsec CA"]).fails(1, "revoke-authority");
    sandbox.mqsec(&["revoke", "a", "--at", "2190-01-01"]).fails(2, "date-in-future");
    sandbox.mqsec(&["revoke", "a", "--at", "yesterday"]).fails(2, "usage");
    sandbox.mqsec(&["revoke", "b"]).fails(2, "certificate-unknown");
    let other = folder();
    let theirs = other.dir.join("certs/client/a/a.crt");
    sandbox.mqsec(&["revoke", "--cert", theirs.to_str().unwrap()]).fails(1, "certificate-foreign");
    assert_eq!(sandbox.snapshot(), before);
    // the old one of a broker that has a new key
    let old = serial(&sandbox, "certs/broker/broker.crt");
    sandbox.mqsec(&["renew", "broker", "--rekey"]).ok();
    sandbox.mqsec(&["revoke", "--serial", &old]).ok();
    sandbox.mqsec(&["verify"]).ok();
}

#[test]
fn lists_of_others_stay_and_an_older_list_is_never_installed() {
    let sandbox = folder();
    let other = folder();
    other.mqsec(&["revoke", "a"]).ok();
    let (own, theirs) = (sandbox.read("certs/ca.crl"), other.read("certs/ca.crl"));
    sandbox.write("certs/broker/ca.crl", format!("{own}{theirs}"));
    let old: PathBuf = sandbox.write("old.crl", &own);
    sandbox.mqsec(&["revoke", "a"]).ok();
    for file in ["certs/ca.crl", "certs/broker/ca.crl"] {
        let text = sandbox.read(file);
        assert!(text.ends_with(&theirs) && !text.contains(&own), "{file}: {text}");
    }
    let own_are = |sandbox: &Sandbox| {
        list(sandbox, &[]).as_array().unwrap().iter().map(|one| one["own"] == true).collect::<Vec<_>>()
    };
    assert_eq!(own_are(&sandbox), [true, false]);
    let before = sandbox.snapshot();
    let old = old.to_str().unwrap();
    sandbox.mqsec(&["crl", "install", old]).fails(1, "crl-older");
    sandbox.mqsec(&["crl", "install", other.dir.join("certs/ca.crl").to_str().unwrap()]).fails(2, "crl-of-another");
    sandbox.mqsec(&["crl", "install", "certs/ca.crt"]).fails(2, "pem-wrong-content");
    assert_eq!(sandbox.snapshot(), before);
    // a stranger's list is read, whoever made it
    assert_eq!(list(&other, &[old])[0]["own"], false);
    // a newer one, made where the key is
    let make = r#"printf 'R\t401231000000Z\t260101000000Z\t%s\tunknown\t/CN=a\n' "$1" > index; echo 0A > number
        printf '[ca]\ndefault_ca=c\n[c]\ndatabase=index\ndefault_md=sha256\ncrlnumber=number\n' > ca.cnf
        openssl ca -config ca.cnf -gencrl -keyfile certs/ca.key -cert certs/ca.crt -crldays 30 -out new.crl"#;
    let one = serial(&sandbox, "certs/client/a/a.crt");
    sandbox.run("bash", &["-ec", make, "-", &one]).ok();
    sandbox.mqsec(&["crl", "install", "new.crl"]).ok();
    assert_eq!(list(&sandbox, &[])[0]["number"], 10);
    // and one that has forgotten a revocation is not
    sandbox.run("bash", &["-ec", make, "-", "0102"]).ok();
    sandbox.run("bash", &["-ec", "echo 0C > number; openssl ca -config ca.cnf -gencrl -keyfile certs/ca.key -cert certs/ca.crt -crldays 30 -out new.crl"]).ok();
    sandbox.mqsec(&["crl", "install", "new.crl"]).fails(1, "crl-loses-entries");
    // a revocation right after goes on from that number
    sandbox.mqsec(&["client-cert", "b"]).ok();
    sandbox.mqsec(&["revoke", "b"]).ok();
    assert_eq!(list(&sandbox, &[])[0]["number"], 11);
    // what cannot be read is not thrown away
    sandbox.write("certs/ca.crl", "garbage");
    sandbox.mqsec(&["revoke", "b"]).fails(2, "pem-wrong-content");
    assert_eq!(sandbox.read("certs/ca.crl"), "garbage");
}

#[test]
fn each_authority_that_is_trusted_lists_its_own() {
    let sandbox = folder();
    let first = serial(&sandbox, "certs/client/a/a.crt");
    let (old, keep) =
        (sandbox.read("certs/ca.crl"), "mkdir certs/old; mv certs/ca.key certs/ca.crt certs/old; rm certs/ca.crl");
    sandbox.run("bash", &["-ec", keep]).ok();
    sandbox.mqsec(&["ca", "init", "--cn", "mqsec CA G2"]).ok();
    let both = sandbox.read("certs/ca.crl") + &old;
    sandbox.write("certs/ca.crl", &both);
    sandbox.write("certs/broker/ca.crl", &both);
    // what the old one issued is renewed by the current one
    sandbox.mqsec(&["renew", "a"]).ok();
    let second = serial(&sandbox, "certs/client/a/a.crt");
    let told = sandbox.mqsec(&["revoke", "a", "--json"]).ok().json();
    assert_eq!(told["lists"].as_array().unwrap().len(), 2, "{told:#}");
    let listed = list(&sandbox, &[]);
    let serials = |at: usize| {
        listed[at]["revoked"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["serial"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!((&listed[0]["issuer"], serials(0)), (&"CN=mqsec CA G2".into(), vec![second]));
    assert_eq!((&listed[1]["issuer"], serials(1)), (&"CN=mqsec CA".into(), vec![first]));
    assert_eq!(listed[0]["own"], listed[1]["own"]);
    // once the old one's key is gone, the other's list can still be made
    sandbox.run("rm", &["certs/old/ca.key"]).ok();
    let told = sandbox.mqsec(&["crl", "renew", "--json"]).exits(1).json();
    assert_eq!((told["lists"].as_array().unwrap().len(), told["failed"].as_array().unwrap().len()), (1, 1), "{told:#}");
    assert_eq!(list(&sandbox, &[])[1], listed[1]);
}

#[test]
fn an_authority_of_another_tool_without_a_key_identifier_lists_too() {
    let sandbox = Sandbox::new();
    let make = "mkdir -p certs; chmod 700 certs
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/O=Acme/CN=Acme CA' \
            -addext keyUsage=critical,keyCertSign,cRLSign -addext subjectKeyIdentifier=none -keyout certs/ca.key -out certs/ca.crt
        chmod 600 certs/ca.key";
    sandbox.run("bash", &["-ec", make]).ok();
    assert!(
        !sandbox
            .run("openssl", &["x509", "-in", "certs/ca.crt", "-noout", "-text"])
            .ok()
            .stdout
            .contains("Subject Key Identifier")
    );
    sandbox.up_native(&[]).ok();
    sandbox.mqsec(&["client-cert", "s1"]).ok();
    let told = sandbox.mqsec(&["revoke", "s1", "--json"]).ok().json();
    assert_eq!(
        (&told["proofs"][0]["verdict"], told["lists"].as_array().unwrap().len()),
        (&"refused".into(), 1),
        "{told:#}"
    );
    sandbox.mqsec(&["test-connect"]).ok();
}

#[test]
fn a_signing_authority_revokes_while_its_root_is_away() {
    for version in VERSIONS {
        let sandbox = Sandbox::with_broker(version);
        sandbox.mqsec(&["ca", "init", "--intermediate"]).ok();
        sandbox.up_native(&[]).ok();
        sandbox.mqsec(&["client-cert", "s1"]).ok();
        sandbox.run("rm", &["certs/ca.key"]).ok();
        let told = sandbox.mqsec(&["revoke", "s1", "--json"]).ok().json();
        assert_eq!(told["proofs"][0]["verdict"], "refused", "{version}: {told:#}");
        sandbox.mqsec(&["test-connect"]).ok();
        let check = "openssl crl -in certs/ca.crl -CAfile certs/signing/ca.crt -noout -verify 2>&1
            cat certs/ca.crt certs/ca.crl > both.pem
            openssl verify -crl_check -CAfile both.pem -untrusted certs/signing/ca.crt certs/client/s1/s1.crt 2>&1 | grep 'certificate revoked'
            openssl verify -crl_check -CAfile both.pem -untrusted certs/signing/ca.crt certs/client/admin/admin.crt";
        let text = sandbox.run("bash", &["-ec", check]).ok().stdout;
        assert!(text.contains("verify OK"), "{text}");
        sandbox.mqsec(&["revoke", "--cert", "certs/signing/ca.crt"]).fails(1, "revoke-authority");
    }
}

#[test]
fn a_session_that_the_log_does_not_tell_of_ends_with_consent() {
    for version in VERSIONS {
        let world = World::new(version);
        let sandbox = &world.sandbox;
        let mut out = world.stay("s1", "s1-tls", false);
        let mut stay = world.stay("s2", "s2-tls", false);
        // the log was taken away in the meantime
        sandbox.run("truncate", &["-s", "0", "log/mosquitto.log"]).ok();
        let said = sandbox.mqsec(&["revoke", "s1", "--kick", "--json"]).exits(1);
        assert_eq!(said.json()["kicked"]["means"], "none", "{}", said.stdout);
        assert!(!has_ended(&mut out), "{version}: without consent");
        let start = Instant::now();
        let told = sandbox.mqsec(&["revoke", "s1", "--kick", "--json", "--yes"]).json();
        assert_eq!(told["kicked"]["means"], "password", "{told:#}");
        ends_within_five_seconds(&mut out, start);
        assert!(!has_ended(&mut stay), "{version}: somebody else was thrown out");
    }
}

#[test]
fn the_plugin_ends_the_sessions_of_its_clients() {
    for version in VERSIONS {
        let sandbox = Sandbox::with_broker(version);
        sandbox.up_native(&[]).ok();
        sandbox.mqsec(&["client-cert", "s1"]).ok();
        let plugin =
            peers().join("brokers").join(version).join("usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so");
        sandbox.mqsec(&["dynsec", "init", "--plugin-path", plugin.to_str().unwrap()]).ok();
        sandbox.mqsec(&["restart"]).ok();
        let add = [
            "dynsec",
            "add",
            "client",
            "s1",
            "--publish",
            "test/connection",
            "--subscribe",
            "test/connection",
            "--stdin",
        ];
        sandbox.mqsec_with_input(&add, "s1 secret\n").ok();
        let world = World { sandbox, websockets: 0 };
        let mut out = world.stay("s1", "s1-tls", false);
        world.sandbox.run("truncate", &["-s", "0", "log/mosquitto.log"]).ok();
        let start = Instant::now();
        let told = world.sandbox.mqsec(&["revoke", "s1", "--kick", "--json"]).ok().json();
        assert_eq!(told["kicked"]["means"], "dynsec", "{told:#}");
        ends_within_five_seconds(&mut out, start);
    }
}

#[test]
fn a_session_whose_identifier_is_the_certificates_name_ends_too() {
    for version in VERSIONS {
        let sandbox = Sandbox::with_broker(version);
        sandbox.up_native(&["--profile", "cert"]).ok();
        let world = World { sandbox, websockets: 0 };
        for client in ["s1", "s2"] {
            world.sandbox.mqsec(&["client-cert", client]).ok();
            world.sandbox.mqsec(&["acl", "add", client, "readwrite", "test/connection"]).ok();
        }
        world.sandbox.mqsec(&["up"]).ok();
        let (mut out, mut stay) = (world.stay("s1", "s1", false), world.stay("s2", "s2", false));
        let start = Instant::now();
        let told = world.sandbox.mqsec(&["revoke", "s1", "--kick", "--json"]).ok().json();
        assert_eq!(told["kicked"]["means"], "take-over", "{told:#}");
        ends_within_five_seconds(&mut out, start);
        assert!(!has_ended(&mut stay), "{version}: somebody else was thrown out");
        world.connect("s1", false).fails(1, "tls-client-revoked");
        // what it took is in the inventory, and nowhere else
        assert_eq!(world.sandbox.read("certs/inventory.tsv").matches("\tclient\ts1\t").count(), 2);
    }
}

#[test]
fn a_listener_without_a_list_is_told() {
    let sandbox = Sandbox::new();
    sandbox.up_native(&[]).ok();
    sandbox.mqsec(&["client-cert", "s1"]).ok();
    let conf = sandbox.read("config/mosquitto.conf");
    let without: String =
        conf.lines().filter(|line| !line.starts_with("crlfile ")).map(|line| format!("{line}\n")).collect();
    sandbox.write("config/mosquitto.conf", without);
    sandbox.mqsec(&["restart"]).ok();
    let said = sandbox.mqsec(&["revoke", "s1"]).exits(1);
    let command = format!("mqsec conf set crlfile certs/broker/ca.crl --listener {}", sandbox.port);
    assert!(said.stdout.contains(&command), "{}", said.stdout);
    sandbox.run("bash", &["-c", &command.replace("mqsec", binary().to_str().unwrap())]).ok();
    sandbox.mqsec(&["restart"]).ok();
    let told = sandbox.mqsec(&["revoke", "s1", "--json"]).ok().json();
    assert_eq!(told["proofs"][0]["verdict"], "refused");
    // where no certificate is asked for, the list decides nothing
    let without = conf.replace("require_certificate true", "require_certificate false");
    sandbox.write("config/mosquitto.conf", without);
    sandbox.mqsec(&["restart"]).ok();
    let told = sandbox.mqsec(&["revoke", "s1", "--json"]).ok().json();
    assert_eq!(told["proofs"][0]["verdict"], "not-asked", "{told:#}");
}

#[test]
fn a_broker_in_a_container_refuses_it_too() {
    if !may_use("docker") {
        return;
    }
    let sandbox = Sandbox::new();
    let (port, container) = (sandbox.port.to_string(), format!("mqsec-it-{}-revoked", std::process::id()));
    sandbox.mqsec(&["up", "--engine", "docker", "--container", &container, "--port", &port]).ok();
    let world = World { sandbox, websockets: 0 };
    world.add("s1");
    world.sandbox.mqsec(&["up"]).ok();
    let mut out = world.stay("s1", "s1-tls", false);
    let told = world.sandbox.mqsec(&["revoke", "s1", "--kick", "--json"]).ok().json();
    // what Docker's programs take is not counted
    let start = Instant::now();
    assert_eq!(
        (&told["proofs"][0]["verdict"], &told["kicked"]["means"]),
        (&"refused".into(), &"take-over".into()),
        "{told:#}"
    );
    ends_within_five_seconds(&mut out, start);
    world.sandbox.mqsec(&["down"]).ok();
}

fn listed(sandbox: &Sandbox) -> String {
    sandbox.mqsec(&["crl", "show", "--json"]).ok().json()["lists"].to_string()
}

#[test]
fn lists_that_were_lost_come_back_with_what_was_revoked() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["client-cert", "s1"]).ok();
    let told = sandbox.mqsec(&["revoke", "s1", "--json"]).ok().json();
    let serial = told["certificates"][0]["serial"].as_str().unwrap().to_owned();
    for again in [&["ca", "init"][..], &["ca", "rollover", "prepare"], &["ca", "init"]] {
        sandbox.run("rm", &["certs/ca.crl", "certs/broker/ca.crl"]).ok();
        sandbox.mqsec(again).ok();
        assert!(listed(&sandbox).contains(&serial), "{again:?}");
        assert_eq!(sandbox.read("certs/ca.crl"), sandbox.read("certs/broker/ca.crl"), "{again:?}");
    }
}

#[test]
fn a_certificate_that_names_no_key_of_its_issuer_is_listed() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.write("ext", "extendedKeyUsage=clientAuth\nauthorityKeyIdentifier=none\n");
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "x.key"];
    sandbox.run("openssl", &[&["req", "-new", "-subj", "/CN=x", "-out", "x.csr"], &key[..]].concat()).ok();
    let sign =
        ["x509", "-req", "-in", "x.csr", "-CA", "certs/ca.crt", "-CAkey", "certs/ca.key", "-set_serial", "0x77aa55"];
    sandbox.run("openssl", &[&sign[..], &["-extfile", "ext", "-out", "x.crt", "-days", "30"]].concat()).ok();
    sandbox.mqsec(&["revoke", "--cert", "x.crt"]).ok();
    assert!(listed(&sandbox).contains("77AA55"));
    // its revocation is known to be that authority's, so the list can be made again
    sandbox.run("rm", &["certs/ca.crl", "certs/broker/ca.crl"]).ok();
    sandbox.mqsec(&["crl", "renew"]).ok();
    assert!(listed(&sandbox).contains("77AA55"));
}
