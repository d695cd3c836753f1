//! The targets of `export` that are files in a format, read back by those who read such files: openssl, Python, Java's
//! keytool, the C and C++ compilers, Mosquitto's own clients and brokers, a reader of QR codes.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::Said;
use crate::support::Sandbox;
use crate::support::binary;
use crate::support::peer;
use crate::support::wait_for;

/// Names and a password that end a string early wherever one is not written as the language wants it.
const NAME: &str = "kühl 'r' $1";
const USER: &str = "bob's $y ü\"";
/// A topic of mosquitto.conf has no blank in it.
const BRIDGE_USER: &str = "bob-$y'ü";
const PASSWORD: &str = "p ä\"s'\\w$r`d #%&%25 ??= {x}";

/// A broker that runs, with a client and a user of odd names.
fn site(version: &str) -> Sandbox {
    let sandbox = Sandbox::with_broker(version);
    sandbox.up_native(&[]).ok();
    sandbox.mqsec(&["client-cert", NAME]).ok();
    for user in [USER, BRIDGE_USER] {
        sandbox.mqsec_with_input(&["passwd", "add", user, "--stdin"], &format!("{PASSWORD}\n")).ok();
    }
    sandbox.mqsec(&["reload"]).ok();
    sandbox
}

/// A folder without a broker: the authority, the broker's certificate, and a client's.
fn office(names: &[&str], client: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&[&["broker-cert"], names].concat()).ok();
    sandbox.mqsec(&["client-cert", client]).ok();
    sandbox
}

/// An export whose password comes from standard input; gives the report.
#[track_caller]
fn export(sandbox: &Sandbox, target: &str, more: &[&str]) -> Value {
    let user = if target == "bridge" { BRIDGE_USER } else { USER };
    let args = ["export", NAME, "--for", target, "--host", "localhost", "--user", user, "--password-stdin", "--json"];
    let said = sandbox.mqsec_with_input(&[&args[..], more].concat(), &format!("{PASSWORD}\n")).ok();
    let all = format!("{said:?}");
    assert!(!all.contains("w$r`d") && !all.contains("PRIVATE KEY"), "a secret is told: {all}");
    said.json()
}

fn folder(sandbox: &Sandbox, target: &str) -> PathBuf {
    sandbox.dir.join(format!("exports/{NAME}-{target}"))
}

/// A command in the folder of an export, as a reader would type it.
fn shell(sandbox: &Sandbox, target: &str, line: &str) -> Said {
    let bin = binary().parent().unwrap().display().to_string();
    let line = format!("PATH=\"{bin}:$PATH\"; {line}");
    let mut command = sandbox.command("/bin/sh");
    command.args(["-c", &line]).current_dir(folder(sandbox, target)).env("MQSEC_PASSWORD", PASSWORD);
    Said::of(command.output().unwrap())
}

