//! What `mqsec export` writes for other programs, read back by them or by their libraries: paho-mqtt 2 and MQTT.js run the
//! exported programs, PyYAML and Node read the configurations.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use serde_json::json;

use super::export_tasmota::compiled;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::peers;

const BROKERS: [&str; 2] = ["2.0.21", "2.1.2"];

/// What the languages of the targets would read otherwise, if it stood there without quotes, or with the wrong ones.
const ODD: &str = r##"0x10 yes: "a" 'b' \n\\ ${1+1} $x #{y} # ü 😀 %s `z` @PORT@ *&!c d"##;

/// The configurations that name a user and a password.
const CONFIGURATIONS: [(&str, &str); 4] = [
    ("zigbee2mqtt", "zigbee2mqtt.yaml"),
    ("esphome", "admin-mqtt.yaml"),
    ("node-red", "node-red-flow.json"),
    ("mqttx", "admin-mqttx.json"),
];

const TARGETS: [&str; 8] =
    ["paho-python", "mqttjs", "zigbee2mqtt", "esphome", "node-red", "mqttx", "home-assistant", "tasmota"];

/// Every file of a folder with what it says.
fn texts(folder: &Path) -> Vec<(PathBuf, String)> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| (file.clone(), fs::read_to_string(&file).unwrap())).collect()
}

fn python() -> PathBuf {
    let python = peers().join("python/bin/python");
    assert!(python.exists(), "no {}; get it: tests/peers", python.display());
    python
}

/// A broker with this profile, and its user and client `admin`.
pub(super) fn running(version: &str, profile: &str) -> Sandbox {
    let sandbox = Sandbox::with_broker(version);
    sandbox.up_native(&["--profile", profile]).ok();
    sandbox
}

/// The folder with `admin`'s files for this target, who reaches the broker as localhost.
pub(super) fn exported(sandbox: &Sandbox, target: &str, more: &[&str]) -> PathBuf {
    sandbox.mqsec(&[&["export", "admin", "--for", target, "--host", "localhost", "--out", target], more].concat()).ok();
    sandbox.dir.join(target)
}

/// Node finds Debian's packages by this.
fn node(sandbox: &Sandbox) -> Command {
    let mut command = sandbox.command("node");
    command.env("NODE_PATH", "/usr/share/nodejs");
    command
}

fn run_python(sandbox: &Sandbox, folder: &Path) -> Said {
    Said::of(sandbox.command(python()).arg(folder.join("admin-mqtt.py")).output().unwrap())
}

fn run_node(sandbox: &Sandbox, folder: &Path) -> Said {
    Said::of(node(sandbox).arg(folder.join("admin-mqtt.cjs")).output().unwrap())
}

type Run = fn(&Sandbox, &Path) -> Said;
const PROGRAMS: [(&str, Run); 2] = [("paho-python", run_python), ("mqttjs", run_node)];

#[test]
fn the_programs_get_their_message_back_with_certificate_and_password() {
    programs_get_their_message_back("password+cert");
}

#[test]
fn the_programs_get_their_message_back_with_a_password() {
    programs_get_their_message_back("password");
}

#[test]
fn the_programs_get_their_message_back_with_a_certificate() {
    programs_get_their_message_back("cert");
}

fn programs_get_their_message_back(profile: &str) {
    for version in BROKERS {
        let sandbox = running(version, profile);
        for (target, run) in PROGRAMS {
            let folder = exported(&sandbox, target, &[]);
            let said = run(&sandbox, &folder).ok();
            assert!(said.stdout.contains(": hello from admin "), "{version} {profile} {target}: {said:?}");
        }
    }
}

#[test]
fn the_programs_end_without_a_message_where_the_broker_is_another() {
    let sandbox = running("2.1.2", "password+cert");
    let stranger = Sandbox::new();
    stranger.mqsec(&["ca", "init"]).ok();
    for (target, run) in PROGRAMS {
        let folder = exported(&sandbox, target, &[]);
        fs::write(folder.join("ca.crt"), stranger.read("certs/ca.crt")).unwrap();
        let said = run(&sandbox, &folder).exits(1);
        assert!(said.stderr.contains("certificate"), "{target}: {said:?}");
        assert_eq!(said.stdout, "", "{target}");
    }
}

