//! Certificates as other tools make them, one fault at a time: each has its code and its exit status, and OpenSSL is
//! asked whether it would take them too.

use super::world::World;
use crate::support::free_port;

#[test]
fn a_good_certificate_of_openssl_is_valid() {
    let world = World::of("sign b ca /CN=b.lan \"$SERVER\"; sign c ca /CN=c \"$CLIENT\"");
    world.only(&["b.crt", "--host", "b.lan", "--host", "10.0.0.1"], 0, "");
    world.only(&["c.crt", "--key", "c.key"], 0, "");
    world.only(&["ca.crt"], 0, "");
    assert!(world.openssl(&["-x509_strict", "-purpose", "sslserver"], "b.crt"));
    let (_, value) = world.judge(&["b.crt", "--at", "2030-01-01"]);
    assert_eq!(value["judged_at"], "2030-01-01T00:00:00Z");
    assert_eq!(value["role"], "server");
    assert_eq!(value["chain"][0]["names"], serde_json::json!(["b.lan", "10.0.0.1"]));
    assert_eq!(world.judge(&["c.crt"]).1["role"], "client");
    assert_eq!(world.judge(&["ca.crt"]).1["role"], "ca");
}

#[test]
fn periods_are_judged_at_the_day_that_is_asked() {
    let world = World::of("sign b ca /CN=b.lan \"$SERVER\"");
    let day = |days: i64| {
        let time = time::OffsetDateTime::now_utc() + time::Duration::days(days);
        (time.date().to_string(), time.unix_timestamp().to_string())
    };
    for (days, status, code) in [
        (-3, 1, "certificate-not-yet-valid"),
        (2, 0, ""),
        (80, 0, "certificate-expiring"),
        (103, 1, "certificate-expired"),
        (1100, 1, "ca-expired"),
    ] {
        let (date, seconds) = day(days);
        world.leads(&["b.crt", "--at", &date], status, code);
        assert_eq!(world.openssl(&["-attime", &seconds], "b.crt"), status == 0, "{date}");
    }
    world.only(&["b.crt", "--warn", "101"], 0, "certificate-expiring");
    world.only(&["ca.crt", "--at", &day(1100).0], 1, "ca-expired");
    world.sandbox.mqsec(&["verify", "b.crt", "--at", "tomorrow"]).fails(2, "usage");
}

#[test]
fn an_authority_that_is_not_the_one_is_told_apart_from_a_stranger() {
    let world = World::of(
        "root twin '/CN=Home CA'; root other '/CN=Other CA'
        sign b ca /CN=b.lan \"$SERVER\"; sign t twin /CN=b.lan \"$SERVER\"; sign o other /CN=b.lan \"$SERVER\"
        root self /CN=b.lan 100 '-addext subjectAltName=DNS:b.lan -addext basicConstraints=critical,CA:FALSE'
        cat o.crt other.crt > o-chain.crt; cat t.crt twin.crt > t-chain.crt
        openssl x509 -in b.crt -outform DER > bent; last=$(tail -c 1 bent | od -An -tu1); truncate -s -1 bent
        printf \"\\\\$(printf %03o $((last ^ 1)))\" >> bent
        openssl x509 -inform DER -in bent -out bent.crt",
    );
    world.only(&["t.crt"], 1, "certificate-other-authority");
    world.only(&["t-chain.crt"], 1, "certificate-other-authority");
    world.only(&["twin.crt"], 1, "certificate-other-authority");
    world.only(&["o.crt"], 1, "certificate-unknown-issuer");
    world.only(&["o-chain.crt"], 1, "certificate-unknown-issuer");
    world.only(&["o.crt", "--ca", "other.crt"], 0, "");
    world.only(&["self.crt"], 1, "certificate-self-signed");
    world.only(&["self.crt", "--ca", "self.crt"], 0, "");
    world.only(&["bent.crt"], 1, "certificate-bad-signature");
    world.only(&["b.crt", "--ca", "b.crt"], 1, "ca-file-holds-leaf");
    world.only(&["b.crt", "--ca", "o.crt"], 1, "ca-file-holds-leaf");
    for (file, ca) in
        [("t.crt", "ca.crt"), ("o.crt", "ca.crt"), ("self.crt", "ca.crt"), ("bent.crt", "ca.crt"), ("b.crt", "b.crt")]
    {
        assert!(!world.openssl(&["-CAfile", ca], file), "{file}");
    }
    // an expired or renewed twin beside the right one is no matter
    world.run("cat twin.crt ca.crt > both.crt");
    world.only(&["b.crt", "--ca", "both.crt"], 0, "");
}