fn text(sandbox: &Sandbox, target: &str, file: &str) -> String {
    let path = folder(sandbox, target).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn stand_ins(of: &str) -> String {
    format!("{}/tests/it/interop/stand_ins/{of}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn pem_is_read_by_openssl_and_python_and_connects() {
    let sandbox = site("2.1.2");
    let report = export(&sandbox, "pem", &[]);
    let modes: Vec<(String, u32)> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            let name = file["name"].as_str().unwrap().to_owned();
            let mode = sandbox.mode(&format!("exports/{NAME}-pem/{name}"));
            assert_eq!(file["secret"] == Value::Bool(true), mode == 0o600, "{name}");
            (name, mode)
        })
        .collect();
    let name = |end: &str| format!("{NAME}.{end}");
    let expected = [(name("key"), 0o600), (name("crt"), 0o644), ("ca.crt".to_owned(), 0o644), (name("pem"), 0o600)];
    assert_eq!(modes, expected);
    assert_eq!(sandbox.mode(&format!("exports/{NAME}-pem")), 0o700);

    let (crt, key, both) = (name("crt"), name("key"), name("pem"));
    let openssl = |args: &[&str]| {
        let mut command = sandbox.command("openssl");
        Said::of(command.args(args).current_dir(folder(&sandbox, "pem")).output().unwrap()).ok().stdout
    };
    openssl(&["verify", "-purpose", "sslclient", "-CAfile", "ca.crt", "-untrusted", &crt, &crt]);
    let public = openssl(&["x509", "-in", &crt, "-noout", "-pubkey"]);
    assert_eq!(openssl(&["pkey", "-in", &key, "-pubout"]), public);
    assert_eq!(openssl(&["pkey", "-in", &both, "-pubout"]), public);
    let python = "import ssl, sys
context = ssl.create_default_context(cafile='ca.crt')
context.load_cert_chain(sys.argv[1], sys.argv[2])
context.load_cert_chain(sys.argv[3])
print(len(context.get_ca_certs()))";
    let mut command = sandbox.command("/usr/bin/python3");
    command.args(["-c", python, &crt, &key, &both]).current_dir(folder(&sandbox, "pem"));
    assert_eq!(Said::of(command.output().unwrap()).ok().stdout, "1\n");
    shell(&sandbox, "pem", report["test"].as_str().unwrap()).ok();
    assert_eq!(report["warnings"], Value::Array(Vec::new()));

    // a test that will be refused is told
    sandbox.write("config/mosquitto.acl", "user admin\ntopic readwrite #\n");
    assert!(export(&sandbox, "pem", &[])["warnings"].to_string().contains("write nothing"));
}

#[test]
fn a_signing_authority_stands_in_the_chain_and_not_in_what_is_trusted() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init", "--intermediate"]).ok();
    sandbox.mqsec(&["broker-cert", "pi.lan"]).ok();
    sandbox.mqsec(&["client-cert", NAME]).ok();
    sandbox.mqsec(&["export", NAME, "--for", "pem"]).ok();
    let count = |file: &str| text(&sandbox, "pem", file).matches("BEGIN CERTIFICATE").count();
    assert_eq!((count(&format!("{NAME}.crt")), count("ca.crt")), (2, 1));
    let crt = "'kühl '\\''r'\\'' $1.crt'";
    shell(&sandbox, "pem", &format!("openssl verify -CAfile ca.crt -untrusted {crt} {crt}")).ok();
    // during a rollover both roots are trusted, and the file says so of its own accord
    sandbox.mqsec(&["ca", "rollover", "prepare"]).ok();
    sandbox.mqsec(&["export", NAME, "--for", "pem"]).fails(1, "export-exists");
    sandbox.mqsec(&["export", NAME, "--for", "pem", "--force"]).ok();
    assert_eq!((count(&format!("{NAME}.crt")), count("ca.crt")), (2, 2));
    shell(&sandbox, "pem", &format!("openssl verify -CAfile ca.crt -untrusted {crt} {crt}")).ok();
}

