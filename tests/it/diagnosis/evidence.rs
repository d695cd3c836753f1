//! What lies beside a certificate or in its place: keys, revocation lists, other contents, the broker's copies, and a
//! live listener that shows it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::world::Listener;
use super::world::World;
use crate::support::Sandbox;
use crate::support::free_port;

#[test]
fn keys_are_judged_with_their_certificate() {
    let world = World::of(
        "sign c ca /CN=c \"$CLIENT\"; key other; openssl pkcs8 -topk8 -in c.key -out enc.key -passout pass:x
        openssl rsa -in ca.key -traditional -out old.key 2> /dev/null || openssl ec -in c.key -aes128 -passout pass:x -out old.key 2> /dev/null
        openssl pkey -in c.key -outform DER -out der.key; head -c 60 c.key > half.key; openssl pkey -in c.key -pubout -out pub.key
        : > empty.key; echo rubbish > bad.key; cat c.crt c.key > pair.pem; chmod 600 *.key pair.pem
        openssl ecparam -name prime256v1 -genkey -out sec1.key; chmod 600 sec1.key; sign sec1 ca /CN=sec1 \"$CLIENT\"",
    );
    world.only(&["c.crt", "--key", "c.key"], 0, "");
    world.only(&["sec1.crt", "--key", "sec1.key"], 0, "");
    world.only(&["pair.pem"], 0, "");
    world.only(&["c.crt", "--key", "other.key"], 1, "key-mismatch");
    world.only(&["c.crt", "--key", "enc.key"], 1, "key-encrypted");
    world.only(&["c.crt", "--key", "old.key"], 1, "key-encrypted");
    for key in ["half.key", "pub.key", "empty.key", "bad.key", "der.key", "c.crt"] {
        fs::set_permissions(world.sandbox.dir.join(key), fs::Permissions::from_mode(0o600)).unwrap();
        world.only(&["c.crt", "--key", key], 1, "key-unreadable");
    }
    world.only(&["c.crt", "--key", "none.key"], 0, "key-not-here");
    world.run("chmod 640 c.key");
    world.only(&["c.crt", "--key", "c.key"], 1, "key-readable-by-others");
}

#[test]
fn revocation_lists_are_judged_as_mosquittos_openssl_does() {
    let world = World::of(
        "sign a ca /CN=a \"$CLIENT\"; sign b ca /CN=b \"$CLIENT\"; sign s ca /CN=s \"$SERVER\"
        root twin '/CN=Home CA'; root other '/CN=Other CA'
        list ca 10 b.crt; cp ca.crl good.crl; list ca 0; cp ca.crl ended.crl; list other 10; list twin 10; LIST='' list twin 10; cp twin.crl old.crl; list twin 10
        openssl crl -in good.crl -outform DER | head -c -1 > bent; printf '\\377' >> bent
        openssl crl -inform DER -in bent -out bent.crl
        sign int ca '/CN=Int CA' \"$ISSUER\"; sign i int /CN=i \"$CLIENT\"; cat i.crt int.crt > i-chain.crt; list int 10
        root mute '/CN=Mute CA' 1000 '-addext keyUsage=critical,keyCertSign'; sign m mute /CN=m \"$CLIENT\"; list mute 10
        sleep 2",
    );
    let with = |list| ["a.crt", "--crl", list, "--warn", "1"];
    world.only(&with("good.crl"), 0, "");
    world.only(&["b.crt", "--crl", "good.crl", "--warn", "1"], 1, "certificate-revoked");
    world.only(&["a.crt", "--crl", "good.crl"], 0, "crl-expiring");
    world.only(&with("ended.crl"), 1, "crl-expired");
    world.only(&["s.crt", "--crl", "ended.crl"], 0, "crl-expired");
    world.only(&with("twin.crl"), 1, "crl-other-issuer");
    world.only(&with("other.crl"), 1, "crl-other-issuer");
    // a list of version 1, as `openssl ca` makes it, without a key identifier
    world.only(&with("old.crl"), 1, "crl-other-issuer");
    world.only(&with("bent.crl"), 1, "crl-bad-signature");
    world.leads(&["a.crt", "--crl", "good.crl", "--at", "2026-01-01"], 1, "certificate-not-yet-valid");
    world.only(&["m.crt", "--ca", "mute.crt", "--crl", "mute.crl", "--warn", "1"], 1, "ca-cannot-sign-crl");
    // the list of the root is there, and that of the intermediate which issued it is not
    world.only(&["i-chain.crt", "--crl", "good.crl", "--warn", "1"], 1, "crl-missing");
    world.only(&["i-chain.crt", "--crl", "good.crl", "--crl", "int.crl", "--warn", "1"], 0, "");
    for (file, list, good) in [
        ("a.crt", "good.crl", true),
        ("b.crt", "good.crl", false),
        ("a.crt", "ended.crl", false),
        ("a.crt", "twin.crl", false),
        ("a.crt", "other.crl", false),
        ("a.crt", "bent.crl", false),
        ("i.crt", "good.crl", false),
    ] {
        let options = ["-crl_check", "-CRLfile", list, "-untrusted", "int.crt"];
        assert_eq!(world.openssl(&options, file), good, "{file} {list}");
    }
    // a list by itself
    world.only(&["good.crl", "--warn", "1"], 0, "");
    world.only(&["ended.crl"], 1, "crl-expired");
    world.only(&["good.crl", "--at", "2026-01-01"], 1, "crl-not-yet-valid");
    world.only(&["twin.crl", "--warn", "1"], 1, "crl-other-issuer");
    world.only(&["bent.crl", "--warn", "1"], 1, "crl-bad-signature");
    let said = world.sandbox.mqsec(&["verify", "a.crt", "--ca", "ca.crt", "--crl", "a.crt"]).exits(2);
    assert_eq!(said.code(), Some("crl-unreadable"));
}

