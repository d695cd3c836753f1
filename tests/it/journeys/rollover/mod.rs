//! One authority takes another's place, and nobody who follows the steps is cut off.

mod fleet;

use std::fs;
use std::process::Command;

use self::fleet::Fleet;
use crate::support::Sandbox;
use crate::support::may_use;
use crate::support::tell;

/// The files of the folder that clients and the broker are given.
const PUBLIC: [&str; 5] =
    ["certs/ca.crt", "certs/ca.crl", "certs/broker/ca.crt", "certs/broker/ca.crl", "certs/broker/broker.crt"];

/// Every phase of a rollover in a folder whose broker runs, with every kind of client.
fn rolls_over(what: &str, sandbox: &Sandbox, prepare: &[&str], programs: bool) {
    let signing_only = prepare.contains(&"--signing-only");
    let step = |args: &[&str]| sandbox.mqsec(&[&["ca", "rollover"], args, &["--json"]].concat());
    let phase = || step(&["status"]).ok().json()["phase"].as_str().unwrap().to_owned();
    let verdict = || (sandbox.mqsec(&["verify"]).status, sandbox.mqsec(&["doctor"]).status);
    let at_first = verdict();
    let mut fleet = Fleet::new(sandbox);
    fleet.give_trust("old", "certs/ca.crt");
    fleet.give_certificate("old");
    fleet.watch();
    fleet.connect("before", |_, _| true);
    assert_eq!(phase(), "none");

    step(prepare).ok();
    fleet.breathe("prepare");
    fleet.give_trust("both", "certs/ca.crt");
    fleet.give_trust("new", "certs/next/ca.crt");
    fleet.connect("prepared", |_, _| true);
    let told = step(&["status"]).ok().json();
    assert_eq!((&told["phase"], &told["crossed"]), (&"prepared".into(), &true.into()), "{told}");
    assert!(told["connects"].as_object().unwrap().values().all(|connects| connects == true), "{told}");
    if programs {
        fleet.programs("prepared", |_, _| true);
    }
    assert_eq!(verdict(), at_first, "{what}: prepared");
    // what is issued in between is the current authority's, and is issued anew with the others
    sandbox.mqsec(&["client-cert", "between"]).ok();
    assert_eq!(step(prepare).ok().json()["changed"], false, "{what}: prepared twice");
    fleet.breathe("prepare, again");

    step(&["reissue"]).ok();
    fleet.breathe("reissue");
    fleet.give_certificate("new");
    fleet.connect("reissued", |_, _| true);
    let told = step(&["status"]).ok().json();
    assert_eq!((&told["phase"], &told["clients_new"]), (&"reissued".into(), &2.into()), "{told}");
    assert!(told["connects"].as_object().unwrap().values().all(|connects| connects == true), "{told}");
    assert_eq!(told["old_certificates"].as_array().unwrap().len(), 0, "{told}");
    if programs {
        fleet.programs("reissued", |_, _| true);
    }
    assert_eq!(verdict(), at_first, "{what}: reissued");
    let again = step(&["reissue"]).ok().json();
    assert_eq!((&again["changed"], &again["clients_issued"]), (&false.into(), &0.into()), "{what}: reissued twice");
    fleet.breathe("reissue, again");

    let after = |trust: &str, certificate: &str| certificate == "new" && (signing_only || trust != "old");
    // those of `admin` and `between`
    assert_eq!(told["replaced_in_force"], 2, "{told}");
    assert_eq!(step(&["drop"]).ok().json()["replaced"], 2, "{what}");
    fleet.breathe("drop");
    fleet.connect("dropped", after);
    if programs {
        fleet.programs("dropped", after);
    }
    assert_eq!(phase(), "none");
    assert_eq!(step(&["drop"]).ok().json()["changed"], false, "{what}: dropped twice");
    assert_eq!(verdict(), at_first, "{what}: dropped");
    sandbox.mqsec(&["test-connect"]).ok();
    assert!(!sandbox.has("certs/old/ca.key") && !sandbox.has("certs/next/ca.key") && sandbox.has("certs/ca.key"));
    // the next one can begin
    step(&["prepare"]).ok();
    fleet.breathe("prepare, the next rollover");
    step(&["cancel"]).ok();
    fleet.breathe("cancel");
    let expected = if signing_only { 1 + 3 + 6 + 3 } else { 1 + 3 + 6 + 2 };
    assert_eq!((fleet.opened, fleet.sessions()), (expected, expected), "{what}");
    assert_eq!(fleet.opened + fleet.refused, 1 + 3 + 6 + 6);
    tell(&format!(
        "rollover, {what}: {} sessions opened and none lost, {} refused as they must be, {} messages of QoS 1 of which {} \
         arrived, {} runs of other programs",
        fleet.opened, fleet.refused, fleet.published, fleet.delivered, fleet.programs
    ));
}