#[test]
fn the_programs_end_without_a_message_where_the_name_is_not_the_brokers() {
    let sandbox = running("2.1.2", "password+cert");
    for (target, run) in PROGRAMS {
        let folder = exported(&sandbox, target, &[]);
        for (file, text) in texts(&folder) {
            fs::write(&file, text.replace("\"localhost\"", "\"127.0.0.2\"")).unwrap();
        }
        let said = run(&sandbox, &folder).exits(1);
        assert!(said.stderr.contains("127.0.0.2") && said.stderr.contains("certificate"), "{target}: {said:?}");
    }
}

#[test]
fn a_program_whose_password_is_not_known_takes_it_from_the_environment() {
    let sandbox = running("2.1.2", "password+cert");
    let password = sandbox.password("admin");
    // the folder of somebody who has the hashes alone
    fs::remove_file(sandbox.dir.join(".env")).unwrap();
    for (target, program) in [("paho-python", "admin-mqtt.py"), ("mqttjs", "admin-mqtt.cjs")] {
        let folder = exported(&sandbox, target, &["--user", "admin"]);
        let file = folder.join(program);
        assert!(!fs::read_to_string(&file).unwrap().contains("PUT-THE-PASSWORD"), "{target}");
        let command = || if target == "mqttjs" { node(&sandbox) } else { sandbox.command(python()) };
        let without = Said::of(command().arg(&file).output().unwrap()).exits(1);
        assert!(without.stderr.contains("MQTT_PASSWORD"), "{without:?}");
        let with = Said::of(command().arg(&file).env("MQTT_PASSWORD", &password).output().unwrap()).ok();
        assert!(with.stdout.contains("hello from admin"), "{with:?}");
    }
}

/// The password goes through the file, the program's own language, the wire, and the broker's hash.
#[test]
fn an_odd_password_comes_back_exactly() {
    let sandbox = running("2.1.2", "password+cert");
    sandbox.mqsec_with_input(&["passwd", "set", "admin", "--stdin"], &format!("{ODD}\n")).ok();
    sandbox.mqsec(&["reload"]).ok();
    for (target, run) in PROGRAMS {
        let folder = exported_with_odd_password(&sandbox, target);
        run(&sandbox, &folder).ok();
    }
    for (target, file) in CONFIGURATIONS {
        let folder = exported_with_odd_password(&sandbox, target);
        let said = connected(&sandbox, target, &folder.join(file));
        let expected = json!([ODD, "admin", "admin", format!("mqtts://localhost:{}", sandbox.port)]);
        assert_eq!(json!([said["password"], said["user"], said["id"], said["url"]]), expected, "{target}");
        assert_ne!(said["verified"], json!(false), "{target}");
    }
    let folder = exported_with_odd_password(&sandbox, "home-assistant");
    let settings = fs::read_to_string(folder.join("home-assistant.txt")).unwrap();
    assert!(settings.contains(&format!("  {ODD}\n")), "{settings}");
}

fn exported_with_odd_password(sandbox: &Sandbox, target: &str) -> PathBuf {
    let args =
        ["export", "admin", "--for", target, "--host", "localhost", "--out", target, "--password-stdin", "--force"];
    sandbox.mqsec_with_input(&args, &format!("{ODD}\n")).ok();
    sandbox.dir.join(target)
}

/// What MQTT.js was given by a configuration with which it got its message back.
fn connected(sandbox: &Sandbox, target: &str, file: &Path) -> Value {
    let json = match file.extension().is_some_and(|end| end == "yaml") {
        true => as_json(sandbox, file),
        false => file.to_owned(),
    };
    let script = format!("{}/tests/it/interop/export_programs.js", env!("CARGO_MANIFEST_DIR"));
    Said::of(node(sandbox).arg(script).arg(target).arg(json).output().unwrap()).ok().json()
}

/// YAML as PyYAML reads it. `!literal` is ESPHome's: the text as it is, without its substitutions.
fn as_json(sandbox: &Sandbox, file: &Path) -> PathBuf {
    const READ: &str = "
import json, sys, yaml
yaml.SafeLoader.add_constructor('!literal', lambda loader, node: loader.construct_scalar(node))
json.dump(yaml.safe_load(open(sys.argv[1], encoding='utf-8')), sys.stdout)
";
    let said = Said::of(sandbox.command(python()).args(["-c", READ]).arg(file).output().unwrap()).ok();
    let json = file.with_extension("json");
    fs::write(&json, said.stdout).unwrap();
    json
}

