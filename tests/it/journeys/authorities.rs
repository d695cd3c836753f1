//! Authorities: under a passphrase, in another place, held to names, taken from other programs.

use std::fs;

use crate::support::Said;
use crate::support::Sandbox;
use crate::support::peer;

pub(super) fn openssl(sandbox: &Sandbox, args: &[&str]) -> Said {
    sandbox.run("openssl", args).ok()
}

pub(super) fn sh(sandbox: &Sandbox, script: &str) -> Said {
    sandbox.run("sh", &["-ec", script]).ok()
}

/// mqsec with the passphrase in the environment.
fn with_passphrase(sandbox: &Sandbox, passphrase: &str, args: &[&str]) -> Said {
    let mut command = sandbox.command(crate::support::binary());
    Said::of(command.args(args).env("MQSEC_CA_PASSPHRASE", passphrase).output().unwrap())
}

#[test]
fn an_encrypted_authority_issues_with_its_passphrase_alone() {
    for tiers in [&["ca", "init", "--encrypt"][..], &["ca", "init", "--encrypt", "--intermediate"]] {
        let sandbox = Sandbox::new();
        sandbox.mqsec(tiers).fails(2, "ca-passphrase-needed");
        with_passphrase(&sandbox, "", tiers).fails(2, "ca-passphrase-empty");
        assert!(!sandbox.has("certs/ca.crt"), "nothing was made");
        with_passphrase(&sandbox, "open sesame", tiers).ok();
        let keys = ["certs/ca.key", "certs/signing/ca.key"];
        for key in keys.into_iter().filter(|key| sandbox.has(key)) {
            assert!(sandbox.read(key).starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
            assert_eq!(sandbox.mode(key), 0o600);
            openssl(&sandbox, &["pkey", "-in", key, "-passin", "pass:open sesame", "-noout"]);
            assert_ne!(sandbox.run("openssl", &["pkey", "-in", key, "-passin", "pass:x", "-noout"]).status, 0);
            let asn1 = openssl(&sandbox, &["asn1parse", "-in", key]).stdout;
            assert!(asn1.contains("scrypt") && asn1.contains("aes-256-cbc"), "{asn1}");
        }
        let issue = ["client-cert", "sensor-1"];
        let said = sandbox.mqsec(&issue).fails(2, "ca-passphrase-needed");
        assert!(said.stderr.contains("MQSEC_CA_PASSPHRASE") && said.stderr.contains("--ca-passphrase-file"));
        let said = with_passphrase(&sandbox, "sesame open", &issue).fails(2, "ca-passphrase-wrong");
        assert!(!said.stderr.contains("sesame") && !sandbox.has("certs/client/sensor-1"), "{}", said.stderr);
        let file = sandbox.write("pass", "open sesame\r\nsecond line\n").display().to_string();
        sandbox.mqsec(&["--ca-passphrase-file", &file, "client-cert", "sensor-1"]).ok();
        sandbox.mqsec(&["--ca-passphrase-file", "nowhere", "client-cert", "b"]).fails(2, "ca-passphrase-unread");
        // what is read needs no passphrase
        for reading in [&["verify"][..], &["ca", "show"], &["ca", "export"], &["client-cert", "sensor-1"]] {
            let said = sandbox.mqsec(reading).ok();
            assert!(!said.stdout.contains("key-encrypted"), "{}", said.stdout);
        }
    }
}

#[test]
fn a_passphrase_is_put_on_and_taken_off() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "encrypt"]).fails(2, "ca-missing");
    sandbox.mqsec(&["ca", "init", "--intermediate"]).ok();
    sandbox.mqsec(&["ca", "init", "--intermediate", "--force"]).ok();
    let open = sandbox.read("certs/signing/ca.key");
    let said = with_passphrase(&sandbox, "pw", &["ca", "encrypt"]).ok();
    assert_eq!(said.stdout.matches("shred -u certs/backup/").count(), 2, "{}", said.stdout);
    with_passphrase(&sandbox, "pw", &["ca", "encrypt"]).fails(1, "ca-key-unchanged");
    with_passphrase(&sandbox, "other", &["ca", "decrypt"]).fails(2, "ca-passphrase-wrong");
    assert!(sandbox.read("certs/ca.key").contains("ENCRYPTED") && sandbox.is_settled());
    with_passphrase(&sandbox, "pw", &["ca", "decrypt"]).ok();
    assert_eq!(sandbox.read("certs/signing/ca.key"), open);
    sandbox.mqsec(&["ca", "decrypt"]).fails(1, "ca-key-unchanged");
}

