//! From an empty folder to a proven broker, on an installed Mosquitto of each version.

use crate::support::Sandbox;
use crate::support::VERSIONS;
use crate::support::may_use;

/// What `up` proves by default, in its order.
const PROOFS: [&str; 8] = [
    "user `admin`",
    "a wrong password",
    "an unknown user",
    "no user and password",
    "no client certificate",
    "a certificate of another authority",
    "user `client` in `users/admin/mqsec-proof`",
    "plain text without TLS",
];

/// Up, up again, and everything that both promise.
fn journey(sandbox: &Sandbox) {
    let first = sandbox.up_native(&["--json"]).ok().json();
    let proofs = first["proofs"].as_array().unwrap();
    let who: Vec<&str> = proofs.iter().map(|proof| proof["who"].as_str().unwrap()).collect();
    assert_eq!(who, PROOFS);
    assert!(proofs.iter().all(|proof| proof["holds"] == true), "{proofs:#?}");
    assert_eq!((&first["secure"], &first["state"]), (&true.into(), &"started".into()));
    for secret in [".env", "certs/ca.key", "certs/broker/broker.key", "certs/client/admin/admin.key"] {
        assert_eq!(sandbox.mode(secret), 0o600, "{secret}");
    }
    for secret in ["config/mosquitto.passwd", "config/mosquitto.acl"] {
        assert_eq!(sandbox.mode(secret), 0o600, "{secret}");
    }

    let files = |sandbox: &Sandbox| -> Vec<_> {
        let mut all = sandbox.snapshot();
        all.retain(|(path, _)| !path.starts_with("log") && !path.starts_with("data"));
        all
    };
    let before = files(sandbox);
    let again = sandbox.mqsec(&["up", "--json"]).ok().json();
    assert_eq!((&again["state"], &again["secure"]), (&"running already".into(), &true.into()));
    assert_eq!(again["files"].as_array().unwrap().len(), 0);
    assert_eq!(before, files(sandbox), "a second up changed files");

    assert_eq!(sandbox.mqsec(&["status", "--json"]).ok().json()["answers"], true);
    sandbox.mqsec(&["verify"]).ok();
    let log = sandbox.read("log/mosquitto.log");
    assert!(log.contains("running"), "{log}");
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("Warning")).collect();
    assert!(warnings.is_empty(), "{warnings:#?}");

    sandbox.mqsec(&["restart"]).ok();
    sandbox.mqsec(&["test-connect"]).ok();
    sandbox.mqsec(&["down"]).ok();
    sandbox.mqsec(&["status"]).exits(1);
    sandbox.mqsec(&["test-connect"]).fails(2, "connect-refused");
    let third = sandbox.mqsec(&["up", "--json"]).ok().json();
    assert!(third["engine"].as_str().unwrap().starts_with("mosquitto 2."), "the engine of the last time: {third}");
    assert_eq!((&third["state"], &third["secure"]), (&"started".into(), &true.into()));
}

#[test]
fn by_whoever_runs_the_tests() {
    for version in VERSIONS {
        journey(&Sandbox::with_broker(version));
    }
}

#[test]
fn by_an_ordinary_user() {
    if may_use("root") {
        for version in VERSIONS {
            journey(&Sandbox::as_user(1000, version));
        }
    }
}

#[test]
fn by_the_user_of_the_stock_image() {
    if may_use("root") {
        journey(&Sandbox::as_user(1883, "2.1.2"));
    }
}

#[test]
fn with_passwords_alone() {
    for version in VERSIONS {
        let sandbox = Sandbox::with_broker(version);
        let up = sandbox.up_native(&["--profile", "password", "broker.lan", "10.1.2.3", "--json"]).ok().json();
        assert_eq!(up["secure"], true);
        assert_eq!(up["proofs"].as_array().unwrap().len(), 6);
        assert!(up["names"].as_array().unwrap().contains(&"10.1.2.3".into()));
        assert!(sandbox.read(".env").contains("BROKER_CN=broker.lan"));
    }
}

#[test]
fn a_folder_that_another_user_owns_keeps_its_owner_when_root_works_in_it() {
    if !may_use("root") {
        return;
    }
    let user = Sandbox::as_user(1000, "2.1.2");
    let root = user.seen_by_root();
    root.up_native(&[]).ok();
    root.mqsec(&["client-cert", "by-root"]).ok();
    user.mqsec(&["verify"]).ok();
    user.mqsec(&["client-cert", "by-user"]).ok();
    root.mqsec(&["down"]).ok();
}

#[test]
fn what_is_incomplete_is_completed_and_nothing_else_is_touched() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "USER_7=alice\nPASS_7='a b'\nBROKER_CN=mqtt.example.com\n");
    sandbox.mqsec(&["ca", "init", "--cn", "My CA"]).ok();
    let ca = sandbox.read("certs/ca.crt");
    std::fs::remove_file(sandbox.dir.join("certs/broker/ca.crt")).unwrap();
    let up = sandbox.up_native(&["--json"]).ok().json();
    assert_eq!((&up["user"], &up["secure"]), (&"alice".into(), &true.into()));
    assert_eq!(sandbox.read("certs/ca.crt"), ca);
    assert_eq!(sandbox.read("certs/broker/ca.crt"), ca);
    assert!(sandbox.read("config/mosquitto.passwd").starts_with("alice:$7$1000$"));
    assert!(up["names"].as_array().unwrap().contains(&"mqtt.example.com".into()));
}

#[test]
fn a_new_authority_renews_everything_below_it() {
    let sandbox = Sandbox::new();
    sandbox.up_native(&[]).ok();
    sandbox.mqsec(&["ca", "init", "--force"]).ok();
    sandbox.mqsec(&["verify"]).exits(1);
    let up = sandbox.mqsec(&["up", "--json"]).ok().json();
    assert_eq!((&up["state"], &up["secure"]), (&"reloaded".into(), &true.into()));
    sandbox.mqsec(&["verify"]).ok();
    assert!(sandbox.has("certs/backup"));
}

#[test]
fn a_name_is_added_to_those_that_the_broker_has() {
    let sandbox = Sandbox::new();
    sandbox.up_native(&["a.lan"]).ok();
    sandbox.mqsec(&["broker-cert", "b.lan", "--san-only"]).ok();
    let names = |told: serde_json::Value| -> Vec<String> {
        told["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    // `.env` says a.lan, the certificate b.lan: both hold
    let after = names(sandbox.mqsec(&["up", "--json"]).ok().json());
    assert!(["a.lan", "b.lan", "localhost"].iter().all(|name| after.contains(&(*name).to_owned())), "{after:?}");
    let after = names(sandbox.mqsec(&["up", "c.lan", "--json"]).ok().json());
    assert!(["a.lan", "b.lan", "c.lan"].iter().all(|name| after.contains(&(*name).to_owned())), "{after:?}");
    // without names it is renewed for those that it has
    let renewed = names(sandbox.mqsec(&["broker-cert", "--days", "90", "--json"]).ok().json());
    assert!(["a.lan", "b.lan", "c.lan"].iter().all(|name| renewed.contains(&(*name).to_owned())), "{renewed:?}");
    sandbox.mqsec(&["test-connect", "--host", "c.lan"]).fails(2, "name-not-resolved");
}
