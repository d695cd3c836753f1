//! openssl reads, verifies and matches everything that mqsec issues, with its strict rules and the CRL, for every pair
//! of key types of authority and leaf.

use crate::support::Said;
use crate::support::Sandbox;

const KEY_TYPES: [&str; 4] = ["p256", "p384", "ed25519", "rsa2048"];

const CA: &str = "certs/ca.crt";
const BROKER: &str = "certs/broker/broker";

/// The names that a broker certificate for `broker.lan 10.1.2.3 fd00::5` has.
const DNS_NAMES: [&str; 3] = ["broker.lan", "localhost", "mosquitto"];
const ADDRESSES: [&str; 4] = ["10.1.2.3", "fd00::5", "127.0.0.1", "::1"];

#[test]
fn every_leaf_of_a_p256_authority_passes() {
    judge_authority("p256");
}

#[test]
fn every_leaf_of_a_p384_authority_passes() {
    judge_authority("p384");
}

#[test]
fn every_leaf_of_an_ed25519_authority_passes() {
    judge_authority("ed25519");
}

#[test]
fn every_leaf_of_an_rsa_authority_passes() {
    judge_authority("rsa2048");
}

/// An authority of this key type, and a broker's and a client's certificate of each key type below it.
fn judge_authority(key_type: &str) {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init", "--key-type", key_type]).ok();
    authority_is_well_formed(&sandbox, key_type);
    for leaf in KEY_TYPES {
        let broker = ["broker-cert", "broker.lan", "10.1.2.3", "fd00::5"];
        sandbox.mqsec(&[&broker[..], &["--key-type", leaf]].concat()).ok();
        broker_is_well_formed(&sandbox, leaf);
        broker_is_accepted(&sandbox);
        sandbox.mqsec(&["client-cert", leaf, "--key-type", leaf]).ok();
        let client = format!("certs/client/{leaf}/{leaf}");
        client_is_well_formed(&sandbox, &client, leaf);
        accepts(&sandbox, "sslclient", &[], &format!("{client}.crt"));
        refuses(&sandbox, "sslserver", &[], &format!("{client}.crt"));
        chain_is_leaf_then_authority(&sandbox, &client);
    }
}

#[test]
fn the_revocation_list_is_the_authoritys_and_empty() {
    let sandbox = Sandbox::new();
    for key_type in KEY_TYPES {
        sandbox.mqsec(&["ca", "init", "--force", "--key-type", key_type]).ok();
        let said = openssl(&sandbox, &["crl", "-in", "certs/ca.crl", "-CAfile", CA, "-noout", "-text"]);
        assert!(said.stderr.contains("verify OK"), "{key_type}: {said:?}");
        assert!(said.stdout.contains("No Revoked Certificates"), "{said:?}");
        assert!(said.stdout.contains("Version 2 (0x1)"), "{said:?}");
        assert!(said.stdout.contains("X509v3 CRL Number"), "{said:?}");
        assert_eq!(sandbox.read("certs/ca.crl"), sandbox.read("certs/broker/ca.crl"));
        assert_eq!(sandbox.read(CA), sandbox.read("certs/broker/ca.crt"));
    }
}

#[test]
fn no_two_serials_are_equal_and_openssl_can_go_on_from_the_serial_file() {
    let sandbox = Sandbox::new();
    let mut serials = Vec::new();
    let mut look = |path: &str| {
        let said = openssl(&sandbox, &["x509", "-in", path, "-noout", "-serial"]).stdout;
        let serial = said.trim().strip_prefix("serial=").unwrap().to_owned();
        assert_eq!(serial.len(), 32, "{path} has {serial}, not 16 bytes");
        assert!(!serials.contains(&serial), "{serial} twice");
        serials.push(serial);
    };
    sandbox.mqsec(&["ca", "init"]).ok();
    look(CA);
    sandbox.mqsec(&["broker-cert", "broker.lan"]).ok();
    look("certs/broker/broker.crt");
    for name in ["a", "b"] {
        sandbox.mqsec(&["client-cert", name]).ok();
        look(&format!("certs/client/{name}/{name}.crt"));
    }
    sandbox.mqsec(&["client-cert", "a", "30"]).ok();
    look("certs/client/a/a.crt");
    let sign = ["x509", "-req", "-in", "certs/client/a/a.csr", "-CA", CA, "-CAkey", "certs/ca.key"];
    let serial = ["-CAserial", "certs/ca.srl", "-out", "by-openssl.crt"];
    openssl(&sandbox, &[&sign[..], &serial].concat());
    look("by-openssl.crt");
}

#[test]
fn a_certificate_of_a_replaced_authority_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["client-cert", "old"]).ok();
    sandbox.mqsec(&["ca", "init", "--force"]).ok();
    refuses(&sandbox, "sslclient", &[], "certs/client/old/old.crt");
}

fn authority_is_well_formed(sandbox: &Sandbox, key_type: &str) {
    let text = text(sandbox, CA);
    has_all(
        &text,
        &[
            "Version: 3 (0x2)",
            "X509v3 Basic Constraints: critical CA:TRUE",
            "X509v3 Key Usage: critical Certificate Sign, CRL Sign X509v3",
            "X509v3 Subject Key Identifier:",
            algorithm(key_type),
        ],
    );
    assert_eq!(serial_bytes(&text), 16, "{text}");
    key_matches(sandbox, CA, "certs/ca.key");
    let own = ["verify", "-x509_strict", "-check_ss_sig", "-CAfile", CA, CA];
    openssl(sandbox, &own);
}

