//! The clients that people use get in, by name and by address: `mosquitto_pub` and `mosquitto_sub` of each version at a
//! broker of each version, Python's `ssl` with strict flags, and Node. Without a certificate none of them does.

use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;

use super::login::ACCEPTED;
use super::login::Client;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::VERSIONS;
use crate::support::peer;

const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

#[test]
fn every_mosquitto_client_talks_to_a_broker_of_2_0_11() {
    mosquitto_clients_talk_to("2.0.11", "p256");
}

#[test]
fn every_mosquitto_client_talks_to_a_broker_of_2_0_21() {
    mosquitto_clients_talk_to("2.0.21", "p256");
}

#[test]
fn every_mosquitto_client_talks_to_a_broker_of_2_1_2() {
    mosquitto_clients_talk_to("2.1.2", "p256");
}

#[test]
fn every_mosquitto_client_and_broker_takes_keys_of_p384() {
    for version in VERSIONS {
        mosquitto_clients_talk_to(version, "p384");
    }
}

#[test]
fn every_mosquitto_client_and_broker_takes_keys_of_ed25519() {
    for version in VERSIONS {
        mosquitto_clients_talk_to(version, "ed25519");
    }
}

#[test]
fn every_mosquitto_client_and_broker_takes_keys_of_rsa() {
    for version in VERSIONS {
        mosquitto_clients_talk_to(version, "rsa2048");
    }
}

#[test]
fn python_gets_in_by_every_name_over_tls_1_2_and_1_3() {
    for version in VERSIONS {
        let sandbox = running(version, "p256");
        gets_in_by_every_name(&sandbox, Client::Python, "CERTIFICATE_VERIFY_FAILED");
    }
}

#[test]
fn node_gets_in_by_every_name_over_tls_1_2_and_1_3() {
    for version in VERSIONS {
        let sandbox = running(version, "p256");
        gets_in_by_every_name(&sandbox, Client::Node, "ERR_TLS_CERT_ALTNAME_INVALID");
    }
}

/// A running broker whose authority, broker and first client have keys of this type.
fn running(version: &str, key_type: &str) -> Sandbox {
    let sandbox = Sandbox::with_broker(version);
    let names = ["broker.lan", "10.1.2.3", "fd00::5"];
    sandbox.mqsec(&["ca", "init", "--key-type", key_type]).ok();
    let broker = [&["broker-cert"], &names[..], &["--key-type", key_type]].concat();
    sandbox.mqsec(&broker).ok();
    sandbox.mqsec(&["client-cert", "admin", "--key-type", key_type]).ok();
    sandbox.up_native(&names).ok();
    let log = sandbox.read("log/mosquitto.log");
    assert!(log.contains(&format!("mosquitto version {version} ")), "{log}");
    sandbox
}

fn mosquitto_clients_talk_to(broker: &str, key_type: &str) {
    let sandbox = running(broker, key_type);
    for client in VERSIONS {
        for host in HOSTS {
            a_message_arrives(&sandbox, client, host);
        }
        without_a_certificate_there_is_no_way_in(&sandbox, client);
    }
}

/// A subscriber waits; what the publisher of the same version sends reaches it.
fn a_message_arrives(sandbox: &Sandbox, version: &str, host: &str) {
    let topic = format!("interop/{version}/{host}");
    let message = format!("from {version} to {host}");
    let mut subscriber = mosquitto(sandbox, version, "mosquitto_sub", host);
    subscriber.args(["-t", &topic, "-q", "1", "-C", "1", "-W", "20"]);
    let subscriber = subscriber.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    // retained, so that it arrives whoever is faster
    let mut publisher = mosquitto(sandbox, version, "mosquitto_pub", host);
    publisher.args(["-t", &topic, "-m", &message, "-q", "1", "-r"]);
    let published = Said::of(publisher.output().unwrap());
    let received = Said::of(subscriber.unwrap().wait_with_output().unwrap());
    assert_eq!(
        (published.status, received.status, received.stdout.trim_end()),
        (0, 0, message.as_str()),
        "{published:?}\n{received:?}\n{}",
        sandbox.read("log/mosquitto.log")
    );
}

fn mosquitto(sandbox: &Sandbox, version: &str, program: &str, host: &str) -> Command {
    let mut command = anonymous(sandbox, &peer(version, program), host);
    command.args(["--cert", "certs/client/admin/admin.crt"]);
    command.args(["--key", "certs/client/admin/admin.key"]);
    command
}

/// With user and password, and no certificate.
fn anonymous(sandbox: &Sandbox, program: &Path, host: &str) -> Command {
    let mut command = sandbox.command(program);
    command.args(["-h", host, "-p", &sandbox.port.to_string()]);
    command.args(["--cafile", "certs/ca.crt", "-u", "admin"]);
    command.args(["-P", &sandbox.password("admin")]);
    command
}

fn without_a_certificate_there_is_no_way_in(sandbox: &Sandbox, version: &str) {
    for tls in ["tlsv1.2", "tlsv1.3"] {
        let mut publisher = anonymous(sandbox, &peer(version, "mosquitto_pub"), "localhost");
        publisher.args(["-t", "interop/no", "-m", "x", "-q", "1", "--tls-version", tls]);
        let said = Said::of(publisher.output().unwrap());
        assert_ne!(said.status, 0, "{version} over {tls} got in without a certificate: {said:?}");
    }
}

fn gets_in_by_every_name(sandbox: &Sandbox, client: Client, refusal: &str) {
    let mut right = Vec::new();
    for tls in ["1.2", "1.3"] {
        right.extend(HOSTS.map(|host| attempt(sandbox, host, host, tls)));
        right.extend(["broker.lan", "10.1.2.3", "fd00::5"].map(|name| attempt(sandbox, name, "127.0.0.1", tls)));
    }
    for (answer, attempt) in client.login(sandbox, Some("admin"), right.clone()).iter().zip(&right) {
        assert_eq!(*answer, json!(ACCEPTED), "{client:?}: {attempt}");
    }
    for answer in client.login(sandbox, None, right) {
        let refused = answer.is_string();
        assert!(refused, "{client:?} without a certificate: {answer}");
    }
    let other = |name| attempt(sandbox, name, "127.0.0.1", "1.3");
    for answer in client.login(sandbox, Some("admin"), vec![other("other.lan"), other("10.1.2.4")]) {
        let text = answer.as_str().unwrap_or_default();
        assert!(text.contains(refusal), "{client:?} by a wrong name: {answer}");
    }
}

fn attempt(sandbox: &Sandbox, name: &str, address: &str, tls: &str) -> Value {
    json!({ "name": name, "address": address, "tls": tls, "user": "admin", "password": sandbox.password("admin") })
}