#[test]
fn chains_are_judged_in_their_order_and_their_gaps_are_named() {
    let world = World::of(
        "sign int ca '/CN=Int CA' \"$ISSUER\"; sign b int /CN=b.lan \"$SERVER\"; sign x ca /CN=x \"$CLIENT\"
        mkdir empty chain; cp b.crt empty/
        cat b.crt int.crt > chain.crt; cat int.crt b.crt > turned.crt; cat b.crt ca.crt int.crt > mixed.crt
        cat b.crt int.crt x.crt > more.crt; cat b.crt int.crt ca.crt > whole.crt; cp b.key chain.key
        sign tight ca /CN=Tight 'basicConstraints=critical,CA:TRUE,pathlen:0\\nkeyUsage=keyCertSign'
        sign low tight /CN=Low \"$ISSUER\"; sign l low /CN=b.lan \"$SERVER\"; cat l.crt low.crt tight.crt > long.crt",
    );
    for file in ["chain.crt", "whole.crt"] {
        world.only(&[file], 0, "");
    }
    world.only(&["chain.crt", "--key", "b.key"], 0, "");
    world.only(&["turned.crt", "--key", "b.key"], 1, "chain-wrong-order");
    world.only(&["mixed.crt"], 0, "chain-wrong-order");
    world.only(&["more.crt"], 0, "chain-unrelated");
    world.only(&["b.crt"], 1, "chain-intermediate-missing");
    let (_, value) = world.judge(&["b.crt"]);
    assert!(value["findings"][0]["message"].as_str().unwrap().contains("`Int CA`"), "{value}");
    // nothing at hand tells an intermediate from a stranger
    world.only(&["empty/b.crt"], 1, "certificate-unknown-issuer");
    // no partial chain
    world.only(&["b.crt", "--ca", "int.crt"], 1, "ca-root-missing");
    world.leads(&["long.crt"], 1, "chain-too-long");
    assert!(!world.openssl(&[], "b.crt") && !world.openssl(&["-CAfile", "int.crt"], "b.crt"));
    assert!(world.openssl(&["-untrusted", "chain.crt"], "b.crt"));
    assert!(!world.openssl(&["-untrusted", "long.crt"], "l.crt"));
    let said = world.sandbox.mqsec(&["verify", "--ca", "ca.crt", "whole.crt"]).ok();
    assert!(said.stdout.contains("  chain: b.lan > Int CA > Home CA\n"), "{}", said.stdout);
}

#[test]
fn mosquitto_does_not_start_with_a_chain_in_the_wrong_order() {
    let world = World::of(
        "sign int ca '/CN=Int CA' \"$ISSUER\"; sign b int /CN=b.lan \"$SERVER\"; cat int.crt b.crt > turned.crt",
    );
    let conf = format!(
        "listener {} 127.0.0.1\ncertfile turned.crt\nkeyfile b.key\nallow_anonymous true\nuser root\n",
        free_port()
    );
    world.sandbox.write("m.conf", conf);
    let said = world.sandbox.run("timeout", &["10", "mosquitto", "-c", "m.conf"]);
    assert!(said.stderr.contains("key values mismatch") && said.status != 124, "{said:?}");
}

#[test]
fn roles_and_usages_are_judged() {
    let world = World::of(
        "sign b ca /CN=b.lan \"$SERVER\"; sign c ca /CN=c \"$CLIENT\"
        sign ku ca /CN=ku 'keyUsage=critical,keyAgreement\\nsubjectAltName=DNS:ku'
        sign no ca /CN=no 'keyUsage=critical,dataEncipherment\\nsubjectAltName=DNS:no'
        sign code ca /CN=code 'extendedKeyUsage=codeSigning\\nsubjectAltName=DNS:code'
        sign leafca ca /CN=leafca 'basicConstraints=critical,CA:TRUE\\nsubjectAltName=DNS:leafca'
        root weak '/CN=Weak CA' 1000 '-addext keyUsage=critical,digitalSignature'; sign w weak /CN=w \"$CLIENT\"
        sign notca ca '/CN=Not CA' 'basicConstraints=critical,CA:FALSE\\nkeyUsage=digitalSignature'
        sign n notca /CN=n \"$CLIENT\"; cat n.crt notca.crt > n-chain.crt
        sign only ca '/CN=Clients CA' \"$ISSUER\\nextendedKeyUsage=clientAuth\"; sign s only /CN=s \"$SERVER\"
        cat s.crt only.crt > s-chain.crt",
    );
    world.only(&["b.crt", "--as", "client"], 1, "certificate-wrong-role");
    world.leads(&["c.crt", "--as", "server"], 1, "certificate-wrong-role");
    world.only(&["ku.crt"], 0, "");
    world.only(&["no.crt"], 1, "certificate-wrong-role");
    world.leads(&["code.crt"], 1, "certificate-wrong-role");
    world.only(&["leafca.crt", "--as", "server"], 1, "certificate-is-authority");
    world.only(&["leafca.crt", "--as", "client"], 1, "certificate-is-authority");
    world.only(&["b.crt", "--as", "ca"], 1, "ca-not-an-authority");
    world.only(&["weak.crt"], 1, "ca-not-an-authority");
    world.only(&["w.crt", "--ca", "weak.crt"], 1, "ca-not-an-authority");
    world.leads(&["n-chain.crt"], 1, "ca-not-an-authority");
    world.leads(&["s-chain.crt"], 1, "certificate-wrong-role");
    for (file, purpose, options) in [
        ("b.crt", "sslclient", &[][..]),
        ("c.crt", "sslserver", &[]),
        ("no.crt", "sslserver", &[]),
        ("code.crt", "sslclient", &[]),
        ("w.crt", "sslclient", &["-CAfile", "weak.crt"]),
        ("n.crt", "sslclient", &["-untrusted", "n-chain.crt"]),
        ("s.crt", "sslserver", &["-untrusted", "s-chain.crt"]),
    ] {
        assert!(!world.openssl(&[&["-purpose", purpose], options].concat(), file), "{file}");
    }
    assert!(world.openssl(&["-purpose", "sslserver"], "ku.crt"));
}

