//! What `export` refuses, and what it warns of.

use super::export_formats::office;

#[test]
fn what_cannot_be_used_is_not_exported() {
    let sandbox = office(&["pi.lan", "192.168.7.7"], "dev");
    let export =
        |name: &str, target: &str, more: &[&str]| sandbox.mqsec(&[&["export", name, "--for", target], more].concat());
    export("nobody", "pem", &[]).fails(2, "certificate-missing");
    let said = export("dev", "pem", &["--host", "other.lan"]).fails(1, "tls-name-mismatch");
    assert!(said.stderr.contains("pi.lan") && !sandbox.has("exports"), "{}", said.stderr);

    // addresses, for those who cannot compare them
    for (target, warned) in [("pem", false), ("esp-idf", true), ("arduino-header", true)] {
        let said = export("dev", target, &["--host", "192.168.7.7"]).ok();
        assert_eq!(said.stdout.contains("compares names and no addresses"), warned, "{target}: {}", said.stdout);
    }
    // what is there stays, unless it is the same
    export("dev", "pem", &["--host", "pi.lan"]).ok();
    sandbox.write("exports/dev-pem/ca.crt", "mine");
    let before = sandbox.snapshot();
    export("dev", "pem", &[]).fails(1, "export-exists");
    assert_eq!(before, sandbox.snapshot());
    let said = export("dev", "pem", &["--force"]).ok();
    assert!(said.stdout.contains("ca.crt") && said.stdout.contains("(replaced)"), "{}", said.stdout);
    export("dev", "pem", &["--out", "-"]).fails(2, "export-unfit");

    // kinds of keys
    sandbox.mqsec(&["client-cert", "ed", "--key-type", "ed25519"]).ok();
    export("ed", "pem", &[]).ok();
    for target in ["esp-idf", "arduino-header"] {
        let said = export("ed", target, &[]).fails(1, "export-unfit");
        assert!(said.stderr.contains("Ed25519"), "{}", said.stderr);
    }
    // a key that is elsewhere
    let made = sandbox.run(
        "openssl",
        &[
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "own.key",
            "-subj",
            "/CN=far",
            "-out",
            "far.csr",
        ],
    );
    made.ok();
    sandbox.mqsec(&["csr", "sign", "far.csr"]).ok();
    let said = export("far", "pem", &[]).ok();
    assert!(said.stdout.contains("on the device") && !sandbox.has("exports/far-pem/far.key"), "{}", said.stdout);
    for target in ["pkcs12", "arduino-header", "esp-idf", "mosquitto", "bridge", "browser"] {
        export("far", target, &[]).fails(1, "export-needs-key");
    }
    // another's key beside it
    let (dev, own) = (sandbox.read("certs/client/dev/dev.key"), sandbox.read("own.key"));
    sandbox.write("certs/client/dev/dev.key", own);
    let said = export("dev", "pem", &["--force"]).fails(1, "export-unfit");
    assert!(said.stderr.contains("key-mismatch"), "{}", said.stderr);
    sandbox.write("certs/client/dev/dev.key", dev);
    // near its end, and revoked
    sandbox.mqsec(&["client-cert", "short", "--days", "3"]).ok();
    assert!(export("short", "pem", &[]).ok().stdout.contains("it ends on"));
    sandbox.mqsec(&["revoke", "dev", "--yes"]).ok();
    let said = export("dev", "pem", &["--force"]).fails(1, "export-unfit");
    assert!(said.stderr.contains("certificate-revoked"), "{}", said.stderr);
}