#[test]
fn a_revoked_intermediate_is_told_though_mosquitto_does_not_look() {
    let world = World::of(
        "sign int ca '/CN=Int CA' \"$ISSUER\"; sign i int /CN=i \"$CLIENT\"; cat i.crt int.crt > chain.crt
        list ca 10 int.crt; list int 10",
    );
    world.only(&["chain.crt", "--crl", "ca.crl", "--crl", "int.crl", "--warn", "1"], 1, "certificate-revoked");
    let lists = ["-CRLfile", "ca.crl", "-CRLfile", "int.crl", "-untrusted", "int.crt"];
    assert!(world.openssl(&[&["-crl_check"], &lists[..]].concat(), "i.crt"));
    assert!(!world.openssl(&[&["-crl_check_all"], &lists[..]].concat(), "i.crt"));
}

#[test]
fn other_contents_are_named_and_not_judged() {
    let world = World::of(
        "sign b ca /CN=b.lan \"$SERVER\"; openssl x509 -in b.crt -outform DER -out b.der
        openssl crl2pkcs7 -nocrl -certfile b.crt -out b.p7b; openssl crl2pkcs7 -nocrl -certfile b.crt -outform DER -out der.p7b
        openssl pkcs12 -export -in b.crt -inkey b.key -passout pass: -out b.p12; openssl pkey -in b.key -pubout -out b.pub
        head -c 300 b.crt > half.crt; head -c 200 b.der > half.der; head -c 3000 /dev/urandom > noise; : > empty
        echo '<html>404</html>' > page.crt; mkdir folder; list ca 10; truncate -s 40M huge
        sed 's/^M/!/' b.crt > bent.crt; awk '/BEGIN/{f=1} f{printf \"%s \", $0}' b.crt > joined.crt
        i=0; while [ $i -lt 1001 ]; do cat ca.crt; i=$((i+1)); done > many.crt
        names=DNS:n; i=0; while [ $i -lt 2500 ]; do names=$names,DNS:a-rather-long-name-of-a-host-$i.example; i=$((i+1)); done
        sign big ca /CN=big \"subjectAltName=$names\"",
    );
    for (file, code) in [
        ("b.p7b", "file-is-pkcs7"),
        ("der.p7b", "file-is-pkcs7"),
        ("b.p12", "file-is-pkcs12"),
        ("b.key", "file-is-key"),
        ("b.pub", "file-is-public-key"),
        ("b.csr", "file-is-request"),
        ("half.crt", "file-truncated"),
        ("half.der", "file-truncated"),
        ("noise", "file-not-pem"),
        ("page.crt", "file-not-pem"),
        ("joined.crt", "file-not-pem"),
        ("empty", "file-empty"),
        ("folder", "file-is-a-folder"),
        ("huge", "file-too-large"),
        ("/dev/zero", "file-too-large"),
        ("bent.crt", "certificate-damaged"),
        ("big.crt", "certificate-too-large"),
        ("many.crt", "chain-too-long"),
    ] {
        world.only(&[file], 2, code);
        if file != "/dev/zero" {
            let said = world.sandbox.mqsec(&["verify", "b.crt", "--ca", file]).exits(2);
            assert_eq!(said.code(), Some(code), "--ca {file}");
        }
    }
    world.only(&["ca.crl", "--as", "server"], 2, "file-is-crl");
    world.only(&["b.der"], 0, "file-is-der");
    let said = world.sandbox.mqsec(&["verify", "--ca", "ca.crt", "b.crt", "empty"]).exits(2);
    assert!(said.stdout.contains("valid  b.crt") && said.stdout.contains("unjudged  empty"), "{}", said.stdout);
    world.sandbox.mqsec(&["verify", "--ca", "ca.crt", "nothing.crt"]).fails(2, "certificate-not-found");
    // no authority to judge by
    let (_, value) =
        (world.sandbox.mqsec(&["verify", "b.crt"]).exits(2), world.sandbox.mqsec(&["verify", "--json", "b.crt"]));
    assert_eq!(value.json()["certificates"][0]["findings"][0]["code"], "ca-missing");
}