#[test]
fn keys_that_openssl_encrypted_are_opened_or_the_command_is_named() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    fs::rename(sandbox.dir.join("certs/ca.key"), sandbox.dir.join("plain")).unwrap();
    let mut number = 0;
    let mut issue = |args: &[&str]| {
        let to = ["-in", "plain", "-out", "certs/ca.key"];
        openssl(&sandbox, &[args, &to].concat());
        number += 1;
        with_passphrase(&sandbox, "pw", &["client-cert", &format!("c{number}")])
    };
    let topk8 = ["pkcs8", "-topk8", "-passout", "pass:pw"];
    for further in [&[][..], &["-scrypt"], &["-v2", "aes-256-cbc", "-iter", "10000"], &["-v2", "aes-128-cbc"]] {
        issue(&[&topk8[..], further].concat()).ok();
    }
    for further in [&["-v1", "PBE-SHA1-3DES"][..], &["-v2", "des3"], &["-v2prf", "hmacWithSHA1"]] {
        let said = issue(&[&topk8[..], further].concat()).fails(2, "key-encryption-old");
        assert!(said.stderr.contains("openssl pkcs8 -topk8 -in certs/ca.key"), "{}", said.stderr);
    }
    issue(&["ec", "-aes256", "-passout", "pass:pw"]).fails(2, "key-encryption-old");
    // and what is named does it
    let again = ["pkcs8", "-topk8", "-in", "certs/ca.key", "-out", "certs/ca.key.new"];
    openssl(&sandbox, &[&again[..], &["-passin", "pass:pw", "-passout", "pass:pw"]].concat());
    fs::rename(sandbox.dir.join("certs/ca.key.new"), sandbox.dir.join("certs/ca.key")).unwrap();
    with_passphrase(&sandbox, "pw", &["client-cert", "last"]).ok();
}

#[test]
fn the_key_lies_on_a_stick_that_is_not_always_there() {
    let sandbox = Sandbox::with_broker("2.1.2");
    let (stick, drawer) = (sandbox.base.join("stick"), sandbox.base.join("drawer"));
    let shown = stick.display().to_string();
    let said = sandbox.up_native(&["--ca-dir", &shown]).ok();
    assert!(said.stdout.contains("8 of 8 proofs hold"), "{}", said.stdout);
    assert!(stick.join("ca.key").exists() && !sandbox.has("certs/ca.key"));
    let keys = sh(&sandbox, "grep -rl 'PRIVATE KEY' certs .mqsec").stdout;
    assert!(!keys.contains("ca.key") && !keys.contains("staged"), "{keys}");
    // it is remembered
    sandbox.mqsec(&["client-cert", "sensor-1"]).ok();
    fs::rename(&stick, &drawer).unwrap();
    for issuing in [&["client-cert", "sensor-2"][..], &["broker-cert", "other.lan"], &["ca", "init", "--force"]] {
        let said = sandbox.mqsec(issuing).fails(2, "ca-dir-missing");
        assert!(said.stderr.contains(&shown), "{}", said.stderr);
    }
    assert!(!stick.exists() && sandbox.is_settled());
    for reading in [&["verify"][..], &["status"], &["ca", "show"], &["doctor"], &["client-cert", "sensor-1"]] {
        let said = sandbox.mqsec(reading).ok();
        assert!(!said.stdout.contains("key-not-here"), "{}", said.stdout);
    }
    assert!(sandbox.up_native(&[]).ok().stdout.contains("8 of 8 proofs hold"));
    // another place, told by the option, for once
    sandbox.mqsec(&["--ca-dir", &drawer.display().to_string(), "client-cert", "sensor-2"]).ok();
    fs::rename(&drawer, &stick).unwrap();
    sandbox.mqsec(&["client-cert", "sensor-3"]).ok();
    sandbox.mqsec(&["ca", "init", "--force", "--intermediate"]).ok();
    let found = sh(&sandbox, "find ../stick -name ca.key | sort").stdout;
    assert!(found.starts_with("../stick/backup/") && found.ends_with("../stick/ca.key\n../stick/signing/ca.key\n"));
    assert_eq!(sh(&sandbox, "find certs -name ca.key").stdout, "", "no key, and no backup of one, is in the folder");
}