#[test]
fn every_configuration_connects_to_both_series() {
    for version in BROKERS {
        let sandbox = running(version, "password+cert");
        for (target, file) in CONFIGURATIONS {
            let folder = exported(&sandbox, target, &[]);
            connected(&sandbox, target, &folder.join(file));
        }
    }
}

/// The root alone is trusted: each side shows what stands between, but for Tasmota, whose one certificate is enough.
#[test]
fn every_target_connects_below_a_signing_authority() {
    for version in BROKERS {
        let sandbox = Sandbox::with_broker(version);
        sandbox.mqsec(&["ca", "init", "--intermediate"]).ok();
        sandbox.up_native(&[]).ok();
        for (target, run) in PROGRAMS {
            let folder = exported(&sandbox, target, &[]);
            run(&sandbox, &folder).ok();
        }
        for (target, file) in CONFIGURATIONS {
            let folder = exported(&sandbox, target, &[]);
            connected(&sandbox, target, &folder.join(file));
        }
        let folder = exported(&sandbox, "tasmota", &[]);
        let client = compiled(&sandbox, &folder);
        let (port, password) = (sandbox.port.to_string(), sandbox.password("admin"));
        assert_eq!(
            sandbox.run(&client, &["localhost", &port, "admin", &password]).stdout,
            "return code 0\n",
            "{version}"
        );
    }
}

/// Without a user there is neither login nor place for one.
#[test]
fn every_configuration_connects_where_the_certificate_is_the_user() {
    let sandbox = running("2.1.2", "cert");
    for (target, file) in CONFIGURATIONS {
        let folder = exported(&sandbox, target, &[]);
        let said = connected(&sandbox, target, &folder.join(file));
        assert_eq!((&said["user"], &said["password"]), (&Value::Null, &Value::Null), "{target}");
    }
}

/// ESPHome would work out `${1+1}`; its tag for texts as they are stands where there is a dollar sign, and nowhere else.
#[test]
fn esphome_is_told_where_a_dollar_sign_is_one() {
    let sandbox = running("2.1.2", "password+cert");
    let text = |folder: PathBuf| fs::read_to_string(folder.join("admin-mqtt.yaml")).unwrap();
    assert!(!text(exported(&sandbox, "esphome", &[])).contains("!literal"));
    assert!(text(exported_with_odd_password(&sandbox, "esphome")).contains("password: !literal \"0x10"));
}

#[test]
fn no_target_switches_verification_off() {
    let sandbox = running("2.1.2", "password+cert");
    for target in TARGETS {
        for (file, text) in texts(&exported(&sandbox, target, &[])) {
            let off = [
                "tls_insecure",
                "CERT_NONE",
                "check_hostname = False",
                "rejectUnauthorized: false",
                "\"rejectUnauthorized\": false",
                "\"verifyservercert\": false",
                "reject_unauthorized: false",
                "skip_cert_cn_check",
                "MqttFingerprint",
                "SetOption132 1",
            ];
            assert!(!off.iter().any(|word| text.contains(word)), "{}", file.display());
        }
    }
}

#[test]
fn what_holds_a_key_or_a_password_is_for_its_owner_alone() {
    let sandbox = running("2.1.2", "password+cert");
    let password = sandbox.password("admin");
    for target in TARGETS {
        let texts = texts(&exported(&sandbox, target, &[]));
        let holds = |text: &str| text.contains(&password) || text.contains("PRIVATE KEY") || text.contains("TLSKey1");
        assert!(texts.iter().any(|(_, text)| text.contains(&password)), "{target}");
        for (file, text) in &texts {
            let mode = fs::metadata(file).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, if holds(text) { 0o600 } else { 0o644 }, "{}", file.display());
        }
    }
}