/// What openssl and Java say of both forms, and that the key is the client's.
#[test]
fn pkcs12_is_read_by_openssl_and_java() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init", "--intermediate"]).ok();
    sandbox.mqsec(&["broker-cert", "pi.lan"]).ok();
    sandbox.mqsec(&["client-cert", NAME]).ok();
    let own =
        sandbox.run("openssl", &["pkey", "-in", &format!("certs/client/{NAME}/{NAME}.key"), "-pubout"]).ok().stdout;
    for legacy in [false, true] {
        let more: &[&str] = if legacy { &["--legacy", "--force"] } else { &[] };
        let said = sandbox.mqsec(&[&["export", NAME, "--for", "pkcs12", "--json"], more].concat()).ok();
        let password = text(&sandbox, "pkcs12", &format!("{NAME}.p12.password"));
        assert!(!said.stdout.contains(password.trim()) && password.trim().len() == 22);
        fs::copy(folder(&sandbox, "pkcs12").join(format!("{NAME}.p12")), folder(&sandbox, "pkcs12").join("c.p12"))
            .unwrap();
        fs::write(folder(&sandbox, "pkcs12").join("c.password"), &password).unwrap();

        let flag = if legacy { "-legacy" } else { "" };
        let read = |more: &str| {
            shell(&sandbox, "pkcs12", &format!("openssl pkcs12 -in c.p12 -passin file:c.password {flag} {more}")).ok()
        };
        let info = read("-noout -info").stderr;
        let (cipher, mac) = match legacy {
            false => ("PBES2, PBKDF2, AES-256-CBC, Iteration 2048, PRF hmacWithSHA256", "MAC: sha256"),
            true => ("pbeWithSHA1And3-KeyTripleDES-CBC", "MAC: sha1"),
        };
        assert!(info.contains(mac) && info.matches(cipher).count() == 2, "{info}");
        let certificates = read("-nokeys");
        assert_eq!(certificates.stdout.matches("BEGIN CERTIFICATE").count(), 3, "leaf, signing authority, root");
        read("-nocerts -nodes -out key.pem");
        assert_eq!(shell(&sandbox, "pkcs12", "openssl pkey -in key.pem -pubout").ok().stdout, own);
        assert!(read("-nocerts -nodes").stdout.contains(&format!("friendlyName: {NAME}")) || !NAME.is_ascii());
        let wrong = shell(&sandbox, "pkcs12", &format!("openssl pkcs12 -in c.p12 -passin pass:wrong {flag} -noout"));
        assert_ne!(wrong.status, 0);

        let list = "keytool -J-Dfile.encoding=UTF-8 -list -v -storepass:file c.password -keystore";
        let key = shell(&sandbox, "pkcs12", &format!("{list} c.p12")).ok().stdout;
        assert!(key.contains("Entry type: PrivateKeyEntry") && key.contains("Certificate chain length: 3"), "{key}");
        let trust = shell(&sandbox, "pkcs12", &format!("{list} ca.p12")).ok().stdout;
        assert!(trust.contains("Entry type: trustedCertEntry") && trust.contains("contains 1 entry"), "{trust}");
    }
    // what the notes say of JKS
    let notes = sandbox.mqsec(&["export", NAME, "--for", "pkcs12", "--json", "--force"]).ok().json();
    let note =
        notes["notes"].as_array().unwrap().iter().find_map(|note| note.as_str()?.split_once("keytool ")).unwrap();
    shell(&sandbox, "pkcs12", &format!("keytool {}", note.1)).ok();
    assert_eq!(fs::read(folder(&sandbox, "pkcs12").join("client.jks")).unwrap()[..4], [0xfe, 0xed, 0xfe, 0xed]);
    shell(&sandbox, "pkcs12", notes["test"].as_str().unwrap()).ok();
}

#[test]
fn a_password_of_ones_own_opens_the_file_and_is_not_written() {
    let sandbox = office(&["pi.lan"], NAME);
    let args = ["export", NAME, "--for", "browser", "--file-password-stdin"];
    let said = sandbox.mqsec_with_input(&args, &format!("{PASSWORD}\n")).ok();
    assert!(
        !said.stdout.contains(PASSWORD) && !folder(&sandbox, "browser").join(format!("{NAME}.p12.password")).exists()
    );
    assert!(said.stdout.contains("no listener for secure websockets"), "{}", said.stdout);
    fs::write(folder(&sandbox, "browser").join("p"), format!("{PASSWORD}\n")).unwrap();
    fs::rename(folder(&sandbox, "browser").join(format!("{NAME}.p12")), folder(&sandbox, "browser").join("c.p12"))
        .unwrap();
    shell(&sandbox, "browser", "openssl pkcs12 -in c.p12 -passin file:p -noout").ok();
    // Java takes a password in ASCII alone, and is warned of
    let args = ["export", NAME, "--for", "pkcs12", "--file-password-stdin", "--json", "--force"];
    let warnings = |password: &str| {
        let said = sandbox.mqsec_with_input(&args, &format!("{password}\n")).ok();
        assert!(!said.stdout.contains(password), "{}", said.stdout);
        said.json()["warnings"].to_string()
    };
    assert!(warnings(PASSWORD).contains("Java"));
    let odd = "p s\"'\\w$r`d #%{x}";
    assert_eq!(warnings(odd), "[]");
    fs::write(folder(&sandbox, "pkcs12").join("p"), format!("{odd}\n")).unwrap();
    shell(&sandbox, "pkcs12", "keytool -list -keystore ca.p12 -storepass:file p").ok();
    let args = ["export", NAME, "--for", "browser", "--file-password-stdin"];
    let said = sandbox.mqsec_with_input(&[&args[..], &["--force"]].concat(), "\n");
    said.fails(2, "password-not-read");
}