#[test]
fn a_live_brokers_chain_is_fetched_and_judged_whatever_its_state() {
    let world = World::of(
        "S='extendedKeyUsage=serverAuth\\nsubjectAltName=DNS:localhost,IP:127.0.0.1'
        sign int ca '/CN=Int CA' \"$ISSUER\"; sign b int /CN=b \"$S\"; sign ended ca /CN=ended \"$S\" -days -1
        root self /CN=localhost",
    );
    let good = Listener::start(&world, "-cert b.crt -key b.key -cert_chain int.crt");
    world.only(&[&good.at("localhost")], 0, "");
    world.only(&[&good.at("127.0.0.1")], 0, "");
    world.only(&[&good.at("127.0.0.1"), "--host", "other.lan"], 1, "tls-name-mismatch");
    let (_, value) = world.judge(&[&good.at("localhost")]);
    assert_eq!(value["chain"].as_array().unwrap().len(), 2);
    assert_eq!((&value["role"], &value["live"]["tls_version"]), (&"server".into(), &"TLS 1.3".into()));
    assert!(value["live"]["address"].is_string() && value["host"] == good.at("localhost"));
    let alone = Listener::start(&world, "-cert b.crt -key b.key");
    world.only(&[&alone.at("localhost")], 1, "certificate-unknown-issuer");
    world.run("mkdir -p certs && cp int.crt certs/");
    world.only(&[&alone.at("localhost")], 1, "chain-intermediate-missing");
    let ended = Listener::start(&world, "-cert ended.crt -key ended.key");
    world.leads(&[&ended.at("localhost")], 1, "certificate-expired");
    let own = Listener::start(&world, "-cert self.crt -key self.key");
    world.leads(&[&own.at("localhost")], 1, "certificate-self-signed");
    let nobody = free_port();
    let (status, codes) = world.codes(&[&format!("127.0.0.1:{nobody}")]);
    assert!(status == 2 && codes == ["connect-refused"], "{codes:?}");
    world.only(&["no-such-host.invalid"], 2, "name-not-resolved");
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    world.only(&[&format!("127.0.0.1:{port}"), "--timeout", "1"], 2, "no-answer");
    world.sandbox.mqsec(&["verify", "localhost:99999", "--ca", "ca.crt"]).fails(2, "usage");
}

