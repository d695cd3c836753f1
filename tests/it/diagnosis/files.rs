//! What can lie in the folder, or be missing from it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::Sandbox;
use crate::support::may_use;

fn with_authority() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox
}

#[test]
fn an_authority_is_never_replaced_without_being_asked() {
    let sandbox = with_authority();
    let before = sandbox.snapshot();
    sandbox.mqsec(&["ca", "init"]).fails(1, "ca-exists");
    sandbox.mqsec(&["ca", "init", "--cn", "Other", "--key-type", "rsa2048"]).fails(1, "ca-exists");
    assert_eq!(before, sandbox.snapshot());
    let old = sandbox.read("certs/ca.key");
    let told = sandbox.mqsec(&["ca", "init", "--force", "--json"]).ok().json();
    let backup = told["backup"].as_str().unwrap();
    assert_eq!(sandbox.read(&format!("{backup}/ca.key")), old);
    assert_eq!(sandbox.mode(&format!("{backup}/ca.key")), 0o600);
    assert_ne!(sandbox.read("certs/ca.key"), old);
}

#[test]
fn what_is_missing_is_named() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["broker-cert", "x.lan"]).fails(2, "ca-missing");
    sandbox.mqsec(&["client-cert", "x"]).fails(2, "ca-missing");
    sandbox.mqsec(&["verify"]).fails(2, "nothing-to-verify");
    sandbox.mqsec(&["logs"]).fails(2, "log-missing");
    sandbox.mqsec(&["restart"]).fails(2, "broker-not-running");
    sandbox.mqsec(&["test-connect"]).fails(2, "user-missing");
    sandbox.mqsec(&["explain", "no-such-code"]).fails(2, "code-unknown");
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["verify", "nobody"]).fails(2, "certificate-not-found");
    // among several it does not stop the others
    let told = sandbox.mqsec(&["verify", "nobody", "ca", "--json"]).exits(2).json();
    assert_eq!(told["certificates"][0]["findings"][0]["code"], "certificate-not-found");
    assert_eq!(told["certificates"][1]["verdict"], "valid");
    sandbox.mqsec(&["down"]).ok();
    sandbox.mqsec(&["status"]).exits(1);
}

#[test]
fn half_an_authority_is_not_completed_by_a_guess() {
    for (gone, left) in [("certs/ca.key", "certs/ca.crt"), ("certs/ca.crt", "certs/ca.key")] {
        let sandbox = with_authority();
        fs::remove_file(sandbox.dir.join(gone)).unwrap();
        let before = sandbox.read(left);
        for args in [&["ca", "init"][..], &["client-cert", "x"], &["up", "--engine", "native"]] {
            sandbox.mqsec(args).fails(2, "ca-incomplete");
        }
        assert_eq!(sandbox.read(left), before);
    }
}

#[test]
fn half_a_pair_is_told() {
    for gone in ["key", "crt"] {
        let sandbox = with_authority();
        sandbox.mqsec(&["client-cert", "x"]).ok();
        fs::remove_file(sandbox.dir.join(format!("certs/client/x/x.{gone}"))).unwrap();
        // a key may be its device's alone
        let (status, code) = if gone == "key" { (1, "key-elsewhere") } else { (2, "pair-incomplete") };
        sandbox.mqsec(&["client-cert", "x"]).fails(status, code);
    }
}