/// A browser's store is NSS's with Firefox, and Chrome's on Linux.
#[test]
fn a_browsers_store_takes_the_file() {
    let sandbox = office(&["pi.lan"], "phone");
    let args = ["export", "phone", "--for", "browser", "--websockets-port", "8083", "--json"];
    let report = sandbox.mqsec(&args).ok().json();
    assert!(report["notes"].to_string().contains("wss://pi.lan:8083/mqtt"), "{report}");
    assert_eq!(report["warnings"], Value::Array(Vec::new()));
    let dir = sandbox.dir.join("exports/phone-browser");
    let certutil = |program: &str, args: &[&str]| {
        Said::of(sandbox.command(program).args(args).current_dir(&dir).output().unwrap()).ok().stdout
    };
    fs::create_dir(dir.join("db")).unwrap();
    certutil("certutil", &["-N", "-d", "sql:db", "--empty-password"]);
    certutil("pk12util", &["-i", "phone.p12", "-w", "phone.p12.password", "-d", "sql:db"]);
    assert!(certutil("certutil", &["-K", "-d", "sql:db"]).contains("phone"), "the key is there");
}

#[test]
fn the_header_is_c_and_cpp_and_has_the_very_bytes() {
    let sandbox = site("2.1.2");
    export(&sandbox, "arduino-header", &[]);
    let dir = folder(&sandbox, "arduino-header");
    let program = r#"#include <stdio.h>
#include "mqtt_credentials.h"
#include "mqtt_credentials.h"
#define SHOW(name) fwrite(name, 1, sizeof name, stdout)
int main(void) {
  SHOW(MQTT_HOST); SHOW(MQTT_CLIENT_ID); SHOW(MQTT_USER); SHOW(MQTT_PASSWORD); SHOW(MQTT_TOPIC);
  SHOW(MQTT_CA); SHOW(MQTT_CERTIFICATE); SHOW(MQTT_KEY);
  printf("%d %ld %d %d", MQTT_PORT, MQTT_CLOCK_IS_SET, MQTT_KEY_IS_EC, MQTT_ISSUER_IS_EC);
  return 0;
}
"#;
    fs::write(dir.join("main.c"), program).unwrap();
    for compiler in ["gcc -std=c99 -pedantic -trigraphs -x c", "g++ -std=c++11 -pedantic -trigraphs -x c++"] {
        shell(&sandbox, "arduino-header", &format!("{compiler} -Wall -Wextra -Werror -o main main.c")).ok();
        let said = shell(&sandbox, "arduino-header", "./main").ok().stdout;
        let strings: Vec<&str> = said.split('\0').collect();
        assert_eq!(strings[..4], ["localhost", NAME, USER, PASSWORD], "{compiler}");
        assert!(strings[4].starts_with("users/") && strings[4].ends_with("/test"), "{}", strings[4]);
        assert_eq!(strings[5], sandbox.read("certs/ca.crt"));
        assert_eq!(strings[6], sandbox.read(&format!("certs/client/{NAME}/{NAME}.crt")));
        assert_eq!(strings[7], sandbox.read(&format!("certs/client/{NAME}/{NAME}.key")));
        let numbers: Vec<i64> = strings[8].split(' ').map(|number| number.parse().unwrap()).collect();
        assert_eq!((numbers[0], &numbers[2..]), (i64::from(sandbox.port), &[1, 1][..]));
        assert!(numbers[1] > 1_700_000_000, "{numbers:?}");
    }
    let sketch = text(&sandbox, "arduino-header", "mqtt_device.ino");
    assert!(!sketch.contains("setInsecure") && sketch.find("setClock();") < sketch.find("setUpTls();"));
    for core in ["-DESP32", "-DESP8266"] {
        let line = format!(
            "g++ -Wall -Wextra -Werror -DARDUINO=10800 {core} -fsyntax-only -I{} -I. -x c++ mqtt_device.ino",
            stand_ins("arduino")
        );
        shell(&sandbox, "arduino-header", &line).ok();
    }
}

