//! A list that was cut short, and what lies in its way: nothing that is not of the list is touched.

use std::fs;

use crate::support::Sandbox;
use crate::support::binary;

const LOGIN: &str = "a:$7$1000$KEWH6pM6jqvGZBGA$bm90IGEgaGFzaCB0aGF0IGFueWJvZHkgZ2V0cyBpbiB3aXRo\n";

/// What a run leaves that is killed when all its devices are noted.
fn kill_at_the_end(sandbox: &Sandbox, kind: &str, out: &str) {
    let state = format!(
        r#"{{"kind":"{kind}","out":"{out}","length":0,"entries":0,"started":0,"issued":1,"replace":false,"ended":true}}"#
    );
    sandbox.write(".mqsec/fleet/state.json", state);
    sandbox.write(".mqsec/fleet/passwd", LOGIN);
    sandbox.write(".mqsec/fleet/acl", "\nuser a\ntopic read new/a\n");
}

#[test]
fn a_folder_that_was_there_before_keeps_its_key_when_a_run_fails() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    let key = sandbox.write("certs/client/d0/d0.key", "the only copy");
    let list: String = (0..600).map(|at| format!("d{at}\n")).collect();
    sandbox.write("devices.csv", format!("name\n{list}"));
    // as on a full disk: what is noted of so many devices is longer than a file may be
    let limited = format!("trap '' XFSZ; ulimit -f 60; exec {} fleet issue devices.csv", binary().display());
    sandbox.run("bash", &["-c", &limited]).exits(2);
    sandbox.mqsec(&["fleet", "issue", "devices.csv"]).exits(1);
    assert_eq!(fs::read_to_string(&key).unwrap(), "the only copy");
    let said = sandbox.mqsec(&["fleet", "issue", "devices.csv", "--json"]).exits(1).json();
    assert_eq!((said["done"].as_u64(), said["bad"].as_u64(), said["issued"].as_u64()), (Some(599), Some(1), Some(0)));
    // each has one certificate
    let inventory = sandbox.read("certs/inventory.tsv");
    assert_eq!(inventory.lines().filter(|line| line.split('\t').nth(2) == Some("client")).count(), 599);
}

#[test]
fn a_run_that_lacks_its_end_alone_is_ended_by_the_same_command() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.write("devices.csv", "name,topics\na,read new/{name}\n");
    sandbox.mqsec(&["fleet", "issue", "devices.csv", "--out", "fleet.tar"]).ok();
    sandbox.write("config/mosquitto.acl", "user a\ntopic read by/hand\n");
    let out = fs::canonicalize(sandbox.write("fleet.tar.part", "the archive")).unwrap();
    fs::remove_file(out.with_file_name("fleet.tar")).unwrap();
    kill_at_the_end(&sandbox, "tar", &out.with_file_name("fleet.tar").display().to_string());
    let said = sandbox.mqsec(&["fleet", "issue", "devices.csv", "--out", "fleet.tar"]).ok();
    assert!(said.stdout.contains("config/mosquitto.passwd") && said.stdout.contains("no broker"), "{said:?}");
    assert_eq!(sandbox.read("fleet.tar"), "the archive");
    assert_eq!(sandbox.read("config/mosquitto.passwd"), LOGIN);
    // what somebody wrote stays, as it does when nothing is killed
    let acl = sandbox.read("config/mosquitto.acl");
    assert!(acl.contains("topic read by/hand\n") && acl.contains("topic read new/a\n"), "{acl}");
    assert!(!sandbox.has(".mqsec/fleet/state.json") && !sandbox.has(".mqsec/fleet/passwd"));
    // and it is the end of it
    let said = sandbox.mqsec(&["fleet", "issue", "devices.csv", "--out", "fleet.tar"]).ok();
    assert!(said.stdout.contains("nothing new to issue"), "{said:?}");
}

#[test]
fn permissions_go_where_the_broker_reads_them_and_what_it_does_not_read_is_told() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.write("config/mosquitto.conf", "listener 1883 127.0.0.1\nacl_file config/my.acl\n");
    sandbox.write("config/my.acl", "user z\ntopic read z\n");
    sandbox.write("devices.csv", "name,password,topics\na,generate,read a\n");
    let said = sandbox.mqsec(&["fleet", "issue", "devices.csv"]).ok();
    assert_eq!(sandbox.read("config/my.acl"), "user z\ntopic read z\n\nuser a\ntopic read a\n");
    assert!(!sandbox.has("config/mosquitto.acl"));
    assert!(said.stderr.contains("no broker reads `config/mosquitto.passwd`"), "{said:?}");
    assert!(!said.stderr.contains("acl"), "{said:?}");
}

#[test]
fn requests_that_cannot_be_signed_are_told_before_anything_is_issued() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    for (name, bits) in [("good", "2048"), ("weak", "1024")] {
        let (key, request) = (format!("{name}.key"), format!("requests/{name}.csr"));
        sandbox.write(&request, "");
        let new = ["req", "-new", "-newkey", &format!("rsa:{bits}"), "-nodes", "-subj", "/CN=x", "-keyout", &key];
        sandbox.run("openssl", &[&new[..], &["-out", &request]].concat()).ok();
    }
    sandbox.write("devices.csv", "name\ngood\nweak\nmissing\n");
    let issue = ["fleet", "issue", "devices.csv", "--csr-dir", "requests", "--out", "public.jsonl"];
    for more in ["--dry-run", "--strict"] {
        let said = sandbox.mqsec(&[&issue[..], &[more]].concat()).exits(1);
        assert!(said.stdout.contains("line 3: the key of") && said.stdout.contains("line 4: "), "{said:?}");
        assert!(!sandbox.has("public.jsonl") && !sandbox.has("certs/fleet.tsv"));
    }
    let said = sandbox.mqsec(&[&issue[..], &["--json"]].concat()).exits(1).json();
    assert_eq!((said["issued"].as_u64(), said["bad"].as_u64()), (Some(1), Some(2)));
}