#[test]
fn the_folders_certificates_are_judged_with_what_the_broker_reads() {
    let world = World::of("");
    let sandbox = &world.sandbox;
    for args in [&["ca", "init"][..], &["broker-cert", "b.lan"], &["client-cert", "x"], &["client-cert", "y"]] {
        sandbox.mqsec(args).ok();
    }
    let all = || {
        let told = sandbox.mqsec(&["verify", "--json"]);
        let judged = told.json()["certificates"].as_array().unwrap().clone();
        let codes = |judged: &Value| -> Vec<String> {
            let of = |finding: &Value| finding["code"].as_str().unwrap().to_owned();
            judged["findings"].as_array().unwrap().iter().map(of).collect()
        };
        let found: Vec<(String, Vec<String>)> = judged
            .iter()
            .map(|judged| (judged["target"].as_str().unwrap().to_owned(), codes(judged)))
            .filter(|(_, codes)| !codes.is_empty())
            .collect();
        (told.status, found)
    };
    let one = |target: &str, code: &str| vec![(target.to_owned(), vec![code.to_owned()])];
    assert_eq!(all(), (0, vec![]));
    let said = sandbox.mqsec(&["verify"]).ok();
    assert_eq!(said.stdout.lines().filter(|line| line.starts_with("valid  ")).count(), 4, "{}", said.stdout);
    // the broker's list is another one, then a foreign one, then none
    let (trust, list) = (sandbox.read("certs/broker/ca.crt"), sandbox.read("certs/broker/ca.crl"));
    world.run("cd certs; list ca 100 client/y/y.crt; rm list.*");
    assert_eq!(all().0, 1);
    assert_eq!(all().1[0], ("y".to_owned(), vec!["certificate-revoked".to_owned()]));
    assert_eq!(all().1[1], ("certs/broker/ca.crl".to_owned(), vec!["broker-copy-differs".to_owned()]));
    sandbox.write("certs/ca.crl", &list);
    world.run("list ca 100; cp ca.crl certs/broker/ca.crl");
    let told = all();
    assert_eq!(told.0, 1);
    assert!(told.1.contains(&("certs/broker/ca.crl".to_owned(), vec!["crl-other-issuer".to_owned()])), "{told:?}");
    assert!(told.1.contains(&("x".to_owned(), vec!["crl-other-issuer".to_owned()])), "{told:?}");
    sandbox.write("certs/broker/ca.crl", "");
    assert_eq!(all(), (2, one("certs/broker/ca.crl", "crl-unreadable")));
    sandbox.write("certs/broker/ca.crl", &list);
    // the broker trusts a stranger, a leaf, one of the same name
    sandbox.write("certs/broker/ca.crt", sandbox.read("ca.crt"));
    assert_eq!(all(), (1, one("certs/broker/ca.crt", "broker-copy-differs")));
    sandbox.write("certs/broker/ca.crt", sandbox.read("certs/client/x/x.crt"));
    assert_eq!(all().1[0].1[0], "ca-file-holds-leaf");
    sandbox.write("certs/broker/ca.crt", format!("{}{trust}", sandbox.read("ca.crt")));
    assert_eq!(all(), (0, vec![]));
    let twin = Sandbox::new();
    twin.mqsec(&["ca", "init"]).ok();
    sandbox.write("certs/broker/ca.crt", twin.read("certs/ca.crt"));
    assert_eq!(all(), (1, one("certs/broker/ca.crt", "certificate-other-authority")));
    sandbox.write("certs/broker/ca.crt", &trust);
    for file in ["certs/ca.crl", "certs/broker/ca.crl"] {
        fs::remove_file(sandbox.dir.join(file)).unwrap();
    }
    assert_eq!(all(), (0, one("ca", "crl-missing")));
    fs::remove_file(sandbox.dir.join("certs/client/x/x.key")).unwrap();
    fs::remove_file(sandbox.dir.join("certs/client/y/y.crt")).unwrap();
    let told = all();
    assert_eq!(told.0, 2);
    assert!(told.1.contains(&("x".to_owned(), vec!["key-not-here".to_owned()])), "{told:?}");
    assert!(told.1.contains(&("y".to_owned(), vec!["file-not-found".to_owned()])), "{told:?}");
}

#[test]
fn a_serial_number_that_occurs_twice_is_told() {
    let world = World::of("");
    let sandbox = &world.sandbox;
    sandbox.mqsec(&["ca", "init"]).ok();
    for name in ["x", "y"] {
        sandbox.mqsec(&["client-cert", name]).ok();
        let pair = format!("client/{name}/{name}");
        world.run(&format!(
            "cd certs; printf \"$CLIENT\" > e; openssl x509 -req -in {pair}.csr -CA ca.crt -CAkey ca.key -set_serial 7 \
             -days 50 -extfile e -out {pair}.crt 2> /dev/null; rm e"
        ));
    }
    let said = sandbox.mqsec(&["verify", "x"]).exits(1);
    assert!(said.stdout.contains("certificate-serial-twice: `./certs/client/y/y.crt`"), "{}", said.stdout);
    // in a backup it is worth a word alone
    world.run("mkdir -p certs/backup/old; mv certs/client/y/y.crt certs/backup/old/; rm -r certs/client/y");
    let said = sandbox.mqsec(&["verify", "x"]).ok();
    assert!(said.stdout.contains("certificate-serial-twice: "), "{}", said.stdout);
}
