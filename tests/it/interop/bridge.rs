//! Two workspaces, two brokers, one bridge: messages cross in both directions, and what is wrong is told by its cause.

use std::fs;

use mqsec::checks;
use mqsec::series::Series;
use serde_json::Value;

use crate::support::Said;
use crate::support::Sandbox;
use crate::support::peer;
use crate::support::wait_for;

/// A broker with an ACL, so that the bridge needs rights of its own.
fn site(version: &str) -> Sandbox {
    let sandbox = Sandbox::with_broker(version);
    sandbox.up_native(&[]).ok();
    let mut conf = sandbox.read("config/mosquitto.conf");
    if !conf.contains("acl_file ") {
        conf = conf.replace("\npassword_file ", "\nacl_file config/mosquitto.acl\npassword_file ");
        sandbox.write("config/mosquitto.conf", conf);
    }
    let acl = sandbox.write("config/mosquitto.acl", "user admin\ntopic readwrite #\n");
    let passwd = fs::metadata(sandbox.dir.join("config/mosquitto.passwd")).unwrap();
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::fs::PermissionsExt;
    std::os::unix::fs::chown(&acl, Some(passwd.uid()), Some(passwd.gid())).unwrap();
    fs::set_permissions(&acl, fs::Permissions::from_mode(0o600)).unwrap();
    sandbox.mqsec(&["restart"]).ok();
    sandbox
}

const TOPICS: [&str; 6] = ["--topic", "out/# out 1", "--topic", "in/# in 1", "--topic", "both/# both 1 near/ far/"];

fn add(here: &Sandbox, there: &Sandbox, host: &str, more: &[&str]) -> Said {
    let (remote, dir) = (format!("{host}:{}", there.port), there.dir.display().to_string());
    let args = ["bridge", "add", "site", "--remote", &remote, "--remote-workspace", &dir];
    here.mqsec(&[&args[..], &TOPICS, more].concat())
}

/// Mosquitto's own client, as `admin`.
fn client(sandbox: &Sandbox, program: &str, args: &[&str]) -> Said {
    let (port, password) = (sandbox.port.to_string(), sandbox.password("admin"));
    let tls =
        ["--cafile", "certs/ca.crt", "--cert", "certs/client/admin/admin.crt", "--key", "certs/client/admin/admin.key"];
    let login = ["-h", "127.0.0.1", "-p", &port, "-u", "admin", "-P", &password];
    sandbox.run(peer("2.1.2", program), &[&tls[..], &login, args].concat())
}

#[track_caller]
fn crosses(from: &Sandbox, sent: &str, to: &Sandbox, arrived: &str) {
    client(from, "mosquitto_pub", &["-q", "1", "-r", "-t", sent, "-m", sent]).ok();
    wait_for(&format!("{sent} as {arrived}"), || {
        client(to, "mosquitto_sub", &["-t", arrived, "-C", "1", "-W", "1"]).stdout.trim() == sent
    });
}

fn complaints(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.read("log/mosquitto.log");
    log.lines().filter(|line| line.contains("Warning") || line.contains("rror")).map(str::to_owned).collect()
}

fn a_bridge_carries_both_ways(here: &str, there: &str) {
    let (here, there) = (site(here), site(there));
    let said = add(&here, &there, "127.0.0.1", &[]).ok();
    let text = here.read("config/bridges/site.conf");
    let password = text.lines().find_map(|line| line.strip_prefix("remote_password ")).unwrap();
    assert!(!format!("{said:?}").contains(password), "the password is told");
    for secret in ["config/bridges/site.conf", "certs/broker/bridges/site/client.key"] {
        assert_eq!(here.mode(secret), 0o600, "{secret}");
    }
    there.up_native(&[]).ok();
    here.mqsec(&["restart"]).ok();
    let tested = here.mqsec(&["bridge", "test", "site", "--json"]).ok().json();
    let allowed: Vec<&Value> = tested["topics"].as_array().unwrap().iter().map(|row| &row["allowed"]).collect();
    assert_eq!(allowed, [&Value::Bool(true); 4], "{tested}");

    // the proofs of `up` and `restart` try to get in without a certificate, and are complained about
    let before = (complaints(&here).len(), complaints(&there).len());
    crosses(&here, "out/a", &there, "out/a");
    crosses(&there, "in/b", &here, "in/b");
    crosses(&here, "near/both/c", &there, "far/both/c");
    crosses(&there, "far/both/d", &here, "near/both/d");
    // what nobody asked for stays where it is
    client(&here, "mosquitto_pub", &["-q", "1", "-r", "-t", "in/own", "-m", "x"]).ok();
    crosses(&here, "out/last", &there, "out/last");
    assert_eq!(client(&there, "mosquitto_sub", &["-t", "in/own", "-W", "1"]).stdout, "");
    let (ours, theirs) = (complaints(&here), complaints(&there));
    assert_eq!((ours.len(), theirs.len()), before, "{ours:?} {theirs:?}");
    let of_bridge: Vec<_> = ours.iter().chain(&theirs).filter(|line| line.contains("site")).collect();
    assert!(of_bridge.is_empty(), "{of_bridge:?}");
    let listed = here.mqsec(&["bridge", "list", "--json"]).ok().json();
    assert_eq!(
        (&listed["bridges"][0]["name"], &listed["bridges"][0]["tls"]),
        (&Value::from("site"), &Value::Bool(true))
    );
}

