//! Devices that made their own keys: what of their requests is taken, and what is refused.

use std::fs;

use super::authorities::openssl;
use super::authorities::sh;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::peer;

/// A key of a device and its request, in the folder of the device.
fn request(sandbox: &Sandbox, name: &str, further: &str) {
    sh(
        sandbox,
        &format!(
            "mkdir -p ../device; cd ../device
             test -e {name}.key || openssl ecparam -name prime256v1 -genkey -noout -out {name}.key
             openssl req -new -key {name}.key {further} -out {name}.csr"
        ),
    );
}

#[test]
fn a_device_that_made_its_own_key_gets_in() {
    for (version, tiers) in [("2.0.21", &["ca", "init", "--intermediate"][..]), ("2.1.2", &["ca", "init"])] {
        let sandbox = Sandbox::with_broker(version);
        sandbox.mqsec(tiers).ok();
        sandbox.up_native(&[]).ok();
        request(&sandbox, "d", "-subj /CN=sensor-1");
        sandbox.mqsec(&["csr", "sign", "../device/d.csr"]).ok();
        let folder = sh(&sandbox, "ls certs/client/sensor-1").stdout;
        assert_eq!(folder, "sensor-1.chain.crt\nsensor-1.crt\nsensor-1.csr\n", "and no key");
        assert!(sandbox.read("certs/inventory.tsv").contains("\tsensor-1\t"));
        let mut publish = sandbox.command(peer(version, "mosquitto_pub"));
        publish.args(["-h", "localhost", "-p", &sandbox.port.to_string(), "--cafile", "certs/ca.crt"]);
        publish.args(["--cert", "certs/client/sensor-1/sensor-1.chain.crt", "--key", "../device/d.key"]);
        publish.args(["-u", "admin", "-P", &sandbox.password("admin"), "-t", "t", "-m", "x", "-q", "1"]);
        Said::of(publish.output().unwrap()).ok();
        sandbox.mqsec(&["verify", "sensor-1"]).ok();
        let said = sandbox.mqsec(&["client-cert", "sensor-1"]).fails(1, "key-elsewhere");
        assert!(said.stderr.contains("mqsec csr sign certs/client/sensor-1/sensor-1.csr"), "{}", said.stderr);
        // and that command issues anew for the same key
        let old = sandbox.read("certs/client/sensor-1/sensor-1.crt");
        let said = sandbox.mqsec(&["csr", "sign", "certs/client/sensor-1/sensor-1.csr", "--days", "30"]).ok();
        assert!(said.stdout.contains("kept in certs/backup/"), "{}", said.stdout);
        assert_ne!(sandbox.read("certs/client/sensor-1/sensor-1.crt"), old);
    }
}

#[test]
fn of_a_request_no_more_is_taken_than_a_profile_allows() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    request(
        &sandbox,
        "greedy",
        "-subj /O=acme/CN=greedy -addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign,cRLSign \
         -addext extendedKeyUsage=serverAuth,codeSigning -addext nsComment=hello \
         -addext subjectAltName=DNS:bank.example,IP:10.0.0.1,email:a@b.c",
    );
    let told = sandbox.mqsec(&["csr", "sign", "../device/greedy.csr", "--json"]).ok().json();
    let not_given = told["not_given"].to_string();
    for word in ["CA:TRUE", "keyUsage", "bank.example", "another kind", "acme"] {
        assert!(not_given.contains(word), "{word}: {not_given}");
    }
    let text = openssl(&sandbox, &["x509", "-in", "certs/client/greedy/greedy.crt", "-noout", "-text"]).stdout;
    for right in ["CA:FALSE", "Subject: CN = greedy\n", "Digital Signature\n", "TLS Web Client Authentication\n"] {
        assert!(text.contains(right), "{right}: {text}");
    }
    for wrong in ["Certificate Sign", "Alternative Name", "Server Auth", "Code Signing", "hello"] {
        assert!(!text.contains(wrong), "{wrong}: {text}");
    }
    let broker = ["csr", "sign", "../device/greedy.csr", "--as", "broker"];
    sandbox.mqsec(&broker).exits(2);
    sandbox.mqsec(&[&broker[..], &["--out", "b.crt", "--days", "9"]].concat()).ok();
    let text = openssl(&sandbox, &["x509", "-in", "b.crt", "-noout", "-ext", "subjectAltName,extendedKeyUsage"]).stdout;
    assert!(text.contains("DNS:bank.example, IP Address:10.0.0.1") && text.contains("Web Server"), "{text}");
    // a name is one device's
    request(&sandbox, "second", "-subj /CN=greedy");
    sandbox.mqsec(&["csr", "sign", "../device/second.csr"]).fails(1, "csr-name-taken");
    sandbox.mqsec(&["csr", "sign", "../device/second.csr", "--name", "other"]).ok();
    sandbox.mqsec(&["csr", "sign", "../device/second.csr", "--force"]).ok();
    sandbox.mqsec(&["client-cert", "made-here"]).ok();
    sandbox.mqsec(&["csr", "sign", "../device/second.csr", "--name", "made-here"]).fails(1, "csr-name-taken");
}