#[test]
fn an_authority_that_cannot_issue_is_told() {
    let other = with_authority();
    let sandbox = with_authority();
    let good = sandbox.read("certs/ca.key");
    sandbox.write("certs/ca.key", other.read("certs/ca.key"));
    sandbox.mqsec(&["client-cert", "x"]).fails(2, "ca-key-mismatch");
    sandbox.write("certs/ca.key", sandbox.read("certs/ca.crt"));
    sandbox.mqsec(&["client-cert", "x"]).fails(2, "pem-wrong-content");
    sandbox.write("certs/ca.key", "");
    sandbox.mqsec(&["client-cert", "x"]).fails(2, "pem-wrong-content");
    sandbox.write("certs/ca.key", &good[..good.len() / 2]);
    sandbox.mqsec(&["client-cert", "x"]).fails(2, "pem-wrong-content");
    sandbox.write("certs/ca.key", &good);
    let args = ["pkcs8", "-topk8", "-in", "certs/ca.key", "-out", "enc.key", "-passout", "pass:secret"];
    sandbox.run("openssl", &args).ok();
    sandbox.write("certs/ca.key", sandbox.read("enc.key"));
    sandbox.mqsec(&["client-cert", "x"]).fails(2, "ca-passphrase-needed");
    sandbox.write("certs/ca.key", &good);
    sandbox.mqsec(&["client-cert", "x"]).ok();
    sandbox.write("certs/ca.crt", sandbox.read("certs/client/x/x.crt"));
    sandbox.write("certs/ca.key", sandbox.read("certs/client/x/x.key"));
    sandbox.mqsec(&["client-cert", "y"]).fails(2, "ca-not-an-authority");
    assert!(!sandbox.has("certs/client/y/y.crt"));
}

#[test]
fn an_authority_made_with_openssl_serves_in_every_form_of_its_key() {
    for form in ["ec", "rsa"] {
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.dir.join("certs")).unwrap();
        let script = match form {
            "ec" => "openssl ecparam -name prime256v1 -genkey -out certs/ca.key",
            _ => "openssl genrsa -traditional -out certs/ca.key 2048",
        };
        sandbox.run("sh", &["-c", &format!("{script} 2>/dev/null && openssl req -x509 -new -key certs/ca.key -days 100 -subj '/O=Home/CN=Old CA' -out certs/ca.crt")]).ok();
        sandbox.mqsec(&["client-cert", "x"]).ok();
        sandbox.mqsec(&["verify", "x"]).ok();
        sandbox.run("openssl", &["verify", "-CAfile", "certs/ca.crt", "certs/client/x/x.crt"]).ok();
    }
}

#[test]
fn a_folder_where_a_file_belongs_and_a_file_where_a_folder_belongs_are_told() {
    let sandbox = with_authority();
    fs::create_dir_all(sandbox.dir.join("config/mosquitto.passwd")).unwrap();
    sandbox.write(".env", "USER_1=a\nPASS_1=x\n");
    sandbox.mqsec(&["passwd"]).fails(2, "file-is-a-folder");
    let sandbox = Sandbox::new();
    sandbox.write("certs", "a file");
    sandbox.mqsec(&["ca", "init"]).fails(2, "folder-is-a-file");
    let told = sandbox.mqsec(&["--dir", "certs", "ca", "init"]).exits(2);
    assert_eq!(told.code(), Some("folder-is-a-file"), "{}", told.stderr);
}

#[test]
fn what_may_not_be_read_or_written_is_told_with_its_path() {
    if !may_use("root") {
        return;
    }
    let sandbox = Sandbox::as_user(1000, "2.1.2");
    sandbox.mqsec(&["ca", "init"]).ok();
    fs::set_permissions(sandbox.dir.join("certs/ca.key"), fs::Permissions::from_mode(0o000)).unwrap();
    let told = sandbox.mqsec(&["client-cert", "x"]).fails(2, "file-permission-denied");
    assert!(told.stderr.contains("certs/ca.key"), "{}", told.stderr);
    let foreign = Sandbox::new();
    let port = sandbox.port.to_string();
    let dir = foreign.dir.to_str().unwrap();
    for args in [&["ca", "init"][..], &["up", "--engine", "native", "--port", &port]] {
        sandbox.mqsec(&[&["--dir", dir], args].concat()).fails(2, "file-permission-denied");
    }
    assert!(foreign.snapshot().is_empty());
}