#[test]
fn the_esp_idf_source_is_c_and_its_files_are_the_clients() {
    let sandbox = site("2.1.2");
    let report = export(&sandbox, "esp-idf", &[]);
    let program = "#include <stdio.h>\n#include <stddef.h>\n#include \"mqtt_settings.h\"\nint main(void) { printf(\"%s|%s|%s|%s\", MQTT_URI, MQTT_CLIENT_ID, MQTT_USER, MQTT_PASSWORD); return 0; }\n";
    fs::write(folder(&sandbox, "esp-idf").join("main.c"), program).unwrap();
    let line = "gcc -std=c99 -trigraphs -Wall -Wextra -Werror -o main main.c && ./main";
    let expected = format!("mqtts://localhost:{}|{NAME}|{USER}|{PASSWORD}", sandbox.port);
    assert_eq!(shell(&sandbox, "esp-idf", line).ok().stdout, expected);
    let line = format!("gcc -Wall -Wextra -Werror -fsyntax-only -I{} -I. mqtt_device.c", stand_ins("esp_idf"));
    shell(&sandbox, "esp-idf", &line).ok();
    // embedded as the build does it: the text and a zero, by the names that the source asks for
    let line = "for f in ca.crt client.crt client.key; do { cat $f; printf '\\0'; } >e && mkdir -p o && cp e o/$f; done; \
                cd o && ld -r -b binary -o e.o ca.crt client.crt client.key && nm e.o";
    let symbols = shell(&sandbox, "esp-idf", line).ok().stdout;
    let source = text(&sandbox, "esp-idf", "mqtt_device.c");
    for file in ["ca_crt", "client_crt", "client_key"] {
        let symbol = format!("_binary_{file}_start");
        assert!(symbols.contains(&symbol) && source.contains(&symbol), "{symbol}");
        assert!(text(&sandbox, "esp-idf", "CMakeLists.txt").contains(&format!("\"{}\"", file.replace('_', "."))));
    }
    shell(&sandbox, "esp-idf", report["test"].as_str().unwrap()).ok();
    assert!(
        !source.contains("skip_cert_common_name_check") && source.find("set_clock()") < source.find("client_start")
    );
}

fn mosquittos_clients_connect(version: &str) {
    let sandbox = site(version);
    let report = export(&sandbox, "mosquitto", &[]);
    shell(&sandbox, "mosquitto", report["test"].as_str().unwrap()).ok();
    // from another folder, both programs, a message that comes back
    let acl = sandbox.read("config/mosquitto.acl");
    assert!(acl.contains(&format!("user {USER}")), "{acl}");
    let topic = report["test"].as_str().unwrap().split(" -t ").nth(1).unwrap().split(" -m ").next().unwrap().to_owned();
    let config = folder(&sandbox, "mosquitto");
    for program in [version, "2.0.21", "2.1.2"] {
        let run = |name: &str, args: &str| {
            let line = format!("{} -t {topic} {args}", peer(program, name).display());
            let mut command = sandbox.command("/bin/sh");
            command.args(["-c", &line]).current_dir("/").env("XDG_CONFIG_HOME", &config);
            Said::of(command.output().unwrap())
        };
        run("mosquitto_pub", &format!("-r -q 1 -m 'from {program}'")).ok();
        assert_eq!(run("mosquitto_sub", "-C 1 -W 10").ok().stdout, format!("from {program}\n"));
    }
    // the -o of the notes
    let line = format!("{} -o mosquitto_sub -t {topic} -C 1 -W 10", peer("2.1.2", "mosquitto_sub").display());
    assert_eq!(shell(&sandbox, "mosquitto", &line).ok().stdout, "from 2.1.2\n");
}