#[test]
fn a_bridge_of_2_0_21_to_2_1_2() {
    a_bridge_carries_both_ways("2.0.21", "2.1.2");
}

#[test]
fn a_bridge_of_2_1_2_to_2_0_21() {
    a_bridge_carries_both_ways("2.1.2", "2.0.21");
}

#[test]
fn bridges_of_one_series() {
    a_bridge_carries_both_ways("2.0.21", "2.0.21");
    a_bridge_carries_both_ways("2.1.2", "2.1.2");
}

#[test]
fn what_is_wrong_with_a_bridge_is_told_by_its_cause() {
    let (here, there) = (site("2.0.21"), site("2.1.2"));
    add(&here, &there, "127.0.0.1", &[]).ok();
    there.up_native(&[]).ok();
    let test = || here.mqsec(&["bridge", "test", "site"]);
    test().ok();
    let (conf, ca) = ("config/bridges/site.conf", "certs/broker/bridges/site/ca.crt");
    let (good, good_ca) = (here.read(conf), here.read(ca));

    here.write(ca, here.read("certs/ca.crt"));
    test().fails(1, "tls-broker-other-authority");
    here.write(ca, &good_ca);

    // an address of this machine that the certificate does not name
    here.write(conf, good.replace("address 127.0.0.1", "address 127.0.0.2"));
    test().fails(1, "tls-name-mismatch");

    let password = good.lines().find(|line| line.starts_with("remote_password ")).unwrap();
    here.write(conf, good.replace(password, "remote_password wrong"));
    test().fails(1, "login-refused");

    here.write(conf, good.replace("bridge_cafile ", "#bridge_cafile "));
    let said = test().exits(2);
    assert_eq!(said.code(), Some("plain-to-tls-port"), "{said:?}");

    here.write(conf, format!("{good}topic more/# both 1\n"));
    let said = test().exits(1);
    assert!(said.stdout.contains("publish-denied"), "{said:?}");

    let pair = ["client.crt", "client.key"].map(|file| format!("certs/broker/bridges/site/{file}"));
    here.write(conf, good.replace("bridge_certfile ", "#").replace("bridge_keyfile ", "#"));
    test().exits(1);
    here.write(conf, &good);
    for file in pair {
        fs::remove_file(here.dir.join(file)).unwrap();
    }
    test().fails(2, "file-not-found");
    // what was lost is made again, with the same password and client id
    add(&here, &there, "127.0.0.1", &[]).ok();
    assert_eq!(here.read(conf), good);
    test().ok();
    drop(there);
    test().fails(2, "connect-refused");
}

