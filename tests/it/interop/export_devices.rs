//! Exports of devices that came from a list, and of one whose name is that of the authority's files.

use crate::support::Sandbox;

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