fn up(version: &str, init: &[&str]) -> Sandbox {
    let sandbox = Sandbox::with_broker(version);
    sandbox.mqsec(&[&["ca", "init"], init].concat()).ok();
    sandbox.up_native(&[]).ok();
    sandbox
}

fn process(sandbox: &Sandbox) -> String {
    sandbox.read(".mqsec/broker.pid")
}

#[test]
fn nobody_is_cut_off() {
    for version in ["2.0.21", "2.1.2"] {
        let sandbox = up(version, &[]);
        let before = process(&sandbox);
        rolls_over(version, &sandbox, &["prepare"], true);
        assert_eq!(process(&sandbox), before, "{version} was restarted");
    }
}

#[test]
fn nobody_is_cut_off_below_two_tiers() {
    let sandbox = up("2.0.21", &["--intermediate"]);
    rolls_over("two tiers", &sandbox, &["prepare"], true);
    let sandbox = up("2.1.2", &["--intermediate", "--key-type", "rsa2048"]);
    rolls_over("the signing authority alone", &sandbox, &["prepare", "--signing-only"], false);
}

#[test]
fn nobody_is_cut_off_in_a_container() {
    if !may_use("docker") {
        return;
    }
    let sandbox = Sandbox::new();
    let (name, port) = (format!("mqsec-it-{}-rollover", std::process::id()), sandbox.port.to_string());
    let image = "eclipse-mosquitto:2.1.2-alpine";
    sandbox.mqsec(&["up", "--engine", "docker", "--image", image, "--container", &name, "--port", &port]).ok();
    rolls_over("2.1.2 in a container", &sandbox, &["prepare"], false);
    sandbox.mqsec(&["down"]).ok();
}

/// Without a revocation list Mosquitto keeps the authorities that it started with: that is told before, and asked.
#[test]
fn a_restart_that_is_needed_is_asked_for() {
    for version in ["2.0.21", "2.1.2"] {
        let sandbox = up(version, &[]);
        let conf = sandbox.read("config/mosquitto.conf");
        let without: String = conf.split_inclusive('\n').filter(|line| !line.starts_with("crlfile ")).collect();
        assert_ne!(conf, without);
        fs::write(sandbox.dir.join("config/mosquitto.conf"), without).unwrap();
        sandbox.mqsec(&["restart"]).ok();
        let mut fleet = Fleet::new(&sandbox);
        fleet.give_trust("old", "certs/ca.crt");
        fleet.give_certificate("old");
        let certs = || sandbox.snapshot().into_iter().filter(|(path, _)| path.starts_with("certs")).collect::<Vec<_>>();
        let (before, files) = (process(&sandbox), certs());

        sandbox.mqsec(&["ca", "rollover", "prepare"]).fails(1, "rollover-needs-restart");
        assert!(certs() == files, "something changed");
        sandbox.mqsec(&["ca", "rollover", "prepare", "--yes"]).ok();
        let prepared = process(&sandbox);
        assert_ne!(prepared, before, "{version} was not restarted");
        fleet.give_trust("new", "certs/next/ca.crt");
        fleet.connect("prepared", |_, _| true);
        sandbox.mqsec(&["ca", "rollover", "reissue"]).ok();
        assert_eq!(process(&sandbox), prepared, "{version} was restarted without need");
        fleet.give_certificate("new");
        fleet.connect("reissued", |_, _| true);
        sandbox.mqsec(&["ca", "rollover", "drop"]).fails(1, "rollover-needs-restart");
        fleet.connect("not dropped", |_, _| true);
        sandbox.mqsec(&["ca", "rollover", "drop", "--yes"]).ok();
        assert_ne!(process(&sandbox), prepared);
        fleet.forget();
        fleet.connect("dropped", |trust, certificate| (trust, certificate) == ("new", "new"));
    }
}

/// Where no client certificates are asked for, the broker's own authorities are of no concern.
#[test]
fn a_broker_that_asks_for_no_certificates_is_not_restarted() {
    let sandbox = Sandbox::new();
    sandbox.up_native(&["--profile", "password"]).ok();
    let before = process(&sandbox);
    for step in ["prepare", "reissue", "drop"] {
        sandbox.mqsec(&["ca", "rollover", step]).ok();
        sandbox.mqsec(&["test-connect"]).ok();
    }
    assert_eq!(process(&sandbox), before);
}