/// A key of the signing authority would stay behind in certs/, and the new one be elsewhere.
#[test]
fn the_folder_of_a_root_that_was_put_away_is_not_taken_for_that_of_all_keys() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init", "--intermediate"]).ok();
    sh(&sandbox, "mkdir ../safe; mv certs/ca.key ../safe/");
    let safe = sandbox.base.join("safe").display().to_string();
    let said = sandbox.mqsec(&["--ca-dir", &safe, "ca", "rollover", "prepare"]).fails(2, "ca-root-offline");
    assert!(said.stderr.contains(&format!("cp {safe}/ca.key")), "{}", said.stderr);
    assert!(!sandbox.has("certs/next") && !sandbox.has(".mqsec/ca-dir"));
    sh(&sandbox, "cp ../safe/ca.key certs/");
    sandbox.mqsec(&["ca", "rollover", "prepare"]).ok();
}

#[test]
fn an_authority_that_is_held_to_names_issues_for_no_others() {
    let sandbox = Sandbox::with_broker("2.1.2");
    let init = ["ca", "init", "--intermediate", "--name-constraint", "lan", "--name-constraint", "10.0.0.0/8"];
    sandbox.mqsec(&[&init[..], &["--name-constraint", "10.0.0.1/8"]].concat()).exits(2);
    sandbox.mqsec(&init).ok();
    for cert in ["certs/ca.crt", "certs/signing/ca.crt"] {
        let text = openssl(&sandbox, &["x509", "-in", cert, "-noout", "-text"]).stdout;
        assert!(text.contains("Name Constraints: critical") && text.contains("DNS:lan"), "{text}");
    }
    for outside in [&["broker.example"][..], &["a.lan", "192.0.2.7"], &["a.lan", "fd00::1"]] {
        let said = sandbox.mqsec(&[&["broker-cert"], outside].concat()).fails(1, "name-outside-constraints");
        assert!(said.stderr.contains(outside.last().unwrap()), "{}", said.stderr);
    }
    sandbox.mqsec(&["client-cert", "sensor.example"]).fails(1, "name-outside-constraints");
    assert!(!sandbox.has("certs/broker/broker.key") && !sandbox.has("certs/client"));
    sandbox.mqsec(&["client-cert", "sensor.lan"]).ok();
    // this machine's own names are left out where nobody asked for them
    assert!(sandbox.up_native(&["broker.lan", "10.1.2.3"]).ok().stdout.contains("8 of 8 proofs hold"));
    sandbox.mqsec(&["verify"]).ok();
    sandbox.mqsec(&["doctor"]).ok();
    let strict = ["verify", "-x509_strict", "-CAfile", "certs/ca.crt", "-untrusted", "certs/broker/broker.crt"];
    openssl(&sandbox, &[&strict[..], &["certs/broker/broker.crt"]].concat());
    // what another tool issues all the same is found
    sh(
        &sandbox,
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout x.key -subj /CN=x -out x.csr
         printf 'subjectAltName=DNS:broker.example\nextendedKeyUsage=serverAuth\n' > x.cnf
         openssl x509 -req -in x.csr -CA certs/signing/ca.crt -CAkey certs/signing/ca.key -extfile x.cnf -out x.crt
         cat certs/signing/ca.crt >> x.crt",
    );
    assert!(sandbox.mqsec(&["verify", "x.crt"]).exits(1).stdout.contains("name-outside-constraints"));
    let shown = sandbox.mqsec(&["ca", "show"]).ok().stdout;
    assert!(shown.contains("lan, 10.0.0.0/8, localhost"), "{shown}");
}

