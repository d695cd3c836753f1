//! One more device: its certificate, its password, and the running broker that takes both over.

use crate::support::Sandbox;
use crate::support::VERSIONS;

#[test]
fn a_device_is_added_and_removed_without_a_restart() {
    for version in VERSIONS {
        let sandbox = Sandbox::with_broker(version);
        sandbox.up_native(&[]).ok();
        let process = sandbox.read(".mqsec/broker.pid");
        sandbox.mqsec(&["client-cert", "sensor-1", "90"]).ok();
        sandbox.mqsec_with_input(&["passwd", "add", "sensor-1", "--stdin"], "first secret\n").ok();
        assert_eq!(sandbox.mqsec(&["up", "--json"]).ok().json()["state"], "reloaded");
        sandbox.mqsec(&["test-connect", "sensor-1", "first secret"]).ok();
        // the password alone, or another device's certificate with it, is a matter of the ACL; a wrong one is not
        sandbox.mqsec(&["test-connect", "sensor-1", "wrong"]).fails(1, "password-wrong");

        sandbox.mqsec_with_input(&["passwd", "set", "sensor-1", "--stdin"], "second secret\n").ok();
        sandbox.mqsec(&["up"]).ok();
        sandbox.mqsec(&["test-connect", "sensor-1", "first secret"]).fails(1, "password-wrong");
        sandbox.mqsec(&["test-connect", "sensor-1", "second secret"]).ok();

        sandbox.mqsec(&["passwd", "del", "sensor-1"]).ok();
        sandbox.mqsec(&["up"]).ok();
        sandbox.mqsec(&["test-connect", "sensor-1", "second secret"]).fails(1, "user-unknown");
        assert_eq!(sandbox.read(".mqsec/broker.pid"), process, "the broker was restarted");
    }
}

#[test]
fn a_certificate_is_issued_once_and_again_only_for_a_reason() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    let state = |args: &[&str]| {
        let told = sandbox.mqsec(&[args, &["--json"]].concat()).ok().json();
        (told["state"].as_str().unwrap().to_owned(), told["backup"].is_string())
    };
    let (issued, kept, replaced) =
        (("issued".to_owned(), false), ("kept".to_owned(), false), ("replaced".to_owned(), true));
    assert_eq!(state(&["client-cert", "a"]), issued);
    assert_eq!(state(&["client-cert", "a"]), kept);
    assert_eq!(state(&["client-cert", "a", "365"]), kept);
    assert_eq!(state(&["client-cert", "a", "30"]), replaced);
    assert_eq!(state(&["client-cert", "a", "--days", "30"]), kept);
    assert_eq!(state(&["broker-cert", "b.lan"]), issued);
    assert_eq!(state(&["broker-cert", "b.lan"]), kept);
    assert_eq!(state(&["broker-cert", "b.lan", "10.0.0.1", "fd00::1"]), replaced);
    assert_eq!(state(&["broker-cert", "b.lan", "10.0.0.1", "fd00::1", "--key-type", "p384"]), replaced);
    sandbox.mqsec(&["verify"]).ok();
}

#[test]
fn a_revoked_certificate_is_issued_anew() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["client-cert", "a"]).ok();
    let list = r#"serial=$(openssl x509 -in certs/client/a/a.crt -noout -serial); serial=${serial#serial=}
        printf 'R\t401231000000Z\t260101000000Z\t%s\tunknown\t/CN=a\n' "$serial" > index
        printf '[ca]\ndefault_ca=c\n[c]\ndatabase=index\ndefault_md=sha256\n' > ca.cnf
        openssl ca -config ca.cnf -gencrl -keyfile certs/ca.key -cert certs/ca.crt -crldays 30 -out certs/ca.crl"#;
    sandbox.run("bash", &["-ec", list]).ok();
    assert_eq!(
        sandbox.mqsec(&["verify", "a", "--json"]).exits(1).json()["certificates"][0]["findings"][0]["code"],
        "certificate-revoked"
    );
    assert_eq!(sandbox.mqsec(&["client-cert", "a", "--json"]).ok().json()["state"], "replaced");
    sandbox.mqsec(&["verify", "a"]).ok();
    assert_eq!(sandbox.mqsec(&["client-cert", "a", "--json"]).ok().json()["state"], "kept");
}

#[test]
fn a_changed_acl_is_taken_over_and_a_broken_one_never_reaches_the_broker() {
    let sandbox = Sandbox::new();
    sandbox.up_native(&[]).ok();
    let conf = sandbox.read("config/mosquitto.conf");
    sandbox.write("config/mosquitto.conf", conf.replace("acl_file config/mosquitto.acl", "acl_file config/acl"));
    sandbox.write("config/acl", "user admin\ntopic readwrite #\n");
    if rustix::process::geteuid().is_root() {
        sandbox.run("chown", &["1883:1883", "config/acl"]).ok();
    }
    sandbox.run("chmod", &["600", "config/acl"]).ok();
    sandbox.mqsec(&["up"]).ok();
    sandbox.mqsec(&["test-connect", "--expect-denied"]).fails(1, "not-denied");
    // the same file, so that its owner stays
    sandbox.write("config/acl", "user admin\ntopic read #\n");
    sandbox.mqsec(&["test-connect"]).ok();
    assert_eq!(sandbox.mqsec(&["up", "--json"]).exits(1).json()["state"], "reloaded");
    sandbox.mqsec(&["test-connect", "--expect-denied"]).ok();
    sandbox.mqsec(&["test-connect"]).fails(1, "publish-denied");
    // a reload with this would open a 2.0 broker to everyone, and end a 2.1 broker
    sandbox.write("config/acl", "user admin\ntopic\tread #\n");
    sandbox.mqsec(&["up"]).fails(2, "acl-file-broken");
    sandbox.mqsec(&["restart"]).fails(2, "acl-file-broken");
    sandbox.mqsec(&["test-connect"]).fails(1, "publish-denied");
}

#[test]
fn a_certificate_ends_with_its_authority_and_says_so() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init", "--days", "40"]).ok();
    let told = sandbox.mqsec(&["client-cert", "a", "--json"]).ok().json();
    assert_eq!(told["shortened_to_authority"], true);
    let text = sandbox.mqsec(&["client-cert", "b"]).ok().stdout;
    assert!(text.contains("sooner than asked for"), "{text}");
    // asking again issues nothing: more cannot be had
    assert_eq!(sandbox.mqsec(&["client-cert", "a", "--json"]).ok().json()["state"], "kept");
    assert_eq!(sandbox.mqsec(&["client-cert", "a", "365", "--json"]).ok().json()["state"], "kept");
}