#[test]
fn steps_out_of_order_are_refused_and_change_nothing() {
    let sandbox = Sandbox::new();
    let step = |args: &[&str]| sandbox.mqsec(&[&["ca", "rollover"], args].concat());
    step(&["status"]).fails(2, "ca-missing");
    assert!(!sandbox.has(".mqsec"), "an empty folder was changed");
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["broker-cert", "localhost"]).ok();
    sandbox.mqsec(&["client-cert", "a"]).ok();
    let before = sandbox.snapshot();
    step(&["reissue"]).fails(1, "rollover-not-prepared");
    step(&["prepare", "--signing-only"]).fails(1, "rollover-no-signing");
    step(&["prepare", "--cn", "mqsec CA"]).fails(2, "rollover-same-name");
    step(&["drop"]).ok();
    step(&["cancel"]).ok();
    assert!(sandbox.snapshot() == before);

    let public = || PUBLIC.map(|path| sandbox.read(path));
    let first = public();
    step(&["prepare"]).ok();
    assert!(first.iter().zip(public()).all(|(before, now)| *before != now));
    step(&["drop"]).fails(1, "rollover-not-reissued");
    step(&["cancel"]).ok();
    assert!(public() == first, "the old state did not come back");
    step(&["cancel"]).ok();

    // the name of an authority that was taken back is not given again
    step(&["prepare"]).ok();
    assert!(step(&["status"]).ok().stdout.contains("mqsec CA G3"));
    step(&["reissue"]).ok();
    step(&["prepare"]).fails(1, "rollover-unfinished");
    step(&["cancel"]).fails(1, "rollover-too-late");
    step(&["drop"]).ok();
    step(&["reissue"]).fails(1, "rollover-not-prepared");
    // and the next one
    step(&["prepare"]).ok();
    assert!(step(&["status"]).ok().stdout.contains("mqsec CA G4"));
}

fn public_key(sandbox: &Sandbox, cert: &str) -> String {
    sandbox.run("openssl", &["x509", "-in", cert, "-noout", "-pubkey"]).ok().stdout
}

#[test]
fn a_reissue_that_was_cut_short_goes_on_and_knows_whom_to_pass() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["broker-cert", "localhost", "--key-type", "rsa2048"]).ok();
    for name in ["a", "b", "device", "gone", "ghost"] {
        sandbox.mqsec(&["client-cert", name, "90", "--key-type", "p384"]).ok();
    }
    // a device that keeps its key to itself, one that was revoked, and one whose files are elsewhere
    fs::remove_file(sandbox.dir.join("certs/client/device/device.key")).unwrap();
    let device = public_key(&sandbox, "certs/client/device/device.crt");
    let inventory = sandbox.read("certs/inventory.tsv");
    let serial = inventory.lines().find(|line| line.contains("\tgone\t")).unwrap().split('\t').nth(1).unwrap();
    let revoked = format!("revoked\t{serial}\tff\t2026-01-01T00:00:00Z\tkeyCompromise\n");
    sandbox.write("certs/inventory.tsv", inventory.clone() + &revoked);
    fs::rename(sandbox.dir.join("certs/client/ghost"), sandbox.base.join("ghost")).unwrap();

    let step = |args: &[&str]| sandbox.mqsec(&[&["ca", "rollover"], args, &["--json"]].concat());
    step(&["prepare"]).ok();
    let told = step(&["reissue"]).ok().json();
    assert_eq!((&told["clients_issued"], &told["clients_left_alone"][0][0]), (&3.into(), &"gone".into()), "{told}");
    assert_eq!(public_key(&sandbox, "certs/client/device/device.crt"), device);
    let about = sandbox.run("openssl", &["x509", "-in", "certs/client/a/a.crt", "-noout", "-text"]).ok().stdout;
    assert!(about.contains("P-384") && about.contains("CN = mqsec CA G2"), "{about}");
    let about = sandbox.run("openssl", &["x509", "-in", "certs/broker/broker.crt", "-noout", "-text"]).ok().stdout;
    assert!(about.contains("2048 bit") && about.contains("DNS:localhost"), "{about}");

    // as a run leaves it that ends after the switch
    let backup =
        fs::read_dir(sandbox.dir.join("certs/backup")).unwrap().map(|entry| entry.unwrap().path()).next().unwrap();
    for end in ["crt", "chain.crt", "csr", "key"] {
        let from = backup.join(format!("client/a/a.{end}"));
        fs::copy(from, sandbox.dir.join(format!("certs/client/a/a.{end}"))).unwrap();
    }
    let b = sandbox.read("certs/client/b/b.crt");
    assert_eq!(step(&["status"]).ok().json()["clients_old"], serde_json::json!(["a"]));
    step(&["drop"]).fails(1, "rollover-clients-left");
    assert_eq!(step(&["reissue"]).ok().json()["clients_issued"], 1);
    assert_eq!(sandbox.read("certs/client/b/b.crt"), b, "issued twice");

    // the inventory knows one whose files are not here
    let said = step(&["drop"]).fails(1, "rollover-clients-left");
    assert!(said.stderr.contains("ghost") && !said.stderr.contains("gone"), "{}", said.stderr);
    step(&["drop", "--force"]).ok();
    sandbox.mqsec(&["verify", "a"]).ok();
}