#[test]
fn a_configuration_of_ones_own_is_respected() {
    let sandbox = Sandbox::new();
    sandbox.up_native(&[]).ok();
    sandbox.mqsec(&["down"]).ok();
    // untouched: another port is a new file
    let other = crate::support::free_port().to_string();
    sandbox.mqsec(&["up", "--engine", "native", "--port", &other]).ok();
    sandbox.mqsec(&["down"]).ok();
    let conf = sandbox.read("config/mosquitto.conf");
    sandbox.write("config/mosquitto.conf", format!("{conf}max_qos 1\n"));
    sandbox.mqsec(&["up", "--engine", "native", "--port", "18999"]).fails(2, "conf-changed-by-hand");
    sandbox.mqsec(&["up", "--engine", "native"]).ok();
    // a broker that runs with another file than the one that lies there takes it over: 2.1 reads this option again
    sandbox.write("config/mosquitto.conf", format!("{conf}max_qos 2\n"));
    assert_eq!(sandbox.mqsec(&["up", "--json"]).ok().json()["state"], "reloaded");
    // and is started anew for one that it does not read again
    sandbox.write("config/mosquitto.conf", format!("retain_available false\n{conf}max_qos 2\n"));
    assert_eq!(sandbox.mqsec(&["up", "--json"]).ok().json()["state"], "restarted");
    sandbox.mqsec(&["down"]).ok();
    sandbox.write("config/mosquitto.conf", "listener 1883\n");
    sandbox.mqsec(&["up", "--engine", "native"]).fails(2, "conf-without-tls");
    sandbox.write("config/mosquitto.conf", &conf);
    let compose = sandbox.read("docker-compose.yml");
    let changed = compose.replace("user: \"", "user: \"7").replace("unless-stopped", "always");
    sandbox.write("docker-compose.yml", changed);
    sandbox.mqsec(&["up", "--engine", "native"]).fails(2, "compose-other-user");
}

#[test]
fn verify_tells_each_fault_by_its_code() {
    let sandbox = with_authority();
    sandbox.mqsec(&["broker-cert", "b.lan"]).ok();
    sandbox.mqsec(&["client-cert", "x", "20"]).ok();
    let codes = |args: &[&str], status: i32| -> Vec<String> {
        let told = sandbox.mqsec(&[&["verify", "--json"], args].concat()).exits(status).json();
        let findings = told["certificates"][0]["findings"].as_array().unwrap().clone();
        findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(codes(&["broker"], 0), [""; 0]);
    assert_eq!(codes(&["broker", "--host", "b.lan", "--host", "::1"], 0), [""; 0]);
    assert_eq!(codes(&["broker", "--host", "c.lan"], 1), ["tls-name-mismatch"]);
    assert_eq!(codes(&["x"], 0), ["certificate-expiring"]);
    let other = with_authority();
    other.mqsec(&["client-cert", "x"]).ok();
    let foreign = sandbox.write("foreign.crt", other.read("certs/client/x/x.crt"));
    assert_eq!(codes(&[foreign.to_str().unwrap()], 1), ["certificate-other-authority"]);
    let key = sandbox.dir.join("certs/client/x/x.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(codes(&["x"], 1)[0], "key-readable-by-others");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    sandbox.write("certs/client/x/x.key", other.read("certs/client/x/x.key"));
    assert_eq!(codes(&["x"], 1)[0], "key-mismatch");
    sandbox.write("certs/client/x/x.crt", "rubbish");
    assert_eq!(codes(&["x"], 2), ["file-not-pem"]);
    let csr = sandbox.dir.join("certs/broker/broker.csr");
    assert_eq!(codes(&[csr.to_str().unwrap()], 2), ["file-is-request"]);
}

#[test]
fn a_dot_env_that_others_can_read_is_told() {
    let sandbox = Sandbox::new();
    let env = sandbox.write(".env", "USER_1=a\nPASS_1=x\n");
    fs::set_permissions(&env, fs::Permissions::from_mode(0o644)).unwrap();
    let told = sandbox.mqsec(&["passwd"]).ok();
    assert!(told.stderr.contains("chmod 600"), "{}", told.stderr);
    fs::set_permissions(&env, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(sandbox.mqsec(&["passwd"]).ok().stderr, "");
}