#[test]
fn names_are_judged_as_clients_do() {
    let world = World::of(
        "sign cn ca /CN=b.lan extendedKeyUsage=serverAuth; sign none ca '/CN=My Broker' extendedKeyUsage=serverAuth
        sign text ca /CN=x 'subjectAltName=DNS:10.0.0.9\\nextendedKeyUsage=serverAuth'
        sign wild ca /CN=x 'subjectAltName=DNS:*.home.lan,DNS:*.lan\\nextendedKeyUsage=serverAuth'",
    );
    world.only(&["cn.crt"], 1, "certificate-common-name-only");
    world.only(&["cn.crt", "--host", "B.lan"], 1, "certificate-common-name-only");
    world.only(&["cn.crt", "--host", "c.lan"], 1, "certificate-without-names");
    world.only(&["none.crt"], 1, "certificate-without-names");
    world.only(&["text.crt", "--host", "10.0.0.9"], 1, "tls-name-mismatch");
    assert!(world.judge(&["text.crt", "--host", "10.0.0.9"]).1.to_string().contains("as a DNS name"));
    for (host, status, code) in [
        ("b.home.lan", 0, ""),
        ("a.b.home.lan", 1, "tls-name-mismatch"),
        ("home.lan", 1, "tls-name-mismatch"),
        ("b.lan", 1, "tls-name-mismatch"),
    ] {
        world.only(&["wild.crt", "--host", host], status, code);
        assert_eq!(world.openssl(&["-verify_hostname", host], "wild.crt"), status == 0, "{host}");
    }
    assert!(!world.openssl(&["-verify_ip", "10.0.0.9"], "text.crt"));
}

#[test]
fn weak_and_old_certificates_are_told() {
    let world = World::of(
        "openssl genrsa -out short.key 1024; sign short ca /CN=short \"$CLIENT\"
        key k1 secp256k1; sign k1 ca /CN=k1 \"$CLIENT\"; sign sha1 ca /CN=sha1 \"$CLIENT\" -sha1
        openssl genrsa -out weak.key 1024; root weak '/CN=Weak CA'; sign w weak /CN=w \"$CLIENT\"
        key v1; openssl req -new -key v1.key -subj /CN=v1 -out v1.csr
        openssl x509 -req -in v1.csr -CA ca.crt -CAkey ca.key -set_serial 77 -days 50 -out v1.crt 2> /dev/null
        sign odd ca /CN=odd \"$CLIENT\\n1.2.3.4=critical,ASN1:NULL\"
        sign fence ca '/CN=Fence CA' \"$ISSUER\\nnameConstraints=critical,permitted;DNS:home.lan\"
        sign out fence /CN=b.lan \"$SERVER\"; cat out.crt fence.crt > out-chain.crt",
    );
    world.only(&["short.crt", "--key", "short.key"], 1, "certificate-weak-key");
    world.only(&["k1.crt"], 1, "certificate-weak-key");
    world.only(&["sha1.crt"], 1, "certificate-weak-signature");
    world.only(&["w.crt", "--ca", "weak.crt"], 1, "certificate-weak-key");
    world.leads(&["v1.crt"], 1, "certificate-version");
    world.only(&["odd.crt"], 1, "certificate-refused");
    world.only(&["out-chain.crt"], 1, "name-outside-constraints");
    // what Debian's and the stock images' OpenSSL refuses in TLS
    for (file, ca) in [("short.crt", "ca.crt"), ("sha1.crt", "ca.crt"), ("w.crt", "weak.crt")] {
        assert!(!world.openssl(&["-auth_level", "2", "-CAfile", ca], file), "{file}");
    }
    assert!(!world.openssl(&[], "odd.crt") && !world.openssl(&["-untrusted", "out-chain.crt"], "out.crt"));
    assert!(world.openssl(&[], "v1.crt"), "OpenSSL takes version 1, and the message says so");
}