/// The authority in the folder runs a broker, and what it issues is taken by who trusts this root alone.
fn serves(sandbox: &Sandbox, root: &str, strict: bool) {
    assert!(sandbox.up_native(&[]).ok().stdout.contains("8 of 8 proofs hold"));
    sandbox.mqsec(&["verify"]).ok();
    let said = sandbox.mqsec(&["doctor"]).ok();
    assert!(said.stdout.contains("nothing is wrong"), "{}", said.stdout);
    for leaf in ["certs/broker/broker.crt", "certs/client/admin/admin.chain.crt"] {
        let rules = if strict { "-x509_strict" } else { "-check_ss_sig" };
        openssl(sandbox, &["verify", rules, "-CAfile", root, "-untrusted", leaf, leaf]);
    }
    let mut publish = sandbox.command(peer("2.0.21", "mosquitto_pub"));
    publish.args([
        "-h",
        "localhost",
        "-p",
        &sandbox.port.to_string(),
        "--cafile",
        root,
        "-t",
        "t",
        "-m",
        "x",
        "-q",
        "1",
    ]);
    publish.args(["--cert", "certs/client/admin/admin.chain.crt", "--key", "certs/client/admin/admin.key"]);
    publish.args(["-u", "admin", "-P", &sandbox.password("admin")]);
    Said::of(publish.output().unwrap()).ok();
}

/// In a folder beside the workspace, so that it is no stranger's key in it.
const OPENSSL: &str = "mkdir -p ../made; cd ../made; root='req -x509 -days 900 -subj /O=acme/CN=Theirs -addext keyUsage=critical,keyCertSign,cRLSign'
    openssl $root -newkey rsa:2048 -noenc -keyout rsa.key -out rsa.crt
    openssl rsa -in rsa.key -traditional -out rsa1.key
    openssl ecparam -name prime256v1 -genkey -out ec.key && openssl $root -key ec.key -out ec.crt
    openssl pkcs8 -topk8 -in ec.key -passout pass:pw -out ec8.key";

#[test]
fn authorities_of_openssl_are_taken_in_every_form() {
    for (cert, key) in [("rsa.crt", "rsa.key"), ("rsa.crt", "rsa1.key"), ("ec.crt", "ec.key"), ("ec.crt", "ec8.key")] {
        let sandbox = Sandbox::with_broker("2.1.2");
        sh(&sandbox, OPENSSL);
        let (cert, key) = (format!("../made/{cert}"), format!("../made/{key}"));
        let import = ["ca", "import", "--cert", &cert, "--key", &key];
        with_passphrase(&sandbox, "pw", &import).ok();
        let encrypted = key.ends_with("8.key");
        assert_eq!(sandbox.read("certs/ca.key").contains("ENCRYPTED"), encrypted, "it stays as it was kept");
        if encrypted {
            with_passphrase(&sandbox, "pw", &["ca", "decrypt"]).ok();
        }
        sandbox
            .mqsec(&import)
            .fails(if encrypted { 2 } else { 1 }, if encrypted { "ca-passphrase-needed" } else { "ca-exists" });
        serves(&sandbox, &cert, true);
    }
}

#[test]
fn the_authorities_of_mkcert_easy_rsa_and_minica_are_taken() {
    let mkcert = "mkdir ../made; CAROOT=$PWD/../made TRUST_STORES=none mkcert -cert-file ../x -key-file ../y x.lan
        cd ../made; mv rootCA.pem crt; mv rootCA-key.pem key";
    // what `easyrsa build-ca nopass` and `minica` write, in their own extensions
    let extensions = |list: &str| {
        format!(
            "mkdir ../made; cd ../made; printf '[req]\ndistinguished_name=dn\n[dn]\n[x]\n{list}\n' > cnf
             openssl req -x509 -config cnf -extensions x -newkey rsa:2048 -noenc -keyout key -days 900 -subj '/CN=Their CA' -out crt"
        )
    };
    let easy_rsa = extensions(
        "basicConstraints=CA:TRUE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always,issuer:always\nkeyUsage=cRLSign,keyCertSign",
    );
    let minica = extensions(
        "basicConstraints=critical,CA:TRUE,pathlen:0\nsubjectKeyIdentifier=hash\nkeyUsage=critical,digitalSignature,keyCertSign\nextendedKeyUsage=serverAuth,clientAuth",
    );
    for (made, renewed) in [(mkcert, true), (easy_rsa.as_str(), false), (minica.as_str(), true)] {
        let sandbox = Sandbox::with_broker("2.0.21");
        sh(&sandbox, made);
        let said = sandbox.mqsec(&["ca", "import", "--cert", "../made/crt", "--key", "../made/key", "--json"]).ok();
        assert_eq!(said.json()["certificate_made_anew"], renewed, "{made}");
        // who has their certificate, and nothing of ours, takes what is issued now
        // easy-rsa does not mark its basicConstraints as critical, which strict readers mind
        serves(&sandbox, "../made/crt", renewed);
    }
}