/// The test command that is printed, as it stands there: the shell takes the parts out of the one file.
#[test]
fn the_test_commands_prove_the_files() {
    let sandbox = running("2.1.2", "password+cert");
    for target in ["zigbee2mqtt", "esphome", "node-red", "mqttx", "home-assistant"] {
        let args = ["export", "admin", "--for", target, "--host", "localhost", "--out", target, "--json"];
        let test = sandbox.mqsec(&args).ok().json()["test"].as_str().unwrap().to_owned();
        let mut shell = sandbox.command("bash");
        let mqsec = crate::support::binary().parent().unwrap().display().to_string();
        let path = format!("{mqsec}:{}:/usr/local/bin:/usr/bin:/bin", std::env::var("PATH").unwrap_or_default());
        shell.args(["-c", &test]).current_dir(sandbox.dir.join(target)).env("PATH", path);
        let said = Said::of(shell.env("MQSEC_PASSWORD", sandbox.password("admin")).output().unwrap()).ok();
        assert!(said.stdout.contains("The message came back"), "{target}: {test}\n{said:?}");
    }
}

#[test]
fn a_key_that_the_device_cannot_take_is_refused_before_anything_is_written() {
    let sandbox = running("2.1.2", "password+cert");
    for (key, refusing) in [("ed25519", &["tasmota", "esphome"][..]), ("rsa2048", &["tasmota"]), ("p384", &["tasmota"])]
    {
        let name = format!("sensor-{key}");
        sandbox.mqsec(&["client-cert", &name, "--key-type", key]).ok();
        for target in refusing {
            let said = sandbox.mqsec(&["export", &name, "--for", target, "--host", "localhost", "--out", "no"]);
            assert_eq!(said.code(), Some("export-unfit"), "{key} for {target}: {said:?}");
            assert!(!sandbox.has("no"), "{key} for {target}");
        }
    }
}

#[test]
fn what_a_program_would_take_for_something_else_is_told() {
    let sandbox = running("2.1.2", "password+cert");
    let warnings = |target: &str, password: &str| {
        let out = format!("{target}-{}", password.len());
        let args =
            ["export", "admin", "--for", target, "--host", "localhost", "--out", &out, "--password-stdin", "--json"];
        let said = sandbox.mqsec_with_input(&args, &format!("{password}\n")).ok();
        said.json()["warnings"].to_string()
    };
    // a file's name to Zigbee2MQTT, and an order to Tasmota
    assert!(warnings("zigbee2mqtt", "a!b c").contains("exclamation mark"));
    assert!(!warnings("zigbee2mqtt", "a b!cd").contains("exclamation mark"));
    assert!(warnings("tasmota", "\"secret").contains("quotation mark"));
    assert!(warnings("tasmota", "1").contains("quotation mark"));
    assert!(!warnings("tasmota", "secret").contains("quotation mark"));
    assert!(warnings("esphome", "secret").contains("ESP8266"));
}

/// A device that made its key itself: what reads a key from a file is exported, what would hold it is refused.
#[test]
fn a_key_that_is_not_here_is_asked_for_or_refused() {
    let sandbox = running("2.1.2", "cert");
    let key = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=own"];
    sandbox.run("openssl", &[&key[..], &["-keyout", "own.key", "-out", "own.csr"]].concat()).ok();
    sandbox.mqsec(&["csr", "sign", "own.csr"]).ok();
    sandbox.mqsec(&["acl", "add", "own", "readwrite", "own/#"]).ok();
    sandbox.mqsec(&["reload"]).ok();
    for (target, run) in [("paho-python", "own-mqtt.py"), ("mqttjs", "own-mqtt.cjs")] {
        let args = ["export", "own", "--for", target, "--host", "localhost", "--out", target, "--json"];
        let said = sandbox.mqsec(&args).ok().json();
        assert!(said["notes"].to_string().contains("own.key"), "{said}");
        let folder = sandbox.dir.join(target);
        fs::copy(sandbox.dir.join("own.key"), folder.join("own.key")).unwrap();
        let mut command = if target == "mqttjs" { node(&sandbox) } else { sandbox.command(python()) };
        Said::of(command.arg(folder.join(run)).output().unwrap()).ok();
    }
    for target in ["node-red", "esphome", "tasmota"] {
        let said = sandbox.mqsec(&["export", "own", "--for", target, "--host", "localhost", "--out", "no"]);
        assert_eq!(said.code(), Some("export-needs-key"), "{target}: {said:?}");
        assert!(!sandbox.has("no"), "{target}");
    }
}