#[test]
fn mosquittos_clients_take_their_options_from_the_file_2_0() {
    mosquittos_clients_connect("2.0.21");
}

#[test]
fn mosquittos_clients_take_their_options_from_the_file_2_1() {
    mosquittos_clients_connect("2.1.2");
}

/// A message at the other broker comes to ours.
fn a_bridge_carries(there: &str, here: &str) {
    let ours = site(here);
    let report = export(&ours, "bridge", &[]);
    let topic = text(&ours, "bridge", "bridge.conf");
    let topic = topic.lines().find_map(|line| line.strip_prefix("topic ")?.strip_suffix(" out 1")).unwrap().to_owned();
    shell(&ours, "bridge", report["test"].as_str().unwrap()).ok();

    let other = Sandbox::with_broker(there);
    other.up_native(&[]).ok();
    // another user may run that broker: it is given copies, as the notes say
    let place = other.dir.join("certs/broker/copies");
    let shown = place.display().to_string();
    export(&ours, "bridge", &["--place", &shown, "--force"]);
    fs::create_dir(&place).unwrap();
    use std::os::unix::fs::MetadataExt;
    let owner = fs::metadata(other.dir.join("config/mosquitto.conf")).unwrap();
    let give = |path: &PathBuf| std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid())).unwrap();
    give(&place);
    for file in [format!("{NAME}.key"), format!("{NAME}.crt"), "ca.crt".to_owned()] {
        fs::copy(folder(&ours, "bridge").join(&file), place.join(&file)).unwrap();
        give(&place.join(&file));
    }
    let conf = other.read("config/mosquitto.conf") + "\n" + &text(&ours, "bridge", "bridge.conf");
    other.write("config/mosquitto.conf", conf);
    let checked = other.mqsec(&["conf", "check"]);
    // the password has ` #` in it, of which it warns: the broker reads the value whole
    assert_eq!(checked.stdout.matches("starts  Mosquitto").count(), 2, "{checked:?}");
    assert!(!checked.stdout.replace("conf-comment-in-value", "").contains("error["), "{checked:?}");
    other.mqsec(&["restart"]).ok();

    let port = other.port.to_string();
    let password = other.password("admin");
    let pair = ["--cert", "certs/client/admin/admin.crt", "--key", "certs/client/admin/admin.key"];
    let login = ["-h", "localhost", "-p", &port, "--cafile", "certs/ca.crt", "-u", "admin", "-P", &password];
    let message = ["-t", &topic, "-r", "-q", "1", "-m", "across"];
    other.run(peer("2.1.2", "mosquitto_pub"), &[&login[..], &pair, &message].concat()).ok();
    let (port, password) = (ours.port.to_string(), ours.password("admin"));
    let login = ["-h", "localhost", "-p", &port, "--cafile", "certs/ca.crt", "-u", "admin", "-P", &password];
    wait_for("the message on our side", || {
        let args = ["-t", &topic, "-C", "1", "-W", "1"];
        ours.run(peer("2.1.2", "mosquitto_sub"), &[&login[..], &pair, &args].concat()).stdout == "across\n"
    });
}

#[test]
fn the_bridge_section_carries_from_2_0_to_2_1() {
    a_bridge_carries("2.0.21", "2.1.2");
}

#[test]
fn the_bridge_section_carries_from_2_1_to_2_0() {
    a_bridge_carries("2.1.2", "2.0.21");
}