#[test]
fn what_an_imported_authority_revoked_stays_revoked() {
    let sandbox = Sandbox::with_broker("2.1.2");
    sh(&sandbox, OPENSSL);
    sh(
        &sandbox,
        "cd ../made; printf '[ca]\ndefault_ca=c\n[c]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n' > crl.cnf
         printf 'R\t401231000000Z\t260101000000Z,superseded\t0A1B\tunknown\t/CN=lost\n' > index; echo 2A > number
         openssl ca -config crl.cnf -gencrl -keyfile ec.key -cert ec.crt -crldays 3 -out crl.pem
         openssl ca -config crl.cnf -gencrl -keyfile rsa.key -cert rsa.crt -crldays 3 -out other.pem",
    );
    let import = ["ca", "import", "--cert", "../made/ec.crt", "--key", "../made/ec.key", "--crl"];
    sandbox.mqsec(&[&import[..], &["../made/other.pem"]].concat()).fails(1, "ca-list-other");
    sandbox.mqsec(&[&import[..], &["../made/ec.crt"]].concat()).fails(2, "crl-unreadable");
    sandbox.mqsec(&[&import[..], &["../made/crl.pem"]].concat()).ok();
    let said =
        openssl(&sandbox, &["crl", "-in", "certs/ca.crl", "-CAfile", "certs/ca.crt", "-noout", "-text", "-crlnumber"]);
    for right in ["Serial Number: 0A1B", "Superseded", "crlNumber=0x2B"] {
        assert!(said.stdout.contains(right), "{right}: {said:?}");
    }
    assert!(said.stderr.contains("verify OK"), "{said:?}");
    assert!(sandbox.read("certs/inventory.tsv").contains("revoked\t0A1B\t"), "{}", sandbox.read("certs/inventory.tsv"));
    serves(&sandbox, "../made/ec.crt", true);
}

#[test]
fn a_signing_authority_is_taken_with_its_root() {
    let sandbox = Sandbox::with_broker("2.1.2");
    sh(
        &sandbox,
        "mkdir ../made; cd ../made; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -noenc -keyout root.key \
           -days 900 -subj /CN=Root -addext keyUsage=critical,keyCertSign,cRLSign -out root.crt
         openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout sub.key -subj /CN=Sub -out sub.csr
         printf 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' > x
         openssl x509 -req -in sub.csr -CA root.crt -CAkey root.key -days 300 -extfile x -out sub.crt
         printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n' > x
         openssl x509 -req -in sub.csr -CA root.crt -CAkey root.key -days 300 -extfile x -out nolists.crt",
    );
    let import = ["ca", "import", "--key", "../made/sub.key", "--cert", "../made/sub.crt"];
    sandbox.mqsec(&import).fails(1, "ca-root-needed");
    sandbox.mqsec(&[&import[..], &["--chain", "../made/sub.crt"]].concat()).fails(1, "ca-root-needed");
    let nolists =
        ["ca", "import", "--key", "../made/sub.key", "--cert", "../made/nolists.crt", "--chain", "../made/root.crt"];
    assert!(sandbox.mqsec(&nolists).fails(1, "ca-unfit").stderr.contains("cRLSign"));
    sandbox.mqsec(&[&import[..], &["--chain", "../made/root.crt"]].concat()).ok();
    assert!(sandbox.has("certs/signing/ca.key") && !sandbox.has("certs/ca.key"));
    // its 300 days are the end of what it issues
    let said = sandbox.mqsec(&["client-cert", "long", "365"]).ok();
    assert!(
        said.stdout.contains("sooner than asked for") && said.stdout.contains("mqsec ca rollover"),
        "{}",
        said.stdout
    );
    serves(&sandbox, "../made/root.crt", true);
}