#[test]
fn nothing_is_overwritten_and_a_second_run_changes_nothing() {
    let (here, there) = (site("2.1.2"), site("2.1.2"));
    here.mqsec(&["bridge", "list"]).ok();
    here.mqsec(&["bridge", "test", "site"]).fails(2, "bridge-not-found");
    add(&here, &there, "127.0.0.1", &[]).ok();
    let (ours, theirs) = (here.snapshot(), there.snapshot());
    let said = add(&here, &there, "127.0.0.1", &["--json"]).ok().json();
    assert_eq!((&said["changed"], &said["remote_changes"]), (&Value::Bool(false), &Value::Array(Vec::new())));
    add(&here, &there, "127.0.0.1", &["--topic", "x/# out 0"]).fails(2, "bridge-exists");
    assert!(here.snapshot() == ours && there.snapshot() == theirs, "a second run changed something");
    add(&here, &there, "127.0.0.1", &["--topic", "x/# out 0", "--force"]).ok();
    let password = |text: String| text.lines().find(|line| line.starts_with("remote_password ")).map(str::to_owned);
    let before = ours.iter().find(|(path, _)| path.ends_with("site.conf")).unwrap();
    assert_eq!(password(here.read("config/bridges/site.conf")), password(String::from_utf8(before.1.clone()).unwrap()));
    assert!(there.read("config/mosquitto.acl").contains("topic write x/#"));

    let workspace = mqsec::workspace::Workspace::at(here.dir.clone());
    let subject = mqsec::snapshot::take(&workspace, time::OffsetDateTime::now_utc(), Series::RELEASED.to_vec());
    let findings = checks::run(checks::rules::of(checks::Topic::Bridges), &subject);
    assert!(findings.is_empty(), "{findings:?}");

    // another bridge of somebody else's name over there
    let remote = format!("127.0.0.1:{}", there.port);
    let dir = there.dir.display().to_string();
    let other = ["bridge", "add", "other", "--remote", &remote, "--remote-workspace", &dir, "--topic", "a out"];
    here.mqsec(&[&other[..], &["--remote-user", "admin"]].concat()).fails(2, "bridge-user-exists");
    here.mqsec(&[&other[..6], &[here.dir.to_str().unwrap()], &other[7..]].concat()).fails(2, "bridge-same-folder");
    for (name, topic) in [("../x", "a out"), ("x", "a/#/b out"), ("x", "a sideways")] {
        let said =
            here.mqsec(&["bridge", "add", name, "--remote", &remote, "--remote-workspace", &dir, "--topic", topic]);
        assert_eq!(said.exits(2).code(), Some("usage"));
    }

    here.mqsec(&["bridge", "del", "site"]).ok();
    assert!(!here.has("config/bridges/site.conf") && !here.has("certs/broker/bridges/site"));
    here.mqsec(&["bridge", "del", "site"]).fails(2, "bridge-not-found");
    here.mqsec(&["restart"]).ok();
}

#[test]
fn without_the_other_folder_the_password_is_the_one_that_was_given() {
    let (here, there) = (site("2.0.21"), Sandbox::with_broker("2.1.2"));
    there.up_native(&["--profile", "password"]).ok();
    there.mqsec_with_input(&["passwd", "add", "far", "--stdin"], "p#ss $word\n").ok();
    there.mqsec(&["acl", "add", "far", "write", "#"]).ok();
    there.up_native(&[]).ok();
    let (remote, ca) = (format!("localhost:{}", there.port), there.dir.join("certs/ca.crt").display().to_string());
    let args =
        ["bridge", "add", "site", "--remote", &remote, "--ca", &ca, "--remote-user", "far", "--topic", "# out 1"];
    let said = here.mqsec_with_input(&[&args[..], &["--stdin"]].concat(), "p#ss $word\n").ok();
    assert!(said.stdout.contains("over there: a user `far`") && !format!("{said:?}").contains("p#ss"), "{said:?}");
    assert!(here.has("certs/client/bridge-site/bridge-site.crt"), "our own authority issued it");
    here.mqsec(&["bridge", "test", "site"]).ok();
    here.mqsec(&["bridge", "add", "b", "--remote", &remote, "--topic", "a out", "--ca", "config/mosquitto.conf"])
        .exits(2);
    here.mqsec(&["bridge", "add", "b", "--remote", &remote, "--topic", "a out"]).exits(2);
}

#[test]
fn up_takes_over_a_bridge_that_came_changed_or_went() {
    let sandbox = Sandbox::with_broker("2.1.2");
    sandbox.up_native(&[]).ok();
    let add = |name: &str, more: &[&str]| {
        let args = ["bridge", "add", name, "--remote", "127.0.0.1:1", "--ca", "certs/ca.crt"];
        sandbox.mqsec(&[&args[..], more].concat()).ok()
    };
    let state = || sandbox.mqsec(&["up", "--json"]).ok().json()["state"].as_str().unwrap().to_owned();
    // the first one changes the configuration, which includes the folder from then on
    add("one", &["--topic", "a/# out"]);
    assert_eq!((state(), state()), ("restarted".to_owned(), "running already".to_owned()));
    add("two", &["--topic", "a/# out"]);
    assert_eq!((state(), state()), ("restarted".to_owned(), "running already".to_owned()));
    add("two", &["--topic", "b/# out", "--force"]);
    assert_eq!((state(), state()), ("restarted".to_owned(), "running already".to_owned()));
    sandbox.mqsec(&["bridge", "del", "two"]).ok();
    assert_eq!((state(), state()), ("restarted".to_owned(), "running already".to_owned()));
}
