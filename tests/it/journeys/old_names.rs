//! The session of the system that mqsec replaces: its names, its order of arguments, its files.

use crate::support::Sandbox;

#[test]
fn the_old_session_works_as_it_was_written() {
    let sandbox = Sandbox::new();
    sandbox
        .write(".env", "USER_1=admin1\nPASS_1=admin1\nUSER_2=client\nPASS_2=AnotherSecurePass\nBROKER_CN=localhost\n");
    sandbox.mqsec(&["generate-ca"]).ok();
    sandbox.mqsec(&["generate-broker-cert", "localhost", "--days", "730"]).ok();
    sandbox.mqsec(&["generate-cert", "anderson", "365"]).ok();
    let told = sandbox.mqsec(&["generate-pass"]).ok().stdout;
    assert!(
        told.contains("File config/mosquitto.passwd successfully updated with 2 user(s)!")
            || told.contains("mosquitto.passwd successfully updated with 2 user(s)!"),
        "{told}"
    );
    for file in ["ca.key", "ca.crt", "ca.srl", "broker/broker.key", "broker/broker.csr", "broker/broker.crt"] {
        assert!(sandbox.has(&format!("certs/{file}")), "{file}");
    }
    for end in ["key", "csr", "crt"] {
        assert!(sandbox.has(&format!("certs/client/anderson/anderson.{end}")), "{end}");
    }
    sandbox.mqsec(&["verify-cert", "anderson"]).ok();
    sandbox.mqsec(&["test-passwords"]).ok();
    sandbox.up_native(&[]).ok();
    let told = sandbox.mqsec(&["test-mqtt", "admin1", "admin1", "anderson"]).ok().stdout;
    let expected = [
        "Starting secure MQTT connection test",
        "Authentication and TLS enabled",
        "Username: admin1",
        "Certificate CN: anderson",
        "Certificates loaded successfully",
        "Connecting to localhost:",
        "TLS handshake in progress...",
        "Connection result:",
        "Return code: 0",
        "Connection established successfully (valid TLS and authentication)",
        "Publishing test message to 'test/connection' topic...",
        "Test message published successfully!",
        "The message came back",
        "Disconnecting...",
    ];
    let mut rest = told.as_str();
    for line in expected {
        rest = rest.split_once(line).unwrap_or_else(|| panic!("no `{line}` after the lines before it in:\n{told}")).1;
    }
    assert!(told.is_ascii(), "plain text where no terminal is");
}

#[test]
fn the_old_error_names_the_files() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    let told = sandbox.mqsec(&["test-mqtt", "admin1", "admin1", "anderson"]).fails(2, "tls-files-missing");
    for part in ["TLS setup error", "certs/ca.crt", "anderson.crt", "anderson.key", "mqsec client-cert anderson"] {
        assert!(told.stderr.contains(part), "{part} in {}", told.stderr);
    }
    let told = sandbox.mqsec(&["generate-ca"]).fails(1, "ca-exists");
    assert!(told.stderr.contains("nothing was changed"), "{}", told.stderr);
}