#[test]
fn every_key_of_a_request_stays_the_same_key() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    let kinds = [
        ("p256", "ecparam -name prime256v1 -genkey -noout", "-sha512"),
        ("p384", "ecparam -name secp384r1 -genkey -noout", "-sha256"),
        ("p521", "ecparam -name secp521r1 -genkey -noout", "-sha512"),
        ("ed", "genpkey -algorithm ed25519", ""),
        ("rsa", "genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048", "-sha256"),
        (
            "pss",
            "genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:3072",
            "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32",
        ),
    ];
    for (name, key, sign) in kinds {
        sh(
            &sandbox,
            &format!(
                "openssl {key} -out {name}.key; openssl req -new -key {name}.key {sign} -subj /CN={name} -out {name}.csr"
            ),
        );
        sandbox.mqsec(&["csr", "sign", &format!("{name}.csr")]).ok();
        let cert = format!("certs/client/{name}/{name}.crt");
        openssl(&sandbox, &["verify", "-x509_strict", "-CAfile", "certs/ca.crt", &cert]);
        assert_eq!(
            openssl(&sandbox, &["x509", "-in", &cert, "-noout", "-pubkey"]).stdout,
            openssl(&sandbox, &["pkey", "-in", &format!("{name}.key"), "-pubout"]).stdout,
            "{name}"
        );
    }
}

#[test]
fn requests_that_cannot_be_signed_say_why() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    request(&sandbox, "d", "-subj /CN=sensor-1");
    sh(
        &sandbox,
        "cd ../device; openssl req -in d.csr -outform der -out d.der; head -c 150 d.csr > half; : > empty
         head -c 100 d.der > half.der; head -c 70000 /dev/zero > long; cp ../ws/certs/ca.crt cert
         openssl req -new -newkey rsa:1024 -noenc -keyout k -subj /CN=x -out short
         openssl req -new -sha1 -newkey rsa:2048 -noenc -keyout k -subj /CN=x -out sha1
         openssl req -new -newkey rsa:2048 -noenc -keyout k -subj /CN=x -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20 -out salt
         openssl genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048 -out k; openssl req -new -key k -subj /CN=x -out pss
         openssl req -new -key d.key -subj /CN=.evil -out evil; openssl req -new -key d.key -subj /O=x -out nobody",
    );
    let mut bytes = fs::read(sandbox.base.join("device/d.der")).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(sandbox.base.join("device/altered"), &bytes).unwrap();
    for (file, status, code) in [
        ("altered", 1, "csr-signature-bad"),
        ("sha1", 1, "csr-signature-weak"),
        ("salt", 1, "csr-signature-weak"),
        ("short", 1, "csr-key-unusable"),
        ("pss", 1, "csr-key-unusable"),
        ("evil", 1, "csr-name-refused"),
        ("nobody", 1, "csr-name-refused"),
        ("half", 2, "csr-unreadable"),
        ("half.der", 2, "csr-unreadable"),
        ("empty", 2, "csr-unreadable"),
        ("long", 2, "csr-unreadable"),
        ("cert", 2, "csr-unreadable"),
        ("nowhere", 2, "file-not-found"),
    ] {
        let said = sandbox.mqsec(&["csr", "sign", &format!("../device/{file}")]);
        assert_eq!((said.status, said.code()), (status, Some(code)), "{file}: {said:?}");
    }
    assert!(!sandbox.has("certs/client"));
    let csr = fs::read_to_string(sandbox.base.join("device/d.csr")).unwrap();
    sandbox.mqsec_with_input(&["csr", "sign", "-"], &csr).ok();
}
