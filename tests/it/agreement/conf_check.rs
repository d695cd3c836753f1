//! `conf check` in a workspace: what it says of one that is whole, and of one that is broken in a file.

use crate::support::Sandbox;

#[test]
fn a_fresh_workspace_starts_on_both_series() {
    let sandbox = Sandbox::new();
    sandbox.up_native(&[]).ok();
    let said = sandbox.mqsec(&["conf", "check", "--json"]).ok().json();
    assert_eq!((&said["schema"], &said["starts"]), (&"mqsec/conf-check/1".into(), &true.into()));
    assert_eq!(said["findings"], serde_json::json!([]));
    for series in said["series"].as_array().unwrap() {
        assert_eq!((&series["starts"], &series["listeners"][0]["port"]), (&true.into(), &sandbox.port.into()));
        assert_eq!(series["listeners"][0]["tls"], true);
    }
    sandbox.mqsec(&["down"]).ok();
    broken_files_are_named(&sandbox);
}

/// `mosquitto --test-config` says `Configuration file is OK.` of all of these.
fn broken_files_are_named(sandbox: &Sandbox) {
    let good = sandbox.read("certs/broker/broker.key");
    sandbox.write("certs/broker/broker.key", sandbox.read("certs/ca.key"));
    let said = sandbox.mqsec(&["conf", "check"]).exits(1).stdout;
    assert!(said.contains("does not belong to the first certificate"), "{said}");
    assert!(said.contains("exit status 1") && said.contains("next: "), "{said}");
    sandbox.write("certs/broker/broker.key", good);

    sandbox.write("config/mosquitto.passwd", "alice:secret\n");
    let said = sandbox.mqsec(&["conf", "check", "--json", "--target", "2.1"]).exits(1).json();
    let stop = &said["series"][0]["stop"];
    assert_eq!((&stop["exit_status"], &stop["place"]["line"]), (&3.into(), &1.into()), "{stop}");
    assert_eq!(stop["place"]["path"], "config/mosquitto.passwd");

    let other = sandbox.write("other.conf", "listener 1883 127.0.0.1\nmax_conections 5\n");
    let said = sandbox.mqsec(&["conf", "check", other.to_str().unwrap()]).exits(1).stdout;
    assert!(said.contains("other.conf:2") && said.contains("max_connections"), "{said}");
    sandbox.mqsec(&["conf", "check", "nowhere.conf"]).fails(2, "conf-missing");
    assert!(!said.contains("panicked"));
}