fn broker_is_well_formed(sandbox: &Sandbox, key_type: &str) {
    let names = "DNS:broker.lan, IP Address:10.1.2.3, IP Address:FD00:0:0:0:0:0:0:5, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:mosquitto";
    leaf_is_well_formed(sandbox, BROKER, key_type, "TLS Web Server Authentication");
    has_all(
        &text(sandbox, &format!("{BROKER}.crt")),
        &["Subject: CN = broker.lan", &format!("Subject Alternative Name: {names} X509v3")],
    );
    has_all(&request(sandbox, BROKER), &["Subject: CN = broker.lan", names]);
}

fn client_is_well_formed(sandbox: &Sandbox, stem: &str, name: &str) {
    leaf_is_well_formed(sandbox, stem, name, "TLS Web Client Authentication");
    let subject = format!("Subject: CN = {name} ");
    has_all(&text(sandbox, &format!("{stem}.crt")), &[&subject]);
    has_all(&request(sandbox, stem), &[&subject]);
}

fn leaf_is_well_formed(sandbox: &Sandbox, stem: &str, key_type: &str, purpose: &str) {
    let cert = format!("{stem}.crt");
    let text = text(sandbox, &cert);
    let usage = if key_type == "rsa2048" {
        "X509v3 Key Usage: critical Digital Signature, Key Encipherment X509v3"
    } else {
        "X509v3 Key Usage: critical Digital Signature X509v3"
    };
    let purpose = format!("X509v3 Extended Key Usage: {purpose} X509v3");
    has_all(
        &text,
        &[
            "Version: 3 (0x2)",
            "X509v3 Basic Constraints: critical CA:FALSE",
            "X509v3 Subject Key Identifier:",
            "X509v3 Authority Key Identifier:",
            usage,
            &purpose,
            algorithm(key_type),
        ],
    );
    assert_eq!(serial_bytes(&text), 16, "{text}");
    key_matches(sandbox, &cert, &format!("{stem}.key"));
}

/// For each of its names, for no other, and for its own purpose alone.
fn broker_is_accepted(sandbox: &Sandbox) {
    let cert = format!("{BROKER}.crt");
    for name in DNS_NAMES {
        accepts(sandbox, "sslserver", &["-verify_hostname", name], &cert);
    }
    for address in ADDRESSES {
        accepts(sandbox, "sslserver", &["-verify_ip", address], &cert);
    }
    refuses(sandbox, "sslserver", &["-verify_hostname", "other.lan"], &cert);
    refuses(sandbox, "sslserver", &["-verify_ip", "10.1.2.4"], &cert);
    refuses(sandbox, "sslclient", &[], &cert);
}

fn chain_is_leaf_then_authority(sandbox: &Sandbox, stem: &str) {
    let chain = sandbox.read(&format!("{stem}.crt")) + &sandbox.read(CA);
    assert_eq!(sandbox.read(&format!("{stem}.chain.crt")), chain);
}

/// The request's text, once its own signature was verified and its key is that of the certificate.
fn request(sandbox: &Sandbox, stem: &str) -> String {
    let path = format!("{stem}.csr");
    let said = openssl(sandbox, &["req", "-verify", "-in", &path, "-noout", "-text"]);
    assert!(said.stderr.contains("verify OK"), "{said:?}");
    let key = openssl(sandbox, &["req", "-in", &path, "-noout", "-pubkey"]).stdout;
    let cert = format!("{stem}.crt");
    assert_eq!(key, openssl(sandbox, &["x509", "-in", &cert, "-noout", "-pubkey"]).stdout);
    words(&said.stdout)
}

fn key_matches(sandbox: &Sandbox, cert: &str, key: &str) {
    openssl(sandbox, &["pkey", "-in", key, "-check", "-noout"]);
    assert_eq!(
        openssl(sandbox, &["pkey", "-in", key, "-pubout"]).stdout,
        openssl(sandbox, &["x509", "-in", cert, "-noout", "-pubkey"]).stdout,
        "{cert} and {key}"
    );
}

fn verify(sandbox: &Sandbox, purpose: &str, further: &[&str], cert: &str) -> Said {
    let rules = ["verify", "-x509_strict", "-check_ss_sig", "-purpose", purpose];
    let trust = ["-CAfile", CA, "-crl_check", "-CRLfile", "certs/ca.crl"];
    sandbox.run("openssl", &[&rules[..], &trust, further, &[cert]].concat())
}

#[track_caller]
fn accepts(sandbox: &Sandbox, purpose: &str, further: &[&str], cert: &str) {
    let said = verify(sandbox, purpose, further, cert).ok();
    assert!(said.stdout.contains(": OK"), "{purpose} {further:?} {cert}: {said:?}");
}

#[track_caller]
fn refuses(sandbox: &Sandbox, purpose: &str, further: &[&str], cert: &str) {
    let said = verify(sandbox, purpose, further, cert);
    assert_ne!(said.status, 0, "{purpose} {further:?} {cert} was accepted");
    assert!(said.stderr.contains("verification failed"), "{said:?}");
}

#[track_caller]
fn openssl(sandbox: &Sandbox, args: &[&str]) -> Said {
    sandbox.run("openssl", args).ok()
}

fn text(sandbox: &Sandbox, cert: &str) -> String {
    words(&openssl(sandbox, &["x509", "-in", cert, "-noout", "-text"]).stdout)
}

/// The text with every run of white space made one space.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn has_all(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
}

fn algorithm(key_type: &str) -> &'static str {
    match key_type {
        "p256" => "NIST CURVE: P-256",
        "p384" => "NIST CURVE: P-384",
        "ed25519" => "Public Key Algorithm: ED25519",
        _ => "Public-Key: (2048 bit)",
    }
}

fn serial_bytes(text: &str) -> usize {
    let (_, rest) = text.split_once("Serial Number: ").unwrap();
    rest.split_once(' ').unwrap().0.split(':').count()
}