#[test]
fn a_leaf_with_its_authoritys_name_is_told_as_openssl_sees_it() {
    let ids = "authorityKeyIdentifier=keyid\\nsubjectKeyIdentifier=";
    let world = World::of(&format!(
        "sign both ca '/CN=Home CA' \"$CLIENT\\n{ids}hash\"; sign one ca '/CN=Home CA' \"$CLIENT\\n{ids}none\"",
    ));
    world.only(&["both.crt"], 0, "certificate-same-subject-as-issuer");
    world.only(&["one.crt"], 1, "certificate-same-subject-as-issuer");
    assert!(world.openssl(&[], "both.crt") && !world.openssl(&[], "one.crt"));
}

#[test]
fn a_certificate_that_outlives_its_issuer_is_told_but_valid() {
    let world = World::of("sign c ca /CN=c \"$CLIENT\" -days 2000");
    world.only(&["c.crt"], 0, "certificate-outlives-issuer");
    assert!(world.openssl(&[], "c.crt"));
}

#[test]
fn client_families_are_advised_as_openssl_and_python_bear_out() {
    let world = World::of(
        "sign good ca /CN=b.lan \"$SERVER\"; root plain '/CN=Plain CA' 1000 '-batch'; sign p plain /CN=b.lan \"$SERVER\"
        sign noaki ca /CN=b.lan \"$SERVER\\nauthorityKeyIdentifier=none\"; sign cn ca /CN=b.lan extendedKeyUsage=serverAuth
        openssl genpkey -algorithm ed25519 -out ed.key; sign ed ca /CN=ed \"$SERVER\"
        key p521 P-521; sign p521 ca /CN=b.lan \"$SERVER\"",
    );
    let families = |args: &[&str]| -> Vec<String> {
        let (_, value) = world.judge(args);
        value["advice"].as_array().unwrap().iter().map(|advice| advice["family"].as_str().unwrap().to_owned()).collect()
    };
    let strict = |file: &str, ca: &str| {
        let advised =
            families(&[file, "--ca", ca, "--host", "b.lan"]).iter().any(|family| family.starts_with("Python"));
        assert_eq!(advised, !world.openssl(&["-x509_strict", "-CAfile", ca], file), "{file}");
        // as Python 3.13's default context judges
        let script = format!(
            "import ssl, sys\nc = ssl.create_default_context(cafile='{ca}')\n\
             c.verify_flags |= ssl.VERIFY_X509_STRICT | getattr(ssl, 'VERIFY_X509_PARTIAL_CHAIN', 0)\n\
             s = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH); s.load_cert_chain('{file}', '{}')\n\
             ci, co, si, so = (ssl.MemoryBIO() for _ in range(4))\n\
             a, b = c.wrap_bio(ci, co, server_hostname='b.lan'), s.wrap_bio(si, so, server_side=True)\n\
             try:\n\
             \x20 for _ in range(6):\n\
             \x20   for side in (a, b):\n\
             \x20     try: side.do_handshake()\n\
             \x20     except ssl.SSLWantReadError: pass\n\
             \x20     si.write(co.read()); ci.write(so.read())\n\
             except ssl.SSLCertVerificationError: sys.exit(3)\n",
            file.replace(".crt", ".key")
        );
        let said = world.sandbox.run("/usr/bin/python3", &["-c", &script]);
        assert_eq!(said.status, if advised { 3 } else { 0 }, "{file}: {said:?}");
        advised
    };
    assert!(!strict("good.crt", "ca.crt") && strict("p.crt", "plain.crt") && strict("noaki.crt", "ca.crt"));
    assert_eq!(families(&["cn.crt"]), ["rustls", "Go"]);
    assert_eq!(families(&["ed.crt", "--host", "b.lan"]), ["mbedTLS (ESP32)", "BearSSL (ESP8266)"]);
    assert_eq!(families(&["p521.crt", "--host", "b.lan"]), ["rustls with ring"]);
    assert_eq!(families(&["good.crt"]), ["mbedTLS before 3.5 (ESP32)", "BearSSL (ESP8266)"]);
    let said = world.sandbox.mqsec(&["verify", "--ca", "ca.crt", "good.crt"]).ok();
    assert!(
        said.stdout.contains("  advice: mbedTLS before 3.5 (ESP32), BearSSL (ESP8266) refuse it: "),
        "{}",
        said.stdout
    );
}
