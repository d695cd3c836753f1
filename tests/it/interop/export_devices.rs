//! Exports of devices that came from a list, and of one whose name is that of the authority's files.

use crate::support::Said;
use crate::support::Sandbox;
use crate::support::binary;
use crate::support::free_port;

const TARGETS: [&str; 15] = [
    "pem",
    "pkcs12",
    "arduino-header",
    "esp-idf",
    "tasmota",
    "esphome",
    "home-assistant",
    "zigbee2mqtt",
    "node-red",
    "paho-python",
    "mqttjs",
    "mqttx",
    "mosquitto",
    "browser",
    "bridge",
];

/// Its certificate is not written over the authority's, and its key is not what Java is told to trust.
#[test]
fn a_device_of_the_name_ca_keeps_its_files_apart() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["broker-cert", "localhost"]).ok();
    sandbox.mqsec(&["client-cert", "ca"]).ok();
    for target in TARGETS {
        let told = sandbox.mqsec(&["export", "ca", "--for", target, "--out", target, "--json"]).ok().json();
        let mut names: Vec<&str> =
            told["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{target}: {told:#}");
        if names.contains(&"ca.crt") {
            assert_eq!(sandbox.read(&format!("{target}/ca.crt")), sandbox.read("certs/ca.crt"), "{target}");
        }
    }
    assert!(sandbox.has("pem/ca-client.crt") && sandbox.has("pkcs12/ca-client.p12"));
}

#[test]
fn a_device_of_a_list_is_exported_with_its_password_and_a_topic_of_its_own() {
    let sandbox = Sandbox::with_broker("2.1.2");
    sandbox.up_native(&[]).ok();
    sandbox.write(
        "list.csv",
        "name,user,password,topics,profile\nm-1,meter,generate,readwrite m/{name}/#,esp-idf\nm-2,,,read m/#,\n",
    );
    sandbox.mqsec(&["fleet", "issue", "list.csv"]).ok();
    let login: serde_json::Value = serde_json::from_str(&sandbox.read("certs/client/m-1/m-1.login.json")).unwrap();
    let password = login["password"].as_str().unwrap();
    // what its devices will have trouble with is told once
    let more = "name,profile\nt-1,tasmota\nt-2,tasmota\n";
    sandbox.write("more.csv", more);
    let told = sandbox.mqsec(&["fleet", "issue", "more.csv", "--host", "127.0.0.1", "--json"]).ok().json();
    let warnings = told["warnings"].as_array().unwrap();
    assert!(warnings.len() == 1 && warnings[0].as_str().unwrap().contains("BearSSL compares names"), "{told:#}");
    // the list's own export is the same as the one by hand
    sandbox.mqsec(&["export", "m-1", "--for", "esp-idf", "--out", "by-hand"]).ok();
    let settings = sandbox.read("by-hand/mqtt_settings.h");
    assert!(settings.contains(password) && settings.contains("\"meter\"") && settings.contains("\"m/m-1/test\""));
    assert_eq!(sandbox.read("certs/client/m-1/esp-idf/mqtt_settings.h"), settings);
    // and so is the login that is tried
    sandbox.mqsec(&["test-connect", "meter", "--client", "m-1", "--topic", "m/m-1/test"]).ok();
    let told = sandbox.mqsec(&["export", "m-1", "--for", "mosquitto", "--json"]).ok();
    assert!(!told.stdout.contains(password), "{told:?}");
    assert!(!told.json()["warnings"].to_string().contains("not known here"), "{told:?}");
    // a password that the broker no longer takes is not handed on
    sandbox.mqsec_with_input(&["passwd", "set", "meter", "--stdin"], "another-one-4711\n").ok();
    let told = sandbox.mqsec(&["export", "m-1", "--for", "mosquitto", "--force", "--json"]).ok().json();
    assert!(told["warnings"].to_string().contains("not known here"), "{told:#}");
    assert!(!sandbox.read("exports/m-1-mosquitto/mosquitto_pub").contains(password));
}

/// Its name in the roster is all that is here of it.
#[test]
fn a_device_whose_files_are_in_an_archive_is_told_to_be_there() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["broker-cert", "localhost"]).ok();
    sandbox.write("list.csv", "name\nm-1\n");
    sandbox.mqsec(&["fleet", "issue", "list.csv", "--out", "fleet.tar"]).ok();
    let said = sandbox.mqsec(&["export", "m-1", "--for", "pem"]);
    assert_eq!(said.code(), Some("certificate-missing"), "{said:?}");
    assert!(said.stderr.contains("--reissue") && !said.stderr.contains("client-cert"), "{said:?}");
}

/// By the printed test command, at a websockets listener that asks for a certificate.
#[test]
fn a_browsers_files_connect_by_websockets() {
    let sandbox = Sandbox::with_broker("2.1.2");
    sandbox.up_native(&[]).ok();
    let wss = free_port();
    let conf = sandbox.read("config/mosquitto.conf");
    let tls = "tls_version tlsv1.2\ncertfile certs/broker/broker.crt\nkeyfile certs/broker/broker.key\ncafile certs/broker/ca.crt";
    let listener = format!("\nlistener {wss}\nprotocol websockets\n{tls}\nrequire_certificate true\n");
    sandbox.write("config/mosquitto.conf", conf + &listener);
    sandbox.mqsec(&["down"]).ok();
    sandbox.up_native(&[]).ok();
    let told = sandbox.mqsec(&["export", "admin", "--for", "browser", "--host", "localhost", "--json"]).ok().json();
    let folder = sandbox.dir.join("exports/admin-browser");
    let password =
        sandbox.read(".env").lines().find_map(|line| line.strip_prefix("PASS_1=").map(str::to_owned)).unwrap();
    let test = |command: &str| {
        let bin = binary().parent().unwrap().display().to_string();
        let line = format!("PATH=\"{bin}:$PATH\"; {command}");
        let mut shell = sandbox.command("/bin/bash");
        shell.args(["-c", &line]).current_dir(&folder).env("MQSEC_PASSWORD", password.trim_matches('\''));
        Said::of(shell.output().unwrap())
    };
    let command = told["test"].as_str().unwrap();
    test(command).ok();
    let without = &command[..command.find(" --cert").unwrap()];
    assert_eq!(test(without).code(), Some("tls-client-certificate-missing"));
}