/// A root that ended in 2021: `openssl req` cannot make one, `openssl ca` can.
const ENDED: &str = "printf '[ca]\ndefault_ca=c\n[c]\ndatabase=index\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n[v]\nbasicConstraints=critical,CA:TRUE\n' > ca.cnf
    : > index; openssl req -new -key ec.key -subj /CN=x -out x.csr
    openssl ca -batch -selfsign -config ca.cnf -keyfile ec.key -in x.csr -out x -notext -extensions v \
      -startdate 20200101000000Z -enddate 20210101000000Z";

#[test]
fn what_cannot_serve_as_an_authority_is_refused_with_the_reason() {
    let sandbox = Sandbox::new();
    sh(&sandbox, OPENSSL);
    let key = "req -x509 -days 30 -key ec.key";
    let bare = "printf '[req]\ndistinguished_name=dn\n[dn]\n' > bare; openssl req -config bare -x509 -days 30 -key ec.key -subj /CN=x";
    let cases = [
        ("true", "rsa.crt", "ec.key", "ca-key-mismatch", "does not belong"),
        ("true", "ec.key", "ec.key", "file-is-key", ""),
        ("true", "ec.crt", "ec.crt", "pem-wrong-content", "a certificate"),
        (&format!("{bare} -addext basicConstraints=CA:FALSE -out x"), "x", "ec.key", "ca-not-an-authority", "CA:TRUE"),
        (
            &format!("{bare} -addext basicConstraints=CA:TRUE -addext keyUsage=cRLSign -out x"),
            "x",
            "ec.key",
            "ca-not-an-authority",
            "keyCertSign",
        ),
        ("openssl req -x509 -subj /CN=x -newkey rsa:1024 -noenc -keyout k -out x", "x", "k", "ca-unfit", "RSA 1024"),
        ("openssl req -x509 -subj /CN=x -sha1 -key rsa.key -out x", "x", "rsa.key", "ca-unfit", "SHA-1"),
        (&format!("openssl {key} -subj /DC=com/DC=example/CN=AD -out x"), "x", "ec.key", "ca-unfit", "twice"),
        (ENDED, "x", "ec.key", "ca-expired", "ended"),
    ];
    for (make, cert, key, code, reason) in cases {
        sh(&sandbox, &format!("cd ../made; {make}"));
        let (cert, key) = (format!("../made/{cert}"), format!("../made/{key}"));
        let said = sandbox.mqsec(&["ca", "import", "--cert", &cert, "--key", &key]);
        assert_eq!(said.code(), Some(code), "{make}: {said:?}");
        assert!(said.stderr.contains(reason), "{make}: {}", said.stderr);
        assert!(!sandbox.has("certs"), "{make}");
    }
}

#[test]
fn the_authority_is_exported_without_a_key() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "export"]).fails(2, "ca-missing");
    sandbox.mqsec(&["ca", "init", "--intermediate"]).ok();
    let pem = sandbox.mqsec(&["ca", "export"]).ok().stdout;
    assert_eq!(pem, sandbox.read("certs/ca.crt"));
    let bundle = sandbox.mqsec(&["ca", "export", "--format", "bundle"]).ok().stdout;
    assert_eq!(bundle, pem + &sandbox.read("certs/signing/ca.crt"));
    sandbox.mqsec(&["ca", "export", "--format", "der", "--out", "ca.der"]).ok();
    let said = openssl(&sandbox, &["x509", "-inform", "der", "-in", "ca.der", "-noout", "-subject"]);
    assert_eq!(said.stdout, "subject=CN = mqsec CA\n");
    let told = sandbox.mqsec(&["ca", "export", "--format", "bundle", "--json"]).ok().json();
    assert_eq!(told["certificates"].as_array().unwrap().len(), 2);
    assert!(!told.to_string().contains("PRIVATE"));
}