/// What a camera sees of the terminal: a picture in PBM, each module four pixels wide.
fn picture(shown: &str) -> String {
    let lines: Vec<&str> = shown.lines().filter(|line| line.starts_with("\x1b[38;5;16;48;5;231m")).collect();
    let mut rows: Vec<Vec<bool>> = Vec::new();
    for line in lines {
        let inner = line.trim_start_matches("\x1b[38;5;16;48;5;231m").trim_end_matches("\x1b[0m");
        let half = |upper: bool| {
            inner.chars().map(move |block| matches!((block, upper), ('█', _) | ('▀', true) | ('▄', false))).collect()
        };
        rows.push(half(true));
        rows.push(half(false));
    }
    let (width, height) = (rows[0].len() * 4, rows.len() * 4);
    let mut text = format!("P1\n{width} {height}\n");
    for row in &rows {
        let line: String = row.iter().map(|dark| if *dark { "1 1 1 1 " } else { "0 0 0 0 " }).collect();
        text.push_str(&format!("{line}\n").repeat(4));
    }
    text
}

#[test]
fn the_code_in_the_terminal_is_read_by_a_reader() {
    let sandbox = office(&["pi.lan"], "phone");
    let read = |more: &[&str], password: &str| -> Value {
        let args = ["--color", "always", "export", "phone", "--for", "pem", "--user", USER, "--password-stdin", "--qr"];
        let said = sandbox.mqsec_with_input(&[&args[..], more].concat(), &format!("{password}\n")).ok();
        let path = sandbox.write("code.pbm", picture(&said.stdout));
        let mut command = sandbox.command("zbarimg");
        let said = Said::of(command.args(["--quiet", "--raw"]).arg(&path).output().unwrap()).ok();
        said.json()
    };
    let pem = sandbox.run("openssl", &["x509", "-in", "certs/ca.crt", "-noout", "-fingerprint", "-sha256"]).ok().stdout;
    let fingerprint = pem.trim().split_once('=').unwrap().1.replace(':', "").to_lowercase();
    let plain = read(&[], PASSWORD);
    let expected = serde_json::json!({ "url": "mqtts://pi.lan:8883", "user": USER, "ca_sha256": fingerprint });
    assert_eq!(plain, expected);
    assert_eq!(read(&["--qr-with-password"], PASSWORD)["password"], PASSWORD);
    let args = ["export", "phone", "--for", "pem", "--user", USER, "--password-stdin", "--qr", "--qr-with-password"];
    sandbox.mqsec_with_input(&args, &format!("{}\n", "x".repeat(600))).fails(2, "qr-too-large");
    // in JSON the password is nowhere, the rest is
    let said = sandbox.mqsec_with_input(&[&args[..], &["--json"]].concat(), &format!("{PASSWORD}\n")).ok();
    assert_eq!(said.json()["qr"], Value::Null);
}

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

    // a name that is the authority's file
    sandbox.mqsec(&["client-cert", "ca"]).ok();
    export("ca", "pem", &[]).ok();
    assert_eq!(sandbox.read("exports/ca-pem/ca.crt"), sandbox.read("certs/ca.crt"));
    assert!(sandbox.has("exports/ca-pem/ca-client.key"));

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

/// The password file has hashes alone: what is missing is said, and stands in the file.
#[test]
fn an_unknown_password_leaves_a_place() {
    let sandbox = office(&["pi.lan"], "dev");
    let report = sandbox.mqsec(&["export", "dev", "--for", "mosquitto", "--user", "dev", "--json"]).ok().json();
    assert!(report["warnings"].to_string().contains("--password-stdin"), "{report}");
    assert!(sandbox.read("exports/dev-mosquitto/mosquitto_pub").contains("-P PUT-THE-PASSWORD-HERE\n"));
    // where the file says nothing of it, nothing is warned of
    let report = sandbox.mqsec(&["export", "dev", "--for", "pem", "--user", "dev", "--json"]).ok().json();
    assert_eq!(report["warnings"], Value::Array(Vec::new()));
}
