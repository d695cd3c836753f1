//! What `mqsec export --for tasmota` writes: BearSSL, which does Tasmota's TLS, verifies with the trust anchors and gets in
//! with the key and the certificate; the console's commands by their form.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::export_programs::exported;
use super::export_programs::running;
use crate::support::Said;
use crate::support::Sandbox;

/// A client on BearSSL with Tasmota's limits gets in by the broker's name, with the key and the certificate that the
/// console is given; by its address it does not, which is what the warning says.
#[test]
fn bearssl_verifies_with_tasmotas_trust_anchors() {
    for (version, authority) in [("2.0.21", "p256"), ("2.1.2", "p256"), ("2.1.2", "rsa2048")] {
        let sandbox = Sandbox::with_broker(version);
        sandbox.mqsec(&["ca", "init", "--key-type", authority]).ok();
        sandbox.up_native(&[]).ok();
        let folder = exported(&sandbox, "tasmota", &[]);
        let client = compiled(&sandbox, &folder);
        let (port, password) = (sandbox.port.to_string(), sandbox.password("admin"));
        let attempt = |host: &str, password: &str| sandbox.run(&client, &[host, &port, "admin", password]).stdout;
        assert_eq!(attempt("localhost", &password), "return code 0\n", "{version} {authority}");
        assert_eq!(attempt("localhost", "wrong"), "return code 5\n", "{version} {authority}");
        // BR_ERR_X509_BAD_SERVER_NAME
        assert_eq!(attempt("127.0.0.1", &password), "BearSSL error 56\n", "{version} {authority}");
    }
}

#[test]
fn bearssl_takes_both_authorities_of_a_rollover_and_refuses_a_stranger() {
    let sandbox = running("2.1.2", "password+cert");
    sandbox.mqsec(&["ca", "rollover", "prepare", "--key-type", "rsa2048"]).ok();
    let folder = exported(&sandbox, "tasmota", &[]);
    let data = fs::read_to_string(folder.join("local_ca_data.h")).unwrap();
    assert!(data.contains("_EC_Q") && data.contains("_RSA_N") && data.contains("TA1_DN"), "{data}");
    let (port, password) = (sandbox.port.to_string(), sandbox.password("admin"));
    let client = compiled(&sandbox, &folder);
    assert_eq!(sandbox.run(&client, &["localhost", &port, "admin", &password]).stdout, "return code 0\n");

    let stranger = running("2.1.2", "password+cert");
    let port = stranger.port.to_string();
    // BR_ERR_X509_NOT_TRUSTED
    assert_eq!(sandbox.run(&client, &["localhost", &port, "admin", &password]).stdout, "BearSSL error 62\n");
}

/// The client of export_tasmota.c with what `tasmota-commands.txt` and the headers say.
pub(super) fn compiled(sandbox: &Sandbox, folder: &Path) -> PathBuf {
    let commands = fs::read_to_string(folder.join("tasmota-commands.txt")).unwrap();
    let mut header = String::new();
    for (name, command) in [("KEY", "TLSKey1 "), ("CERTIFICATE", "TLSKey2 ")] {
        let line = commands.lines().find_map(|line| line.strip_prefix(command)).unwrap();
        let bytes = STANDARD.decode(line).unwrap();
        header.push_str(&format!("static const unsigned char {name}[] = {{ {} }};\n", numbers(&bytes)));
    }
    fs::write(folder.join("device.h"), header).unwrap();
    let source = format!("{}/tests/it/interop/export_tasmota.c", env!("CARGO_MANIFEST_DIR"));
    let client = folder.join("client");
    let mut cc = sandbox.command("cc");
    cc.args(["-Wall", "-Wextra", "-Werror", "-I"]).arg(folder).args([&source, "-lbearssl", "-o"]).arg(&client);
    Said::of(cc.output().unwrap()).ok();
    client
}

fn numbers(bytes: &[u8]) -> String {
    bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ")
}

#[test]
fn tasmotas_console_gets_commands_that_it_documents() {
    let sandbox = running("2.1.2", "password+cert");
    let folder = exported(&sandbox, "tasmota", &[]);
    let commands = fs::read_to_string(folder.join("tasmota-commands.txt")).unwrap();
    let lines: Vec<&str> = commands.lines().collect();
    assert_eq!(lines.len(), 3, "{commands}");
    assert_eq!(STANDARD.decode(lines[0].strip_prefix("TLSKey1 ").unwrap()).unwrap().len(), 32);
    let certificate = STANDARD.decode(lines[1].strip_prefix("TLSKey2 ").unwrap()).unwrap();
    assert!((257..=928).contains(&certificate.len()), "what its flash has room for: {}", certificate.len());
    let (port, password) = (sandbox.port, sandbox.password("admin"));
    assert_eq!(
        lines[2],
        format!(
            "Backlog MqttHost localhost; MqttPort {port}; MqttClient admin; MqttUser admin; MqttPassword2 {password}; \
             SetOption132 0; SetOption103 1"
        )
    );
    // a semicolon would end the command
    let args = ["export", "admin", "--for", "tasmota", "--host", "localhost", "--out", "other", "--password-stdin"];
    sandbox.mqsec_with_input(&args, "a; b\n").ok();
    let commands = sandbox.read("other/tasmota-commands.txt");
    assert!(commands.contains("\nMqttPassword2 a; b\nBacklog MqttHost "), "{commands}");
}