/// mkcert's root allows no authority below it.
#[test]
fn a_root_that_cannot_certify_another_is_told_and_needs_agreement() {
    let sandbox = Sandbox::new();
    let script = "mkdir -p certs && cd certs && openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 90 \
        -subj '/O=mkcert development CA/CN=mkcert me@here' -addext basicConstraints=critical,CA:TRUE,pathlen:0 \
        -addext keyUsage=critical,keyCertSign,cRLSign 2>&1; chmod 600 ca.key";
    sandbox.run("sh", &["-c", script]).ok();
    sandbox.up_native(&[]).ok();
    let mut fleet = Fleet::new(&sandbox);
    fleet.give_trust("old", "certs/ca.crt");
    fleet.give_certificate("old");
    let said = sandbox.mqsec(&["ca", "rollover", "prepare"]).ok();
    assert!(said.stderr.contains("path length"), "{}", said.stderr);
    fleet.give_trust("both", "certs/ca.crt");
    fleet.give_trust("new", "certs/next/ca.crt");
    fleet.connect("prepared", |_, _| true);
    sandbox.mqsec(&["ca", "rollover", "reissue"]).fails(1, "rollover-no-cross");
    sandbox.mqsec(&["ca", "rollover", "reissue", "--force"]).ok();
    fleet.give_certificate("new");
    fleet.connect("reissued", |trust, _| trust != "old");
    let told = sandbox.mqsec(&["ca", "rollover", "status", "--json"]).ok().json();
    assert_eq!(told["connects"]["trusts_the_old_authority_alone"], false, "{told}");
    sandbox.mqsec(&["ca", "rollover", "drop"]).ok();
    fleet.connect("dropped", |trust, certificate| trust != "old" && certificate == "new");
}

/// That is when people look for it.
#[test]
fn an_authority_that_has_ended_is_replaced() {
    let sandbox = Sandbox::new();
    let script = "mkdir -p certs/d && cd certs && openssl ecparam -name prime256v1 -genkey -noout -out ca.key
        openssl req -new -key ca.key -subj '/CN=past' -out d/r && : > d/db
        printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=d/db\\nnew_certs_dir=d\\ndefault_md=sha256\\npolicy=p\\nx509_extensions=e\\nrand_serial=1\\n[p]\\ncommonName=supplied\\n[e]\\nbasicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign,cRLSign\\nsubjectKeyIdentifier=hash\\n' > d/cnf
        openssl ca -batch -config d/cnf -selfsign -keyfile ca.key -in d/r -out ca.crt -notext -startdate 20200101000000Z -enddate 20210101000000Z
        rm -r d; chmod 600 ca.key";
    let mut command = Command::new("sh");
    command.args(["-ec", script]).current_dir(&sandbox.dir);
    let made = command.output().unwrap();
    assert!(made.status.success(), "{made:?}");
    sandbox.mqsec(&["client-cert", "a"]).fails(2, "ca-expired");
    let said = sandbox.mqsec(&["ca", "rollover", "prepare"]).ok();
    assert!(said.stderr.contains("cut off already"), "{}", said.stderr);
    sandbox.mqsec(&["ca", "rollover", "reissue"]).ok();
    sandbox.up_native(&[]).ok();
    sandbox.mqsec(&["test-connect"]).ok();
    sandbox.mqsec(&["ca", "rollover", "drop"]).ok();
    sandbox.mqsec(&["test-connect"]).ok();
}
